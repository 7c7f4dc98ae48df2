"""Running text on the page: footnotes, and what is written from right to left."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QApplication

from desktop.ui import appearance
from desktop.ui.colours import LIGHT
from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.blocks.make import make_view
from desktop.ui.transcript.blocks.target import Does
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import parse
from desktop.ui.transcript.text.script import has_slanted_letters

Make = Callable[[str], list[BlockView]]
WIDTH = 500
_BOX, _INK = 237, 200
"""How light the box of code is, and how dark letters are."""
HEBREW = "שלום עולם"


@pytest.fixture
def make(qapp: QApplication) -> Iterator[Make]:
    """The views of all blocks of a text."""
    dress = qapp.style().objectName(), qapp.palette(), qapp.font(), qapp.styleSheet()
    appearance.apply(qapp, LIGHT, 1.0)

    def views(markdown: str) -> list[BlockView]:
        blocks, references = parse(markdown)
        return [make_view(block, Style(LIGHT, 1.0), WIDTH, references, BlockState()) for block in blocks]

    yield views
    qapp.setStyle(dress[0])
    qapp.setPalette(dress[1])
    qapp.setFont(dress[2])
    qapp.setStyleSheet(dress[3])


def picture(view: BlockView, part: QRect | None = None) -> QImage:
    image = QImage(WIDTH, int(view.height), QImage.Format.Format_RGB32)
    image.fill(QColor(LIGHT.bg))
    painter = QPainter(image)
    painter.setClipRect(part or image.rect())
    view.draw(painter)
    painter.end()
    return image


def ink_height(image: QImage, x: int) -> int:
    return sum(image.pixelColor(x, y).lightness() < _INK for y in range(image.height()))


def is_box(image: QImage, x: int, y: int) -> bool:
    return image.pixelColor(x, y).lightness() == _BOX


def inked_columns(view: BlockView) -> list[int]:
    image = picture(view)
    ground = QColor(LIGHT.bg).rgb()
    return [x for x in range(WIDTH) if any(image.pixel(x, y) != ground for y in range(image.height()))]


def test_a_reference_and_its_footnote_lead_to_each_other(make: Make) -> None:
    text, note = make("A claim[^a] here.\n\n[^a]: The proof, as *long* as it is.")
    (reference,) = text.targets()
    assert (reference.does, reference.subject) == (Does.SHOW_NOTE, "a")
    assert text.target_at(reference.area.center()) == reference
    (back,) = note.targets()
    assert (back.does, back.subject) == (Does.SHOW_NOTE, "a")
    assert back.area.right() <= note.left
    assert note.target_at(back.area.center()) == back


def test_a_reference_is_raised_and_a_footnote_is_small(make: Make) -> None:
    text, note = make("A claim[^a] here.\n\n[^a]: The proof.")
    assert note.height < text.height
    assert text.areas(0, text.length)[0].height() < 2 * note.height


def test_links_and_notes_are_reached_in_reading_order(make: Make) -> None:
    (text, _) = make("[one](http://a.b) two[^n] [three](http://c.d)\n\n[^n]: x")
    assert [target.subject for target in text.targets()] == ["http://a.b", "n", "http://c.d"]


def test_the_label_of_a_footnote_stays_in_the_column(make: Make) -> None:
    _, note = make("A[^averylonglabel]\n\n[^averylonglabel]: The proof.")
    (back,) = note.targets()
    assert back.area.left() >= 0
    assert back.area.right() <= note.left


@pytest.mark.parametrize("mark", ["> ", "- ", "1. ", "- [x] "])
def test_marks_stand_where_the_text_begins(make: Make, mark: str) -> None:
    (latin,), (hebrew,) = make(mark + "Hello world"), make(mark + HEBREW)
    assert inked_columns(latin)[0] < 20
    assert inked_columns(latin)[-1] < 200
    assert inked_columns(hebrew)[-1] > WIDTH - 20
    assert inked_columns(hebrew)[0] > 200
    # No letter stands on the mark.
    text = hebrew.areas(0, hebrew.length)[0]
    assert text.right() <= WIDTH - 16


def test_a_formula_says_nothing_of_the_direction(make: Make) -> None:
    (view,) = make(f"$x$ {HEBREW}")
    assert inked_columns(view)[-1] > WIDTH - 20


def test_code_and_addresses_keep_their_order_between_hebrew_words(make: Make) -> None:
    (view,) = make(f'{HEBREW} `f -m "x"` {HEBREW} https://a.b/c?d=e. {HEBREW}')
    # Nothing of what keeps it is copied.
    assert view.text() == f'{HEBREW} f -m "x" {HEBREW} https://a.b/c?d=e. {HEBREW}'
    (link,) = view.targets()
    assert (link.name, link.subject) == ("https://a.b/c?d=e", "https://a.b/c?d=e")
    start = len(HEBREW) + 2  # behind a space and what keeps the code in its order
    places = [view.caret_area(start + offset).x() for offset in range(1, 8)]
    assert places == sorted(places)


def test_latin_and_chinese_text_has_nothing_in_it_that_is_not_seen(make: Make) -> None:
    (view,) = make("中文 `code` https://a.b/c")
    assert view.text() == "中文 code https://a.b/c"
    assert view.length == len(view.text())


@pytest.mark.parametrize("words", ["{} `xx` {}", "{}`xx`{}", "{} a `xx` b {}"])
def test_the_box_of_code_reaches_as_far_left_as_right_also_between_words_from_right_to_left(
    make: Make, words: str
) -> None:
    image = picture(make(words.format(HEBREW, HEBREW))[0])
    row = next(y for y in range(image.height()) if sum(is_box(image, x, y) for x in range(WIDTH)) > WIDTH // 50) + 1
    left = next(x for x in range(WIDTH) if all(is_box(image, x + step, row) for step in range(8)))
    right = next(x for x in range(left, WIDTH) if not is_box(image, x, row)) - 1
    inked = [x for x in range(left - 2, right + 3) if ink_height(image, x)]
    assert abs((min(inked) - left) - (right - max(inked))) <= 1
    assert left + 2 <= min(inked) <= max(inked) <= right - 2, "the box touches a word"


def test_numbers_have_their_point_at_the_left_in_lists_from_right_to_left(make: Make) -> None:
    (view,) = make(f"1. {HEBREW}")
    image = picture(view)
    marker = [height for x in range(WIDTH - 25, WIDTH) if (height := ink_height(image, x))]
    assert marker.index(max(marker)) >= len(marker) // 2


def test_upright_words_keep_off_slanted_ones(make: Make) -> None:
    def width(text: str) -> float:
        return make(text)[0].ideal_width

    assert width("*cold* tea") - width("cold tea") > 1
    assert width("*cold*, tea") == pytest.approx(width("cold, tea"), abs=0.5)


def test_only_scripts_that_have_slanted_letters_are_slanted() -> None:
    assert all(map(has_slanted_letters, ("tea", "thé", "τσάι", "чай", "“tea” – 1…", "🍵")))
    assert not any(map(has_slanted_letters, ("茶", "tea 茶", "شاي", HEBREW, "चाय", "차")))


def test_of_much_code_in_one_paragraph_only_what_is_in_sight_is_looked_for(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    (view,) = make("`a` " * 2_000)
    whole = picture(view)
    asked: list[tuple[int, int]] = []
    lines = BlockView._lines

    def counted(self: BlockView, start: int, end: int) -> object:
        asked.append((start, end))
        return lines(self, start, end)

    monkeypatch.setattr(BlockView, "_lines", counted)
    part = QRect(0, round(view.height / 2), WIDTH, 60)
    seen = picture(view, part)
    assert seen.copy(part) == whole.copy(part)
    assert 100 < len(asked) < 600


@pytest.mark.usefixtures("qapp")
def test_small_print_has_punctuation_as_wide_as_its_script_has_it() -> None:
    style = Style(LIGHT, 1.0)

    def width(text: str) -> float:
        return QFontMetricsF(style.small_font_for(text)).horizontalAdvance(text)

    assert width("页，共") == pytest.approx(width("页页共"), abs=0.5)
    assert width("a’b") < width("a页b")


def test_a_paragraph_that_is_written_on_looks_as_if_it_had_come_at_once(make: Make) -> None:
    text = (
        "Words with `code`, **bold** ones, *slanted*, a [link](https://a.example) and more that take some lines, "
        "such as a **bold end that goes on** and on, `x`, https://b.example and a very-long-word-that-is-broken."
    )
    [view] = make(text[:1])
    n_written_on = 0
    for end in range(2, len(text) + 1):
        [at_once] = make(text[:end])
        if view.grow(at_once.block):
            n_written_on += 1
            assert picture(view) == picture(at_once), text[:end]
            assert view.text() == at_once.text()
        view = at_once if view.block != at_once.block else view
    assert n_written_on > len(text) / 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"abc {HEBREW} {'!? ' * 60}{HEBREW}", id="marks between two words turn round with the second"),
        pytest.param("one two\ufeff three", id="a mark of the bytes' order"),
    ],
)
def test_a_growing_text_says_from_where_on_it_looks_different(make: Make, text: str) -> None:
    [view] = make(text[:5])
    for end in range(6, len(text) + 1):
        [at_once] = make(text[:end])
        before = picture(view)
        if not view.grow(at_once.block):
            [view] = make(text[:end])
            continue
        above = QRect(0, 0, WIDTH, int(view.changed_below))
        assert view.text() == at_once.text()
        assert picture(view) == picture(at_once)
        assert picture(view).copy(above) == before.copy(above), text[:end]
