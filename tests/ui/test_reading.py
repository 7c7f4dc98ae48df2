"""Reading in the whole window: which keys find, move and give up, and from where."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from desktop.ui.main_window import MainWindow
from desktop.ui.side_by_side import SideBySide
from desktop.ui.transcript.transcript import Transcript
from tests.ui.conftest import Desk
from tests.ui.test_main_window import open_window

__all__ = ["open_window"]

Open = Callable[..., tuple[MainWindow, Desk]]
Key = Qt.Key
NO, CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def press(key: Qt.Key, held: Qt.KeyboardModifier = NO) -> None:
    """Press a key wherever the focus is."""
    focused = QApplication.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, key, held)


def asked(window: MainWindow, desk: Desk, *questions: str) -> tuple[QPlainTextEdit, Transcript]:
    field = window.findChild(QPlainTextEdit, "composer")
    transcript = window.findChild(Transcript)
    assert field is not None
    assert transcript is not None
    for text in questions:
        field.setPlainText(text)
        QTest.keyClick(field, Key.Key_Return)
        desk.settle()
    return field, transcript


def test_ctrl_f_finds_here_and_ctrl_k_everywhere(open_window: Open, qtbot: QtBot) -> None:
    window, desk = open_window()
    _, transcript = asked(window, desk, "One question")
    press(Key.Key_F, CTRL)
    find = transcript.finding.bar.field
    qtbot.waitUntil(find.hasFocus)
    QTest.keyClicks(find, "s")
    for key, held, place in (
        (Key.Key_F3, NO, (1, 3)),
        (Key.Key_G, CTRL, (1, 8)),
        (Key.Key_F3, SHIFT, (1, 3)),
        (Key.Key_G, CTRL | SHIFT, (0, 7)),
    ):
        press(key, held)
        assert transcript.hit is not None
        assert (transcript.hit[0], transcript.hit[1].start) == place
    press(Key.Key_K, CTRL)
    search = window.findChild(QLineEdit, "searchBox")
    assert search is not None
    qtbot.waitUntil(search.hasFocus)


def test_escape_closes_the_bar_then_unmarks_then_stops_the_answer(open_window: Open, qtbot: QtBot) -> None:
    window, desk = open_window()
    field, transcript = asked(window, desk, "One question")
    press(Key.Key_F, CTRL)
    qtbot.waitUntil(transcript.finding.bar.field.hasFocus)
    QTest.keyClicks(transcript.finding.bar.field, "question")
    field.setFocus()
    seen = []
    for _ in range(2):
        press(Key.Key_Escape)
        seen.append((transcript.finding.is_open, transcript.has_mark))
    assert seen == [(False, True), (False, False)]
    field.setPlainText("More")
    press(Key.Key_Return)
    press(Key.Key_Escape)
    desk.settle()
    assert not desk.session.answering


def test_pages_and_questions_are_turned_from_the_composer(open_window: Open) -> None:
    window, desk = open_window()
    window.resize(700, 430)
    field, transcript = asked(window, desk, "One\n\n" * 30, "Two\n\n" * 30)
    bar = transcript.verticalScrollBar()
    end = bar.value()
    assert field.hasFocus()
    press(Key.Key_PageUp)
    assert bar.value() < end
    assert field.hasFocus()
    press(Key.Key_PageDown)
    assert bar.value() == end
    for _ in range(3):
        press(Key.Key_Up, ALT)
    assert transcript.focused == 0
    press(Key.Key_Down, ALT)
    assert transcript.focused == 2
    field.setPlainText("line\n" * 80)
    QApplication.processEvents()
    before = bar.value()
    press(Key.Key_PageUp)
    assert bar.value() == before


def test_a_chat_that_the_search_has_found_opens_with_its_hits_marked(open_window: Open, qtbot: QtBot) -> None:
    window, desk = open_window()
    field, transcript = asked(window, desk, "秋天的雨是什么声音")
    press(Key.Key_N, CTRL)
    press(Key.Key_K, CTRL)
    search = window.findChild(QLineEdit, "searchBox")
    assert search is not None
    search.setText("answ")
    QTest.keyClick(search, Key.Key_Return)
    qtbot.waitUntil(lambda: desk.session.shown.id == 1)
    assert transcript.finding.is_open
    assert transcript.finding.bar.field.text() == "answ"
    assert transcript.hit is not None
    assert transcript.hit[0] == 1
    assert field.hasFocus()


def test_the_wheel_zooms(open_window: Open) -> None:
    window, desk = open_window()
    _, transcript = asked(window, desk, "One")
    transcript.zoom_requested.emit(1)
    assert transcript.column.style.zoom == 1.1


def test_escape_closes_the_sidebar_over_the_chat_before_what_is_marked_in_it(open_window: Open) -> None:
    window, desk = open_window()
    field, transcript = asked(window, desk, "One question")
    window.resize(480, 600)
    transcript.select_all()
    field.setFocus()
    press(Key.Key_B, CTRL)
    sides = window.findChild(SideBySide)
    assert sides is not None
    was_open = sides.is_open
    press(Key.Key_Escape)
    assert (was_open, sides.is_open, transcript.has_mark) == (True, False, True)
    press(Key.Key_Escape)
    assert not transcript.has_mark
