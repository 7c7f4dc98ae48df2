"""An answer, from its request to its last token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy

from desktop.chat.message import FinishReason, Role, Turn
from desktop.engine.api import Event, Finished, Prompt, Request, Tuning
from desktop.engine.llama.answering import Answer, at_once
from desktop.engine.llama.batch import ContextFull, Stopped
from desktop.engine.llama.clock import Clock
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.draft import Draft
from desktop.engine.llama.guess import Ahead, guesser_for
from desktop.engine.llama.model import Model
from desktop.engine.llama.reasoning import ReasoningSplitter
from desktop.engine.llama.sample import draw_seed
from desktop.engine.llama.states import KeptStates
from desktop.engine.llama.stopping import StopSwitch
from desktop.engine.llama.template import ChatTemplate
from desktop.engine.llama.tune import tune, use
from desktop.errors import PromptTooLong


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
        if self._draft is not None:
            use(self._draft.model, tuning)
        self._batch_costs = tuning.batch_costs

    def generate(self, request: Request) -> Iterator[Event]:
        """See `Engine.generate`.

        Raises:
            TemplateFailed, PromptTooLong, BadComputation, BadModelFile, EngineCrashed
            ModelDoesNotFit: several answers at once do not
        """
        clock = Clock(self._model.n_ctx)
        text = self._render(request)
        tokens = self._model.vocabulary.tokenize(text)
        if len(tokens) >= self._model.n_ctx:
            raise PromptTooLong(prompt_tokens=len(tokens), n_ctx=self._model.n_ctx)
        clock.prompt_tokens = len(tokens)
        first = draw_seed() if request.sampling.seed is None else request.sampling.seed
        seeds = range(first, first + request.n_answers)
        clock.prefill_begins()
        try:
            for progress in self._decoder.read(tokens, request.conversation):
                clock.reused_tokens = progress.reused
                yield progress
        except Stopped:
            for number, seed in enumerate(seeds):
                yield Finished(FinishReason.STOPPED, clock.statistics(), seed, self._model.taken_bytes(), number)
            return
        clock.prefill_ends()
        answers = [self._begin(request, number, seed, text, clock) for number, seed in enumerate(seeds)]
        try:
            yield from at_once(self._decoder, answers) if len(answers) > 1 else self._alone(answers[0], request)
        finally:
            for answer in answers:
                answer.close()

    def _begin(self, request: Request, number: int, seed: int, prompt: str, clock: Clock) -> Answer:
        # In a text that is continued, a mark of reasoning is text.
        continues = request.continue_last or self._source(request) is None
        splitter = ReasoningSplitter(prompt, continues=continues)
        return Answer(self._model, request, number, seed, splitter, copy(clock))

    def _alone(self, answer: Answer, request: Request) -> Iterator[Event]:
        """The tokens after the prompt, then `Finished`."""
        ahead = self._ahead(request)
        try:
            while answer.reason is None:
                yield from answer.go_on(ahead.logits(), ahead.recent())
                if answer.reason is None:
                    answer.reason = _advance(ahead, answer.token)
        finally:
            ahead.settle()
        answer.guessed(ahead.n_guessed, ahead.n_right)
        yield from answer.end()

    def _ahead(self, request: Request) -> Ahead:
        """What reads the answer's tokens; the prompt is read."""
        guesser = None
        if self._decoder.can_take_back:
            guesser = guesser_for(request.guessing, self._decoder.tokens, self._batch_costs, self._draft)
        return Ahead(self._decoder, guesser, self._model.n_ctx, request.sampling.max_tokens)

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
