"""Other processes: one that is killed while it streams, and several that write at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from desktop.chat.message import Message, Role, State
from desktop.store.chats import Store

_STREAM = """
import sys
from pathlib import Path
from desktop.store.chats import Store
store = Store.open(Path(sys.argv[1]), Path(sys.argv[2]))
chat = store.create_chat("streams")
_, answer = store.add_question(chat.id, None, "Count!", model=None, sampling=None)
number = 0
while True:
    number += 1
    store.update_text(answer.id, " ".join(map(str, range(number))))
    print(number, flush=True)
"""

_WRITE = """
import sys
from pathlib import Path
from desktop.chat.message import Role
from desktop.store.chats import Store
store = Store.open(Path(sys.argv[1]), Path(sys.argv[2]))
chat = store.create_chat(sys.argv[3])
parent = None
for number in range(100):
    parent = store.add_message(chat.id, parent, Role.USER, f"{sys.argv[3]} {number}").id
store.close()
"""


def test_a_killed_process_loses_no_text(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    child = subprocess.Popen(
        [sys.executable, "-c", _STREAM, path, tmp_path / "backups"], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    seen = 0
    while seen < 300:
        seen = int(child.stdout.readline())
    child.kill()
    # What it had still told before it died was on disk before.
    told = [line for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    child.stdout.close()
    child.wait(timeout=240)
    seen = int(told[-1]) if told else seen

    store = Store.open(path, tmp_path / "backups")
    assert store.recover() == 1
    (chat,) = store.chats()
    question, answer = store.path(chat.id)
    assert (question.text, answer.state) == ("Count!", State.INTERRUPTED)
    numbers = answer.text.split()
    assert numbers == [str(number) for number in range(len(numbers))]
    assert seen <= len(numbers) <= seen + 1
    assert store._database.rows("PRAGMA integrity_check")[0][0] == "ok"
    assert [hit.message_id for hit in store.search("299")] == [answer.id]
    store.close()


def test_processes_that_start_and_write_together_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    names = ["window", "ask", "another"]
    children = [
        subprocess.Popen([sys.executable, "-c", _WRITE, path, tmp_path / "backups", name], stderr=subprocess.PIPE)
        for name in names
    ]
    assert [child.communicate(timeout=240)[1] for child in children] == [b""] * len(names)
    store = Store.open(path, tmp_path / "backups")
    assert sorted(chat.title for chat in store.chats()) == sorted(names)
    for chat in store.chats():
        assert [message.text for message in store.path(chat.id)] == [f"{chat.title} {each}" for each in range(100)]
    assert store._database.rows("PRAGMA integrity_check")[0][0] == "ok"
    store.close()


def test_a_window_writes_while_another_process_does(store: Store, tmp_path: Path) -> None:
    chat = store.create_chat("here")
    child = subprocess.Popen(
        [sys.executable, "-c", _WRITE, tmp_path / "chats.db", tmp_path / "backups", "there"], stderr=subprocess.PIPE
    )
    written: list[Message] = []
    while child.poll() is None:
        written.append(store.add_message(chat.id, None, Role.USER, str(len(written))))
    assert child.communicate(timeout=240)[1] == b""
    assert store.changed_elsewhere()
    assert [store.message(message.id) for message in written] == written
    there = next(each for each in store.chats() if each.title == "there")
    assert len(store.path(there.id)) == 100


_VISIT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM chats").fetchone()[0])
connection.close()
"""


def test_what_is_written_after_a_visit_of_another_process_is_kept(tmp_path: Path) -> None:
    """The window opens a second connection to purge. That must not cost the first one its lock on the file."""
    path = tmp_path / "chats.db"

    def visit() -> int:
        command = [sys.executable, "-c", _VISIT, str(path)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=240).stdout)

    store = Store.open(path, tmp_path / "backups")
    second = Store.open(path, tmp_path / "backups")
    second.purge()
    second.close()
    assert visit() == 0
    store.create_chat("written after the visit")
    assert visit() == 1
    store.close()
