"""Running text on the page: footnotes, and what is written from right to left."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from desktop.ui import appearance
from desktop.ui.colours import LIGHT
from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.blocks.make import make_view
from desktop.ui.transcript.blocks.target import Does
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import parse

Make = Callable[[str], list[BlockView]]
WIDTH = 500
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


def inked_columns(view: BlockView) -> list[int]:
    image = QImage(WIDTH, int(view.height), QImage.Format.Format_RGB32)
    image.fill(QColor(LIGHT.bg))
    ground = image.pixel(0, 0)
    painter = QPainter(image)
    view.draw(painter)
    painter.end()
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
