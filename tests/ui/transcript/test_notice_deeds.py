"""The buttons under a notice: which there are, that they fit any column, and what they ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from desktop.chat.message import Message, Overflow, Role, State, Statistics
from desktop.ui import colours, theme
from desktop.ui.transcript.message.notice_deeds import arranged, deeds_of, height
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.transcript import Transcript

FULL = Row(
    Message(7, 1, None, Role.ASSISTANT, State.FAILED, "", 0.0),
    notice="The context is full.",
    is_error=True,
    can_retry=True,
    is_overflow=True,
)
SUMMARISED = Row(
    Message(
        8,
        1,
        None,
        Role.ASSISTANT,
        State.COMPLETE,
        "Well.",
        0.0,
        statistics=Statistics(9, 0, 1, 0.1, 9.0, 9.0, 99, left_out_messages=4, summarised=True),
    ),
    notice="A summary stood for the 4 oldest messages.",
    summary="They met in Oslo.",
)


def _shown(qtbot: QtBot, row: Row, width: int = 800) -> Transcript:
    transcript = Transcript()
    qtbot.addWidget(transcript)
    transcript.resize(width, 400)
    transcript.show()
    transcript.set_rows([row])
    qtbot.waitUntil(lambda: bool(_buttons(transcript)))
    return transcript


def _buttons(transcript: Transcript) -> dict[str, QPushButton]:
    return {each.objectName(): each for each in transcript.viewport().findChildren(QPushButton) if each.isVisible()}


@pytest.mark.parametrize("row", [FULL, SUMMARISED, replace(SUMMARISED, offers_continue=True)])
def test_where_nobody_can_press_a_button_there_is_no_room_for_one(row: Row) -> None:
    assert deeds_of(row)
    assert deeds_of(row.without_buttons()) == []
    assert row.without_buttons().notice == row.notice


@pytest.mark.usefixtures("qapp")
def test_the_buttons_stand_in_rows_where_the_column_is_narrow() -> None:
    style = Style(colours.LIGHT, 1.0)
    wide, narrow = arranged(FULL, style, 900), arranged(FULL, style, 200)
    assert len({area.top() for _, area in wide}) == 1
    assert len({area.top() for _, area in narrow}) == 3
    assert all(area.right() <= 200 for _, area in narrow)
    assert height(FULL, style, 200) > height(FULL, style, 900) > 0


def test_a_full_context_is_answered_in_place_and_no_button_cuts_its_words(qtbot: QtBot) -> None:
    transcript = _shown(qtbot, FULL, 480)
    buttons = _buttons(transcript)
    assert set(buttons) == {"dropButton", "summariseButton", "retryButton"}
    assert all(each.width() >= each.sizeHint().width() for each in buttons.values())
    with qtbot.waitSignal(transcript.overflow_chosen) as chosen:
        QTest.keyClick(buttons["summariseButton"], Qt.Key.Key_Space)
    assert chosen.args == [7, Overflow.SUMMARISE]
    with qtbot.waitSignal(transcript.overflow_chosen) as chosen:
        buttons["dropButton"].click()
    assert chosen.args == [7, Overflow.DROP]


def test_a_summary_can_be_read_and_copied_by_keyboard(qtbot: QtBot) -> None:
    transcript = _shown(qtbot, SUMMARISED)
    QTest.keyClick(_buttons(transcript)["summaryButton"], Qt.Key.Key_Space)
    sheet = transcript.findChild(QDialog, "summarySheet")
    assert sheet is not None
    text = sheet.findChild(QPlainTextEdit, "summaryText")
    assert text is not None
    assert text.toPlainText() == "They met in Oslo."
    copy = sheet.findChild(QPushButton, "copySummary")
    assert copy is not None
    QTest.keyClick(copy, Qt.Key.Key_Space)
    assert QApplication.clipboard().text() == "They met in Oslo."
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


@pytest.mark.parametrize("name", ["dropButton", "summariseButton", "retryButton"])
def test_the_buttons_stay_in_another_theme_and_leave_the_focus_behind_when_they_go(qtbot: QtBot, name: str) -> None:
    transcript = _shown(qtbot, FULL)
    transcript.setPalette(theme.palette(colours.DARK))
    assert set(_buttons(transcript)) >= {"dropButton", "summariseButton", "retryButton"}
    button = _buttons(transcript)[name]
    assert not button.focusPolicy() & Qt.FocusPolicy.ClickFocus
    transcript.activateWindow()
    button.setFocus()
    qtbot.waitUntil(button.hasFocus)
    transcript.update_row(0, replace(FULL, notice="", is_overflow=False, can_retry=False))
    qtbot.waitUntil(lambda: name not in _buttons(transcript))
    assert transcript.hasFocus()
