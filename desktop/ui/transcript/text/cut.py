"""Where long text is cut, so that no piece of it is slow to lay out."""

from __future__ import annotations

from collections.abc import Sequence

CODE_LINES = 200
CODE_CHARS = 20_000


def code(text: str) -> list[tuple[str, str]]:
    """Pieces of code, each with its joint: what stood between it and the one before."""
    lines = text.split("\n")
    parts: list[tuple[str, str]] = []
    for start in range(0, len(lines), CODE_LINES):
        cut = text_at("\n".join(lines[start : start + CODE_LINES]), CODE_CHARS)
        parts += [("\n" if start else "", cut[0][1]), *cut[1:]]
    return parts


def text_at(text: str, size: int) -> list[tuple[str, str]]:
    """Pieces of at most `size` characters, cut after a line or a word where there is one, each with its joint."""
    parts = []
    start = 0
    joint = ""
    while len(text) - start > size:
        end = text.rfind("\n", start + size // 2, start + size)
        if end >= 0:
            parts.append((joint, text[start:end]))
            joint, start = "\n", end + 1
            continue
        space = text.rfind(" ", start + size // 2, start + size)
        end = space + 1 if space >= 0 else start + size
        parts.append((joint, text[start:end]))
        joint, start = "", end
    return [*parts, (joint, text[start:])]


def column_widths(rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """The relative widths of a table's columns."""
    columns = max(map(len, rows))
    return tuple(min(40, max(4, *(len(row[column]) for row in rows if column < len(row)))) for column in range(columns))
