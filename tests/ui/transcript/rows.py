"""Rows for the tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from desktop.chat.message import Message, Role, State, Statistics
from desktop.ui.transcript.row import Row

STATISTICS = Statistics(300, 0, 1204, 0.31, 900.0, 42.4, 4096)


def question(number: int, text: str, **more: Any) -> Row:
    """What the user said; its message has the id `number`."""
    return Row(Message(number, 1, None, Role.USER, State.COMPLETE, text, 0.0), **more)


def answer(
    number: int, text: str, state: State = State.COMPLETE, *, row: dict[str, Any] | None = None, **more: Any
) -> Row:
    """What the model said; `more` are the message's values, `row` the row's."""
    return Row(Message(number, 1, None, Role.ASSISTANT, state, text, 0.0, **more), **(row or {}))


def grown(row: Row, text: str, state: State = State.STREAMING) -> Row:
    """The same row with another text and state."""
    return replace(row, message=replace(row.message, text=text, state=state))
