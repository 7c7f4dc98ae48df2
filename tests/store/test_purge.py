"""Erased text is looked for in the bytes of the files, not through SQLite."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.chat.message import Role, State
from desktop.errors import NoSuchChat
from desktop.store.chats import Store

SECRETS = ["zzpassword", "zzdiary", "zztitle", "zzsystem", "zzdraft", "zzreason", "喵喵"]


def _on_disk(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(directory.glob("chats.db*")))


def _left(directory: Path) -> list[str]:
    content = _on_disk(directory)
    return [secret for secret in SECRETS if secret.encode() in content]


def _add_secrets(store: Store, messages: int = 200) -> int:
    chat = store.create_chat("zztitle", system="zzsystem")
    store.set_draft(chat.id, "zzdraft")
    _, answer = store.add_question(chat.id, None, "zzdiary", model=None, sampling=None)
    for length in range(0, 3000, 300):
        store.update_text(answer.id, "zzold " * length)
    store.finish(replace(answer, state=State.COMPLETE, text="zzpassword 喵喵 " * 30, reasoning="zzreason"))
    for number in range(messages):
        store.add_message(chat.id, answer.id, Role.USER, f"zzdiary{number}")
    return chat.id


def _add_others(store: Store, messages: int) -> int:
    """A chat of ordinary text, so that the pages of the secrets are shared, split and merged."""
    rng = random.Random(messages)
    chat = store.create_chat("other")
    for _ in range(messages):
        text = " ".join("".join(rng.choices("abcdefghijk", k=5)) for _ in range(rng.randrange(1, 120)))
        store.add_message(chat.id, None, Role.USER, text)
    return chat.id


@pytest.mark.parametrize(("before", "after"), [(0, 0), (0, 150), (150, 0), (60, 60)])
def test_purged_text_is_gone_from_the_files(store: Store, tmp_path: Path, before: int, after: int) -> None:
    _add_others(store, before)
    chat_id = _add_secrets(store)
    other = _add_others(store, after)
    store.delete(chat_id)
    assert _left(tmp_path) == SECRETS
    store.purge()
    assert _left(tmp_path) == []
    with pytest.raises(NoSuchChat):
        store.restore(chat_id)
    assert store._database.number("SELECT count(*) FROM messages WHERE chat_id = ?", other) == after
    store._database.write("INSERT INTO message_words (message_words) VALUES ('integrity-check')")
    assert store._database.rows("PRAGMA integrity_check")[0][0] == "ok"


def test_what_lies_in_the_gaps_of_pages_is_erased_too(store: Store, tmp_path: Path) -> None:
    # When SQLite splits a page, copies of the rows that move stay behind in the free space, secure_delete or not.
    chat = store.create_chat()
    for number in range(200):
        store.add_message(chat.id, None, Role.USER, f"zzdiary{number}")
    _add_others(store, 50)
    store.delete(chat.id)
    store.purge()
    assert _left(tmp_path) == []


def test_a_job_purges_while_the_window_writes(store: Store, tmp_path: Path) -> None:
    chat_id = _add_secrets(store)
    store.delete(chat_id)

    def purge() -> None:
        with closing(Store.open(tmp_path / "chats.db", tmp_path / "backups")) as own:
            own.purge()

    chat = store.create_chat("goes on")
    written = []
    with ThreadPoolExecutor() as jobs:
        job = jobs.submit(purge)
        while not job.done():
            written.append(store.add_message(chat.id, None, Role.USER, "and on"))
        job.result()
    assert _left(tmp_path) == []
    assert [store.message(message.id) for message in written] == written


def test_one_chat_is_purged_and_the_other_can_still_come_back(store: Store) -> None:
    first, second = store.create_chat("first"), store.create_chat("second")
    store.delete(first.id)
    store.delete(second.id)
    store.purge(first.id)
    with pytest.raises(NoSuchChat):
        store.restore(first.id)
    assert store.restore(second.id) == second


def test_what_is_not_deleted_is_not_purged(store: Store) -> None:
    chat = store.create_chat("kept")
    store.purge(chat.id)
    store.purge()
    assert store.chats() == [chat]


def test_a_chat_that_is_still_answered_waits(store: Store, tmp_path: Path) -> None:
    chat = store.create_chat()
    _, answer = store.add_question(chat.id, None, "zzdiary", model=None, sampling=None)
    store.delete(chat.id)
    store.purge()
    store.finish(replace(answer, state=State.STOPPED, text="zzpassword"))
    assert _left(tmp_path) != []
    store.purge()
    assert _left(tmp_path) == []


def test_what_a_reader_still_needs_is_erased_by_the_next_purge(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat_id = _add_secrets(store, messages=10)
    monkeypatch.setattr("desktop.store.database._BUSY_TIMEOUT_S", 0.02)
    store._database.rows("PRAGMA busy_timeout = 20")
    with closing(Store.open(tmp_path / "chats.db", tmp_path / "backups")) as reader:
        reader._database.write("BEGIN")
        assert len(reader.path(chat_id)) == 3
        store.delete(chat_id)
        store.purge()
        assert len(reader.path(chat_id)) == 3
        assert store.chats() == []
        reader._database.write("COMMIT")
    assert _left(tmp_path) != []
    store.purge()
    assert _left(tmp_path) == []


def test_a_purge_that_was_killed_is_taken_up_by_the_next(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat_id = _add_secrets(store, messages=10)
    store.delete(chat_id)

    def die() -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(store._database, "rewrite", die)
        with pytest.raises(KeyboardInterrupt):
            store.purge()
    assert _left(tmp_path) != []
    store.purge()
    assert _left(tmp_path) == []
    assert store._database.number("SELECT count(*) FROM chats") == 0


def test_an_id_is_never_used_again(store: Store) -> None:
    chat = store.create_chat()
    message = store.add_message(chat.id, None, Role.USER, "x")
    store.delete(chat.id)
    store.purge()
    again = store.create_chat()
    assert again.id > chat.id
    assert store.add_message(again.id, None, Role.USER, "x").id > message.id
