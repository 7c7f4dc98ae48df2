"""An answer, from its request to its last token."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from desktop.chat.message import FinishReason, Role, Statistics, Turn
from desktop.engine.api import Event, Finished, Prompt, Request, Token, Tuning
from desktop.engine.llama.alternatives import UNTOLD, Likelihood, likelihood
from desktop.engine.llama.batch import ContextFull, Stopped
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.draft import Draft
from desktop.engine.llama.guess import Ahead, guesser_for
from desktop.engine.llama.model import Model, Vocabulary
from desktop.engine.llama.reasoning import ReasoningSplitter, control_markers
from desktop.engine.llama.sample import NotFinite, Sampler, draw_seed
from desktop.engine.llama.states import KeptStates
from desktop.engine.llama.stopping import StopSwitch
from desktop.engine.llama.template import ChatTemplate
from desktop.engine.llama.text import TextStream
from desktop.engine.llama.tune import tune, use
from desktop.errors import BadComputation, PromptTooLong

_MARKERS = frozenset(mark.encode() for mark in control_markers())


class Generator:
    """Answers the requests to one loaded model, for which `draft` may guess ahead."""

    def __init__(
        self, model: Model, switch: StopSwitch, states: KeptStates | None = None, draft: Draft | None = None
    ) -> None:
        self._model = model
        self._switch = switch
        self._decoder = Decoder(model, switch, states)
        self._draft = draft
        self._batch_costs: tuple[float, ...] = ()
        self._templates: dict[str, ChatTemplate] = {}

    def prompt(self, request: Request) -> Prompt:
        """What the model would be given.

        Raises:
            TemplateFailed
        """
        text = self._render(request)
        tokens = self._model.vocabulary.tokenize(text)
        return Prompt(text, len(tokens), self._decoder.known(tokens, request.conversation))

    def rest(self) -> None:
        """Nothing is asked for: time to keep what was read."""
        self._decoder.put_by()

    def tune(self) -> Tuning | None:
        """Measure how the model runs best; None where that could not be found out."""
        return tune(self._model, self._switch)

    def set_tuning(self, tuning: Tuning) -> None:
        """Run the model so from now on."""
        use(self._model, tuning)
        self._batch_costs = tuning.batch_costs

    def generate(self, request: Request) -> Iterator[Event]:
        """See `Engine.generate`.

        Raises:
            TemplateFailed, PromptTooLong, BadComputation, BadModelFile, EngineCrashed
        """
        clock = _Clock(self._model.n_ctx)
        text = self._render(request)
        tokens = self._model.vocabulary.tokenize(text)
        if len(tokens) >= self._model.n_ctx:
            raise PromptTooLong(prompt_tokens=len(tokens), n_ctx=self._model.n_ctx)
        clock.prompt_tokens = len(tokens)
        seed = draw_seed() if request.sampling.seed is None else request.sampling.seed
        clock.prefill_begins()
        try:
            for progress in self._decoder.read(tokens, request.conversation):
                clock.reused_tokens = progress.reused
                yield progress
        except Stopped:
            yield Finished(FinishReason.STOPPED, clock.statistics(), seed, self._model.taken_bytes())
            return
        clock.prefill_ends()
        yield from self._answer(request, seed, text, clock)

    def _answer(self, request: Request, seed: int, prompt: str, clock: _Clock) -> Iterator[Event]:
        """The tokens after the prompt, then `Finished`."""
        sampling = request.sampling
        # In a text that is continued, a mark of reasoning is text.
        continues = request.continue_last or self._source(request) is None
        splitter = ReasoningSplitter(prompt, continues=continues)
        voice = _Voice(self._model.vocabulary, sampling.stop, splitter)
        sampler = Sampler(sampling, seed, self._model.vocabulary.suppressed())
        ahead = self._ahead(request)
        reason = FinishReason.LENGTH if sampling.max_tokens is not None and sampling.max_tokens <= 0 else None
        try:
            while reason is None:
                token = self._choose(sampler, ahead)
                if self._model.vocabulary.is_end(token):
                    reason = FinishReason.END
                    break
                clock.token()
                told = likelihood(ahead.logits(), token, request.n_alternatives, self._model.vocabulary)
                yield from voice.say(token, told)
                if voice.is_stopped:
                    reason = FinishReason.STOP_WORD
                elif clock.generated_tokens == sampling.max_tokens:
                    reason = FinishReason.LENGTH
                else:
                    reason = _advance(ahead, token)
        finally:
            sampler.close()
            ahead.settle()
        clock.guessed_tokens, clock.right_guesses = ahead.n_guessed, ahead.n_right
        yield from voice.rest()
        yield Finished(reason, clock.statistics(), seed, self._model.taken_bytes())

    def _ahead(self, request: Request) -> Ahead:
        """What reads the answer's tokens; the prompt is read."""
        guesser = None
        if self._decoder.can_take_back:
            guesser = guesser_for(request.guessing, self._decoder.tokens, self._batch_costs, self._draft)
        return Ahead(self._decoder, guesser, self._model.n_ctx, request.sampling.max_tokens)

    def _choose(self, sampler: Sampler, ahead: Ahead) -> int:
        try:
            return sampler.choose(ahead.logits(), ahead.recent())
        except NotFinite:
            raise BadComputation(self._model.path) from None

    def _source(self, request: Request) -> str | None:
        return request.template if request.template is not None else self._model.template

    def _render(self, request: Request) -> str:
        source = self._source(request)
        if source is None:
            return _completion(request.turns)
        template = self._templates.get(source)
        if template is None:
            vocabulary = self._model.vocabulary
            template = self._templates[source] = ChatTemplate(source, vocabulary.bos_text, vocabulary.eos_text)
        return template.render(request.turns, continue_last=request.continue_last)


