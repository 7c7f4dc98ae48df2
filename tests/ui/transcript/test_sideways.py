"""What is wider than its room: scrolled by wheel, by its bar, by marking, by key; all pieces of a block together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from desktop.ui import colours
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.blocks.target import Does
from desktop.ui.transcript.flow import Flow
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer

Show = Callable[..., Transcript]
LINE = "".join(f"word{number} " for number in range(60))
TEXT = f"```\n{LINE}\nshort\n```\n\n" + "\n\n".join(["more"] * 40)


def wide(transcript: Transcript) -> BlockView:
    return next(view for view in transcript.blocks_in_sight() if view.scrolls_sideways)


def first_letter(view: BlockView) -> float:
    return view.caret_area(0).left()


def over_code(transcript: Transcript) -> QPointF:
    button = next(target for target in transcript.targets(0) if target.does is Does.COPY)
    return QPointF(300, button.area.bottom() + 20)


def turn(
    transcript: Transcript,
    pixels: QPoint,
    angle: QPoint = QPoint(),  # noqa: B008  a null point, never changed
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    at = over_code(transcript)
    where = transcript.viewport().mapToGlobal(at)
    phase = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, where, pixels, angle, Qt.MouseButton.NoButton, modifiers, phase, False)
    QCoreApplication.sendEvent(transcript.viewport(), event)


@pytest.fixture
def transcript(show: Show) -> Transcript:
    made = show([answer(1, TEXT)])
    made.verticalScrollBar().setValue(0)
    return made


def test_a_touchpad_scrolls_a_block_sideways(transcript: Transcript) -> None:
    view, before = wide(transcript), first_letter(wide(transcript))
    turn(transcript, QPoint(-50, 3))
    assert first_letter(view) == before - 50
    turn(transcript, QPoint(90, 0))
    assert first_letter(view) == before
    assert transcript.verticalScrollBar().value() == 0


def test_the_wheel_with_shift_scrolls_a_block_sideways(transcript: Transcript) -> None:
    before = first_letter(wide(transcript))
    turn(transcript, QPoint(), QPoint(0, -120), Qt.KeyboardModifier.ShiftModifier)
    assert first_letter(wide(transcript)) < before
    assert transcript.verticalScrollBar().value() == 0


def test_the_wheel_alone_scrolls_the_chat(transcript: Transcript) -> None:
    view, before = wide(transcript), first_letter(wide(transcript))
    turn(transcript, QPoint(), QPoint(0, -120))
    assert first_letter(view) == before
    assert transcript.verticalScrollBar().value() > 0


def test_a_block_ends_where_its_content_does(transcript: Transcript) -> None:
    view = wide(transcript)
    assert view.scroll_sideways(1e6)
    assert not view.scroll_sideways(1)
    end = view.caret_area(len(LINE) - 1).left()
    assert view.room().left() < end < view.room().right()


def test_the_bar_is_dragged(transcript: Transcript) -> None:
    view = wide(transcript)
    top = over_code(transcript).y() - 20 - 5 - 26
    grip = view.grip().center() + QPointF((transcript.width() - transcript.column.width) / 2, top)
    before = first_letter(view)
    viewport = transcript.viewport()
    left = QPoint(60, round(grip.y()))
    QTest.mouseMove(viewport, left)
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=left)
    QTest.mouseMove(viewport, left + QPoint(80, 30))
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=left + QPoint(80, 30))
    assert first_letter(view) < before - 80
    assert transcript.selection is None or transcript.selection.is_empty


def test_marking_beyond_the_edge_scrolls(transcript: Transcript, qtbot: QtBot) -> None:
    view = wide(transcript)
    start = over_code(transcript).toPoint()
    viewport = transcript.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(viewport, QPoint(798, start.y()))
    qtbot.waitUntil(lambda: not view.scroll_sideways(0.0) and view.caret_area(len(LINE) - 1).left() < 760)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=QPoint(798, start.y()))
    transcript.copy()
    assert transcript.selection is not None
    assert transcript.selection.end.place.offset > len(LINE) - 10


def test_keys_scroll_the_block_of_a_chosen_target(transcript: Transcript) -> None:
    view, before = wide(transcript), first_letter(wide(transcript))
    QTest.keyClick(transcript, Qt.Key.Key_Up)
    QTest.keyClick(transcript, Qt.Key.Key_Tab)
    QTest.keyClick(transcript, Qt.Key.Key_Right)
    assert first_letter(view) < before
    QTest.keyClick(transcript, Qt.Key.Key_Left)
    assert first_letter(view) == before
    # At the end the key means nothing else.
    QTest.keyClick(transcript, Qt.Key.Key_Left)
    assert transcript.hasFocus()


def test_a_link_that_tab_chooses_is_brought_into_the_room(show: Show) -> None:
    links = "".join(f"[link{number}](https://a.example/{number})|" for number in range(30))
    transcript = show([answer(1, "|" + "a|" * 30 + "\n|" + "-|" * 30 + "\n|" + links)])
    QTest.keyClick(transcript, Qt.Key.Key_Up)
    for _ in range(20):
        QTest.keyClick(transcript, Qt.Key.Key_Tab)
    area = transcript.targets(0)[19].area
    assert area.left() >= 40
    assert area.right() <= 760


def test_what_is_found_is_brought_into_the_room(transcript: Transcript) -> None:
    view = wide(transcript)
    at = LINE.index("word50")
    assert view.reveal(at, at + 6)
    assert view.room().left() <= view.caret_area(at).left() < view.room().right()
    assert not view.reveal(at, at + 6)


def test_a_click_hits_what_is_seen(transcript: Transcript) -> None:
    view = wide(transcript)
    view.scroll_sideways(200)
    position = len(LINE) // 3
    area = view.caret_area(position)
    assert view.position_at(area.center() + QPointF(1, 0)) == position


@pytest.mark.usefixtures("qapp")
def test_links_out_of_sight_are_not_hit() -> None:
    flow = Flow(Style(colours.LIGHT, 1.0), 400.0)
    flow.set_text("|" + "a|" * 30 + "\n|" + "-|" * 30 + "\n|" + "[link](https://a.example)|" * 30)
    view = flow.view(0)
    far = view.targets()[-1].area.center()
    assert far.x() > 400
    assert view.target_at(far) is None
    view.reveal_area(view.targets()[-1].area)
    near = view.targets()[-1].area.center()
    assert view.target_at(near) is not None


@pytest.mark.usefixtures("qapp")
def test_all_pieces_of_a_block_scroll_together() -> None:
    flow = Flow(Style(colours.LIGHT, 1.0), 400.0)
    flow.set_text("```\n" + (LINE + "\n") * 201 + "short\n```")
    first, last = flow.view(0), flow.view(len(flow.blocks) - 1)
    before = last.caret_area(0).left()
    assert first.scroll_sideways(70)
    assert last.caret_area(0).left() == before - 70
    assert first.grip().isEmpty()
    assert not last.grip().isEmpty()
