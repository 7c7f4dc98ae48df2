"""Answers while they are given: one token after the other, until a reason to end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from desktop.chat.message import FinishReason
from desktop.engine.api import Event, Finished, Request, Token
from desktop.engine.llama.alternatives import likelihood
from desktop.engine.llama.batch import ContextFull, Stopped
from desktop.engine.llama.branches import Branches
from desktop.engine.llama.clock import Clock
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.model import Model
from desktop.engine.llama.reasoning import ReasoningSplitter
from desktop.engine.llama.sample import Logits, NotFinite, Sampler
from desktop.engine.llama.voice import Voice
from desktop.errors import BadComputation


class Answer:
    """The answer of that `number` to a request, drawn with `seed`.

    `reason` says why it has ended; None: it goes on. `clock` has measured the prompt, and measures this answer from now
    on.
    """

    def __init__(
        self, model: Model, request: Request, number: int, seed: int, splitter: ReasoningSplitter, clock: Clock
    ) -> None:
        self.number = number
        self.token = -1
        """The newest one, which is to be read next."""
        self._model = model
        self._vocabulary = model.vocabulary
        self._n_alternatives = request.n_alternatives
        self._max_tokens = request.sampling.max_tokens
        self._seed = seed
        self._clock = clock
        self._voice = Voice(model.vocabulary, request.sampling.stop, splitter, number)
        self._sampler = Sampler(request.sampling, seed, model.vocabulary.suppressed())
        nothing = self._max_tokens is not None and self._max_tokens <= 0
        self.reason: FinishReason | None = FinishReason.LENGTH if nothing else None

    def go_on(self, logits: Logits, recent: Sequence[int]) -> list[Token]:
        """Choose the next token, from the logits behind the `recent` ones, and say it.

        Raises:
            BadComputation
        """
        try:
            self.token = token = self._sampler.choose(logits, recent)
        except NotFinite:
            raise BadComputation(self._model.path) from None
        if self._vocabulary.is_end(token):
            self.reason = FinishReason.END
            return []
        self._clock.token()
        said = self._voice.say(token, likelihood(logits, token, self._n_alternatives, self._vocabulary))
        if self._voice.is_stopped:
            self.reason = FinishReason.STOP_WORD
        elif self._clock.generated_tokens == self._max_tokens:
            self.reason = FinishReason.LENGTH
        return said

    def guessed(self, n: int, n_right: int) -> None:
        """So many of its tokens were guessed ahead, and so many of these were right."""
        self._clock.guessed_tokens, self._clock.right_guesses = n, n_right

    def end(self) -> Iterator[Event]:
        """What it has held back, then `Finished`. Without a reason it was stopped."""
        yield from self._voice.rest()
        reason = FinishReason.STOPPED if self.reason is None else self.reason
        yield Finished(reason, self._clock.statistics(), self._seed, self._model.taken_bytes(), self.number)

    def close(self) -> None:
        """Free the sampler."""
        self._sampler.close()


def at_once(decoder: Decoder, answers: Sequence[Answer]) -> Iterator[Event]:
    """The tokens of several answers to the prompt that was read, mixed, and the `Finished` of each.

    Raises:
        BadComputation, EngineCrashed
        ModelDoesNotFit: there is no memory for so many
    """
    first = decoder.logits().copy()
    branches = decoder.part(len(answers))
    ready: list[tuple[int, Logits | None]] = [(answer.number, first) for answer in answers]
    try:
        while ready:
            for number, logits in ready:
                yield from _go_on(answers[number], logits, branches)
            ready = branches.compute()
    except (Stopped, ContextFull) as ended:
        for answer in answers:
            if answer.reason is None:
                answer.reason = FinishReason.STOPPED if isinstance(ended, Stopped) else FinishReason.LENGTH
                yield from answer.end()
    finally:
        branches.close()


def _go_on(answer: Answer, logits: Logits | None, branches: Branches) -> Iterator[Event]:
    if logits is None:
        answer.reason = FinishReason.LENGTH
    elif answer.reason is None:
        yield from answer.go_on(logits, branches.recent(answer.number))
    if answer.reason is None:
        branches.add(answer.number, answer.token)
    else:
        branches.end(answer.number)
        yield from answer.end()
