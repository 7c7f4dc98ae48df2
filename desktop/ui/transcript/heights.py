"""Where things stand in a column of things of different heights."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate


class Heights:
    """The heights of a column's members and the sums above each. Sums are made up to where they are asked for.

    A change costs nothing above it, so that the last member can grow thirty times a second.
    """

    def __init__(self, heights: Iterable[float] = ()) -> None:
        self._heights = list(heights)
        self._tops = [0.0]

    def __getitem__(self, index: int) -> float:
        return self._heights[index]

    def set(self, index: int, height: float) -> None:
        """Member `index` is `height` high."""
        if height != self._heights[index]:
            self._heights[index] = height
            del self._tops[index + 1 :]

    def replace(self, first: int, heights: Iterable[float]) -> None:
        """The members from `first` on are now these."""
        self._heights[first:] = heights
        del self._tops[first + 1 :]

    def top(self, index: int) -> float:
        """The sum of the heights above `index`, which may be one past the end."""
        if index >= len(self._tops):
            start = len(self._tops) - 1
            self._tops[start:] = accumulate(self._heights[start:], initial=self._tops[start])
        return self._tops[index]

    @property
    def total(self) -> float:
        """The sum of all."""
        return self.top(len(self._heights))

    def at(self, y: float) -> int:
        """The member at `y`; the first above all, the last below all. There must be one."""
        self.top(len(self._heights))
        return max(0, min(len(self._heights) - 1, bisect_right(self._tops, y) - 1))
