"""A diagram in a chat: its source until it is drawn, the picture afterwards, and the source again on demand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.chat.message import State
from desktop.ui import appearance
from desktop.ui.colours import DARK
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.blocks.diagram_view import DiagramView
from desktop.ui.transcript.blocks.target import Does
from desktop.ui.transcript.diagrams.service import Diagrams, Picture
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer, grown

Show = Callable[..., Transcript]
WAIT_MS = 30_000
SOURCE = "flowchart TD\n    A[开始] --> B{好吗？}\n    B --> C[结束]"
WIDE = "flowchart LR\n" + " --> ".join(f"n{number}[Step number {number}]" for number in range(20))


def fenced(source: str, language: str = "mermaid") -> str:
    return f"```{language}\n{source}\n```"


def block(transcript: Transcript, index: int) -> BlockView:
    """The view of block `index` of the only message."""
    return transcript.column.view(0).flow(1).view(index)


def does(transcript: Transcript, index: int) -> list[Does]:
    return [target.does for target in block(transcript, index).targets()]


def wait_for_picture(qtbot: QtBot, transcript: Transcript, index: int) -> None:
    qtbot.waitUntil(lambda: does(transcript, index)[:1] == [Does.SHOW_SOURCE], timeout=WAIT_MS)


def click(transcript: Transcript, index: int, what: Does) -> None:
    targets = transcript.targets(0)
    transcript.activate(0, next(target for target in targets if target.does is what and target.block == index))


def test_the_picture_takes_the_place_of_the_source_and_what_is_below_moves(qtbot: QtBot, show: Show) -> None:
    transcript = show([answer(1, f"Before.\n\n{fenced(SOURCE)}\n\nBehind.")])
    flow = transcript.column.view(0).flow(1)
    before, top = block(transcript, 1).height, flow.top(2)

    wait_for_picture(qtbot, transcript, 1)

    after = block(transcript, 1).height
    assert after > before
    assert flow.top(2) - top == round(after) - round(before)
    assert block(transcript, 1).text() == SOURCE


def test_the_source_is_one_click_away_and_back(qtbot: QtBot, show: Show) -> None:
    transcript = show([answer(1, fenced(SOURCE))])
    as_source = block(transcript, 0).height
    wait_for_picture(qtbot, transcript, 0)
    as_picture = block(transcript, 0).height

    click(transcript, 0, Does.SHOW_SOURCE)
    assert block(transcript, 0).height == as_source
    click(transcript, 0, Does.SHOW_SOURCE)
    assert block(transcript, 0).height == as_picture


def test_what_is_copied_is_the_source_and_what_is_saved_the_picture(qtbot: QtBot, show: Show) -> None:
    transcript = show([answer(1, fenced(SOURCE))])
    wait_for_picture(qtbot, transcript, 0)
    click(transcript, 0, Does.COPY)
    assert QGuiApplication.clipboard().text() == SOURCE
    (saved,) = (target for target in block(transcript, 0).targets() if target.does is Does.SAVE)
    assert saved.subject.startswith("<svg")
    assert saved.language == "svg"
    transcript.select_all()
    transcript.copy()
    assert SOURCE in QGuiApplication.clipboard().text()


def test_only_the_whole_picture_can_be_selected(qtbot: QtBot, show: Show) -> None:
    transcript = show([answer(1, fenced(SOURCE))])
    wait_for_picture(qtbot, transcript, 0)
    view = block(transcript, 0)
    assert view.position_at(QPointF(10, view.height / 2)) == 0
    assert view.position_at(QPointF(700, view.height / 2)) == view.length
    assert view.word_at(3) == (0, view.length)
    assert view.areas(2, 3) == view.areas(0, view.length)


def test_what_is_not_understood_stays_source_with_the_line_named(qtbot: QtBot, show: Show) -> None:
    transcript = show([answer(1, fenced("flowchart TD\n  A --> B\n  B[Start --> C"))])
    before = block(transcript, 0).height
    picture = transcript.viewport().grab().toImage()
    qtbot.waitUntil(lambda: block(transcript, 0).height > before, timeout=WAIT_MS)
    assert transcript.viewport().grab().toImage() != picture
    assert Does.SHOW_SOURCE not in does(transcript, 0)


def test_what_is_still_written_is_source_and_drawn_once_it_is_closed(
    qtbot: QtBot, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    picture = Diagrams.picture

    def ask(here: Diagrams, source: str, dark: bool, scale: float) -> Picture | None:
        asked.append(source)
        return picture(here, source, dark, scale)

    monkeypatch.setattr(Diagrams, "picture", ask)
    row = answer(1, "```mermaid\nflowchart TD\n", State.STREAMING)
    transcript = show([row])
    for end in range(20, len(SOURCE) + 1, 7):
        transcript.update_row(0, grown(row, "```mermaid\n" + SOURCE[:end]))
        assert asked == []
    transcript.update_row(0, grown(row, fenced(SOURCE) + "\n"))
    wait_for_picture(qtbot, transcript, 0)
    height = block(transcript, 0).height
    for words in ("\nAnd", "\nAnd more", "\nAnd more.\n\nLast."):
        transcript.update_row(0, grown(row, fenced(SOURCE) + "\n" + words))
        assert block(transcript, 0).height == height
    transcript.update_row(0, grown(row, fenced(SOURCE) + "\n\nAnd more.\n\nLast.", State.COMPLETE))
    assert block(transcript, 0).height == height


def test_a_wide_diagram_shrinks_and_then_scrolls_sideways(qtbot: QtBot, show: Show) -> None:
    transcript = show([answer(1, fenced(WIDE))])
    wait_for_picture(qtbot, transcript, 0)
    view = block(transcript, 0)
    assert view.scrolls_sideways
    assert view.scroll_sideways(50)
    click(transcript, 0, Does.SHOW_SOURCE)
    click(transcript, 0, Does.SHOW_SOURCE)
    assert block(transcript, 0).scrolls_sideways


def test_another_theme_keeps_the_height_while_it_is_drawn_anew(qtbot: QtBot, show: Show, qapp: QApplication) -> None:
    transcript = show([answer(1, fenced(SOURCE))])
    wait_for_picture(qtbot, transcript, 0)
    height = block(transcript, 0).height
    appearance.apply(qapp, DARK, 1.0)
    assert does(transcript, 0)[:1] == [Does.SHOW_SOURCE]
    assert block(transcript, 0).height == height

    def corner() -> str:
        area = block(transcript, 0).areas(0, 1)[0].translated(40, transcript.column.view(0).parts().__next__()[1].y())
        y = transcript.column.top(0) + area.top() - transcript.verticalScrollBar().value()
        return str(transcript.viewport().grab().toImage().pixelColor(round(area.left()) + 2, round(y) + 2).name())

    qtbot.waitUntil(lambda: corner() == DARK.code.lower(), timeout=WAIT_MS)
    assert block(transcript, 0).height == height


def test_other_languages_and_short_names(qtbot: QtBot, show: Show) -> None:
    transcript = show([answer(1, fenced(SOURCE, "mmd") + "\n\n" + fenced(SOURCE, "python"))])
    wait_for_picture(qtbot, transcript, 0)
    assert isinstance(block(transcript, 0), DiagramView)
    assert not isinstance(block(transcript, 1), DiagramView)
