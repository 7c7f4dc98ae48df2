from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.chat.message import Role, State
from desktop.errors import CannotWrite, DamagedDatabase, DataInUse, NoSuchChat
from desktop.store.chats import Store
from desktop.store.database import Database

# Runs as a user for whom permissions count: root gives itself up first.
_OPEN_AS_NOBODY = """
import os, sys
from pathlib import Path
from desktop.errors import CannotWrite
from desktop.store.chats import Store
os.chdir(sys.argv[1])
if os.geteuid() == 0:
    os.setuid(65534)
try:
    Store.open(Path("chats.db"), Path("backups"))
except CannotWrite as error:
    print(error)
"""


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_files_are_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "chats.db"
    store = Store.open(path, tmp_path / "backups")
    store.create_chat("mine")
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["chats.db", "chats.db-shm", "chats.db-wal"]
    assert {_mode(file) for file in files} == {0o600}
    assert _mode(path.parent) == 0o700
    store.close()
    path.chmod(0o644)
    Store.open(path, tmp_path / "backups").close()
    assert _mode(path) == 0o600


def test_how_the_file_is_opened(store: Store) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "secure_delete": 1}
    found = {name: store._database.rows(f"PRAGMA {name}")[0][0] for name in wanted}
    assert found == wanted


@pytest.mark.parametrize("content", [b"not a database", b"SQLite format 3\0" + bytes(80), os.urandom(9000)])
def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "chats.db"
    path.write_bytes(content)
    with pytest.raises(DamagedDatabase) as raised:
        Store.open(path, tmp_path / "backups")
    assert raised.value.path == str(path)
    assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == ["chats.db"]


@pytest.mark.parametrize("kept_bytes", [60, 4096, -4096])
def test_a_truncated_database_is_refused_and_left_alone(tmp_path: Path, kept_bytes: int) -> None:
    path = tmp_path / "chats.db"
    Store.open(path, tmp_path / "backups").close()
    path.write_bytes(path.read_bytes()[:kept_bytes])
    before = path.read_bytes()
    with pytest.raises(DamagedDatabase):
        Store.open(path, tmp_path / "backups")
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, 1, 99])
def test_another_program_s_database_is_refused_and_left_alone(tmp_path: Path, version: int) -> None:
    path = tmp_path / "chats.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE recipes (name TEXT)")
    other.execute(f"PRAGMA user_version = {version}")
    other.close()
    before = path.read_bytes()
    with pytest.raises(DamagedDatabase):
        Store.open(path, tmp_path / "backups")
    assert path.read_bytes() == before


def test_a_page_that_is_damaged_later_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    store = Store.open(path, tmp_path / "backups")
    chat = store.create_chat("x")
    for _ in range(100):
        store.add_message(chat.id, None, Role.USER, "word " * 200)
    root = store._database.number("SELECT rootpage FROM sqlite_schema WHERE name = 'messages'")
    store.close()
    content = bytearray(path.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = b"\xee" * 4096
    path.write_bytes(content)
    store = Store.open(path, tmp_path / "backups")
    with pytest.raises(DamagedDatabase):
        store.path(chat.id)
    store.close()


def test_a_path_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite) as raised:
        Store.open(tmp_path / "file" / "data" / "chats.db", tmp_path / "backups")
    assert raised.value.full is False
    with pytest.raises(CannotWrite):
        Store.open(tmp_path, tmp_path / "backups")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
@pytest.mark.parametrize(("file_mode", "directory_mode"), [(0o444, 0o555), (0o666, 0o555), (0o444, 0o777)])
def test_no_permission(tmp_path: Path, file_mode: int, directory_mode: int) -> None:
    data = tmp_path / "data"
    path = data / "chats.db"
    store = Store.open(path, tmp_path / "backups")
    store.create_chat("mine")
    store.close()
    before = path.read_bytes()
    path.chmod(file_mode)
    data.chmod(directory_mode)
    opened = subprocess.run(
        [sys.executable, "-c", _OPEN_AS_NOBODY, data], capture_output=True, text=True, check=True, timeout=240
    )
    data.chmod(0o700)
    assert opened.stdout == "CannotWrite(path='chats.db', full=False)\n"
    assert path.read_bytes() == before


