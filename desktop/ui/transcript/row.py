"""What the transcript is told about one message."""

from __future__ import annotations

from dataclasses import dataclass, replace

from desktop.chat.message import FinishReason, Message, Role, State


@dataclass(frozen=True, slots=True)
class Row:
    """One message of the open path, ready to be shown.

    `branch` of `branches` (counted from 0) says which of its siblings it is. `notice` is a worded line under the text:
    why the answer ended early, what was left out. `can_retry`, `offers_continue`, `is_overflow` and a `summary` offer
    buttons there.
    """

    message: Message
    branch: int = 0
    branches: int = 1
    model_title: str = ""
    notice: str = ""
    is_error: bool = False
    can_retry: bool = False
    offers_continue: bool = False
    is_overflow: bool = False
    """The context is full, and the user shall choose what becomes of the oldest messages."""
    summary: str = ""
    """What stood for the oldest messages when the answer was made."""
    progress: str = ""
    """What happens before the first token, worded: "Loading the model… 40 %", "Reading 512 of 4,000 tokens"."""

    @property
    def can_continue(self) -> bool:
        """Whether it is an answer that ended before its end."""
        message = self.message
        ended_early = message.state in (State.STOPPED, State.INTERRUPTED) or message.finish is FinishReason.LENGTH
        return message.role is Role.ASSISTANT and bool(message.text) and ended_early

    def without_buttons(self) -> Row:
        """As it is shown where nobody can press one: its notice then leaves no room for them."""
        return replace(self, can_retry=False, offers_continue=False, is_overflow=False, summary="")
