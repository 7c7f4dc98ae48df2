from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.chat.message import FinishReason, Message, NoSummary, Role, Sampling, State, Statistics
from desktop.errors import NoSuchChat, NoSuchModel
from desktop.packed_errors import pack
from desktop.store.chats import Store

STATISTICS = Statistics(10, 4, 20, 0.5, 100.0, 20.0, 2048)


def test_a_chat_keeps_what_it_is_given(store: Store, tmp_path: Path) -> None:
    chat = store.create_chat("Title", "Be brief.", "SmolLM2", Sampling(seed=3, stop=("a", "b")))
    assert (chat.title, chat.system, chat.model, chat.sampling) == (
        "Title",
        "Be brief.",
        "SmolLM2",
        Sampling(seed=3, stop=("a", "b")),
    )
    store.rename(chat.id, "标题")
    store.set_system(chat.id, "")
    store.set_model(chat.id, None)
    store.set_sampling(chat.id, None)
    store.set_draft(chat.id, "half a que")
    other = Store.open(tmp_path / "chats.db", tmp_path / "backups")
    kept = other.chat(chat.id)
    other.close()
    assert (kept.title, kept.system, kept.model, kept.sampling, kept.draft) == ("标题", "", None, None, "half a que")
    assert (kept.created_at, kept.updated_at, kept.leaf_id) == (chat.created_at, chat.updated_at, None)


def test_the_chat_that_was_written_to_last_comes_first(store: Store) -> None:
    first, second, third = (store.create_chat(title) for title in "abc")
    assert [chat.title for chat in store.chats()] == ["c", "b", "a"]
    store.add_message(second.id, None, Role.USER, "hi")
    store.rename(first.id, "looking at it is no activity")
    assert [chat.id for chat in store.chats()] == [second.id, third.id, first.id]


def test_a_question_and_its_streamed_answer(store: Store, tmp_path: Path) -> None:
    chat = store.create_chat()
    question, answer = store.add_question(chat.id, None, "Why?", model="SmolLM2", sampling=Sampling())
    assert (question.role, question.state, question.text, question.model) == (Role.USER, State.COMPLETE, "Why?", None)
    assert (answer.role, answer.state, answer.text) == (Role.ASSISTANT, State.STREAMING, "")
    assert (answer.parent_id, answer.model, answer.sampling) == (question.id, "SmolLM2", Sampling())
    assert store.path(chat.id) == [question, answer]

    store.update_text(answer.id, "Because", "Hm.")
    on_disk = Store.open(tmp_path / "chats.db", tmp_path / "backups")
    assert (on_disk.message(answer.id).text, on_disk.message(answer.id).reasoning) == ("Because", "Hm.")
    assert on_disk.message(answer.id).state is State.STREAMING
    on_disk.close()

    done = store.finish(
        replace(
            answer,
            state=State.COMPLETE,
            text="Because.",
            reasoning="Hm. Well.",
            reasoning_s=0.75,
            finish=FinishReason.END,
            statistics=STATISTICS,
            sampling=Sampling(seed=42),
        )
    )
    assert done == store.message(answer.id)
    assert (done.state, done.text, done.reasoning, done.reasoning_s) == (State.COMPLETE, "Because.", "Hm. Well.", 0.75)
    assert (done.finish, done.statistics, done.sampling) == (FinishReason.END, STATISTICS, Sampling(seed=42))
    store.update_text(answer.id, "a late timer")
    assert store.message(answer.id) == done


def test_a_reason_that_only_a_later_version_knows_is_none(store: Store, tmp_path: Path) -> None:
    chat = store.create_chat()
    _, answer = store.add_question(chat.id, None, "Why?", model="SmolLM2", sampling=Sampling())
    told = replace(STATISTICS, left_out_messages=2, no_summary=NoSummary.NO_ROOM)
    store.finish(replace(answer, state=State.COMPLETE, statistics=told))
    assert store.message(answer.id).statistics == told
    with closing(sqlite3.connect(tmp_path / "chats.db")) as later, later:
        later.execute("UPDATE messages SET statistics = replace(statistics, 'no_room', 'no_time')")
    assert store.message(answer.id).statistics == replace(told, no_summary=None)


def test_a_failed_answer_keeps_its_error_and_its_sampling(store: Store) -> None:
    chat = store.create_chat()
    _, answer = store.add_question(chat.id, None, "Why?", model="gone", sampling=Sampling(top_k=3))
    failed = store.finish(
        replace(answer, state=State.FAILED, text="", finish=FinishReason.ERROR, error=pack(NoSuchModel("gone")))
    )
    assert failed.error == {"type": "NoSuchModel", "name": "gone"}
    assert failed.sampling == Sampling(top_k=3)


