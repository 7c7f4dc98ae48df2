"""How full the context is, and what the next question costs, in words."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.ui.i18n import tr, tr_count
from desktop.ui.quantities import duration

_LITTLE_TOKENS = 200
_AT_ONCE_S = 1.0


@dataclass(frozen=True, slots=True)
class ContextUse:
    """`used_tokens` of `n_ctx` are taken. `left_out_messages` is what the next send would leave out.

    `too_long` says that not even the draft alone would fit. `unread_tokens` must be read before the first word comes,
    which takes about `reading_s`; None where that is not known.
    """

    used_tokens: int
    n_ctx: int
    left_out_messages: int = 0
    too_long: bool = False
    unread_tokens: int | None = None
    reading_s: float | None = None

    @property
    def warns(self) -> bool:
        """Whether something will be left out."""
        return self.too_long or self.left_out_messages > 0


def context_line(use: ContextUse | None) -> str:
    """The line under the composer; empty where there is nothing to say."""
    if use is None:
        return ""
    if use.too_long:
        return tr("Too long: this message alone does not fit the context of {n_ctx} tokens", n_ctx=f"{use.n_ctx:,}")
    if use.left_out_messages:
        return tr_count(
            "The context is full: the oldest message will be left out",
            "The context is full: the {count} oldest messages will be left out",
            use.left_out_messages,
        )
    if not use.used_tokens:
        return ""
    used = tr("{used} of {n_ctx} tokens", used=f"{use.used_tokens:,}", n_ctx=f"{use.n_ctx:,}")
    cost = _cost(use)
    return f"{used} · {cost}" if cost else used


def _cost(use: ContextUse) -> str:
    """What is to be read before the first word of the next answer, where that is worth a word."""
    unread, seconds = use.unread_tokens, use.reading_s
    if unread is None or use.used_tokens < _LITTLE_TOKENS:
        return ""
    if unread < _LITTLE_TOKENS or (seconds is not None and seconds < _AT_ONCE_S):
        return tr("continues at once")
    if seconds is None:
        return tr("reads {tokens} tokens first", tokens=f"{unread:,}")
    return tr("reads {tokens} tokens first, about {time}", tokens=f"{unread:,}", time=duration(seconds))


def summarising_line(messages: int, read: int, total: int, written: int) -> str:
    """How far the summary of so many messages is: `read` of `total` prompt tokens, then `written` of it."""
    what = tr_count("Summarising the oldest message…", "Summarising the {count} oldest messages…", messages)
    if written:
        return f"{what} {tr_count('{count} token written', '{count} tokens written', written)}"
    return f"{what} {reading_line(read, total, None)}" if total - read > 1 else what


def reading_line(read: int, total: int, left_s: float | None) -> str:
    """How far the reading of a prompt is; `left_s` where it is known."""
    if left_s is None:
        return tr("Reading {read} of {total} tokens", read=f"{read:,}", total=f"{total:,}")
    return tr(
        "Reading {read} of {total} tokens, about {time} left",
        read=f"{read:,}",
        total=f"{total:,}",
        time=duration(left_s),
    )
