"""Finding in the open chat: what is a hit, which is visited, what is marked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QToolButton
from pytestqt.qtbot import QtBot

from desktop.chat.message import State
from desktop.ui import appearance
from desktop.ui.colours import DARK, LIGHT, Tokens
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.place import Place, Spot
from desktop.ui.transcript.reading.find import Hit, Search, shown, spans
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.selection import Selection
from desktop.ui.transcript.text import markdown
from desktop.ui.transcript.text.folding import folded
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer, grown, question

Show = Callable[..., Transcript]
Shift = Qt.KeyboardModifier.ShiftModifier


def hits(text: str, query: str) -> list[Hit]:
    search = Search()
    search.set_rows(0, [answer(1, text)])
    search.set_query(query)
    search.count(60)
    found = list(search.hits(0))
    assert search.total == len(found)
    return found


def count_of(transcript: Transcript) -> str:
    label = transcript.findChild(QLabel, "findCount")
    assert label is not None
    return label.text()


def find(transcript: Transcript, query: str, qtbot: QtBot) -> str:
    """Type a query; returns what the bar says in the end."""
    if not transcript.finding.is_open:
        transcript.finding.open()
    transcript.finding.bar.field.setText(query)
    qtbot.waitUntil(lambda: not count_of(transcript).endswith(("+", "…")))
    return count_of(transcript)


def visited(transcript: Transcript) -> tuple[int, int]:
    """The row of the visited hit, and where it begins in its block."""
    assert transcript.hit is not None
    return transcript.hit[0], transcript.hit[1].start


# What is a hit


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("some **bo**ld text", "bold", [(0, 5, 9)]),
        ("CAFÉ and cafe", "café", [(0, 0, 4), (0, 9, 13)]),
        ("ＡＢＣ １２", "abc 12", [(0, 0, 6)]),
        ("机器**学**习很有趣", "学习", [(0, 2, 4)]),
        ("😀 after 😀", "after", [(0, 3, 8)]),
        ("Straße", "strasse", [(0, 0, 6)]),
        ("“quoted” it’s", '"quoted" it\'s', [(0, 0, 13)]),
        ("see [the docs](https://a.example/x) now", "docs now", [(0, 8, 16)]),
        ("a &amp; b", "a & b", [(0, 0, 5)]),
        ("one\ntwo", "one two", [(0, 0, 7)]),
        ("が か", "か", [(0, 2, 3)]),
        ("aaaa", "aa", [(0, 0, 2), (0, 2, 4)]),
        ("text with `in code` there", "in code", [(0, 10, 17)]),
        ("a formula $x^2+y$ there", "x^2", [(0, 10, 11)]),
        ("a formula $x^2+y$ there", "there", [(0, 12, 17)]),
        ("# Head\n\n- item\n- other item", "item", [(1, 0, 4), (2, 6, 10)]),
        ("nothing", "else", []),
        ("anything", "", []),
    ],
)
def test_what_is_shown_is_found(text: str, query: str, found: list[tuple[int, int, int]]) -> None:
    assert [(hit.block, hit.start, hit.end) for hit in hits(text, query)] == found


@pytest.mark.parametrize(
    "text",
    [
        "| a | **b** c |\n|---|---|\n| 1 | `2` 😀 |\n| 3 | 4 |",
        "Some **bold** [link](https://a.example) 中文\nnext\\\nline $x$ and 😀",
        "```python\nprint(1)\n\tprint(2)\n```",
        "# A *heading*",
    ],
)
def test_positions_are_those_of_the_view(show: Show, text: str) -> None:
    """For each block: what the search thinks is shown has the length that the laid out document has."""
    transcript = show([answer(1, text)])
    flow = transcript.column.view(0).flow(1)
    for index, block in enumerate(flow.blocks):
        searched = shown(block, flow.references)
        units = len(searched.text.encode("utf-16-le")) // 2
        units -= sum(end - start - 1 for start, end in searched.formulas)
        behind = 2 if block.kind is markdown.Kind.TABLE else 0
        assert flow.view(index).length in (units, units + behind, units + behind - 1)
        for start in range(len(searched.text)):
            if searched.text[start].isalnum() and not searched.formulas and searched.text.isascii():
                assert flow.view(index).text(start, start + 1) == searched.text[start]


def test_reasoning_is_found_before_the_text() -> None:
    search = Search()
    search.set_rows(0, [question(1, "the word"), answer(2, "word", reasoning="a word")])
    search.set_query("word")
    search.count(60)
    assert search.total == 3
    assert [hit.part for hit in search.hits(1)] == [0, 1]


def test_counting_goes_on_in_slices() -> None:
    search = Search()
    rows = [answer(number, f"number {number} " + "word " * 50) for number in range(300)]
    search.set_rows(0, rows)
    search.set_query("word")
    assert not search.count(0)
    slices = 1
    while not search.count(0):
        slices += 1
    assert (slices, search.total) == (299, 300 * 50)


def test_a_long_message_is_counted_and_searched_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten million hits in one message would take a minute, for a letter that was typed."""
    search = Search()
    search.set_rows(0, [question(1, "x" * 400_000), question(2, "y")])
    looked = []

    def counting(*given: Any) -> list[tuple[int, int]]:
        looked.append(given)
        return spans(*given)

    monkeypatch.setattr("desktop.ui.transcript.reading.find.spans", counting)
    search.set_query("x")
    assert search.forward(Spot(0, Place(1, 3, 5))) == (0, Hit(1, 3, 5, 6))
    assert search.backward(Spot(1, Place(1, 0, 0))) == (0, Hit(1, 99, 3999, 4000))
    assert len(looked) == 2
    assert not search.count(0)
    assert search.number(0, Hit(1, 3, 5, 6)) is None
    slices = 1
    while not search.count(0):
        slices += 1
    assert slices == 100
    assert search.total == 400_000
    assert search.number(0, Hit(1, 3, 5, 6)) == 12_006
    assert len(looked) == 3


