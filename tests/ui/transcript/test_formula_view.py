"""Formulas on the page: on the baseline, in the text's colour, as their source when they are copied."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QApplication

from desktop.ui import appearance
from desktop.ui.colours import DARK, LIGHT, Tokens
from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.blocks.formula_view import FormulaView
from desktop.ui.transcript.blocks.make import make_view
from desktop.ui.transcript.blocks.target import Does
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import Block, Kind, parse, plain_text

Make = Callable[..., BlockView]
TALL = r"\frac{a}{b}"
WIDE = "+".join(f"a_{{{n}}}" for n in range(60))


@pytest.fixture
def make(qapp: QApplication) -> Iterator[Make]:
    """The view of the first block of a text."""
    dress = qapp.style().objectName(), qapp.palette(), qapp.font(), qapp.styleSheet()
    appearance.apply(qapp, LIGHT, 1.0)

    def view(markdown: str, *, width: float = 600, tokens: Tokens = LIGHT, muted: bool = False) -> BlockView:
        blocks, references = parse(markdown)
        return make_view(blocks[0], Style(tokens, 1.0), width, references, BlockState(), muted=muted)

    yield view
    qapp.setStyle(dress[0])
    qapp.setPalette(dress[1])
    qapp.setFont(dress[2])
    qapp.setStyleSheet(dress[3])


def picture(view: BlockView, ground: str, *, selection: tuple[int, int] | None = None, ratio: int = 2) -> QImage:
    image = QImage(640 * ratio, int(view.height + 8) * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor(ground))
    painter = QPainter(image)
    view.draw(painter, selection)
    painter.end()
    return image


def ink(image: QImage, area: QRectF | None = None) -> QRectF:
    """The bounds of what is not ground, in pixels of the image."""
    ground = image.pixel(image.width() - 1, image.height() - 1)
    ratio = image.devicePixelRatio()
    room = area or QRectF(0, 0, image.width() / ratio, image.height() / ratio)
    found = [
        (x, y)
        for x in range(max(0, int(room.left() * ratio)), min(image.width(), int(room.right() * ratio)))
        for y in range(max(0, int(room.top() * ratio)), min(image.height(), int(room.bottom() * ratio)))
        if image.pixel(x, y) != ground
    ]
    if not found:
        return QRectF()
    xs, ys = zip(*found, strict=True)
    return QRectF(QPointF(min(xs), min(ys)), QPointF(max(xs) + 1, max(ys) + 1))


def test_a_formula_stands_on_the_baseline(make: Make) -> None:
    # Two letters without descent, one of the text and one of a formula.
    text, formula = make("H"), make("$H$")
    letter, set_letter = (ink(picture(view, LIGHT.bg)) for view in (text, formula))
    assert abs(letter.bottom() - set_letter.bottom()) <= 1
    assert set_letter.height() == pytest.approx(letter.height(), rel=0.15)


def test_lines_grow_for_what_is_tall_and_only_then(make: Make) -> None:
    words = " and the text goes on" * 12
    plain, low, tall = make("a" + words), make("$a$" + words), make(f"${TALL}$" + words)
    assert low.height == plain.height
    assert plain.height < tall.height < plain.height + 20
    # Nothing hangs out of the block, and no line runs into another.
    assert ink(picture(tall, LIGHT.bg)).bottom() <= 2 * tall.height
    lines = tall.areas(0, tall.length)
    assert all(above.bottom() <= below.top() + 4 for above, below in pairwise(lines))


@pytest.mark.parametrize(
    ("markdown", "colour"),
    [("$l$", "text"), ("[$l$](http://a.b)", "accent")],
)
@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_a_formula_has_the_colour_of_its_text(make: Make, markdown: str, colour: str, tokens: Tokens) -> None:
    image = picture(make(markdown, tokens=tokens), tokens.bg, ratio=8)
    wanted = QColor(getattr(tokens, colour)).rgb()
    assert any(image.pixel(x, y) == wanted for x in range(120) for y in range(image.height()))


def test_a_muted_formula_is_muted(make: Make) -> None:
    image = picture(make("$l$", muted=True), LIGHT.bg, ratio=8)
    assert any(image.pixel(x, y) == QColor(LIGHT.muted).rgb() for x in range(120) for y in range(image.height()))


def test_a_selected_formula_is_marked_as_the_text_around(make: Make) -> None:
    view = make("one $x+y$ two")
    image = picture(view, LIGHT.bg, selection=(0, view.length), ratio=1)
    bar = view.areas(0, view.length)[0]
    row = [image.pixelColor(x, int(bar.top())).name() for x in range(int(bar.left()) + 1, int(bar.right()) - 1)]
    assert len(set(row)) == 1
    assert row[0] != LIGHT.bg.lower()


@pytest.mark.parametrize(
    "markdown",
    [
        "Let $x^2$ be, and $y$.",
        "# Of $E=mc^2$",
        "😀 $x$ and $$y$$ 😀 $z$",
        "| a | $b$ |\n|---|---|\n| $c$ | d |",
        "$$\na=b\n$$",
        r"A broken $\foo{x}$ one",
    ],
)
def test_the_source_is_what_is_copied(make: Make, markdown: str) -> None:
    view = make(markdown)
    if view.block.kind is Kind.TABLE:
        assert re.findall(r"[\w$]+", view.text()) == ["a", "$b$", "$c$", "d"]
    else:
        assert view.text() == plain_text(view.block)


def test_part_of_a_text_has_the_formulas_of_that_part(make: Make) -> None:
    view = make("a $x$ b $y$ c")
    assert view.text(0, 3) == "a $x$"
    assert view.text(3, 7) == " b $y$"
    assert view.text(3, 6) == " b "


def test_a_double_click_takes_the_whole_formula(make: Make) -> None:
    view = make("one$x$two")
    assert view.word_at(3) == (3, 4)


def test_the_character_of_formulas_stands_for_nothing_else(make: Make) -> None:
    view = make("a \ufffc b $x$")
    assert view.text().endswith("b $x$")


def test_a_wide_formula_in_a_line_gets_smaller_and_then_scrolls(make: Make) -> None:
    short = "+".join(f"a_{n}" for n in range(9))
    fitting, wide = make(f"So ${short}$ is", width=180), make(f"So ${WIDE}$ is", width=180)
    assert not fitting.scrolls_sideways
    assert fitting.areas(3, 4)[0].right() <= 180
    assert wide.scrolls_sideways
    assert wide.scroll_sideways(50)


def test_a_display_formula_stands_in_the_middle(make: Make) -> None:
    view = make("$$x=1$$")
    assert isinstance(view, FormulaView)
    area = ink(picture(view, LIGHT.bg, ratio=1))
    assert area.center().x() == pytest.approx(300, abs=3)
    assert (view.length, view.text()) == (1, "$$x=1$$")


def test_a_wide_display_formula_scrolls_to_its_tag(make: Make) -> None:
    view = make(rf"$${WIDE}\tag{{7}}$$")
    assert view.scrolls_sideways
    assert ink(picture(view, LIGHT.bg, ratio=1)).right() <= 601
    while view.scroll_sideways(200):
        pass
    tag = QRectF(600 - QFontMetricsF(Style(LIGHT, 1.0).text_font).horizontalAdvance("(7)"), 0, 30, view.height)
    assert not ink(picture(view, LIGHT.bg, ratio=1), tag & QRectF(0, 0, 600, view.height - 16)).isEmpty()


def test_a_tag_stands_at_the_right(make: Make) -> None:
    area = ink(picture(make(r"$$x=1\tag{2}$$"), LIGHT.bg, ratio=1))
    assert area.right() == pytest.approx(600, abs=3)


def test_the_keyboard_copies_the_latex_and_a_click_does_not(make: Make) -> None:
    view = make("$$x=1$$")
    (target,) = view.targets()
    assert (target.does, target.subject) == (Does.COPY, "x=1")
    assert view.target_at(target.area.center()) is None


def test_what_cannot_be_set_is_its_source(make: Make) -> None:
    view = make("$$\n\\foo{x}\n$$")
    assert view.text() == plain_text(view.block)
    assert not view.targets()
    long = make("$$\n" + r"\foo{x} " * 200 + "\n$$")
    assert not long.scrolls_sideways
    assert long.height > 5 * view.height / 2


@pytest.mark.usefixtures("make")
def test_an_unclosed_formula_is_its_source() -> None:
    style = Style(LIGHT, 1.0)
    block = Block(Kind.FORMULA, "x=1", closed=False)
    open_view = make_view(block, style, 600, {}, BlockState())
    assert ink(picture(open_view, LIGHT.bg, ratio=1)).left() < 10


@pytest.mark.parametrize("markdown", ["aaaa $n$, b", "aaaa ($n$)", "中文（$n$），中文"])
def test_no_line_ends_between_a_formula_and_what_belongs_to_it(make: Make, markdown: str) -> None:
    whole = make(markdown)
    assert whole.text() == plain_text(whole.block)
    formula = whole.text().index("$")
    for width in range(45, 130, 3):
        view = make(markdown, width=width)
        before, after = view.caret_area(formula), view.caret_area(formula + 1)
        assert before.top() == after.top(), width


def test_a_comma_behind_a_formula_is_as_large_as_its_text_whatever_the_painter_had(
    make: Make, qapp: QApplication
) -> None:
    view = make("Say $x$, so.")
    pictures = []
    for size in (5, 40):
        font = QFont("monospace")
        font.setPixelSize(size)
        image = QImage(200, 40, QImage.Format.Format_RGB32)
        image.fill(QColor(LIGHT.bg))
        qapp.setFont(font)
        painter = QPainter(image)
        view.draw(painter)
        painter.end()
        pictures.append(image)
    assert pictures[0] == pictures[1]


def test_ten_thousand_formulas_are_shown(make: Make) -> None:
    view = make("$x$ " * 4_000)
    assert view.length == 7_999
