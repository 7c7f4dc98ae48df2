"""Marking by keyboard, with a caret that is seen, across blocks and messages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from desktop.chat.message import State
from desktop.ui.transcript.place import Place, Spot
from desktop.ui.transcript.reading.caret import spot_area
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer, grown, question

Show = Callable[..., Transcript]
Key = Qt.Key
NO, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)
TEXT = "First line here.\n\n- item **one**\n- item two\n\n```\ncode\nmore\n```"


def press(transcript: Transcript, *keys: Qt.Key, held: Qt.KeyboardModifier = NO) -> None:
    for key in keys:
        QTest.keyClick(transcript, key, held)


def marked(transcript: Transcript) -> str:
    QGuiApplication.clipboard().clear()
    transcript.copy_marked()
    return QGuiApplication.clipboard().text()


def begin(transcript: Transcript) -> None:
    """Show the caret at the very beginning."""
    press(transcript, Key.Key_F7)
    press(transcript, Key.Key_Home, held=CTRL)


def test_shift_and_arrows_mark_letters_words_and_lines(show: Show) -> None:
    transcript = show([question(1, "hi"), answer(2, TEXT)])
    begin(transcript)
    press(transcript, Key.Key_Right, held=SHIFT)
    assert marked(transcript) == "h"
    press(transcript, Key.Key_Down)
    assert not transcript.has_mark
    press(transcript, Key.Key_Home)
    press(transcript, Key.Key_Right, held=SHIFT | CTRL)
    assert marked(transcript) == "First "
    press(transcript, Key.Key_End, held=SHIFT)
    assert marked(transcript) == "First line here."
    press(transcript, Key.Key_Left, held=SHIFT)
    assert marked(transcript) == "First line here"


def test_the_mark_goes_across_blocks_and_messages(show: Show) -> None:
    transcript = show([question(1, "hi"), answer(2, TEXT)])
    begin(transcript)
    press(transcript, *[Key.Key_Down] * 3, held=SHIFT)
    press(transcript, Key.Key_End, held=SHIFT)
    assert marked(transcript) == "hi\n\nFirst line here.\n\n• item one\n• item two"
    press(transcript, Key.Key_End, held=SHIFT | CTRL)
    assert marked(transcript) == f"hi\n\n{TEXT}"
    press(transcript, Key.Key_Home, held=SHIFT | CTRL)
    assert not transcript.has_mark


def test_letters_go_on_in_the_next_block(show: Show) -> None:
    transcript = show([answer(1, "ab\n\ncd"), question(2, "ef")])
    begin(transcript)
    places = []
    for _ in range(10):
        assert transcript.caret.spot is not None
        places.append(
            (transcript.caret.spot.row, transcript.caret.spot.place.block, transcript.caret.spot.place.offset)
        )
        press(transcript, Key.Key_Right)
    assert places == [
        *((0, 0, 0), (0, 0, 1), (0, 0, 2)),
        *((0, 1, 0), (0, 1, 1), (0, 1, 2)),
        *((1, 0, 0), (1, 0, 1), (1, 0, 2)),
        (1, 0, 2),
    ]
    press(transcript, *[Key.Key_Left] * 20)
    assert transcript.caret.spot == Spot(0, Place(1, 0, 0))


@pytest.mark.parametrize(
    "text", [TEXT, "| a | b |\n|---|---|\n| c | d |\n\nend", "---\n\nafter", "中文。😀 end", "$$x$$\n\nend"]
)
def test_every_way_through_a_message_ends(show: Show, text: str) -> None:
    transcript = show([question(1, "hi"), answer(2, text), question(3, "bye")])
    begin(transcript)
    for key, end in ((Key.Key_Right, 2), (Key.Key_Left, 0), (Key.Key_Down, 2), (Key.Key_Up, 0)):
        for _ in range(120):
            press(transcript, key)
        assert transcript.caret.spot is not None
        assert transcript.caret.spot.row == end


def test_lines_are_gone_through_at_one_x(show: Show) -> None:
    transcript = show([answer(1, "A long first line of text\n\nshort\n\nA long third line of text")])
    begin(transcript)
    press(transcript, Key.Key_End)
    assert transcript.caret.spot is not None
    before = spot_area(transcript.column, transcript.caret.spot).x()
    press(transcript, Key.Key_Down, Key.Key_Down)
    assert transcript.caret.spot.place.block == 2
    assert spot_area(transcript.column, transcript.caret.spot).x() == pytest.approx(before, abs=8)


def test_pages_mark_what_they_pass_and_scroll(show: Show) -> None:
    transcript = show([answer(1, "\n\n".join(f"Paragraph {number}." for number in range(100)))])
    begin(transcript)
    press(transcript, Key.Key_PageDown, Key.Key_PageDown, held=SHIFT)
    assert transcript.verticalScrollBar().value() > 500
    assert marked(transcript).startswith("Paragraph 0.\n\nParagraph 1.")
    assert marked(transcript).count("\n\n") > 25
    press(transcript, Key.Key_PageUp, Key.Key_PageUp, Key.Key_PageUp, held=SHIFT)
    assert not transcript.has_mark


def test_the_caret_can_be_seen_and_given_up(show: Show) -> None:
    transcript = show([answer(1, "Hello")])
    before = transcript.viewport().grab().toImage()
    begin(transcript)
    assert transcript.caret.spot is not None
    area = spot_area(transcript.column, transcript.caret.spot)
    x, y = transcript.width() // 2 - round(transcript.column.width) // 2 + round(area.x()), round(area.center().y())
    after = transcript.viewport().grab().toImage()
    assert after.pixelColor(x, y).name().upper() == transcript.column.style.tokens.text
    assert before.pixelColor(x, y) != after.pixelColor(x, y)
    press(transcript, Key.Key_Escape)
    assert not transcript.caret.is_on
    assert transcript.viewport().grab().toImage() == before


def test_the_keyboard_goes_on_where_the_mouse_left_off(show: Show) -> None:
    transcript = show([answer(1, "One two three")])
    view = transcript.column.view(0)
    corner = next(corner for _, corner, _ in view.parts())
    point = QPointF(transcript.area_of(0).topLeft()) + corner + QPointF(2, 10)
    QTest.mouseClick(transcript.viewport(), Qt.MouseButton.LeftButton, pos=point.toPoint())
    press(transcript, Key.Key_Right, held=SHIFT | CTRL)
    assert marked(transcript) == "One "


def test_keys_on_messages_do_nothing_to_them_while_the_caret_is_there(show: Show) -> None:
    transcript = show([answer(1, "One")])
    begin(transcript)
    asked: list[int] = []
    transcript.edit_requested.connect(asked.append)
    transcript.regenerate_requested.connect(asked.append)
    press(transcript, Key.Key_E, Key.Key_R)
    assert asked == []


def test_a_mark_survives_what_comes_below_and_a_new_layout(show: Show) -> None:
    row = answer(2, "One two three\n\nfour", State.STREAMING)
    transcript = show([question(1, "hi"), row])
    begin(transcript)
    press(transcript, Key.Key_Down)
    press(transcript, Key.Key_Home)
    press(transcript, Key.Key_Right, Key.Key_Right, held=SHIFT | CTRL)
    transcript.update_row(1, grown(row, "One two three\n\nfour five\n\n- six"))
    transcript.resize(500, 600)
    transcript.set_zoom(1.5)
    transcript.update_row(1, grown(row, "One two three\n\nfour five\n\n- six", State.COMPLETE))
    assert marked(transcript) == "One two "
    transcript.set_rows([answer(3, "other")])
    assert not transcript.has_mark
    assert not transcript.caret.is_on


def test_enter_opens_the_link_at_the_caret(show: Show, qtbot: QtBot) -> None:
    transcript = show([answer(1, "See [words](https://a.example/x) there")])
    begin(transcript)
    with qtbot.assertNotEmitted(transcript.link_activated):
        press(transcript, Key.Key_Return)
    press(transcript, Key.Key_Right, held=CTRL)
    with qtbot.waitSignal(transcript.link_activated) as told:
        press(transcript, Key.Key_Return)
    assert told.args == ["https://a.example/x"]


def test_a_page_further_may_be_an_answer_that_has_not_begun(show: Show) -> None:
    paragraphs = "\n\n".join(["word"] * 12)
    rows = [question(1, paragraphs), answer(2, "", State.STREAMING), *[answer(3 + n, "") for n in range(9)]]
    transcript = show([*rows, question(20, "the end")], height=200)
    transcript.verticalScrollBar().setValue(0)
    begin(transcript)
    for _ in range(12):
        press(transcript, Key.Key_PageDown, held=SHIFT)
        spot = transcript.caret.spot
        assert spot is not None
        assert spot.row in (0, 11)
    press(transcript, Key.Key_PageUp, held=SHIFT)
    assert transcript.caret.spot is not None
    assert transcript.caret.spot.row == 0
