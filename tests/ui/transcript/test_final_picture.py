"""However a text comes, and whatever the window went through meanwhile, in the end the same pixels stand there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.chat.message import State
from desktop.ui import appearance
from desktop.ui.colours import DARK
from desktop.ui.transcript.code.highlight import is_prepared
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer, grown, question

Show = Callable[..., Transcript]

_PARTS = [
    "# Heading with `code`",
    "Prose with **bold**, *italic*, ~~struck~~ and a [link](https://a.example/x_(y)).",
    "A longer paragraph that takes more than one line, since it has many words in it, and then a few more words.",
    "中文段落，**重点**在这里，还有 `代码` 和 $x^2$。",
    "Inline $\\frac{a}{b}$ and \\(\\alpha_1\\), then $5 and $6.",
    "$$\n\\sum_{i=1}^n \\frac{x_i}{2}\n$$",
    "\\[ \\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix} \\]",
    "```python\ndef f(x):\n    '''doc\n    string'''\n    return x  # done\n```",
    "~~~\nno language, and a line that is wider than all the room that there is in a window as narrow as this\n~~~",
    "- one\n- two\n  - inner **bold**\n- [x] done\n- [ ] open",
    "1. first\n2. second\n\n   more of it\n3. third",
    "> quoted\n> - with a list\n>\n> > deeper",
    "| a | b |\n|:--|--:|\n| 1 | **x** |\n| `c` | $y$ |",
    "---",
    "A note[^1] and a reference [there].\n\n[^1]: What is noted.\n\n[there]: https://b.example",
    "Setext\n===",
    "An unfinished **bold `code",
    "مرحبا بالعالم with `code`",
    "<b>html</b> &amp; hard  \nbreak",
    "    indented code\n    more",
]
_ROUNDING = 2


@settings(max_examples=40)
@given(
    parts=st.lists(st.tuples(st.sampled_from(_PARTS), st.sampled_from(["\n\n", "\n", "\r\n\r\n"])), max_size=7),
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=12),
)
def test_a_streamed_answer_looks_in_the_end_like_one_that_was_loaded(
    show: Show, qtbot: QtBot, parts: list[tuple[str, str]], sizes: list[int]
) -> None:
    text = "".join(part + joint for part, joint in parts)
    transcript = show([], width=480, height=700)
    transcript.set_rows([question(1, "hi"), answer(2, text)])
    loaded = _pictures(qtbot, transcript)
    row = answer(2, "", State.STREAMING)
    transcript.set_rows([question(1, "hi"), row])
    end = step = 0
    while end < len(text):
        end += sizes[step % len(sizes)]
        step += 1
        transcript.update_row(1, grown(row, text[:end]))
    transcript.update_row(1, grown(row, text, State.COMPLETE))
    assert _pictures(qtbot, transcript) == loaded


def test_resizing_and_zooming_there_and_back_changes_nothing(show: Show, qtbot: QtBot) -> None:
    text = "\n\n".join(_PARTS)
    transcript = show([question(1, "hi"), answer(2, text), question(3, "and?"), answer(4, text)])
    transcript.scroll_to_message(2)
    before = _pictures(qtbot, transcript)
    for width in (790, 640, 300, 500, 1200):
        transcript.resize(width, 600)
    transcript.resize(800, 600)
    assert _pictures(qtbot, transcript) == before
    transcript.set_zoom(2.0)
    assert _pictures(qtbot, transcript) != before
    transcript.set_zoom(1.0)
    assert _pictures(qtbot, transcript) == before


def _pictures(qtbot: QtBot, transcript: Transcript) -> list[QImage]:
    """The beginning and the end of the second message, without the buttons that float over it."""
    viewport = transcript.viewport()
    bar = transcript.verticalScrollBar()
    place = bar.value()
    pictures = []
    for row, is_end in ((1, False), (2, True)):
        top = round(transcript.column.top(row)) - (viewport.height() if is_end else 0)
        bar.setValue(top)
        # Estimates above were corrected: now it stands where it belongs.
        bar.setValue(round(transcript.column.top(row)) - (viewport.height() if is_end else 0))
        qtbot.waitUntil(lambda: transcript.colouring.is_done)
        picture = QImage(viewport.size(), QImage.Format.Format_RGB32)
        viewport.render(picture, renderFlags=QWidget.RenderFlag.DrawWindowBackground)
        pictures.append(picture)
    bar.setValue(place)
    return pictures


def test_another_theme_reads_no_text_again_and_looks_as_if_it_had_been_there(
    show: Show, qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [question(1, "hi"), answer(2, "\n\n".join(_PARTS), reasoning="*why*"), question(3, "and?")]
    transcript = show(rows)
    transcript.scroll_to_message(2)
    with monkeypatch.context() as patched:
        patched.setattr("desktop.ui.transcript.flow.markdown.parse", pytest.fail)
        appearance.apply(qapp, DARK, 1.0)
    changed = _pictures(qtbot, transcript)
    transcript.set_rows(rows)
    transcript.scroll_to_message(2)
    assert changed == _pictures(qtbot, transcript)


def test_each_step_repaints_all_that_looks_different(show: Show, qtbot: QtBot) -> None:
    """What did not change is left as it was painted, so what did must not be missed."""
    code = "".join(f"    value_{number} = '''{number}\n    text''' if {number} else None\n" for number in range(60))
    rows = "".join(f"| {number} | a cell of *row* {number} |\n" for number in range(30))
    text = "\n\n".join([*_PARTS, f"```python\n{code}```", f"| n | wide |\n|---|---|\n{rows}", "The end."])
    row = answer(2, "", State.STREAMING)
    transcript = show([question(1, "hi"), row], width=480, height=500)
    qtbot.waitUntil(lambda: is_prepared("python"))
    for end in range(0, len(text), 37):
        _grow(qtbot, transcript, grown(row, text[:end]))


def test_what_is_marked_is_painted_as_it_is_marked_when_the_table_grows(show: Show, qtbot: QtBot) -> None:
    """Qt marks whole columns of a table: a new row may change which."""
    text = "| a | b |\n|---|---|\n| 1 | 2 |\n"
    row = answer(2, text, State.STREAMING)
    transcript = show([question(1, "hi"), row])
    transcript.select_all()
    _grow(qtbot, transcript, grown(row, text + "| 3 |"))


def test_a_number_that_is_wider_than_its_room_is_painted_beside_the_column(show: Show, qtbot: QtBot) -> None:
    row = answer(2, "Once:", State.STREAMING)
    transcript = show([question(1, "hi"), row])
    _grow(qtbot, transcript, grown(row, "Once:\n\n198404260. a list begins"))


def test_what_stood_below_the_text_is_painted_over_when_a_block_comes(show: Show, qtbot: QtBot) -> None:
    row = answer(2, "Once:", State.STREAMING, row={"branch": 1, "branches": 2})
    transcript = show([question(1, "hi"), row])
    _grow(qtbot, transcript, grown(row, "Once:\n\n# A heading"))


def _grow(qtbot: QtBot, transcript: Transcript, row: Row) -> None:
    """Show the last row as it is now. What is left as it was painted looks as if it was painted now."""
    _on_screen(transcript)
    transcript.update_row(1, row)
    qtbot.waitUntil(lambda: not transcript._late and transcript.colouring.is_done)
    as_it_stands = _on_screen(transcript)
    transcript.viewport().update()
    assert _looks_like(_on_screen(transcript), as_it_stands), row.message.text


def _on_screen(transcript: Transcript) -> QImage:
    """What was painted until now, and is not painted again to be looked at."""
    QApplication.processEvents()
    return transcript.screen().grabWindow(transcript.winId()).toImage()


def _looks_like(picture: QImage, other: QImage) -> bool:
    """Whether no pixel differs by more than what rounding makes of a circle's edge that is cut."""
    both = zip(bytes(picture.constBits()), bytes(other.constBits()), strict=True)
    return picture == other or all(abs(one - another) <= _ROUNDING for one, another in both)
