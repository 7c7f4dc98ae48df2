from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.chat.message import FinishReason, Role, Sampling, State
from desktop.engine.api import Fallback, Loaded, Reason, Step
from desktop.errors import Crash, EngineCrashed, NoSuchModel
from desktop.ui.models.choice import ModelState
from tests.ui.conftest import Desk

Sit = Callable[..., Desk]
CRASH = EngineCrashed(Crash.KILLED, during="decode")


def on_disk(folder: Path) -> list[tuple[str, str, str]]:
    """What another program sees in the database right now."""
    with sqlite3.connect(folder / "chats.db") as database:
        rows = database.execute("SELECT role, state, text FROM messages ORDER BY id").fetchall()
    database.close()
    return rows


def test_a_question_is_answered_and_both_are_on_disk(sit: Sit, tmp_path: Path) -> None:
    desk = sit("It is warm here.")
    assert desk.session.send("How is it by the fire?")
    desk.settle()
    assert on_disk(tmp_path) == [
        ("user", "complete", "How is it by the fire?"),
        ("assistant", "complete", "It is warm here."),
    ]
    answer = desk.session.rows[1].message
    assert answer.finish is FinishReason.END
    assert answer.statistics is not None
    assert answer.statistics.generated_tokens == 4
    assert answer.sampling is not None
    assert answer.sampling.seed is not None
    assert desk.session.chats()[0].title == "How is it by the fire?"


def test_the_question_is_on_disk_before_the_engine_is_asked(sit: Sit, tmp_path: Path) -> None:
    gate = threading.Event()
    desk = sit([gate, "Now."])
    desk.session.send("Are you there?")
    assert on_disk(tmp_path) == [("user", "complete", "Are you there?"), ("assistant", "streaming", "")]
    gate.set()
    desk.settle()
    assert on_disk(tmp_path)[1] == ("assistant", "complete", "Now.")


def test_text_reaches_the_disk_while_it_grows(sit: Sit, tmp_path: Path) -> None:
    gate = threading.Event()
    desk = sit(["The first half,", gate, " the second."])
    desk.session.send("Go")
    desk.bot.waitUntil(lambda: on_disk(tmp_path)[1] == ("assistant", "streaming", "The first half,"))
    gate.set()
    desk.settle()


def test_stop_keeps_what_was_written(sit: Sit, tmp_path: Path) -> None:
    desk = sit(["Once upon a time", threading.Event(), " never"])
    desk.session.send("Tell me a story")
    desk.bot.waitUntil(lambda: desk.texts()[1] == "Once upon a time")
    assert desk.answers.chats()
    desk.session.stop()
    desk.settle()
    assert not desk.session.answering
    assert on_disk(tmp_path)[1] == ("assistant", "stopped", "Once upon a time")


def test_a_crash_keeps_the_text_and_says_why_and_retry_answers_beside_it(sit: Sit, tmp_path: Path) -> None:
    desk = sit(["Half of", CRASH], "Everything.")
    desk.session.send("Say everything")
    desk.settle()
    row = desk.session.rows[1]
    assert (row.message.state, row.message.text) == (State.INTERRUPTED, "Half of")
    assert row.notice
    assert row.can_retry
    assert desk.session.retry(row.message.id)
    desk.settle()
    assert desk.texts()[1] == "Everything."
    assert (desk.session.rows[1].branch, desk.session.rows[1].branches) == (1, 2)
    assert [state for _, state, _ in on_disk(tmp_path)] == ["complete", "interrupted", "complete"]


def test_a_failure_without_text_is_overwritten_by_its_retry(sit: Sit, tmp_path: Path) -> None:
    desk = sit([CRASH], "Better now.")
    desk.session.send("Hello?")
    desk.settle()
    assert desk.session.rows[1].message.state is State.FAILED
    desk.session.retry(desk.session.rows[1].message.id)
    desk.settle()
    assert on_disk(tmp_path) == [("user", "complete", "Hello?"), ("assistant", "complete", "Better now.")]
    assert desk.session.rows[1].notice == ""


def test_regenerate_and_edit_make_branches_and_lose_nothing(sit: Sit) -> None:
    desk = sit("first", "second", "third")
    desk.session.send("question")
    desk.settle()
    desk.session.regenerate(desk.session.rows[1].message.id)
    desk.settle()
    assert desk.texts() == ["question", "second"]
    desk.session.edit(desk.session.rows[0].message.id, "another question")
    desk.settle()
    assert desk.texts() == ["another question", "third"]
    desk.session.select_branch(desk.session.rows[0].message.id, -1)
    assert desk.texts() == ["question", "second"]
    desk.session.select_branch(desk.session.rows[1].message.id, -1)
    assert desk.texts() == ["question", "first"]