def test_a_full_disk_fails_one_write_and_harms_nothing(store: Store) -> None:
    chat = store.create_chat("x")
    question, answer = store.add_question(chat.id, None, "why?", model=None, sampling=None)
    pages = store._database.number("PRAGMA page_count")
    store._database.number(f"PRAGMA max_page_count = {pages}")
    long = "long text " * 3000
    for write in (
        lambda: store.update_text(answer.id, long),
        lambda: store.finish(replace(answer, state=State.COMPLETE, text=long)),
        lambda: store.add_message(chat.id, answer.id, Role.USER, long),
        lambda: store.create_chat(long),
        lambda: store.set_draft(chat.id, long),
    ):
        with pytest.raises(CannotWrite) as raised:
            write()
        assert raised.value.full is True
    assert store.path(chat.id) == [question, answer]
    assert store.chats() == [store.chat(chat.id)]
    store._database.number("PRAGMA max_page_count = 100000")
    assert store.finish(replace(answer, state=State.COMPLETE, text=long)).text == long
    assert [hit.message_id for hit in store.search("long")] == [answer.id]


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small file system")
def test_a_really_full_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False, timeout=240).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("mounting takes root")
    try:
        with closing(Store.open(disk / "chats.db", disk / "backups")) as store:
            chat = store.create_chat("x")
            saved = [store.add_message(chat.id, None, Role.USER, "kept")]
            _fill(disk / "rest")
            with pytest.raises(CannotWrite) as raised:
                store.add_message(chat.id, None, Role.USER, "lost " * 10_000)
            assert raised.value.full is True
            with pytest.raises(CannotWrite) as raised:
                store.backup(disk / "copy.db")
            assert (raised.value.path, raised.value.full) == (str(disk / "copy.db"), True)
            (disk / "rest").unlink()
            saved.append(store.add_message(chat.id, None, Role.USER, "kept " * 10_000))
            assert [store.message(message.id) for message in saved] == saved
        _fill(disk / "rest")
        with pytest.raises(CannotWrite) as raised:
            Store.open(disk / "chats.db", disk / "backups")
        assert raised.value.full is True
        (disk / "rest").unlink()
        with closing(Store.open(disk / "chats.db", disk / "backups")) as store:
            assert store.path(chat.id) == saved[-1:]
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True, timeout=240)


def _fill(path: Path) -> None:
    """Make the file grow until its disk is full."""
    with suppress(OSError), path.open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_another_writer_that_never_ends(store: Store) -> None:
    other = sqlite3.connect(store._database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store._database.rows("PRAGMA busy_timeout = 20")
    with pytest.raises(DataInUse):
        store.create_chat("x")
    other.close()
    assert store.create_chat("x").title == "x"


def test_a_backup_is_whole_private_and_replaces_the_old_one(store: Store, tmp_path: Path) -> None:
    chat = store.create_chat("kept")
    target = tmp_path / "copies.db"
    target.write_bytes(b"old")
    store.backup(target)
    assert _mode(target) == 0o600
    copy = Store.open(target, tmp_path / "backups")
    assert copy.chats() == [chat]
    copy.close()
    with pytest.raises(CannotWrite) as raised:
        store.backup(target / "below" / "a file")
    assert raised.value.path == str(target / "below" / "a file")


def test_our_own_mistakes_are_not_dressed_up(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError):
        store._database.rows("SELECT nonsense")
    chat = store.create_chat("x")
    with pytest.raises(sqlite3.IntegrityError):
        store.set_leaf(chat.id, 12345)


def test_a_transaction_that_fails_is_undone(store: Store) -> None:
    chat = store.create_chat("before")
    with pytest.raises(NoSuchChat), store._database.transaction():  # noqa: PT012  the first write must succeed
        store.set_draft(chat.id, "half")
        store.set_draft(12345, "half")
    assert store.chat(chat.id) == chat


def test_the_file_is_created_once_when_two_create_it(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    first = Database.open(path, tmp_path / "backups", [])
    second = Store.open(path, tmp_path / "backups")
    first.close()
    third = Store.open(path, tmp_path / "backups")
    second.create_chat("x")
    assert third.changed_elsewhere()
    third.close()
    second.close()
