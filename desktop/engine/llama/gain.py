"""When guessing ahead gains time."""

from __future__ import annotations

from collections.abc import Sequence

_CLEARLY = 1.05
"""Times as fast as without: what promises less is not worth being wrong."""
_MEMORY = 8
"""Guesses. What was right or wrong longer ago hardly counts."""
_FADING = 512
"""Tokens. After so many without a guess, a new try costs a hundredth of what was decoded meanwhile."""


class Average:
    """Of the newest of some numbers; 0 before the first."""

    def __init__(self) -> None:
        self.value = 0.0

    def add(self, number: float) -> None:
        """One more number. The first is taken as it is."""
        self.value += (number - self.value) / _MEMORY if self.value else number


class Rate:
    """How often guesses were right lately, 0 to 1; `hoped` before anything is known."""

    def __init__(self, hoped: float) -> None:
        self.value = self._hoped = hoped

    def add(self, *, right: bool) -> None:
        """One more guess came true, or did not."""
        self.value += (right - self.value) / _MEMORY

    def fade(self) -> None:
        """Nothing was guessed: what was seen counts a little less, so that a bad stretch is not for ever."""
        self.value += (self._hoped - self.value) / _FADING


def best_length(rate: float, costs: Sequence[float], most: int, each: float = 0.0) -> int:
    """How many guesses at once gain most time, at most `most`; 0 where none gain clearly.

    Each is right with the probability `rate` if all before it are. `costs` are `Tuning.batch_costs`, and making one
    guess costs `each`, in the same unit. Leviathan and others, https://arxiv.org/abs/2211.17192, section 3.
    """
    best, best_gain = 0, _CLEARLY
    tokens, right = 1.0, 1.0
    for n, cost in enumerate(costs[:most], 1):
        right *= rate
        tokens += right
        gain = tokens / (cost + n * each)
        if gain > best_gain:
            best, best_gain = n, gain
    return best