def test_an_edited_answer_stands_as_written_and_is_what_the_model_sees(sit: Sit) -> None:
    desk = sit("wrong", "next")
    desk.session.send("q")
    desk.settle()
    desk.session.edit(desk.session.rows[1].message.id, "right")
    assert desk.texts() == ["q", "right"]
    assert not desk.session.answering
    desk.session.send("and then?")
    desk.settle()
    assert [turn.text for turn in desk.engine.requests[-1].turns] == ["q", "right", "and then?"]


def test_continue_goes_on_in_a_branch_of_its_own(sit: Sit) -> None:
    desk = sit("One, two", ", three.")
    desk.session.set_sampling(Sampling(max_tokens=2))
    desk.session.send("Count")
    desk.settle()
    first = desk.session.rows[1].message
    assert first.finish is FinishReason.LENGTH or first.text == "One, two"
    desk.session.continue_answer(first.id)
    desk.settle()
    assert desk.texts()[1] == "One, two, three."
    assert desk.engine.requests[-1].continue_last
    desk.session.select_branch(desk.session.rows[1].message.id, -1)
    assert desk.texts()[1] == "One, two"


def test_an_answer_goes_on_when_another_chat_is_opened(sit: Sit) -> None:
    gate = threading.Event()
    desk = sit([gate, "Late, but complete."], "Quick.")
    desk.session.send("slow one")
    slow = desk.session.shown.id
    desk.session.start_new()
    assert desk.session.rows == []
    desk.session.send("quick one")
    gate.set()
    desk.settle()
    assert desk.texts() == ["quick one", "Quick."]
    desk.session.open_chat(slow)
    assert desk.texts() == ["slow one", "Late, but complete."]


def test_a_waiting_answer_can_be_stopped_before_its_turn(sit: Sit) -> None:
    gate = threading.Event()
    desk = sit([gate, "first"], "second")
    desk.session.send("one")
    desk.session.start_new()
    desk.session.send("two")
    desk.session.stop()
    gate.set()
    desk.settle()
    assert desk.session.rows[1].message.state is State.STOPPED
    assert len(desk.engine.requests) == 1


def test_reasoning_is_kept_apart_with_its_duration(sit: Sit) -> None:
    desk = sit("<think>Hm, let me see.</think>Forty-two.")
    desk.session.send("The answer?")
    desk.settle()
    message = desk.session.rows[1].message
    assert (message.reasoning, message.text) == ("Hm, let me see.", "Forty-two.")


def test_what_will_not_fit_is_told_before_it_is_sent(sit: Sit) -> None:
    desk = sit("word " * 60, n_ctx=120)
    desk.session.send("go " * 10)
    desk.settle()
    desk.session.save_draft("more " * 40)

    def told() -> bool:
        use = desk.session.context
        return use is not None and use.way is not None and use.way.messages == 2

    desk.bot.waitUntil(told)
    desk.session.save_draft("far more " * 100)
    desk.bot.waitUntil(lambda: desk.session.context is not None and desk.session.context.too_long)


def test_a_question_that_was_too_long_does_not_block_the_chat(sit: Sit) -> None:
    desk = sit("Gladly.", n_ctx=120)
    desk.session.send("far too long " * 100)
    desk.settle()
    assert desk.session.rows[1].message.state is State.FAILED
    desk.session.send("short")
    desk.settle()
    assert desk.texts()[3] == "Gladly."
    assert [turn.text for turn in desk.engine.requests[0].turns] == ["short"]


def test_what_was_left_out_is_told_in_the_answer(sit: Sit) -> None:
    desk = sit("word " * 60, "short", n_ctx=120)
    desk.session.send("go")
    desk.settle()
    desk.session.send("more " * 40)
    desk.settle()
    row = desk.session.rows[3]
    assert row.message.statistics is not None
    assert row.message.statistics.left_out_messages == 2
    assert "2" in row.notice


def test_without_a_model_nothing_is_written_and_the_reason_is_told(sit: Sit, tmp_path: Path) -> None:
    desk = sit(model=None)
    with desk.bot.waitSignal(desk.session.failed) as failed:
        assert not desk.session.send("hello")
    assert isinstance(failed.args[0], NoSuchModel)
    assert on_disk(tmp_path) == []
    assert desk.session.chat is None


