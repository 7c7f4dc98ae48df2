"""A user with an empty home, who types commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop.store.chats import Store

ROOT = Path(__file__).parents[2]


class Shell:
    """Runs `fireside --data-dir DATA …` as its own process, in a home of its own."""

    def __init__(self, home: Path, data: Path) -> None:
        self.home = home
        self.data = data
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        self.env = kept | {"HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C"}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "desktop", *arguments, "--data-dir", str(self.data)]

    def run(self, *arguments: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.env | env,
            cwd=self.home,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=240,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            env=self.env,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def n_chats(self) -> int:
        """How many chats there are on disk."""
        store = Store.open(self.data / "chats.db", self.data / "backups")
        try:
            return len(store.chats())
        finally:
            store.close()

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    home = tmp_path / "home"
    home.mkdir()
    yield Shell(home, tmp_path / "data")
    # Whatever was done: nothing lies outside the data directory.
    assert list(home.iterdir()) == []
