"""Columns of text on a terminal, where a Chinese character is two cells wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """A line for each row, its cells below each other; those of the columns `right` end there. Empty columns go."""
    # What a file says of itself may have line breaks: it would look like another row.
    rows = [[" ".join(cell.splitlines()) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_cells(row, widths, right)).rstrip() for row in rows]


def width(text: str) -> int:
    """How many cells of a terminal `text` takes."""
    return sum(_cells_of(letter) for letter in text)


def _cells(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> list[str]:
    cells = []
    for at, (text, cells_wide) in enumerate(zip(row, widths, strict=True)):
        space = " " * (cells_wide - width(text))
        if cells_wide:
            cells.append(space + text if at in right else text + space)
    return cells


def _cells_of(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
