"""From a message to what the transcript is told about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from desktop.chat.message import FinishReason, Message, Role, State
from desktop.errors import ContextFull
from desktop.ui.answers import Answer
from desktop.ui.error_text import message_notice
from desktop.ui.transcript.row import Row


def can_retry(message: Message) -> bool:
    """Whether the answer ended in an error after which another try makes sense."""
    return message.state in (State.INTERRUPTED, State.FAILED)


def offers_continue(message: Message) -> bool:
    """Whether the answer was cut off. Who pressed Stop wants no more, and finds Continue among the actions."""
    was_cut = message.state is State.INTERRUPTED or message.finish is FinishReason.LENGTH
    return message.role is Role.ASSISTANT and bool(message.text) and was_cut


def is_overflow(message: Message) -> bool:
    """Whether there is no answer because the context is full, and the user wants to choose what becomes of that."""
    return message.error is not None and message.error.get("type") == ContextFull.__name__


def summary_read(message: Message, ends: Sequence[Message]) -> str:
    """The summary that an answer was made with; `ends` are the `ends_of_turns` of its path."""
    statistics = message.statistics
    if statistics is None or not statistics.summarised or statistics.left_out_messages > len(ends):
        return ""
    return ends[statistics.left_out_messages - 1].summary


def make_row(
    message: Message,
    branch: int,
    branches: int,
    titles: Mapping[str, str],
    writing: Answer | None,
    ends: Sequence[Message] = (),
) -> Row:
    """The row of a message that is number `branch` of `branches`.

    `titles` are the models' by name. `writing` is the message's answer while it is being written: it has newer text
    than the disk. `ends` are the `ends_of_turns` of its path.
    """
    if writing is not None:
        message = writing.message
    return Row(
        message=message,
        branch=branch,
        branches=branches,
        model_title=titles.get(message.model or "", message.model or ""),
        notice=message_notice(message),
        is_error=can_retry(message),
        can_retry=can_retry(message),
        offers_continue=offers_continue(message),
        is_overflow=is_overflow(message),
        summary=summary_read(message, ends),
        progress=writing.progress if writing is not None and not writing.ended else "",
    )
