"""Fireside is closed while answers are being written: what the next start says of them."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from desktop.app import Fireside
from desktop.chat.message import Message, State
from desktop.engine.scripted import Reply, ScriptedEngine
from desktop.hub.model import STARTER
from desktop.loading import Loading
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.appearance import Appearance
from tests.conftest import PATIENCE_S

NEVER: Reply = ["Once upon a time", threading.Event(), " there was an end."]

Start = Callable[..., Fireside]
Language = Literal["en", "zh_CN"]


@pytest.fixture
def start(tmp_path: Path, qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts the program, on the same data each time, with an engine that says what it is told."""
    # A question is asked as soon as the window is there: the list of models is waited for as long as it takes.
    monkeypatch.setattr("desktop.ui.models.shelf.PATIENCE_S", PATIENCE_S)
    gc.disable()
    hook = sys.excepthook
    paths = Paths.under(tmp_path)
    paths.make()
    running: list[Fireside] = []

    def run(*replies: Reply, language: Language = "en") -> Fireside:
        end(running)
        settings = Settings(model=STARTER, language=language, loads_at_start=False)
        engine = ScriptedEngine(replies or ["Nothing."])
        fireside = Fireside(paths, settings, engine, Loading(paths.machine), Appearance(qapp))
        running.append(fireside)
        with qtbot.waitExposed(fireside.window):
            fireside.window.show()
        return fireside

    yield run
    end(running)
    Appearance(qapp).apply(Settings(language="en"))
    sys.excepthook = hook
    gc.enable()


def end(running: list[Fireside]) -> None:
    """Leave nothing of them, as the end of their process does: the next one's language would be told to them too."""
    while running:
        fireside = running.pop()
        fireside.close()
        fireside.window.deleteLater()
        del fireside
    # First the windows with all that is in them, in Qt's order, then what is left of the rest.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()


def answers_of(fireside: Fireside) -> list[Message]:
    """The last answer of each chat, the oldest chat first."""
    chats = sorted(chat.id for chat in fireside.session.chats())
    return [fireside.store.path(chat_id)[-1] for chat_id in chats]


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Fireside was closed before this answer was finished."), ("zh_CN", "回答还没写完，炉边就关闭了。")],
)
def test_who_closes_fireside_has_not_stopped_the_answer(
    start: Start, qtbot: QtBot, language: Language, words: str
) -> None:
    fireside = start(NEVER, language=language)
    fireside.session.send("Tell me a story")
    qtbot.waitUntil(lambda: fireside.session.rows[1].message.text == "Once upon a time")

    again = start(["Once more."], language=language)
    again.session.open_chat(again.session.chats()[0].id)
    row = again.session.rows[1]
    assert (row.message.state, row.message.text) == (State.INTERRUPTED, "Once upon a time")
    assert row.notice == words
    assert row.is_error
    retry, write_on = (again.window.findChild(QAbstractButton, name) for name in ("retryButton", "continueButton"))
    assert retry is not None
    assert write_on is not None
    qtbot.waitUntil(lambda: retry.isVisible() and write_on.isVisible())
    QTest.mouseClick(retry, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: again.session.rows[1].message.state is State.COMPLETE)
    assert again.session.rows[1].branches == 2


def test_answers_that_wait_are_interrupted_and_what_was_stopped_before_stays_stopped(
    start: Start, qtbot: QtBot
) -> None:
    fireside = start(NEVER)
    for question in ("The first", "The second", "The third"):
        fireside.session.start_new()
        fireside.session.send(question)
    qtbot.waitUntil(lambda: answers_of(fireside)[0].text == "Once upon a time")
    # It waits, and hears of it when Fireside is closed.
    fireside.session.stop()

    again = start()
    assert [message.state for message in answers_of(again)] == [State.INTERRUPTED, State.INTERRUPTED, State.STOPPED]
    assert [message.text for message in answers_of(again)] == ["Once upon a time", "", ""]
    again.session.open_chat(answers_of(again)[1].chat_id)
    row = again.session.rows[1]
    assert row.can_retry
    assert not row.offers_continue


def test_closing_stops_several_answers_and_keeps_those_that_are_done(start: Start, qtbot: QtBot) -> None:
    fireside = start(["Nobody."], ["Done."], NEVER)
    fireside.session.send("Who is there?")
    qtbot.waitUntil(lambda: not fireside.answers.chats())
    fireside.session.try_several(fireside.session.rows[0].message.id, 2)
    qtbot.waitUntil(lambda: fireside.session.rows[1].message.state is State.COMPLETE)

    again = start()
    again.session.open_chat(again.session.chats()[0].id)
    versions = [row.message.state for row in again.session.versions(again.session.rows[1].message.id)]
    assert versions == [State.COMPLETE, State.COMPLETE, State.INTERRUPTED]
