"""Text from a model is anybody's text: the window answers, and nothing is fetched, read or followed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.chat.message import State
from desktop.ui.transcript.text import markdown
from desktop.ui.transcript.text.stream import MarkdownStream
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer, grown, question

Show = Callable[..., Transcript]


def test_nothing_is_fetched_or_read(show: Show, server: tuple[str, list[str]], tmp_path: Path) -> None:
    address, asked = server
    picture = tmp_path / "secret.png"
    pixels = QGuiApplication.primaryScreen().grabWindow(0).toImage()
    pixels.save(str(picture))
    text = (
        f'![remote]({address}/image.png) <img src="{address}/html.png"> ![local]({picture.as_uri()})\n\n'
        f"[link]({address}/link) {address}/bare\n\n| ![x]({address}/cell.png) |\n|---|\n\n> ![q]({address}/quote.png)"
    )
    transcript = show([question(1, text), answer(2, text)], height=1200)
    row = answer(3, "", State.STREAMING)
    transcript.replace_rows(2, [row])
    for end in range(0, len(text), 9):
        transcript.update_row(2, grown(row, text[:end]))
    transcript.update_row(2, grown(row, text, State.COMPLETE))
    transcript.viewport().grab()
    transcript.select_all()
    transcript.copy()
    QApplication.processEvents()
    assert asked == []
    shown = transcript.column.view(1).flow(1).view(0).text()
    assert f"remote ({address}/image.png)" in shown
    assert picture.as_uri() in shown


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x" * 10_000_000, id="10 MB in one line"),
        pytest.param("词" * 3_000_000, id="Chinese without spaces"),
        pytest.param(">" * 10_000 + " deep", id="nested quotes"),
        pytest.param("[" * 10_000, id="brackets"),
        pytest.param("- " * 5_000 + "x", id="nested lists"),
        pytest.param("| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 100_000, id="a table of 100,000 rows"),
        pytest.param("```\n" + "code\n" * 100_000, id="code of 100,000 lines"),
        pytest.param("a\u202eb\u200b\u2066c\ufeff" * 2_000, id="bidi and zero width"),
        pytest.param("e" + "\u0301" * 20_000, id="combining characters"),
        pytest.param("$$\\frac{" * 3_000 + "\n\n" + "$\\left(" * 3_000 + "$x$ " * 3_000, id="broken LaTeX"),
        pytest.param("$$" + "\\frac{1}{1+" * 5_000 + "x" + "}" * 5_000 + "$$", id="nested fractions"),
        pytest.param("*a* `b` $x$ é`e\u0301` " * 900, id="runs"),
        pytest.param("```mermaid\nflowchart LR\n" + "A --> B[" * 5_000 + "\n```", id="broken Mermaid"),
        pytest.param("\0\x07\x1b[31m\ufffe" * 1_000, id="control characters"),
    ],
)
def test_hostile_text_is_shown_copied_and_scrolled(show: Show, text: str) -> None:
    transcript = show([question(1, text[:100_000]), answer(2, text)])
    transcript.verticalScrollBar().setValue(transcript.verticalScrollBar().maximum() // 2)
    assert not transcript.viewport().grab().isNull()
    views = transcript.column.view(1).flow(1)._views
    assert 0 < len(views) < 200
    QTest.keyClick(transcript, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    transcript.copy()
    assert QGuiApplication.clipboard().text().replace("\0", "") == (text[:100_000] + "\n\n" + text).replace("\0", "")


def test_a_stream_without_an_end_stays_shown(show: Show, qtbot: QtBot) -> None:
    row = answer(1, "", State.STREAMING)
    transcript = show([row])
    text = ""
    for _ in range(30):
        text += "word " * 1_000
        transcript.update_row(0, grown(row, text))
    qtbot.waitUntil(lambda: not transcript._late)
    assert transcript.column.view(0).flow(1).blocks
    assert transcript.verticalScrollBar().value() == transcript.verticalScrollBar().maximum()


def test_no_step_reads_more_than_a_little_however_much_comes_at_once(
    show: Show, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may send in a moment what no model writes in a minute."""
    text = "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 3_000
    row = answer(1, "", State.STREAMING)
    transcript = show([row])
    read = [0]
    feed = MarkdownStream.feed

    def counting(stream: MarkdownStream, text: str) -> None:
        if text:  # the reasoning has none
            read.append(len(text))
        feed(stream, text)

    monkeypatch.setattr(MarkdownStream, "feed", counting)
    transcript.update_row(0, grown(row, text, State.COMPLETE))
    qtbot.waitUntil(lambda: transcript.column.view(0).row is transcript.rows[0])
    assert max(after - before for before, after in pairwise(read)) <= 4_000
    assert transcript.column.view(0).flow(1).blocks == markdown.parse(text)[0]
