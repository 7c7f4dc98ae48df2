"""Guesses ahead: what may follow is read in one batch with the token that is known, and kept as far as it was right.

A batch of a few tokens costs less than as many single steps, how much less depends on the machine. The tokens are
chosen from the same logits as without, one after the other, so that the text is the same at any temperature.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from desktop.engine.api import Guessing
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.draft import Draft
from desktop.engine.llama.gain import Average, Rate, best_length
from desktop.engine.llama.lookup import Lookup
from desktop.engine.llama.sample import PENALTY_WINDOW, Logits

MOST_GUESSED = 8
"""At once. `Tuning.batch_costs` knows no longer batch."""
_MOST_DRAFTED = 4
"""At once, where nobody counts what they cost: each takes a step of the draft model, and is right less often."""


class Guesser:
    """Guesses what follows in one answer, as long as that gains time. `text` is the prompt.

    `costs` are `Tuning.batch_costs`; None guesses whatever it costs. `draft` is asked where nothing is looked up.
    """

    def __init__(self, text: Sequence[int], costs: Sequence[float] | None, draft: Draft | None = None) -> None:
        self._costs = costs
        self._draft = draft
        self._lookup = Lookup(text)
        # Nothing is believed before it has come true. That costs nothing: guesses are compared unless they are checked.
        self._rate = Rate(0.0)
        self._drafted = False
        self._step_s = Average()
        if draft is not None:
            draft.begin()

    def add(self, token: int) -> None:
        """The answer goes on with `token`."""
        if self._lookup.next is not None:
            self._rate.add(right=self._lookup.next == token)
        self._lookup.add(token)

    def propose(self, tokens: Sequence[int], token: int, most: int) -> list[int]:
        """What may follow `tokens` and then `token`, at most `most`; nothing where that promises no gain.

        Raises:
            Stopped, EngineCrashed: the draft model was
        """
        self._drafted = False
        n = most if self._costs is None else best_length(self._rate.value, self._costs, most)
        found = self._lookup.propose(n)
        if found or self._draft is None:
            return found
        n = min(most, _MOST_DRAFTED)
        if self._costs is not None:
            n = best_length(self._draft.rate.value, self._costs, most, self._draft.cost(self._step_s.value))
        if not n:
            self._draft.rate.fade()
            return []
        self._drafted = True
        return self._draft.propose(tokens, token, n)

    def checked(self, n_right: int, n_guessed: int) -> None:
        """So many of the guesses that were proposed last came true."""
        if not self._drafted or self._draft is None:
            return
        for _ in range(n_right):
            self._draft.rate.add(right=True)
        if n_right < n_guessed:
            self._draft.rate.add(right=False)

    def took(self, n_guessed: int, seconds: float) -> None:
        """The batch of a token and so many guesses took so long."""
        if self._costs is not None:
            self._step_s.add(seconds / self._costs[n_guessed - 1])


def guesser_for(guessing: Guessing, text: Sequence[int], costs: Sequence[float], draft: Draft | None) -> Guesser | None:
    """What guesses in an answer to `text`; None where nobody wants that, or where even right guesses gain nothing."""
    if guessing is Guessing.ON:
        return Guesser(text, None, draft)
    if guessing is Guessing.OFF or not best_length(1.0, costs, MOST_GUESSED):
        return None
    return Guesser(text, costs, draft)


class Ahead:
    """The tokens of one answer, read one by one as by `Decoder.step`; some of them have been read when they come.

    `n_ctx` and `max_tokens` bound what is read ahead. Without a guesser nothing is.
    """

    def __init__(self, decoder: Decoder, guesser: Guesser | None, n_ctx: int, max_tokens: int | None) -> None:
        self.n_guessed = 0
        self.n_right = 0
        self._decoder = decoder
        self._guesser = guesser
        self._n_ctx = n_ctx
        self._left = n_ctx if max_tokens is None else max_tokens
        self._guesses: list[int] = []
        self._n_come = 0
        """So many of the guesses have come true."""
        self._rows: Logits | None = None

    def logits(self) -> Logits:
        """Of the newest token, of shape (n_vocab,), valid until the next `step`."""
        return self._decoder.logits() if self._rows is None else self._rows[self._n_come]

    def recent(self) -> Sequence[int]:
        """The newest tokens, the newest last, as many as the sampler looks at."""
        tokens = self._decoder.tokens
        end = len(tokens) - self._n_open
        return tokens[max(0, end - PENALTY_WINDOW) : end]

    def step(self, token: int) -> None:
        """The answer goes on with `token`.

        Raises:
            Stopped, ContextFull, EngineCrashed
        """
        self._left -= 1
        if self._guesser is None:
            self._decoder.step(token)
            return
        self._guesser.add(token)
        if self._n_open and self._guesses[self._n_come] == token:
            self._n_come += 1
            self.n_right += 1
            return
        self.settle()
        room = min(MOST_GUESSED, self._n_ctx - len(self._decoder.tokens) - 1, self._left - 1)
        guesses = self._guesser.propose(self._decoder.tokens, token, room) if room > 0 else []
        if not guesses:
            self._decoder.step(token)
            return
        began = time.monotonic()
        self._rows = self._decoder.guess(token, guesses)
        self._guesser.took(len(guesses), time.monotonic() - began)
        self._guesses = guesses
        self.n_guessed += len(guesses)

    def settle(self) -> None:
        """Take back the guesses that have not come true: nothing but the answer is in the cache then."""
        if self._guesser is not None and self._guesses:
            self._guesser.checked(self._n_come, len(self._guesses))
        if n_wrong := self._n_open:
            self._decoder.take_back(n_wrong)
        self._guesses, self._n_come, self._rows = [], 0, None

    @property
    def _n_open(self) -> int:
        return len(self._guesses) - self._n_come
