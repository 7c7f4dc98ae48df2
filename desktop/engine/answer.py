"""Fit a path of messages to the context, then generate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from desktop.chat.message import FinishReason, Message, NoSummary, Overflow, Sampling, State, Statistics
from desktop.chat.prompt import Cut
from desktop.engine.api import Engine, Event, Finished, Loaded, Request
from desktop.engine.overflow import Fitted, Fitting
from desktop.engine.summary import Summarised, Summarising, summarise
from desktop.errors import AppError, LoadCancelled
from desktop.packed_errors import pack

Happening = Event | Summarising | Summarised | Fitted
"""What `answer` tells."""


def answer(
    engine: Engine, request: Request, overflow: Overflow = Overflow.DROP, before: Cut | None = None
) -> Iterator[Happening]:
    """Load the model where needed, fit the request to its context, then generate.

    What does not fit is treated as `overflow` says, and as `before`, as long as that fits. A summary that this takes
    is told by `Summarising` and then, if the model wrote one, by `Summarised`. One `Fitted` comes before the first
    `PrefillProgress`; `Finished` carries how many messages were left out. Without a `Finished` it was stopped.

    Raises:
        all that `Engine.generate` raises; PromptTooLong if not even the last turn fits; ContextFull
    """
    before = before or Cut()
    loaded: Loaded | None = None
    for load_event in engine.load(request.model):
        yield load_event
        if isinstance(load_event, Loaded):
            loaded = load_event
    fitting = Fitting(engine, request, loaded.n_ctx if loaded is not None else 0)
    fitted = fitting.fit(overflow, before)
    if fitted.needs_summary and loaded is not None:
        text: str | None = ""
        is_base = not loaded.has_template and request.template is None
        if not is_base:
            text = yield from summarise(engine, request, loaded.n_ctx, before, fitted.left_out)
        if text is None:
            return
        if text:
            yield Summarised(fitted.left_out, text)
        missing = NoSummary.BASE_MODEL if is_base else NoSummary.NOT_WRITTEN
        fitted = fitting.fitted(Cut(fitted.left_out, text, None if text else missing))
    yield fitted
    for event in engine.generate(fitted.request):
        if isinstance(event, Finished):
            yield replace(event, statistics=_with_cut(event.statistics, fitted.cut))
        elif not isinstance(event, Loaded):
            yield event


def ended(message: Message, finished: Finished | None, error: BaseException | None) -> Message:
    """`message`, an answer with its text so far, as it is after `answer` has `finished`, or raised `error`.

    Without either it was stopped. An error that is no `AppError` is a bug: the state says that there was one.
    """
    if finished is not None:
        return replace(
            message,
            state=State.STOPPED if finished.reason is FinishReason.STOPPED else State.COMPLETE,
            finish=finished.reason,
            statistics=finished.statistics,
            sampling=replace(message.sampling or Sampling(), seed=finished.seed),
        )
    if error is None or isinstance(error, LoadCancelled):
        return replace(message, state=State.STOPPED, finish=FinishReason.STOPPED)
    return replace(
        message,
        state=State.INTERRUPTED if message.text or message.reasoning else State.FAILED,
        finish=FinishReason.ERROR,
        error=pack(error) if isinstance(error, AppError) else None,
    )


def _with_cut(statistics: Statistics, cut: Cut) -> Statistics:
    return replace(
        statistics,
        left_out_messages=cut.turns,
        summarised=bool(cut.summary),
        no_summary=cut.no_summary,
    )
