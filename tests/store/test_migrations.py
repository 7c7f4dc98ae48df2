from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from desktop.chat.message import FinishReason, Role, State
from desktop.errors import Crash, EngineCrashed, NewerDatabase
from desktop.packed_errors import pack
from desktop.store.chats import Store
from desktop.store.database import Database
from desktop.store.migrations import MIGRATIONS
from tests.store.sample import SAMPLING, STATISTICS

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A copy of the database as the first release wrote it."""
    path = tmp_path / "chats.db"
    shutil.copy(DATA / "schema_1.db", path)
    return path


@pytest.fixture
def current(tmp_path: Path) -> Path:
    """A copy of a database that needs no migration."""
    path = tmp_path / "current.db"
    shutil.copy(DATA / f"schema_{len(MIGRATIONS)}.db", path)
    return path


def _add_stars(connection: sqlite3.Connection) -> None:
    """A migration that some later version might bring."""
    connection.execute("ALTER TABLE messages ADD COLUMN starred INTEGER NOT NULL DEFAULT 0")
    connection.execute("UPDATE messages SET starred = 1 WHERE role = 'user'")


def _break_half_way(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE messages ADD COLUMN starred INTEGER NOT NULL DEFAULT 0")
    connection.execute("DELETE FROM chats WHERE leaf_id IS NULL")
    raise RuntimeError


def _starred(database: Database) -> list[str]:
    return [row["text"] for row in database.rows("SELECT text FROM messages WHERE starred ORDER BY id")]


def test_the_first_release_s_database_is_read_whole(path: Path, tmp_path: Path) -> None:
    store = Store.open(path, tmp_path / "backups")
    weather, capitals = store.chats()
    assert (capitals.title, capitals.system, capitals.model) == ("Capitals", "Be brief.", "Starter model")
    assert (capitals.sampling, capitals.draft) == (SAMPLING, "And of Spain?")
    question, stopped = store.path(capitals.id)
    assert (question.role, question.text, question.state) == (
        Role.USER,
        "What is the capital of France?",
        State.COMPLETE,
    )
    answer, retry = (store.message(each) for each in store.siblings(stopped.id)[:2])
    assert (answer.text, answer.reasoning, answer.reasoning_s) == ("Paris.", "France… Paris?", 1.5)
    assert (answer.sampling, answer.statistics, answer.finish) == (SAMPLING, STATISTICS, FinishReason.END)
    assert (retry.state, retry.error) == (State.INTERRUPTED, pack(EngineCrashed(Crash.KILLED, during="decode")))
    assert (stopped.state, stopped.text) == (State.STOPPED, "It is")
    assert [hit.chat_id for hit in store.search("北京")] == [weather.id]
    assert store.recover() == 1
    store.close()


def test_summaries_come_with_the_second_schema(path: Path, current: Path, tmp_path: Path) -> None:
    old = Store.open(path, tmp_path / "backups")
    capitals = old.chats()[-1]
    question, answer = old.path(capitals.id)
    assert (question.summary, answer.summary) == ("", "")
    old.set_summary(answer.id, "They talked about Paris.")
    old.close()
    for each in (path, current):
        store = Store.open(each, tmp_path / "none")
        assert [message.summary for message in store.path(capitals.id)] == ["", "They talked about Paris."]
        assert store.search("talked") == []
        store.close()


def test_an_old_database_is_copied_aside_and_then_migrated(path: Path, tmp_path: Path) -> None:
    before = path.read_bytes()
    database = Database.open(path, tmp_path / "backups", [*MIGRATIONS, _add_stars])
    assert _starred(database) == ["What is the capital of France?", "今天北京的天气怎么样？", "to be forgotten"]
    assert database.number("PRAGMA user_version") == len(MIGRATIONS) + 1
    database.close()

    (copy,) = (tmp_path / "backups").iterdir()
    assert copy.name.endswith("-schema1.db")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "backups").stat().st_mode & 0o777 == 0o700
    assert path.read_bytes() != before
    old = Store.open(copy, tmp_path / "none")
    assert [chat.title for chat in old.chats()] == ["天气", "Capitals"]
    old.close()


def test_a_newer_database_is_refused_and_left_alone(path: Path, tmp_path: Path) -> None:
    Database.open(path, tmp_path / "backups", [*MIGRATIONS, _add_stars]).close()
    before = path.read_bytes()
    with pytest.raises(NewerDatabase) as raised:
        Store.open(path, tmp_path / "backups")
    newer, known = len(MIGRATIONS) + 1, len(MIGRATIONS)
    assert (raised.value.path, raised.value.found, raised.value.known) == (str(path), newer, known)
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["backups", "chats.db"]


def test_a_migration_that_breaks_leaves_the_old_schema(path: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        Database.open(path, tmp_path / "backups", [*MIGRATIONS, _break_half_way])
    store = Store.open(path, tmp_path / "backups")
    assert [chat.title for chat in store.chats()] == ["天气", "Capitals"]
    store.close()


def test_only_the_newest_backups_are_kept(path: Path, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    for year in range(2020, 2027):
        (backups / f"chats-{year}0101T000000-schema0.db").touch()
    (backups / "mine.db").touch()
    Database.open(path, backups, [*MIGRATIONS, _add_stars]).close()
    kept = sorted(each.name for each in backups.iterdir())
    assert kept[:4] == [f"chats-{year}0101T000000-schema0.db" for year in range(2023, 2027)]
    assert kept[4].endswith("-schema1.db")
    assert kept[5:] == ["mine.db"]


def test_nothing_is_copied_for_a_new_database_or_a_current_one(current: Path, tmp_path: Path) -> None:
    Store.open(tmp_path / "new.db", tmp_path / "backups").close()
    Store.open(current, tmp_path / "backups").close()
    assert not (tmp_path / "backups").exists()
