from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QKeyCombination, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.chat.message import Message, Role, State
from desktop.ui.transcript.reading import caret, keyboard
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer, question

Show = Callable[..., Transcript]
CHOSEN = Row(Message(1, 1, None, Role.ASSISTANT, State.COMPLETE, "an answer", 0.0), branch=1, branches=3)


@pytest.mark.usefixtures("qapp")  # Qt asks the application what Copy is
@pytest.mark.parametrize("keys", [keys for _, keys in keyboard.listed()])
def test_what_the_sheet_lists_is_what_the_key_does(keys: QKeySequence) -> None:
    first: QKeyCombination = keys[0]  # type: ignore[index]  # PySide's stubs do not know it
    press = QKeyEvent(QEvent.Type.KeyPress, first.key(), first.keyboardModifiers())
    step = caret.step_of(press)
    assert keyboard.meaning(press, CHOSEN) is not None or (step is not None and step[1])


def test_the_actions_of_a_long_message_come_into_sight_with_the_focus(show: Show) -> None:
    transcript = show([answer(1, "\n\n".join(["Some words."] * 60)), question(2, "More?"), answer(3, "Yes.")])
    transcript.focus_row(0, to_top=True)
    QTest.keyClick(transcript, Qt.Key.Key_Return)
    focus = QApplication.focusWidget()
    assert focus is not None
    assert focus.objectName() == "copyMessage"
    corner = focus.mapTo(transcript.viewport(), QPoint(0, 0))
    assert transcript.viewport().rect().contains(focus.rect().translated(corner))


def test_choosing_a_message_that_fills_the_page_moves_nothing(show: Show) -> None:
    transcript = show([answer(1, "\n\n".join(["Some words."] * 60))])
    bar = transcript.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0
    transcript.focus_last()
    assert bar.value() == bar.maximum()
    bar.setValue(300)
    QTest.keyClick(transcript, Qt.Key.Key_Up)
    assert bar.value() == 300


@pytest.mark.parametrize("height", [900, 300])
@pytest.mark.parametrize("row", [0, 1])
def test_another_version_comes_with_its_counter_in_the_same_place(show: Show, row: int, height: int) -> None:
    words = ["\n\n".join(["Some words."] * 20), "\n\n".join(["WWWW MMMM " * 30] * 9)]
    long, longer = (
        [
            question(1 + 10 * version, "Which?", branch=version, branches=2),
            answer(2 + 10 * version, words[version], row={"branch": version, "branches": 2}),
            question(3 + 10 * version, words[0]),
        ]
        for version in range(2)
    )
    transcript = show(long, height=height)
    transcript.branch_requested.connect(
        lambda _, step: transcript.replace_rows(row, (longer if step > 0 else long)[row:])
    )
    column, bar = transcript.column, transcript.verticalScrollBar()
    bar.setValue(round(column.top(row) + column.view(row).actions.top()) - 200)
    before = column.top(row) + column.view(row).actions.top() - bar.value()
    assert 0 < before < height
    transcript.focused = row
    transcript._shows_ring = True
    QTest.keyClick(transcript, Qt.Key.Key_Right)
    assert column.rows[row] is longer[row]
    assert column.top(row) + column.view(row).actions.top() - bar.value() == pytest.approx(before, abs=2)
    QTest.keyClick(transcript, Qt.Key.Key_Left)
    assert column.rows[row] is long[row]
