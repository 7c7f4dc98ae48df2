"""What an answer begins with: who, when and how fast, then the line of its reasoning."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from desktop.chat.message import State
from desktop.ui import colours
from desktop.ui.dates import moment
from desktop.ui.i18n import choose_language
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.message.header_line import HeaderLine
from desktop.ui.transcript.place import REASONING
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.transcript import Transcript
from desktop.ui.transcript.words import name, when
from tests.ui.transcript.rows import STATISTICS, answer, grown, question

Show = Callable[..., Transcript]
_TITLE = {"model_title": "SmolLM2 135M Instruct"}
_NOON = time.mktime((2026, 11, 3, 12, 5, 0, 0, 0, -1))
_DAY_S = 86_400


@pytest.mark.parametrize(
    ("age_s", "english", "chinese"),
    [
        (0, "12:05", "12:05"),
        (_DAY_S, "Yesterday 12:05", "昨天 12:05"),
        (30 * _DAY_S, "4 Oct 12:05", "10月4日 12:05"),
        (365 * _DAY_S, "3 Nov 2025 12:05", "2025年11月3日 12:05"),
        (-3 * _DAY_S, "6 Nov 12:05", "11月6日 12:05"),
    ],
)
def test_times_are_told_as_people_tell_them(age_s: int, english: str, chinese: str) -> None:
    # Noon of that day, wherever the clock was put forward or back in between.
    day = time.localtime(_NOON - age_s)
    then = time.mktime((day.tm_year, day.tm_mon, day.tm_mday, 12, 5, 0, 0, 0, -1))
    try:
        assert moment(then, _NOON) == english
        choose_language("zh_CN")
        assert moment(then, _NOON) == chinese
    finally:
        choose_language("en")


def test_a_message_is_called_by_who_said_it_and_when() -> None:
    row = answer(2, "Tea.", row=_TITLE)
    now = replace(row, message=replace(row.message, created_at=time.time()))
    assert name(now) == f"SmolLM2 135M Instruct, {time.strftime('%H:%M', time.localtime(now.message.created_at))}"
    assert name(question(1, "Tea?")).startswith("You, ")


def test_the_speed_arrives_without_moving_anything(show: Show) -> None:
    row = answer(1, "Tea.", State.STREAMING, row=_TITLE)
    transcript = show([row])
    height, before = transcript.column.height, _picture(transcript)
    transcript.update_row(0, replace(row, message=replace(row.message, state=State.COMPLETE, statistics=STATISTICS)))
    after = _picture(transcript)
    assert transcript.column.height == height
    changed = [y for y in range(before.height()) if before.copy(0, y, 800, 1) != after.copy(0, y, 800, 1)]
    top = transcript.area_of(0).top()
    assert changed
    assert all(top <= y <= top + 32 for y in changed)


@pytest.mark.usefixtures("qapp")
def test_a_long_title_leaves_room_for_the_rest() -> None:
    row = answer(1, "Tea.", statistics=STATISTICS, row={"model_title": "A very long title " * 20})
    ink = _inked(row, 400)
    assert ink[-1] < 400
    # The facts end at the right edge, so that the title is cut, not they.
    assert ink[-1] > 380
    assert _inked(answer(1, "Tea.", row=_TITLE), 400)[-1] < 250


def test_reasoning_that_is_being_read_stays_open_when_the_answer_begins(show: Show) -> None:
    thoughts = "\n\n".join(f"Thought number {number}." for number in range(100))
    row = answer(1, "", State.STREAMING, reasoning=thoughts)
    transcript = show([row])
    transcript.verticalScrollBar().setValue(500)
    transcript.update_row(0, grown(row, "Tea."))
    assert transcript.verticalScrollBar().value() == 500
    assert transcript.column.view(0).is_unfolded


def test_reasoning_folds_for_who_follows_the_answer(show: Show) -> None:
    thoughts = "\n\n".join(f"Thought number {number}." for number in range(100))
    row = answer(1, "", State.STREAMING, reasoning=thoughts)
    transcript = show([row])
    transcript.update_row(0, grown(row, "Tea."))
    assert not transcript.column.view(0).is_unfolded
    assert transcript.verticalScrollBar().value() == 0
    assert transcript.follows


def test_folding_long_reasoning_leads_back_to_its_line(show: Show) -> None:
    thoughts = "\n\n".join(f"Thought number {number}." for number in range(800))
    transcript = show([question(1, "Tea?"), answer(2, "Tea.\n\n" * 100, reasoning=thoughts, reasoning_s=9.0)])
    transcript.focus_row(1, to_top=True)
    transcript.move_target(1)
    fold = transcript.chosen_target()
    assert fold is not None
    transcript.activate(1, fold)
    assert len(thoughts) > 16_000
    transcript.verticalScrollBar().setValue(9000)
    assert transcript.column.view(1).is_unfolded
    transcript.activate(1, fold)
    line = transcript.column.view(1).reasoning_line
    assert line is not None
    assert 0 <= transcript.area_of(1).top() + line.top() < 100


def test_who_folds_reasoning_while_it_comes_still_follows(show: Show) -> None:
    thoughts = "\n\n".join(f"Thought number {number}." for number in range(100))
    transcript = show([answer(1, "", State.STREAMING, reasoning=thoughts)])
    transcript.activate(0, Target(QRectF(), "", Does.FOLD))
    assert not transcript.column.view(0).is_unfolded
    assert transcript.follows
    transcript.activate(0, Target(QRectF(), "", Does.FOLD))
    assert not transcript.follows


def test_reasoning_is_markdown_in_smaller_letters(show: Show) -> None:
    row = answer(1, "Tea.", reasoning="**Hot** `water`", reasoning_s=12.0)
    transcript = show([row])
    transcript.column.toggle_reasoning(0)
    transcript.settle()
    view = transcript.column.view(0)
    flow = view.flow(REASONING)
    assert flow.view(0).text() == "Hot water"
    assert flow.height < view.flow(1).height


def _picture(transcript: Transcript) -> QImage:
    return transcript.viewport().grab().toImage()


def _inked(row: Row, width: int) -> list[int]:
    """The columns of pixels with something on them."""
    image = QImage(width + 50, 24, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    HeaderLine(row, Style(colours.LIGHT, 1.0)).draw(painter, width)
    painter.end()
    white = 0xFFFFFFFF
    return [x for x in range(image.width()) if any(image.pixel(x, y) != white for y in range(image.height()))]


@pytest.mark.parametrize("row", [question(1, "Tea?", branch=1, branches=3), answer(1, "Tea.", row={"branches": 12})])
def test_the_counter_of_versions_stays_in_its_place_when_the_actions_appear(show: Show, row: Row) -> None:
    transcript = show([row])
    actions = transcript.column.view(0).actions.toRect().translated(transcript.area_of(0).topLeft())
    quiet = _ink(transcript, actions.top(), actions.bottom())
    _hover(transcript, 0)
    shown = _ink(transcript, actions.top(), actions.bottom())
    assert quiet
    assert quiet <= shown
    assert len(shown) > 2 * len(quiet)


def test_a_question_tells_when_it_was_asked_with_its_actions(show: Show) -> None:
    transcript = show([question(1, "Tea?"), answer(2, "Tea.")])
    label = cast("QLabel", transcript.findChild(QLabel, "said"))
    _hover(transcript, 0)
    assert label.isVisible()
    assert label.text() == f"You · {when(transcript.rows[0])}"
    _hover(transcript, 1)
    assert not label.isVisible()


def _hover(transcript: Transcript, row: int) -> None:
    QTest.mouseMove(transcript.viewport(), transcript.area_of(row).center())
    QApplication.processEvents()


def _ink(transcript: Transcript, top: int, bottom: int) -> set[int]:
    """The columns of pixels with something on them between two heights."""
    image = _picture(transcript)
    ground = image.pixel(2, top)
    return {x for x in range(790) if any(image.pixel(x, y) != ground for y in range(top, bottom))}
