"""Fit a path of messages to the context, then generate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from desktop.chat.message import FinishReason, Message, Role, Sampling, State
from desktop.engine.api import Engine, Event, Finished, Loaded, Prompt, Request
from desktop.errors import AppError, LoadCancelled, PromptTooLong
from desktop.packed_errors import pack

# Of the context, so much stays free for the answer: less makes answers that end in the middle of a sentence.
_ANSWER_SHARE = 0.25
# Unless that would leave the question itself out: then the answer has to do with this many tokens.
_LEAST_ANSWER_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a request fits the context: `left_out` of its oldest turns do not, the rest makes `prompt_tokens`.

    `known_tokens` of these were read before and need not be read again.
    """

    request: Request
    left_out: int
    prompt_tokens: int
    n_ctx: int
    known_tokens: int = 0


def answer(engine: Engine, request: Request) -> Iterator[Event | Fitted]:
    """Load the model where needed, fit the request to its context, then generate.

    One `Fitted` comes before the first `PrefillProgress`; `Finished` carries how many messages were left out.

    Raises:
        all that `Engine.generate` raises; PromptTooLong if not even the last turn fits.
    """
    n_ctx = 0
    for load_event in engine.load(request.model):
        yield load_event
        if isinstance(load_event, Loaded):
            n_ctx = load_event.n_ctx
    fitted = fit(engine, request, n_ctx)
    yield fitted
    for event in engine.generate(fitted.request):
        if isinstance(event, Finished):
            yield replace(event, statistics=replace(event.statistics, left_out_messages=fitted.left_out))
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


def fit(engine: Engine, request: Request, n_ctx: int) -> Fitted:
    """Leave out as few of the oldest turns as makes the rest fit `n_ctx` tokens with room for an answer.

    The system prompt stays, and what is left begins with a question.

    Raises:
        all that `Engine.prompt` raises; PromptTooLong if not even the last question fits.
    """
    head = 1 if request.turns and request.turns[0].role is Role.SYSTEM else 0
    last_question = max((i for i, turn in enumerate(request.turns) if turn.role is Role.USER), default=head)
    # The turns that the rest may begin with, from "everything stays" to "the last question alone".
    cuts = [head, *(i for i in range(head + 1, last_question + 1) if request.turns[i].role is Role.USER)]

    def prompt_from(cut: int) -> Prompt:
        return engine.prompt(_cut(request, head, cut))

    wanted = int(n_ctx * _ANSWER_SHARE)
    if request.sampling.max_tokens is not None:
        wanted = min(wanted, request.sampling.max_tokens)
    budget = n_ctx - wanted
    low, high = 0, len(cuts) - 1
    prompt = prompt_from(cuts[0])
    if prompt.n_tokens <= budget:
        return Fitted(request, 0, prompt.n_tokens, n_ctx, prompt.n_known)
    while low < high:
        middle = (low + high) // 2
        if prompt_from(cuts[middle]).n_tokens <= budget:
            high = middle
        else:
            low = middle + 1
    cut = cuts[low]
    prompt = prompt_from(cut)
    if prompt.n_tokens > n_ctx - min(wanted, _LEAST_ANSWER_TOKENS):
        raise PromptTooLong(prompt_tokens=prompt.n_tokens, n_ctx=n_ctx)
    return Fitted(_cut(request, head, cut), cut - head, prompt.n_tokens, n_ctx, prompt.n_known)


def _cut(request: Request, head: int, cut: int) -> Request:
    return replace(request, turns=request.turns[:head] + request.turns[cut:])