def test_a_grown_row_is_counted_anew() -> None:
    search = Search()
    rows: list[Row] = [answer(1, "one"), answer(2, "one", State.STREAMING)]
    search.set_rows(0, rows)
    search.set_query("one")
    search.count(60)
    search.set_row(1, grown(rows[1], "one and one"))
    assert search.count(60)
    assert search.total == 3


# The bar


def test_keys_go_through_all_hits_and_around(show: Show, qtbot: QtBot) -> None:
    transcript = show([question(1, "word"), answer(2, "a word and a word"), question(3, "last word")])
    transcript.finding.open()
    field = transcript.finding.bar.field
    assert field.hasFocus()
    QTest.keyClicks(field, "word")
    qtbot.waitUntil(lambda: count_of(transcript) == "1 of 4")
    seen = []
    for key, modifier in (
        (Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Return, Shift),
        (Qt.Key.Key_Return, Shift),
    ):
        QTest.keyClick(field, key, modifier)
        seen.append((visited(transcript), count_of(transcript)))
    assert seen == [
        ((1, 2), "2 of 4"),
        ((1, 13), "3 of 4"),
        ((2, 5), "4 of 4"),
        ((0, 0), "1 of 4"),
        ((2, 5), "4 of 4"),
        ((1, 13), "3 of 4"),
    ]


def test_escape_keeps_the_place_with_the_hit_selected(show: Show, qtbot: QtBot) -> None:
    rows = [answer(number, f"message {number} " + "text " * 300) for number in range(60)]
    transcript = show(rows)
    assert find(transcript, "message 7 ", qtbot) == "1 of 1"
    place = transcript.verticalScrollBar().value()
    QTest.keyClick(transcript.finding.bar.field, Qt.Key.Key_Escape)
    assert not transcript.finding.bar.isVisible()
    assert transcript.hasFocus()
    assert transcript.verticalScrollBar().value() == place
    spot = Spot(7, Place(1, 0, 0))
    assert transcript.selection is not None
    assert (transcript.selection.start, transcript.selection.end.place.offset) == (spot, 10)
    assert 7 in transcript.rows_in_sight()


