"""Where in the conversation something stands. Knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass

REASONING, TEXT = 0, 1
"""The parts of a message."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A caret position in a message: in which part (REASONING or TEXT), in which of its blocks, at which character."""

    part: int
    block: int
    offset: int


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A caret position in the transcript."""

    row: int
    place: Place


START = Spot(0, Place(0, 0, 0))
