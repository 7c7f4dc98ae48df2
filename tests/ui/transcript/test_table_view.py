"""Tables: as wide as they want within limits, scrolled where that is too much, the same when they grew."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtGui import QColor, QImage, QPainter

from desktop.ui import colours
from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.blocks.make import make_view
from desktop.ui.transcript.blocks.table_columns import fitted
from desktop.ui.transcript.flow import Flow
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text import markdown
from desktop.ui.transcript.text.markdown import Block
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer

Show = Callable[..., Transcript]
STYLE = Style(colours.LIGHT, 1.0)


def table(rows: int, columns: int, cell: str = "cell") -> str:
    lines = ["|" + " head |" * columns, "|" + " --- |" * columns]
    lines += ["|" + "".join(f" {cell} {row} |" for _ in range(columns)) for row in range(rows)]
    return "\n".join(lines)


def view_of(block: Block, width: float = 600, state: BlockState | None = None, style: Style = STYLE) -> BlockView:
    return make_view(block, style, width, {}, state or BlockState())


def picture(view: BlockView, selection: tuple[int, int] | None = None) -> QImage:
    image = QImage(600, int(view.height) + 1, QImage.Format.Format_RGB32)
    image.fill(QColor(STYLE.tokens.bg))
    painter = QPainter(image)
    view.draw(painter, selection)
    painter.end()
    return image


def only(text: str) -> Block:
    (block,) = markdown.parse(text)[0]
    return block


@pytest.mark.usefixtures("qapp")
def test_a_small_table_takes_what_it_needs_and_a_wide_one_is_scrolled() -> None:
    assert not view_of(only(table(2, 3))).scrolls_sideways
    wide = view_of(only(table(2, 30)))
    assert wide.scrolls_sideways
    assert wide.scroll_sideways(100)
    assert picture(wide) != picture(view_of(only(table(2, 30))))


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("start", [0, 1, 2])
def test_marks_are_in_the_cells_only(start: int) -> None:
    view = view_of(only("|ab|cd|\n|-|-|\n|ef|gh|"))
    marked = picture(view, (start, view.length))
    assert marked != picture(view)
    assert marked.pixelColor(2, 2).name() == STYLE.tokens.bg.lower()


@pytest.mark.usefixtures("qapp")
def test_long_texts_wrap_before_a_table_is_scrolled() -> None:
    view = view_of(only(table(1, 3, cell="many words " * 20)))
    assert not view.scrolls_sideways
    assert view.height > 3 * view_of(only(table(1, 3))).height


@pytest.mark.usefixtures("qapp")
def test_on_paper_every_table_fits() -> None:
    assert not view_of(
        only(table(2, 30)), style=Style(colours.LIGHT, 1.0, is_still=True, on_paper=True)
    ).scrolls_sideways


@pytest.mark.usefixtures("qapp")
def test_a_table_that_got_more_room_is_scrolled_no_more() -> None:
    view = view_of(only(table(2, 8)), width=300)
    assert view.scrolls_sideways
    view.set_width(2000)
    assert not view.scrolls_sideways


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("text", [table(3, 2), "|a|b|c|\n|-|-|-|\n||**x**|$y$|\n|`c`|[l](https://a.example)||"])
def test_its_text_is_what_is_copied(text: str) -> None:
    block = only(text)
    assert view_of(block).text() == markdown.plain_text(block)


@pytest.mark.usefixtures("qapp")
def test_a_part_of_a_table_is_copied_in_cells() -> None:
    view = view_of(only("|ab|cd|\n|-|-|\n|ef|gh|"))
    assert view.text(2, 5) == "b\tc"
    assert view.text(5, 9) == "d\nef"


@pytest.mark.usefixtures("qapp")
def test_a_table_that_grew_looks_like_one_made_at_once() -> None:
    text = "|a|b|\n|-|-|\n|**one**|[two](https://a.example)|\n|three `c`|four and more|\n|五|六 $x^2$|"
    flow = Flow(STYLE, 600.0)
    kept = []
    for end in range(12, len(text) + 1):
        flow.set_text(text[:end], growing=True)
        flow.realise(0, 10_000)
        kept.append(flow.view(0))
    whole = view_of(flow.blocks[0])
    assert flow.view(0).text() == whole.text()
    assert flow.view(0).height == whole.height
    assert picture(flow.view(0)) == picture(whole)
    assert [target.subject for target in flow.view(0).targets()] == [target.subject for target in whole.targets()]
    # It grew, and was not made anew with each letter.
    assert len({id(view) for view in kept}) < len(kept) / 2


@pytest.mark.usefixtures("qapp")
def test_all_pieces_of_a_table_have_the_same_columns() -> None:
    text = table(60, 3) + "\n|" + " much longer than all before |" * 3
    flow = Flow(STYLE, 600.0)
    flow.set_text(text)
    backwards = [picture(flow.view(index)).width() for index in reversed(range(len(flow.blocks)))]
    assert len(backwards) > 2
    edges = set()
    for index in range(len(flow.blocks)):
        image = picture(flow.view(index))
        line = QColor(STYLE.tokens.line)
        rows = [[x for x in range(600) if image.pixelColor(x, y) == line] for y in range(image.height())]
        edges.add(max(max(row) for row in rows if len(row) > 100))
    assert len(edges) == 1


def test_a_hundred_columns_are_shown_and_scrolled(show: Show) -> None:
    transcript = show([answer(1, table(60, 100))])
    view = next(iter(transcript.blocks_in_sight()))
    assert view.scroll_sideways(1e9)
    transcript.viewport().repaint()
    assert not view.scroll_sideways(1)


@pytest.mark.usefixtures("qapp")
def test_on_paper_wide_columns_make_room_for_narrow_ones() -> None:
    style = Style(colours.LIGHT, 1.0, is_still=True, on_paper=True)
    assert fitted([60, 400, 80, 300, 100], 480, style) == [60, 120, 80, 120, 100]
    assert sum(fitted([200] * 9, 450, style)) <= 450