def test_selected_text_is_the_first_query(show: Show) -> None:
    transcript = show([answer(1, "One two three")])
    start, end = Spot(0, Place(1, 0, 4)), Spot(0, Place(1, 0, 7))
    transcript.set_selection(Selection((start, start), (end, end)))
    transcript.finding.open()
    assert transcript.finding.bar.field.text() == "two"
    assert transcript.finding.bar.field.selectedText() == "two"


def test_what_cannot_be_found_is_said_in_words(show: Show, qtbot: QtBot) -> None:
    transcript = show([answer(1, "One two three")])
    assert find(transcript, "four", qtbot) == "Nothing found"
    following = transcript.findChild(QToolButton, "findNext")
    assert following is not None
    assert not following.isEnabled()
    assert find(transcript, "", qtbot) == ""


def test_a_hit_far_away_is_brought_into_sight_from_under_the_bar(show: Show, qtbot: QtBot) -> None:
    rows = [
        answer(number, "\n\n".join(f"Paragraph {part} of {number}." for part in range(30))) for number in range(300)
    ]
    transcript = show(rows)
    find(transcript, "Paragraph 15 of 120.", qtbot)
    assert transcript.hit is not None
    row, hit = transcript.hit
    view = transcript.column.view(row)
    corner, flow = next((corner, flow) for part, corner, flow in view.parts() if part == hit.part)
    area = flow.view(hit.block).areas(hit.start, hit.end)[0]
    top = transcript.area_of(row).top() + corner.y() + flow.top(hit.block) + area.top()
    assert transcript.finding.bar.geometry().bottom() < top < transcript.viewport().height() - 20


def test_folded_reasoning_opens_where_a_hit_is_visited(show: Show, qtbot: QtBot) -> None:
    transcript = show([answer(1, "Answer", reasoning="A hidden thought")])
    assert not transcript.column.view(0).is_unfolded
    assert find(transcript, "hidden", qtbot) == "1 of 1"
    assert transcript.column.view(0).is_unfolded


def test_hits_stay_right_while_an_answer_streams(show: Show, qtbot: QtBot) -> None:
    row = answer(2, "one word", State.STREAMING)
    transcript = show([question(1, "word"), row])
    assert find(transcript, "word", qtbot) == "1 of 2"
    transcript.update_row(1, grown(row, "one word and **wo**rd"))
    qtbot.waitUntil(lambda: count_of(transcript) == "1 of 3")
    transcript.update_row(1, grown(row, "one word and **wo**rd, a word", State.COMPLETE))
    qtbot.waitUntil(lambda: count_of(transcript) == "1 of 4")


def test_another_chat_takes_the_bar_away(show: Show, qtbot: QtBot) -> None:
    transcript = show([answer(1, "word")])
    find(transcript, "word", qtbot)
    transcript.set_rows([answer(2, "other")])
    assert not transcript.finding.is_open
    assert transcript.marks.needle == ""
    assert transcript.selection is None  # what was visited is not there any more


def test_an_answer_may_grow_while_the_bar_is_closed(show: Show, qtbot: QtBot) -> None:
    row = answer(1, "word", State.STREAMING)
    transcript = show([row])
    find(transcript, "word", qtbot)
    transcript.update_row(0, grown(row, "word and word"))
    transcript.finding.close()
    assert not transcript.finding._growing.isActive()
    assert find(transcript, "and", qtbot) == "1 of 1"


# What is marked


def contrast(ink: QColor, ground: QColor) -> float:
    def luminance(colour: QColor) -> float:
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _parts(colour: str | QColor) -> tuple[float, float, float]:
    made = QColor(colour)
    return made.redF(), made.greenF(), made.blueF()


