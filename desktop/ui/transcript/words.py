"""What the transcript says in words: to eyes and to screen readers alike."""

from __future__ import annotations

import time

from desktop.chat.message import Message, Role, Statistics
from desktop.ui.dates import moment
from desktop.ui.i18n import tr
from desktop.ui.transcript.row import Row

_MINUTE_S = 60


def reasoning_title(message: Message, *, is_now: bool) -> str:
    """The line that stands for the reasoning."""
    if is_now:
        return tr("Thinking…")
    seconds = round(message.reasoning_s)
    if seconds >= _MINUTE_S:
        return tr("Thought for {minutes} min {seconds} s", minutes=seconds // _MINUTE_S, seconds=seconds % _MINUTE_S)
    return tr("Thought for {seconds} s", seconds=max(1, seconds)) if message.reasoning_s else tr("Thought")


def statistics_lines(statistics: Statistics) -> tuple[str, ...]:
    """What an answer cost, in a longer and a shorter line: speed, time to the first token, length.

    The longer one also tells how many guesses were right, where tokens were guessed ahead.
    """
    line = tr(
        "{speed} tok/s · {first} s · {tokens} tok",
        speed=f"{statistics.decode_tokens_per_s:,.0f}",
        first=f"{statistics.time_to_first_token_s:.1f}",
        tokens=f"{statistics.generated_tokens:,}",
    )
    if not statistics.guessed_tokens:
        return (line,)
    right, guessed = f"{statistics.right_guesses:,}", f"{statistics.guessed_tokens:,}"
    return tr("{line} · {right} of {guessed} guesses right", line=line, right=right, guessed=guessed), line


def speed(statistics: Statistics) -> str:
    """How fast an answer was written."""
    return tr("{speed} tok/s", speed=f"{statistics.decode_tokens_per_s:,.0f}")


def speaker(row: Row) -> str:
    """Who says it."""
    if row.message.role is Role.USER:
        return tr("You")
    if row.message.role is Role.SYSTEM:
        return tr("System")
    return row.model_title or row.message.model or tr("Answer")


def when(row: Row) -> str:
    """When it was said."""
    return moment(row.message.created_at, time.time())


def name(row: Row) -> str:
    """Who says it and when: what a screen reader calls the message."""
    return tr("{who}, {when}", who=speaker(row), when=when(row))
