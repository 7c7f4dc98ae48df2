"""While answers are compared the chat is not seen: what is done there from elsewhere is told, or shows it first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtPrintSupport import QPrintDialog
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from desktop.ui.comparing import Comparison
from desktop.ui.header import Header
from desktop.ui.main_window import MainWindow
from desktop.ui.toast import Toast
from desktop.ui.transcript.transcript import Transcript
from tests.ui.conftest import Desk
from tests.ui.test_comparing import compare, focused, parts_of, try_several

Sit = Callable[..., Desk]
Open = Callable[[Desk], MainWindow]
Key = Qt.Key
NO, CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def window_of(comparison: Comparison) -> tuple[MainWindow, Transcript]:
    window = comparison.window()
    assert isinstance(window, MainWindow)
    return window, parts_of(window)[0]


@pytest.mark.parametrize(
    ("key", "held"),
    [
        (Key.Key_F, CTRL),
        (Key.Key_F3, NO),
        (Key.Key_F3, SHIFT),
        (Key.Key_Up, ALT),
        (Key.Key_Down, ALT),
        (Key.Key_L, CTRL | SHIFT),
        (Key.Key_C, CTRL | SHIFT),
    ],
)
def test_nothing_happens_to_a_chat_that_is_not_seen_and_that_is_said(
    sit: Sit, window_on: Open, key: Qt.Key, held: Qt.KeyboardModifier
) -> None:
    comparison, _ = compare(sit, window_on, "Nobody.", "You.", "Me.")
    window, transcript = window_of(comparison)
    QGuiApplication.clipboard().setText("kept")
    chosen = transcript.focused
    QTest.keyClick(focused(comparison), key, held)
    assert comparison.isVisible()
    assert not transcript.finding.is_open
    assert transcript.focused == chosen
    assert QGuiApplication.clipboard().text() == "kept"
    toast = window.findChild(Toast)
    assert toast is not None
    assert toast.isVisible()
    assert toast.accessibleName().startswith("This works in the chat")
    back = toast.findChild(QPushButton, "toastAction")
    assert back is not None
    back.click()
    assert transcript.isVisible()
    QTest.keyClick(transcript, Key.Key_F, CTRL)
    assert transcript.finding.is_open


def test_what_is_exported_or_printed_is_seen(sit: Sit, window_on: Open) -> None:
    comparison, _ = compare(sit, window_on, "Nobody.", "You.", "Me.")
    window, transcript = window_of(comparison)
    header = window.findChild(Header)
    assert header is not None
    header.export_requested.emit("md")
    dialog = window.findChild(QFileDialog, "exportDialog")
    assert dialog is not None
    assert transcript.isVisible()
    dialog.close()
    transcript.compare_requested.emit(transcript.rows[1].message.id)
    assert comparison.isVisible()
    window.actions_.print_chat.trigger()
    printing = window.findChild(QPrintDialog, "printDialog")
    assert printing is not None
    assert transcript.isVisible()
    printing.close()


def test_ctrl_and_wheel_zoom_over_a_comparison_too(sit: Sit, window_on: Open, qtbot: QtBot) -> None:
    comparison, pages = compare(sit, window_on, "Nobody.", "You.", "Me.")
    window, _ = window_of(comparison)
    wheel = QWheelEvent(
        *(QPointF(20, 20), QPointF(20, 20), QPoint(), QPoint(0, 120)),
        *(Qt.MouseButton.NoButton, CTRL, Qt.ScrollPhase.NoScrollPhase, False),
    )
    with qtbot.waitSignal(window.settings_changed) as told:
        QApplication.sendEvent(pages[1].viewport(), wheel)
    assert told.args is not None
    assert told.args[0].zoom == 1.1


def test_whatever_changes_the_chat_shows_it(sit: Sit, window_on: Open) -> None:
    desk = sit("Nobody.", "You.", "Me.", "Her.", "Him.", "It.")
    transcript, comparison = parts_of(window_on(desk))
    try_several(desk, 2)
    desk.settle()
    transcript.compare_requested.emit(desk.session.rows[1].message.id)
    QTest.keyClick(focused(comparison), Key.Key_R, CTRL | SHIFT)
    assert transcript.isVisible()
    desk.settle()