def test_a_question_is_saved_with_its_answer_or_not_at_all(store: Store) -> None:
    chat = store.create_chat()
    # The answer's row is refused by the database, after the question's was accepted.
    store._database.write(
        "CREATE TEMP TRIGGER refuse BEFORE INSERT ON main.messages WHEN new.role = 'assistant' "
        "BEGIN SELECT RAISE(ABORT, 'refused'); END"
    )
    with pytest.raises(Exception, match="refused"):
        store.add_question(chat.id, None, "Why?", model=None, sampling=None)
    assert store.chat(chat.id) == chat
    assert store._database.number("SELECT count(*) FROM messages") == 0


def test_a_message_belongs_to_its_parent_s_chat(store: Store) -> None:
    here, there = store.create_chat("here"), store.create_chat("there")
    message = store.add_message(here.id, None, Role.USER, "hi")
    for misplace in (
        lambda: store.add_message(there.id, message.id, Role.USER, "hi"),
        lambda: store.set_leaf(there.id, message.id),
    ):
        with pytest.raises(Exception, match="FOREIGN KEY"):
            misplace()
    assert store.path(there.id) == []


def test_recover_marks_what_was_left_streaming(store: Store) -> None:
    chat = store.create_chat()
    question, answer = store.add_question(chat.id, None, "Why?", model=None, sampling=None)
    store.update_text(answer.id, "Because of the moo")
    assert store.search("because") == []
    assert store.recover() == 1
    assert store.recover() == 0
    recovered = store.message(answer.id)
    assert (recovered.state, recovered.text) == (State.INTERRUPTED, "Because of the moo")
    assert [hit.message_id for hit in store.search("because")] == [answer.id]
    assert store.message(question.id) == question


def test_an_answer_that_another_window_thought_lost_still_ends_well(store: Store) -> None:
    chat = store.create_chat()
    _, answer = store.add_question(chat.id, None, "Why?", model=None, sampling=None)
    store.update_text(answer.id, "Because")
    store.recover()
    store.update_text(answer.id, "Because of the moon")
    assert store.message(answer.id).text == "Because of the moon"
    store.finish(replace(answer, state=State.COMPLETE, text="Because of the tides."))
    assert store.search("moon") == []
    assert [hit.message_id for hit in store.search("tides")] == [answer.id]


def test_a_deleted_chat_is_hidden_and_comes_back_whole(store: Store) -> None:
    kept, chat = store.create_chat("kept"), store.create_chat("gone")
    message = store.add_message(chat.id, None, Role.USER, "find me")
    before = store.chat(chat.id)
    store.delete(chat.id)
    assert store.chats() == [kept]
    assert store.search("find") == store.search("gone") == []
    uses: list[Callable[[], object]] = [
        lambda: store.chat(chat.id),
        lambda: store.path(chat.id),
        lambda: store.rename(chat.id, "x"),
        lambda: store.set_draft(chat.id, "x"),
        lambda: store.add_message(chat.id, None, Role.USER, "x"),
        lambda: store.delete(chat.id),
    ]
    for use in uses:
        with pytest.raises(NoSuchChat) as raised:
            use()
        assert raised.value.chat_id == str(chat.id)
    assert store.restore(chat.id) == before
    assert store.path(chat.id) == [message]
    assert len(store.search("find")) == len(store.search("gone")) == 1


def test_an_unknown_message_is_a_key_error(store: Store) -> None:
    for use in (store.message, store.siblings, store.newest_leaf):
        with pytest.raises(KeyError):
            use(12345)
    with pytest.raises(KeyError):
        store.finish(Message(12345, 1, None, Role.ASSISTANT, State.COMPLETE, "x", created_at=0.0))


def test_changes_of_another_connection_are_noticed_once(store: Store, tmp_path: Path) -> None:
    store.create_chat("mine")
    assert store.changed_elsewhere() is False
    other = Store.open(tmp_path / "chats.db", tmp_path / "backups")
    other.create_chat("theirs")
    other.close()
    assert store.changed_elsewhere() is True
    assert store.changed_elsewhere() is False
    assert [chat.title for chat in store.chats()] == ["theirs", "mine"]


@pytest.mark.parametrize(
    "text", ["a\0b", "👩‍👩‍👧 家族", "line\r\nline\u2028", "'; DROP TABLE chats; --", "x" * 1_000_000]
)
def test_text_comes_back_as_it_went_in(store: Store, text: str) -> None:
    chat = store.create_chat(text)
    message = store.add_message(chat.id, None, Role.USER, text, reasoning=text)
    assert (chat.title, message.text, message.reasoning) == (text, text, text)


def test_text_that_utf8_cannot_hold_is_kept_without_it(store: Store) -> None:
    # What Python makes of invalid bytes on a command line.
    chat = store.create_chat("caf\udce9")
    assert chat.title == "caf?"
    assert store.search("caf\udce9") != []
