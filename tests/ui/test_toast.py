"""The toast: says it, offers one thing to do, goes by itself unless somebody is on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.errors import CannotWrite
from desktop.settings import Settings
from desktop.ui.appearance import Appearance
from desktop.ui.header import Header
from desktop.ui.main_window import MainWindow
from desktop.ui.toast import Toast
from desktop.ui.transcript.floating.summary_sheet import SummarySheet
from tests.ui.conftest import Desk


@pytest.fixture
def toast(qtbot: QtBot) -> Toast:
    window = QWidget()
    field = QLineEdit()
    column = QVBoxLayout(window)
    column.addStretch()
    column.addWidget(field)
    qtbot.addWidget(window)
    window.resize(600, 400)
    made = Toast(window, field)
    window.show()
    field.setFocus()
    return made


def _timer(toast: Toast) -> QTimer:
    timer = toast.findChild(QTimer)
    assert timer is not None
    return timer


def _action(toast: Toast) -> QPushButton:
    button = toast.findChild(QPushButton, "toastAction")
    assert button is not None
    return button


def test_the_action_runs_before_the_toast_is_gone(toast: Toast, qtbot: QtBot) -> None:
    order: list[str] = []
    toast.gone.connect(lambda: order.append("gone"))
    toast.show_message("Chat deleted", "Undo", lambda: order.append("undone"))
    assert toast.isVisible()
    QTest.mouseClick(_action(toast), Qt.MouseButton.LeftButton)
    assert order == ["undone", "gone"]
    assert not toast.isVisible()
    qtbot.waitUntil(lambda: not _timer(toast).isActive())


def test_it_goes_by_itself(toast: Toast, qtbot: QtBot) -> None:
    toast.show_message("Copied")
    assert _timer(toast).interval() == 8000
    with qtbot.waitSignal(toast.gone):
        _timer(toast).setInterval(1)
        _timer(toast).start()


def test_the_pointer_holds_it(toast: Toast) -> None:
    toast.show_message("Copied")
    assert _timer(toast).isActive()
    point = QPointF(1, 1)
    QApplication.sendEvent(toast, QEnterEvent(point, point, point))
    assert not _timer(toast).isActive()
    QApplication.sendEvent(toast, QEvent(QEvent.Type.Leave))
    assert _timer(toast).isActive()


def test_the_focus_holds_it(toast: Toast, qtbot: QtBot) -> None:
    toast.show_message("Chat deleted", "Undo", lambda: None)
    _action(toast).setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: _action(toast).hasFocus())
    assert not _timer(toast).isActive()
    QTest.keyClick(_action(toast), Qt.Key.Key_Escape)
    assert not toast.isVisible()


def test_an_error_stays(toast: Toast) -> None:
    toast.show_error("The disk is full.")
    assert not _timer(toast).isActive()
    assert toast.accessibleName() == "The disk is full."


def test_a_new_message_takes_the_place_without_the_old_one_being_gone(toast: Toast, qtbot: QtBot) -> None:
    toast.show_message("first", "Undo", lambda: None)
    with qtbot.assertNotEmitted(toast.gone):
        toast.show_message("second")
    assert not _action(toast).isVisible()


def test_it_stays_inside_a_narrow_window(toast: Toast) -> None:
    toast.show_error("A very long sentence about what went wrong, why it did, and what can be done now. " * 3)
    window = toast.parentWidget()
    assert isinstance(window, QWidget)
    window.resize(320, 400)
    assert window.rect().contains(toast.geometry())


def test_what_can_be_undone_is_offered_to_its_end(toast: Toast) -> None:
    done: list[str] = []
    toast.show_progress("Exporting… 10 %", "Cancel", lambda: done.append("cancelled"))
    toast.show_message("Chat deleted", "Undo", lambda: done.append("undone"))
    toast.show_progress("Exporting… 50 %", "Cancel", lambda: done.append("cancelled"))
    toast.show_afterwards("Exported", "Show in folder", lambda: done.append("shown"))
    QTest.mouseClick(_action(toast), Qt.MouseButton.LeftButton)
    assert done == ["undone"]
    assert toast.accessibleName() == "Exported"
    QTest.mouseClick(_action(toast), Qt.MouseButton.LeftButton)
    assert done == ["undone", "shown"]
    assert not toast.isVisible()
    toast.show_afterwards("Exported again", "Show in folder", lambda: done.append("shown again"))
    assert toast.accessibleName() == "Exported again"


def test_what_is_open_is_said_in_the_language_that_is_switched_to(
    sit: Callable[..., Desk], window_on: Callable[[Desk], MainWindow], qapp: QApplication
) -> None:
    desk = sit()
    window = window_on(desk)
    toast = window.findChild(Toast)
    assert toast is not None
    appearance = Appearance(qapp)
    try:
        appearance.apply(Settings(language="en", theme="light"))
        desk.session.failed.emit(CannotWrite("/x/chats.db", full=True))
        sheet = SummarySheet("So far all is well.", 3, window)
        sheet.open()
        assert "The disk is full." in toast.accessibleName()
        appearance.apply(Settings(language="zh_CN", theme="light"))
        # The change of language is told by an event.
        qapp.processEvents()
        assert "磁盘已满。" in toast.accessibleName()
        assert toast.findChildren(QLabel)[0].text() == toast.accessibleName()
        assert sheet.windowTitle() == "摘要"
        assert [button.text() for button in sheet.findChildren(QPushButton)] == ["复制", "关闭"]
        assert "最早的 3 条消息" in sheet.findChildren(QLabel)[0].text()
        sheet.close()

        desk.session.send("Hello")
        desk.settle()
        header = window.findChild(Header)
        assert header is not None
        header.delete_requested.emit()
        assert _action(toast).text() == "撤销"
        appearance.apply(Settings(language="en", theme="light"))
        qapp.processEvents()
        assert toast.accessibleName() == "Chat deleted"
        assert _action(toast).text() == "Undo"
        QTest.mouseClick(_action(toast), Qt.MouseButton.LeftButton)
        assert [chat.title for chat in desk.session.chats()] == ["Hello"]
    finally:
        appearance.apply(Settings(language="en", theme="light"))
        qapp.processEvents()


@pytest.mark.parametrize("words", [6, 9, 12])
def test_all_its_words_have_room_within_its_frame(qtbot: QtBot, qapp: QApplication, words: int) -> None:
    appearance = Appearance(qapp)
    try:
        appearance.apply(Settings(language="en", theme="light", zoom=1.0))
        window = QWidget()
        qtbot.addWidget(window)
        field = QLineEdit(window)
        window.resize(600, 400)
        window.show()
        toast = Toast(window, field)
        toast.show_message(" ".join(["answer"] * words), "Back to the chat", lambda: None)
        text = toast.findChildren(QLabel)[0]
        qapp.processEvents()
        assert text.height() >= text.heightForWidth(text.width())
    finally:
        appearance.apply(Settings(language="en", theme="light"))
        qapp.setStyleSheet("")
