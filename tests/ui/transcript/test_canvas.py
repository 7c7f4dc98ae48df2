"""The reader's place: what is being read stays where it is, whatever changes around it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import shiboken6
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.chat.message import State
from desktop.ui.transcript.blocks import make
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.text.markdown import Block, Kind
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer, grown

Show = Callable[..., Transcript]
WORDS = "Some words that are read, and a few more of them in the same line."


def test_a_block_that_comes_later_with_another_height_moves_only_what_is_below_it(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n\n".join([WORDS] * 5 + ["```text\na\n```"] + [WORDS] * 60)
    transcript = show([answer(number, text) for number in range(6)])
    transcript.scroll_to_message(2)
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.value() + 500)  # the diagram is laid out, above what is in sight
    view = transcript.column.view(2).flow(1).view(5)
    before = transcript.viewport().grab().toImage()
    below = transcript.column.top(3)

    _make_higher(monkeypatch, type(view))
    transcript.refresh(lambda block: block.kind is Kind.CODE and block.text == "a")

    assert transcript.column.top(3) == below + 300
    assert transcript.viewport().grab().toImage() == before


def test_the_end_stays_in_sight_when_something_above_it_gets_higher(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcript = show([answer(1, "\n\n".join([WORDS] * 60 + ["```text\na\n```"]))])
    view = transcript.column.view(0).flow(1).view(60)
    before = transcript.column.height
    _make_higher(monkeypatch, type(view))
    transcript.refresh(lambda block: block.kind is Kind.CODE)
    bar = transcript.verticalScrollBar()
    assert transcript.column.height == before + 300
    assert bar.value() == bar.maximum()


def test_the_end_stays_in_sight_when_the_window_gets_narrower(show: Show) -> None:
    transcript = show([answer(number, "\n\n".join([WORDS] * 20)) for number in range(20)])
    bar = transcript.verticalScrollBar()
    for width in (700, 500, 300, 800):
        transcript.resize(width, 600)
        assert transcript.follows
        assert bar.value() == bar.maximum()


def _make_higher(monkeypatch: pytest.MonkeyPatch, kind: type[BlockView]) -> None:
    """From now on views of this kind are 300 pixels higher."""
    made = make.make_view

    def make_view(block: Block, *arguments: object, **named: object) -> BlockView:
        view = made(block, *arguments, **named)  # type: ignore[arg-type]
        if isinstance(view, kind):
            view.height += 300
        return view

    monkeypatch.setattr("desktop.ui.transcript.flow.make_view", make_view)


def test_a_line_of_the_page_before_stays_in_sight(show: Show) -> None:
    transcript = show([answer(1, "\n\n".join([WORDS] * 100))])
    bar = transcript.verticalScrollBar()
    before = bar.value()
    transcript.scroll_page(-1)
    line = transcript.column.style.line_height(transcript.column.style.text_font.pixelSize(), cjk=False)
    assert line <= transcript.viewport().height() - (before - bar.value()) <= 2 * line


def test_nothing_runs_while_nothing_happens(show: Show, qtbot: QtBot) -> None:
    row = answer(2, "", State.STREAMING)
    code = "```python\n" + "value = 1\n" * 300 + "```"
    transcript = show([answer(1, code), row])
    text = f"{code}\n\n| a |\n|---|\n| b |\n\n$$x$$\n\n```mermaid\nflowchart LR\nA --> B\n```\n"
    for end in range(0, len(text), 500):
        transcript.update_row(1, grown(row, text[:end]))
    transcript.update_row(1, grown(row, text, State.COMPLETE))
    qtbot.waitUntil(lambda: transcript.colouring.is_done and not _running(transcript), timeout=20_000)


def _running(transcript: Transcript) -> list[QTimer]:
    """What would wake the processor."""
    return [timer for timer in transcript.findChildren(QTimer) if timer.isActive()]


def test_nothing_wakes_a_page_that_is_gone(qapp: QApplication) -> None:
    transcript = Transcript()
    transcript.set_rows([answer(1, "", State.STREAMING, row={"progress": "Loading the model… 40 %"})])
    transcript.show()
    transcript.settle()
    kept = _running(transcript)
    assert kept
    shiboken6.delete(transcript)
    qapp.processEvents()
    assert not any(shiboken6.isValid(timer) for timer in kept)