def _advance(ahead: Ahead, token: int) -> FinishReason | None:
    """Read the token that was chosen; why that is the end, if it is."""
    try:
        ahead.step(token)
    except Stopped:
        return FinishReason.STOPPED
    except ContextFull:
        return FinishReason.LENGTH
    return None


def _completion(turns: Sequence[Turn]) -> str:
    """The text that a base model goes on with: the turns without anything between them, as they were written.

    A system prompt is no part of that text: it stands before it as a paragraph of its own.
    """
    return "".join(f"{turn.text.rstrip()}\n\n" if turn.role is Role.SYSTEM else turn.text for turn in turns)


class _Voice:
    """Makes `Token` events of token ids: bytes to characters, stop words, reasoning told apart."""

    def __init__(self, vocabulary: Vocabulary, stop: Sequence[str], splitter: ReasoningSplitter) -> None:
        self._vocabulary = vocabulary
        self._stream = TextStream(stop)
        self._splitter = splitter
        self._token = -1
        self._told = UNTOLD
        self._reasoning = False

    @property
    def is_stopped(self) -> bool:
        """Whether a stop word has come."""
        return self._stream.stopped

    def say(self, token: int, told: Likelihood) -> Iterator[Token]:
        """At least one event, so that every token is told; its text may come later.

        The first event alone carries what is `told` of it: each token's probability comes once, in their order.
        """
        self._token = token
        self._told = told
        pieces = self._splitter.feed(self._stream.feed(self._bytes(token)))
        return self._events(pieces or [(self._reasoning, "")])

    def rest(self) -> Iterator[Token]:
        """What was held back, at the end."""
        yield from self._events(self._splitter.feed(self._stream.flush()))
        yield from self._events(self._splitter.flush())

    def _bytes(self, token: int) -> bytes:
        piece = self._vocabulary.piece(token)
        if not piece and self._vocabulary.is_control(token):
            name = self._vocabulary.piece(token, special=True)
            return name if name in _MARKERS else b""
        return piece

    def _events(self, pieces: Sequence[tuple[bool, str]]) -> Iterator[Token]:
        for self._reasoning, text in pieces:
            told, self._told = self._told, UNTOLD
            yield Token(text, self._token, self._reasoning, 0, told.logprob, told.alternatives)


class _Clock:
    """Measures one answer."""

    def __init__(self, n_ctx: int) -> None:
        self.prompt_tokens = 0
        self.reused_tokens = 0
        self.generated_tokens = 0
        self.guessed_tokens = 0
        self.right_guesses = 0
        self._n_ctx = n_ctx
        self._began = self._prefill_began = time.monotonic()
        self._prefill_s = self._first_at = self._last_at = 0.0

    def prefill_begins(self) -> None:
        """The prompt is tokenised, reading begins."""
        self._prefill_began = time.monotonic()

    def prefill_ends(self) -> None:
        """The prompt is read."""
        self._prefill_s = time.monotonic() - self._prefill_began

    def token(self) -> None:
        """One more token is chosen."""
        self._last_at = time.monotonic()
        if self.generated_tokens == 0:
            self._first_at = self._last_at
        self.generated_tokens += 1

    def statistics(self) -> Statistics:
        """Those of the answer so far. What did not happen is 0."""
        read = self.prompt_tokens - self.reused_tokens
        # The first token comes out of the prompt's logits: decoding makes the others.
        decoded, decode_s = self.generated_tokens - 1, self._last_at - self._first_at
        return Statistics(
            prompt_tokens=self.prompt_tokens,
            reused_tokens=self.reused_tokens,
            generated_tokens=self.generated_tokens,
            time_to_first_token_s=self._first_at - self._began if self.generated_tokens else 0.0,
            prefill_tokens_per_s=read / self._prefill_s if self._prefill_s > 0 else 0.0,
            decode_tokens_per_s=decoded / decode_s if decode_s > 0 else 0.0,
            n_ctx=self._n_ctx,
            guessed_tokens=self.guessed_tokens,
            right_guesses=self.right_guesses,
        )
