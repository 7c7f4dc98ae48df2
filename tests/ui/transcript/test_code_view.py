"""Code blocks: coloured, numbered, wrapped or scrolled, and copied exactly."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from pytestqt.qtbot import QtBot

from desktop.ui import colours
from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.blocks.code_view import CodeView
from desktop.ui.transcript.blocks.make import make_view
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.code import highlight
from desktop.ui.transcript.flow import Flow
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import Block, Kind
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer

Show = Callable[..., Transcript]
STYLE = Style(colours.LIGHT, 1.0)
CODE = 'def f(x):\n\t"""Say\n    it."""\n    return x  # end'
LONG = "x = 1  # " + "a long comment " * 20


def view_of(text: str, language: str = "python", state: BlockState | None = None, style: Style = STYLE) -> BlockView:
    highlight.highlighter(language)  # so that it is prepared
    return make_view(Block(Kind.CODE, text, language=language), style, 600, {}, state or BlockState())


def picture(view: BlockView) -> QImage:
    image = QImage(600, int(view.height) + 1, QImage.Format.Format_RGB32)
    image.fill(QColor(STYLE.tokens.bg))
    painter = QPainter(image)
    view.draw(painter)
    painter.end()
    return image


def has(image: QImage, colour: str) -> bool:
    wanted = QColor(colour)
    return any(image.pixelColor(x, y) == wanted for y in range(image.height()) for x in range(image.width()))


def find(transcript: Transcript, does: Does, row: int = 0) -> Target:
    return next(target for target in transcript.targets(row) if target.does is does)


@pytest.mark.usefixtures("qapp")
def test_code_is_coloured() -> None:
    assert has(picture(view_of(CODE)), STYLE.tokens.ink_keyword)
    assert not has(picture(view_of(CODE, "")), STYLE.tokens.ink_keyword)


@pytest.mark.usefixtures("qapp")
def test_added_and_removed_lines_are_tinted() -> None:
    diff = picture(view_of("+new\n-old\n same", "diff"))
    middle = [diff.pixelColor(500, 36 + 20 * line + 10) for line in range(3)]
    assert len({colour.name() for colour in middle}) == 3
    assert middle[2] == QColor(STYLE.tokens.code)


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("text", [CODE, "a\u00a0b\tc  \n\n", "x = '😀' # 中文\u2028", "\x1b[31mred\x1b[0m"])
def test_what_is_copied_is_what_was_written(text: str) -> None:
    view = view_of(text)
    assert view.text() == text
    units = len(text.encode("utf-16-le")) // 2
    assert view.length == units
    assert "".join(view.text(position, position + 2) for position in range(0, 4, 2)) == text[:4]


@pytest.mark.usefixtures("qapp")
def test_line_numbers_are_no_text() -> None:
    plain, numbered = view_of(CODE), view_of(CODE, state=BlockState(is_numbered=True))
    assert picture(plain) != picture(numbered)
    assert numbered.text() == CODE
    assert numbered.length == plain.length
    assert numbered.height == plain.height


@pytest.mark.usefixtures("qapp")
def test_long_lines_scroll_or_wrap() -> None:
    assert view_of(LONG).scrolls_sideways
    wrapped = view_of(LONG, state=BlockState(wraps=True))
    assert not wrapped.scrolls_sideways
    assert wrapped.height > view_of(LONG).height


@pytest.mark.usefixtures("qapp")
def test_on_paper_lines_wrap_and_there_is_nothing_to_click() -> None:
    view = view_of(LONG, style=Style(colours.LIGHT, 1.0, is_still=True, on_paper=True))
    assert not view.scrolls_sideways
    assert view.targets() == []


@pytest.mark.usefixtures("qapp")
def test_code_that_grew_looks_like_code_made_at_once() -> None:
    highlight.highlighter("python")
    text = "```python\n" + (CODE + "\n") * 8
    flow = Flow(STYLE, 600.0)
    views = set()
    for end in range(20, len(text), 3):
        flow.set_text(text[:end], growing=True)
        flow.realise(0, 10_000)
        views.add(id(flow.view(0)))
    flow.set_text(text, growing=True)
    whole = make_view(flow.blocks[0], STYLE, 600, {}, BlockState())
    assert picture(flow.view(0)) == picture(whole)
    assert len(views) < 20


@pytest.mark.usefixtures("qapp")
def test_colours_and_numbers_go_on_over_pieces() -> None:
    highlight.highlighter("python")
    flow = Flow(STYLE, 600.0)
    flow.set_text('```python\nx = """\n' + "return\n" * 500 + '"""\n```')
    last = len(flow.blocks) - 1
    assert last >= 2
    # The last is shown first, as at the end of a chat. It is coloured in slices.
    view = flow.view(last)
    assert isinstance(view, CodeView)
    while view.awaits_colours:
        view.colour_more()
    before = picture(view)
    assert has(before, STYLE.tokens.ink_string)
    assert not has(before, STYLE.tokens.ink_keyword)
    flow.change(last, Does.NUMBER)
    assert picture(flow.view(last)) != before


@pytest.mark.usefixtures("qapp")
def test_colours_go_on_over_pieces_while_it_is_written() -> None:
    highlight.highlighter("python")
    text = '```python\nx = """\n' + "return\n" * 430
    flow = Flow(STYLE, 600.0)
    for end in range(20, len(text) + 1, 61):
        flow.set_text(text[:end], growing=True)
        flow.realise(0, 100_000)
    views = [flow.view(index) for index in range(len(flow.blocks))]
    assert len(views) > 2
    for view in views:
        assert isinstance(view, CodeView)
        while view.awaits_colours:
            view.colour_more()
        assert not has(picture(view), STYLE.tokens.ink_keyword)


def test_its_buttons_wrap_number_and_copy(show: Show) -> None:
    transcript = show([answer(1, f"```python\n{LONG}\n```")])
    view = next(iter(transcript.blocks_in_sight()))
    assert view.scrolls_sideways
    transcript.activate(0, find(transcript, Does.WRAP))
    assert not next(iter(transcript.blocks_in_sight())).scrolls_sideways
    assert find(transcript, Does.WRAP).name == "Scroll long lines"
    transcript.activate(0, find(transcript, Does.NUMBER))
    assert find(transcript, Does.NUMBER).name == "Hide line numbers"
    transcript.activate(0, find(transcript, Does.COPY))
    assert QGuiApplication.clipboard().text() == LONG
    save = find(transcript, Does.SAVE)
    assert (save.subject, save.language) == (LONG, "python")


def test_long_code_is_coloured_bit_by_bit(show: Show, qtbot: QtBot) -> None:
    transcript = show([answer(1, "```python\n" + "def f(): return 'x'\n" * 190 + "```")])
    qtbot.waitUntil(lambda: transcript.colouring.is_done)
    assert has(transcript.viewport().grab().toImage(), STYLE.tokens.ink_keyword)
