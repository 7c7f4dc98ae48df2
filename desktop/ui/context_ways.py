"""What the next send costs, in every way that a full context can be treated. Knows no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from desktop.chat.message import NoSummary, Overflow, Statistics
from desktop.chat.prompt import Cut
from desktop.engine.api import Engine, Request
from desktop.engine.overflow import Fitted, Fitting
from desktop.engine.summary import summary_cost
from desktop.errors import ContextFull
from desktop.ui.context_words import ContextUse, Way

# The speed of fewer tokens than this says little.
_TELLING_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Speed:
    """How many tokens a second the model has read and written lately; 0 where that is not known."""

    reads: float = 0.0
    writes: float = 0.0

    def after(self, statistics: Statistics) -> Speed:
        """With what an answer tells."""
        n_read = statistics.prompt_tokens - statistics.reused_tokens
        return Speed(
            statistics.prefill_tokens_per_s if n_read >= _TELLING_TOKENS else self.reads,
            statistics.decode_tokens_per_s if statistics.generated_tokens >= _TELLING_TOKENS else self.writes,
        )

    def seconds(self, n_read: int, n_written: int = 0) -> float | None:
        """How long that takes; None where it is not known."""
        if not self.reads or (n_written and not self.writes):
            return None
        return n_read / self.reads + (n_written / self.writes if n_written else 0.0)


def measure(
    engine: Engine, request: Request, n_ctx: int, before: Mapping[Overflow, Cut], chosen: Overflow, speed: Speed
) -> ContextUse:
    """How full the context is with `request`, which would be cut as `chosen` says; and the other ways, by `before`.

    Raises:
        all that `Engine.prompt` raises; PromptTooLong if not even the last question fits
    """
    fitting = Fitting(engine, request, n_ctx)
    ways: list[Way] = []
    used_tokens = unread_tokens = 0
    for overflow, cut in before.items():
        try:
            fitted = fitting.fit(overflow, cut)
        except ContextFull as full:
            ways.append(Way(overflow, full.left_out))
            if overflow is chosen:
                used_tokens, unread_tokens = full.prompt_tokens, 0
            continue
        unread = fitted.prompt_tokens - fitted.known_tokens
        if not fitted.left_out:
            # All of it fits, by any way.
            return ContextUse(fitted.prompt_tokens, n_ctx, False, unread, speed.seconds(unread), chosen=chosen)
        if overflow is chosen:
            used_tokens, unread_tokens = fitted.prompt_tokens, unread
        ways.append(_way(engine, request, n_ctx, overflow, cut, fitted, speed))
    return ContextUse(used_tokens, n_ctx, False, unread_tokens, speed.seconds(unread_tokens), tuple(ways), chosen)


def _way(
    engine: Engine, request: Request, n_ctx: int, overflow: Overflow, before: Cut, fitted: Fitted, speed: Speed
) -> Way:
    n_read, n_written = fitted.prompt_tokens - fitted.known_tokens, 0
    if fitted.needs_summary:
        read_for_it, n_written = summary_cost(engine, request, n_ctx, before, fitted.left_out)
        n_read += read_for_it
    return Way(
        overflow,
        fitted.left_out,
        is_new=fitted.is_new,
        is_summarised=bool(fitted.cut.summary),
        no_room=fitted.cut.no_summary is NoSummary.NO_ROOM,
        read_tokens=n_read,
        wait_s=speed.seconds(n_read, n_written),
    )
