"""What becomes of a conversation that does not fit the context: which of its turns the model is given.

Reading is what makes one wait. Leaving out one turn more at every question would change the beginning of the prompt
every time, so that all of it is read again; so a cut makes room for a good while, and then stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from desktop.chat.message import NoSummary, Overflow, Role
from desktop.chat.prompt import Cut
from desktop.engine.api import Engine, Prompt, Request
from desktop.engine.summary import split, summary_room, without
from desktop.errors import ContextFull, PromptTooLong

# Of the context, so much stays free for the answer: less makes answers that end in the middle of a sentence.
_ANSWER_SHARE = 0.25
# Unless that would leave the question itself out: then the answer has to do with this many tokens.
_LEAST_ANSWER_TOKENS = 32
# Of what a prompt may take, a new cut fills at most so much, unless that would leave out the last answer too.
_FILLED_SHARE = 0.5
# A cut that fills less than this was made for another context: a new one can keep more.
_WORTH_KEEPING_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a request fits the context: without the turns of `cut`, and with its summary, it makes `prompt_tokens`.

    `known_tokens` of these were read before and need not be read again.
    """

    request: Request
    cut: Cut
    prompt_tokens: int
    n_ctx: int
    known_tokens: int = 0
    needs_summary: bool = False
    """Whether a summary is yet to be written. The request is without, `prompt_tokens` have room for it."""
    is_new: bool = False
    """Whether the cut is another than the time before."""

    @property
    def left_out(self) -> int:
        """How many of the oldest turns do not fit."""
        return self.cut.turns


def fit(
    engine: Engine, request: Request, n_ctx: int, overflow: Overflow = Overflow.DROP, before: Cut | None = None
) -> Fitted:
    """See `Fitting.fit`."""
    return Fitting(engine, request, n_ctx).fit(overflow, before or Cut())


class Fitting:
    """Fits one request to `n_ctx` tokens, in one way or in several. Each prompt is made once."""

    def __init__(self, engine: Engine, request: Request, n_ctx: int) -> None:
        self._engine = engine
        self._request = request
        self._n_ctx = n_ctx
        wanted = int(n_ctx * _ANSWER_SHARE)
        if request.sampling.max_tokens is not None:
            wanted = min(wanted, request.sampling.max_tokens)
        self._budget = n_ctx - wanted
        self._most = n_ctx - min(wanted, _LEAST_ANSWER_TOKENS)
        _, turns = split(request.turns)
        last_question = max((i for i, turn in enumerate(turns) if turn.role is Role.USER), default=0)
        # How many turns may be left out, from none to all but the last question: what is left begins with a question.
        self._cuts = [0, *(i for i in range(1, last_question + 1) if turns[i].role is Role.USER)]
        self._prompts: dict[Cut, Prompt] = {}

    def fit(self, overflow: Overflow, before: Cut) -> Fitted:
        """Leave out what must go, with room for an answer. The system prompt stays.

        As long as that fits, it is what was left out `before`. With STOP nothing more is. With SUMMARISE and
        without a summary that fits, the result says that one is needed.

        Raises:
            all that `Engine.prompt` raises
            ContextFull: more would have to go, with STOP
            PromptTooLong: not even the last question fits
        """
        if self._tokens(Cut()) <= self._budget:
            return self._fitted(Cut())
        if self._keeps(overflow, before):
            return self._fitted(before)
        room = summary_room(self._n_ctx) if overflow is Overflow.SUMMARISE else 0
        turns = self._new_cut(room, before.turns if before.summary else 0)
        if turns and self._tokens(Cut(turns)) + room > self._most:
            # The last question alone leaves no room for a summary.
            room = 0
        if self._tokens(Cut(turns)) > self._most:
            raise PromptTooLong(prompt_tokens=self._tokens(Cut(turns)), n_ctx=self._n_ctx)
        if overflow is Overflow.STOP and turns:
            raise ContextFull(prompt_tokens=self._tokens(before), n_ctx=self._n_ctx, left_out=turns)
        room = room if turns else 0
        fitted = self._fitted(Cut(turns), room, is_new=turns > 0 and (room > 0 or turns != before.turns))
        if overflow is Overflow.SUMMARISE and turns and not room:
            return replace(fitted, cut=Cut(turns, no_summary=NoSummary.NO_ROOM))
        return fitted

    def fitted(self, cut: Cut) -> Fitted:
        """The request as `cut` has it.

        Raises:
            all that `Engine.prompt` raises
        """
        return self._fitted(cut, is_new=True)

    def _keeps(self, overflow: Overflow, before: Cut) -> bool:
        """Whether the cut of the time before is right once more."""
        if before.turns == 0 or before.turns not in self._cuts or self._tokens(before) > self._budget:
            return False
        if before.summary or overflow is Overflow.STOP:
            return True
        if overflow is Overflow.SUMMARISE:
            # Where no summary could be had, none is asked for again at every turn. Room for one there may be again.
            return before.no_summary not in (None, NoSummary.NO_ROOM)
        return self._tokens(before) >= self._budget * _WORTH_KEEPING_SHARE

    def _new_cut(self, room: int, summarised: int) -> int:
        """How many turns to leave out for a prompt that makes `room`; more than are `summarised` already."""
        last = len(self._cuts) - 1
        least = self._first(lambda cut: self._tokens(Cut(cut)) + room <= self._budget)
        good = self._first(lambda cut: self._tokens(Cut(cut)) + room <= self._budget * _FILLED_SHARE)
        # What was said last matters most: the last answer stays where it can.
        index = max(least, min(good, last - 1))
        while index < last and self._cuts[index] <= summarised:
            index += 1
        return self._cuts[index]

    def _first(self, fits: Callable[[int], bool]) -> int:
        """The index of the smallest cut that `fits`; of the last if none does."""
        low, high = 0, len(self._cuts) - 1
        while low < high:
            middle = (low + high) // 2
            if fits(self._cuts[middle]):
                high = middle
            else:
                low = middle + 1
        return low

    def _tokens(self, cut: Cut) -> int:
        return self._prompt(cut).n_tokens

    def _prompt(self, cut: Cut) -> Prompt:
        prompt = self._prompts.get(cut)
        if prompt is None:
            prompt = self._prompts[cut] = self._engine.prompt(without(self._request, cut))
        return prompt

    def _fitted(self, cut: Cut, room: int = 0, *, is_new: bool = False) -> Fitted:
        prompt = self._prompt(cut)
        return Fitted(
            without(self._request, cut),
            cut,
            prompt.n_tokens + room,
            self._n_ctx,
            prompt.n_known,
            needs_summary=room > 0,
            is_new=is_new,
        )
