"""Slow work beside the window: nothing follows it where nobody waits any more, and nothing keeps the program open."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from pytestqt.qtbot import QtBot

from desktop.ui.background import Background, LongJob
from desktop.ui.daemon_pool import DaemonPool


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    yield made
    made.close()


def test_nothing_follows_an_abandoned_job(background: Background, qtbot: QtBot) -> None:
    told: list[str] = []
    background.failed.connect(lambda error: told.append(repr(error)))

    def work(job: LongJob) -> str:
        job.stop.wait()
        job.tell(0.5)
        raise ValueError("stopped")

    job = background.run_long(work, lambda _: told.append("progress"), told.append, lambda _: told.append("error"))
    job.abandon()
    # The others go on, and come after it.
    background.run_long(lambda _: "next", lambda _: None, told.append, lambda _: None)
    background.run_long(lambda _: "last", lambda _: None, told.append, lambda _: None)
    qtbot.waitUntil(lambda: "last" in told and "next" in told)
    assert sorted(told) == ["last", "next"]


def test_what_hangs_does_not_keep_the_program_open() -> None:
    # In a process of its own, which the interpreter ends as it ends the app.
    script = """
import threading
from PySide6.QtCore import QCoreApplication
from desktop.ui.background import Background
app = QCoreApplication([])
background = Background()
begun = threading.Event()
def hang(job):
    begun.set()
    threading.Event().wait()
background.run_long(hang, print, print, print)
background.run_long(hang, print, print, print)
background.run_long(hang, print, print, print)
begun.wait()
background.close()
print("closed")
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "closed\n", "")


def test_a_pool_drops_what_has_not_begun_or_finishes_it() -> None:
    for drop, expected in ((True, []), (False, ["first", "second"])):
        done: list[object] = []
        begun, go = threading.Event(), threading.Event()

        def first(begun: threading.Event = begun, go: threading.Event = go) -> str:
            begun.set()
            go.wait()
            return "first"

        def told(future: Future[object], done: list[object] = done) -> None:
            done.append(future.result())

        pool = DaemonPool("test", 1)
        pool.submit(first, told)
        pool.submit(lambda: "second", told)
        begun.wait()
        if drop:
            pool.close(0, drop=True)
        go.set()
        pool.close(30, drop=drop)
        assert done == expected