def test_drafts_belong_to_their_chats(sit: Sit) -> None:
    desk = sit()
    desk.session.send("one")
    desk.settle()
    one = desk.session.shown.id
    desk.session.save_draft("half a thought")
    desk.session.start_new()
    assert desk.session.shown.draft == ""
    desk.session.open_chat(one)
    assert desk.session.shown.draft == "half a thought"


def test_delete_can_be_undone_until_it_is_forgotten(sit: Sit, tmp_path: Path) -> None:
    desk = sit()
    desk.session.send("precious")
    desk.settle()
    chat_id = desk.session.shown.id
    desk.session.delete(chat_id)
    assert desk.session.chats() == []
    assert desk.session.chat is None
    desk.session.undo_delete(chat_id)
    assert desk.texts()[0] == "precious"
    desk.session.delete(chat_id)
    desk.session.forget_deleted()
    assert on_disk(tmp_path) == []


def test_a_hit_opens_the_branch_it_is_on(sit: Sit) -> None:
    desk = sit("the hearth", "the chimney")
    desk.session.send("q")
    desk.settle()
    desk.session.regenerate(desk.session.rows[1].message.id)
    desk.settle()
    chat_id = desk.session.shown.id
    desk.session.start_new()
    hit = next(hit for hit in desk.session.search("hearth") if hit.message_id is not None)
    desk.session.open_chat(hit.chat_id, hit.message_id)
    assert desk.session.shown.id == chat_id
    assert desk.texts() == ["q", "the hearth"]


def test_an_answer_loads_its_model_and_says_so(sit: Sit) -> None:
    desk = sit()
    assert desk.models.loaded is None
    desk.session.send("hello")
    desk.settle()
    assert desk.models.state is ModelState.READY
    assert desk.models.loaded is not None


def test_a_gpu_that_could_not_be_used_is_told_once(sit: Sit) -> None:
    desk = sit("one", "two")
    told: list[str] = []
    desk.models.noticed.connect(told.append)
    spec = desk.models.spec()
    fallback = Fallback(Step.CPU, Reason.CRASHED)
    loaded = Loaded(4096, 4096, 1, 0, has_template=True, size_bytes=0, load_s=0.0, fallback=fallback)
    desk.models.on_load_event(spec, loaded)
    desk.models.on_load_event(spec, loaded)
    assert len(told) == 1
    assert "GPU" in told[0]
    assert desk.models.state is ModelState.READY


def test_the_system_prompt_and_sampling_of_a_chat_reach_the_model(sit: Sit) -> None:
    desk = sit()
    desk.session.set_system("Speak like a stove.")
    desk.session.set_sampling(Sampling(temperature=0.0, seed=7))
    desk.session.send("hello")
    desk.settle()
    request = desk.engine.requests[0]
    assert request.turns[0].role is Role.SYSTEM
    assert request.turns[0].text == "Speak like a stove."
    assert request.sampling.seed == 7
    desk.session.start_new()
    assert desk.session.shown.system == ""


def test_what_another_process_wrote_appears(sit: Sit) -> None:
    desk = sit()
    other = sit()
    other.session.send("from elsewhere")
    other.settle()
    with desk.bot.waitSignal(desk.session.chats_changed):
        desk.session.refresh()
    assert [chat.title for chat in desk.session.chats()] == ["from elsewhere"]


def test_a_full_disk_loses_no_answer(sit: Sit, tmp_path: Path) -> None:
    gate = threading.Event()
    desk = sit([gate, "word " * 3000])
    desk.session.send("a lot")
    pages = desk.store._database.number("PRAGMA page_count")
    desk.store._database.number(f"PRAGMA max_page_count = {pages}")
    with desk.bot.waitSignal(desk.session.failed):
        gate.set()
    desk.bot.waitUntil(lambda: not desk.session.answering)
    assert desk.texts()[1] == "word " * 3000
    desk.store._database.number("PRAGMA max_page_count = 1000000")
    desk.bot.waitUntil(lambda: on_disk(tmp_path)[1] == ("assistant", "complete", "word " * 3000))


@pytest.mark.parametrize("text", ["", "  \n "])
def test_nothing_is_not_sent(sit: Sit, text: str) -> None:
    desk = sit()
    assert not desk.session.send(text)
    assert desk.session.chats() == []
