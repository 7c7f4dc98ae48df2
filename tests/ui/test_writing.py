"""What is written in the window, on its way to the session."""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFrame, QLabel, QPlainTextEdit

from desktop.ui.main_window import MainWindow
from tests.ui.conftest import Desk

Sit = Callable[..., Desk]
Open = Callable[[Desk], MainWindow]


def field_of(window: MainWindow) -> QPlainTextEdit:
    field = window.findChild(QPlainTextEdit, "composer")
    assert field is not None
    return field


def toast_of(window: MainWindow) -> tuple[QFrame, str]:
    """The toast, and what it says."""
    toast = window.findChild(QFrame, "toast")
    assert toast is not None
    return toast, toast.findChildren(QLabel)[0].text()


def test_enter_says_why_nothing_is_sent_while_an_answer_is_written(sit: Sit, window_on: Open) -> None:
    gate = threading.Event()
    desk = sit(["Slowly", gate, " but surely."], "And another.")
    window = window_on(desk)
    desk.session.send("Who is there?")
    toast, _ = toast_of(window)
    QTest.keyClick(field_of(window), Qt.Key.Key_Return)
    assert not toast.isVisible()
    QTest.keyClicks(field_of(window), "And then?")
    QTest.keyClick(field_of(window), Qt.Key.Key_Return)
    assert toast.isVisible()
    assert toast_of(window)[1].startswith("This chat is still being answered.")
    assert field_of(window).toPlainText() == "And then?"
    assert desk.texts()[0] == "Who is there?"
    assert len(desk.texts()) == 2
    # What was not sent is a draft, also for who goes to another chat at once.
    window.actions_.new_chat.trigger()
    assert desk.store.chats()[0].draft == "And then?"
    desk.session.open_chat(desk.store.chats()[0].id)
    gate.set()
    desk.settle()
    QTest.keyClick(field_of(window), Qt.Key.Key_Return)
    desk.settle()
    assert desk.texts()[2:] == ["And then?", "And another."]
    assert field_of(window).toPlainText() == ""
    assert desk.store.chats()[0].draft == ""


def test_nothing_says_that_a_chat_is_answered_when_it_is_no_more(sit: Sit, window_on: Open) -> None:
    gate = threading.Event()
    desk = sit("The wind.", ["Slowly", gate, " but surely."])
    window = window_on(desk)
    desk.session.send("Who is there?")
    desk.settle()
    desk.session.send("And now?")
    field_of(window).setPlainText("And then?")
    QTest.keyClick(field_of(window), Qt.Key.Key_Return)
    toast, words = toast_of(window)
    assert toast.isVisible()
    assert words.startswith("This chat is still being answered.")
    # Not until it is gone: by itself it goes, too.
    with desk.bot.waitSignal(desk.session.answering_changed, check_params_cb=lambda answering: not answering):
        gate.set()
    assert not toast.isVisible()
    assert desk.texts()[3] == "Slowly but surely."
    # Another message is not about the answer, and stays.
    window.actions_.copy_answer.trigger()
    assert toast.isVisible()
    said = toast_of(window)[1]
    desk.session.answering_changed.emit(False)
    assert toast.isVisible()
    assert toast_of(window)[1] == said


def test_an_edit_that_cannot_be_sent_yet_is_kept(sit: Sit, window_on: Open) -> None:
    gate = threading.Event()
    desk = sit("Nobody.", ["Slowly", gate, " but surely."], "The cat.")
    window = window_on(desk)
    desk.session.send("Who is there?")
    desk.settle()
    QTest.keyClick(field_of(window), Qt.Key.Key_Up)
    assert field_of(window).toPlainText() == "Who is there?"
    desk.session.regenerate(desk.session.rows[1].message.id)
    QTest.keyClicks(field_of(window), " Speak")
    QTest.keyClick(field_of(window), Qt.Key.Key_Return)
    assert toast_of(window)[0].isVisible()
    assert field_of(window).toPlainText() == "Who is there? Speak"
    gate.set()
    desk.settle()
    QTest.keyClick(field_of(window), Qt.Key.Key_Return)
    desk.settle()
    assert desk.texts() == ["Who is there? Speak", "The cat."]