def under_pen(colour: str, pen: str, tokens: Tokens) -> QColor:
    """Colour burn and multiply, or colour dodge and screen, as the W3C's compositing says."""
    mixed = []
    for under, over, depth in zip(_parts(colour), _parts(pen), _parts(tokens.hit_depth), strict=True):
        if tokens.dark:
            bright = min(1.0, under / (1 - depth))
            mixed.append(1 - (1 - bright) * (1 - over))
        else:
            mixed.append(max(0.0, 1 - (1 - under) / depth) * over)
    return QColor.fromRgbF(*mixed)


INKS = [name for name in Tokens.__slots__ if name.startswith("ink_")]


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [(ink, ground) for ink in ("text", "muted") for ground in ("bg", "code", "user")]
    + [("accent", "bg")]
    + [(ink, "code") for ink in INKS],
)
@pytest.mark.parametrize("pen", ["hit", "hit_visited"])
def test_marked_text_can_be_read(tokens: Tokens, ink: str, ground: str, pen: str) -> None:
    """WCAG AA, whatever is marked: the pen goes over the letters too."""
    letters, page = (under_pen(getattr(tokens, name), getattr(tokens, pen), tokens) for name in (ink, ground))
    assert contrast(letters, page) >= 4.5


def has_colour(transcript: Transcript, wanted: QColor) -> bool:
    """Whether a pixel is of that colour, all but what rounding changes."""
    image = transcript.viewport().grab().toImage()
    found = {image.pixel(x, y) for x in range(image.width()) for y in range(0, image.height(), 3)}
    return any(
        all(abs(one - two) < 0.01 for one, two in zip(_parts(QColor(pixel)), _parts(wanted), strict=True))
        for pixel in found
    )


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_hits_are_marked_and_the_visited_one_more(show: Show, qtbot: QtBot, qapp: QApplication, tokens: Tokens) -> None:
    appearance.apply(qapp, tokens, 1.0)
    transcript = show([answer(1, "word\n\nword")], height=300)
    pens = [under_pen(tokens.bg, pen, tokens) for pen in (tokens.hit, tokens.hit_visited)]
    before = [has_colour(transcript, pen) for pen in pens]
    find(transcript, "word", qtbot)
    during = [has_colour(transcript, pen) for pen in pens]
    transcript.finding.close()
    transcript.set_selection(None)
    after = [has_colour(transcript, pen) for pen in pens]
    assert (before, during, after) == ([False, False], [True, True], [False, False])


def test_the_bar_fits_into_a_narrow_window(show: Show, qtbot: QtBot) -> None:
    transcript = show([answer(1, "word")], width=300)
    find(transcript, "word", qtbot)
    bar = transcript.finding.bar.geometry()
    assert bar.left() >= 0
    assert bar.right() < 300


def test_folding_is_kept_small() -> None:
    assert folded("Ünï\u200bcode\u00adＸ “a”\n") == 'unicodex "a" '


@pytest.mark.parametrize("count", [1, 20])
def test_the_bar_does_not_cover_the_beginning_of_the_chat(show: Show, count: int) -> None:
    transcript = show([question(1, "needle"), *(answer(number, "Text.") for number in range(2, count + 2))])
    transcript.verticalScrollBar().setValue(0)
    before = transcript.area_of(0).top()
    transcript.finding.open()
    bubble = transcript.area_of(0)
    assert transcript.finding.bar.geometry().bottom() < bubble.top()
    transcript.finding.close()
    assert transcript.area_of(0).top() == before


def test_hits_out_of_sight_cost_nothing(show: Show, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    transcript = show([answer(1, "x " * 12_000)], height=300)
    find(transcript, "x", qtbot)
    asked = []
    areas = BlockView.areas

    def counting(view: BlockView, start: int, end: int) -> list[QRectF]:
        asked.append(start)
        return areas(view, start, end)

    monkeypatch.setattr(BlockView, "areas", counting)
    transcript.viewport().grab()
    assert 100 < len(asked) < 2_000
