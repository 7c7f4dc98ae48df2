"""From a message to what the transcript is told about it."""

from __future__ import annotations

from collections.abc import Mapping

from desktop.chat.message import FinishReason, Message, Role, State
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


def make_row(message: Message, branch: int, branches: int, titles: Mapping[str, str], writing: Answer | None) -> Row:
    """The row of a message that is number `branch` of `branches`.

    `titles` are the models' by name. `writing` is the message's answer while it is being written: it has newer text
    than the disk.
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
        progress=writing.progress if writing is not None and not writing.ended else "",
    )
