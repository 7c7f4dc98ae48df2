"""What copying gives: as it is shown, and as it was written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from desktop.ui.transcript.place import Place, Spot
from desktop.ui.transcript.selection import Selection
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer, question

Show = Callable[..., Transcript]
TEXT = """# Head

Some **bold** text, [a link](https://a.example/x).

1. first
2. **second**
   - inner

| a | **b** |
|---|---|
| 1 | 2 |

> quoted *text*
> in two lines

Euler: $e^{i\\pi}$ it is.
"""
HEAD, SOME, FIRST, SECOND, INNER, TABLE, QUOTE, EULER = range(8)
END = 1 << 20


def mark(transcript: Transcript, start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    """From (row, block, offset) to another."""
    first, last = (Spot(row, Place(1, block, offset)) for row, block, offset in (start, end))
    if last.place.offset == END:
        length = transcript.column.view(last.row).flow(1).view(last.place.block).length
        last = Spot(last.row, Place(1, last.place.block, length))
    transcript.set_selection(Selection((first, first), (last, last)))


def copied(transcript: Transcript, *, as_markdown: bool) -> str:
    QGuiApplication.clipboard().clear()
    control, alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
    QTest.keyClick(transcript, Qt.Key.Key_C, control | alt if as_markdown else control)
    return QGuiApplication.clipboard().text()


@pytest.mark.parametrize(
    ("start", "end", "shown", "written"),
    [
        ((HEAD, 0), (HEAD, END), "Head", "# Head"),
        ((HEAD, 1), (HEAD, END), "ead", "ead"),
        (
            (HEAD, 2),
            (SOME, END),
            "ad\n\nSome bold text, a link.",
            "ad\n\nSome **bold** text, [a link](https://a.example/x).",
        ),
        (
            (SOME, 0),
            (FIRST, END),
            "Some bold text, a link.\n\n1. first",
            "Some **bold** text, [a link](https://a.example/x).\n\n1. first",
        ),
        ((FIRST, 0), (SECOND, 3), "1. first\n2. sec", "1. first\n\n2. sec"),
        ((FIRST, 0), (INNER, END), "1. first\n2. second\n   ◦ inner", "1. first\n2. **second**\n   - inner"),
        ((TABLE, 0), (TABLE, END), "a\tb\n1\t2", "| a | **b** |\n|---|---|\n| 1 | 2 |"),
        ((QUOTE, 0), (QUOTE, END), "quoted text in two lines", "> quoted *text*\n> in two lines"),
        ((EULER, 0), (EULER, END), "Euler: $e^{i\\pi}$ it is.", "Euler: $e^{i\\pi}$ it is."),
        ((EULER, 7), (EULER, 11), "$e^{i\\pi}$ it", "$e^{i\\pi}$ it"),
        ((HEAD, 0), (EULER, END), TEXT, TEXT),
    ],
)
def test_a_marked_range_is_copied_both_ways(
    show: Show, start: tuple[int, int], end: tuple[int, int], shown: str, written: str
) -> None:
    transcript = show([answer(1, TEXT)])
    mark(transcript, (0, *start), (0, *end))
    assert copied(transcript, as_markdown=False) == shown
    assert copied(transcript, as_markdown=True) == written


def test_messages_in_between_are_copied_whole(show: Show) -> None:
    transcript = show([question(1, "one *two*"), answer(2, "a **b**"), answer(3, "c **d** e\n\n**f**")])
    mark(transcript, (0, 0, 4), (2, 0, 3))
    assert copied(transcript, as_markdown=True) == "*two*\n\na **b**\n\nc d"
    mark(transcript, (0, 0, 0), (2, 0, END))
    assert copied(transcript, as_markdown=True) == "one *two*\n\na **b**\n\nc **d** e"


def test_everything_is_copied_as_it_was_written(show: Show) -> None:
    rows = [answer(number, f"{TEXT}{number}") for number in range(50)]
    transcript = show(rows)
    QTest.keyClick(transcript, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    source = "\n\n".join(row.message.text for row in rows)
    assert copied(transcript, as_markdown=False) == source
    assert copied(transcript, as_markdown=True) == source


def test_without_a_mark_markdown_copies_nothing(show: Show) -> None:
    transcript = show([answer(1, TEXT)])
    assert copied(transcript, as_markdown=True) == ""


def test_what_is_no_text_leaves_nothing_in_the_copy(show: Show) -> None:
    transcript = show([answer(1, "Up[^n]\n\n---\n\nDown\n\n- item\n\n[^n]: Said.")])
    up, item, note = 0, 3, 4
    mark(transcript, (0, up, 0), (0, item, 0))
    assert copied(transcript, as_markdown=False) == "Upn\n\nDown"
    assert copied(transcript, as_markdown=True) == "Up[^n]\n\n---\n\nDown"
    mark(transcript, (0, item, 1), (0, note, END))
    assert copied(transcript, as_markdown=False) == "tem\nn Said."


def test_a_mark_that_ends_where_a_message_begins_ends_with_the_one_before(show: Show) -> None:
    transcript = show([question(1, "One two"), answer(2, "- three")])
    mark(transcript, (0, 0, 4), (1, 0, 0))
    assert copied(transcript, as_markdown=False) == "two"
    assert copied(transcript, as_markdown=True) == "two"
