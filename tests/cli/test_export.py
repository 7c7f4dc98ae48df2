from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from desktop.chat.message import Role, State
from desktop.store.chats import Store
from tests.cli.conftest import Shell


@pytest.fixture
def chat(shell: Shell) -> str:
    """The number of a chat on disk."""
    shell.data.mkdir(parents=True, exist_ok=True)
    store = Store.open(shell.data / "chats.db", shell.data / "backups")
    made = store.create_chat("Fire & 炉边", "", None, None)
    question = store.add_message(made.id, None, Role.USER, "Why <b>?", State.COMPLETE)
    store.add_message(made.id, question.id, Role.ASSISTANT, "Be**cause** $x^2$.", State.STOPPED, model="starter")
    store.close()
    return str(made.id)


def test_a_chat_goes_to_a_file_or_to_stdout(shell: Shell, chat: str, tmp_path: Path) -> None:
    done = shell.run("chats", "export", chat)
    assert (done.returncode, done.stderr) == (0, "")
    assert "<title>Fire &amp; 炉边</title>" in done.stdout
    assert "Why &lt;b&gt;?" in done.stdout
    assert "Be<strong>cause</strong> <span" in done.stdout
    assert "Stopped by you." in done.stdout
    path = tmp_path / "out.md"
    done = shell.run("chats", "export", chat, "--format", "markdown", "-o", str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Fire & 炉边\n\n## You · ")
    assert "\n## Starter model · " in text
    assert "\nBe**cause** $x^2$.\n" in text


def test_what_cannot_be_exported(shell: Shell, chat: str, tmp_path: Path) -> None:
    assert shell.run("chats", "export", "999").returncode == 3
    assert shell.run("chats", "export", chat, "--format", "pdf").returncode == 2
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path / "gone" / "out.html", tmp_path, pipe, Path("/")):
        done = shell.run("chats", "export", chat, "-o", str(path))
        assert done.returncode == 1
        assert "cannot be written" in done.stderr
        assert "Traceback" not in done.stderr
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_where_a_link_leads_is_written(shell: Shell, chat: str, tmp_path: Path) -> None:
    target = tmp_path / "target.html"
    link = tmp_path / "link.html"
    link.symlink_to(target)
    assert shell.run("chats", "export", chat, "-o", str(link)).returncode == 0
    assert link.is_symlink()
    assert target.stat().st_size > 100
