"""Inline Markdown that is still being written, closed for display.

So `**bo` is bold before its end has come, and half of a mark, a link or a formula is not shown as text that would have
to go again.
"""

from __future__ import annotations

import re

from desktop.ui.transcript.text import formula

_OPEN_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+[^)]*)?$")
_TAIL_CHARS = 2_000
_HELD_BACK = re.compile(r"(?:!?\[|\[\^[^\s\[\]]{0,100}|&#?\w{0,31}|!)$")
"""What may become a link, a footnote or a character that is written by its name."""
_OPEN_ADDRESS = re.compile(r"<((?:https?|mailto):[^\s<>]*)$")
_OPEN_BREAK = re.compile(r"<(?:b(?:r ?/?)?)?$", re.IGNORECASE)
_RUN = re.compile(r"\\(?:.|\Z)|`+|\*+|_+|~{1,2}|\$+", re.DOTALL)


def close_cell(text: str) -> str:
    """`close_inline` for a table's cell, where `<br>` may be coming."""
    return close_inline(_OPEN_BREAK.sub("", text))


def close_inline(text: str) -> str:
    """`text` with what is open at its end closed: code, emphasis, a link whose address is still coming.

    A run of marks at the very end may be the beginning of something or half of its end: it is not shown as text. Nor is
    a formula before its end, unless it looks like money or a shell's dollar.
    """
    # No address is longer than what is searched; a hostile text must not be searched from each of its brackets.
    tail = _HELD_BACK.sub("", _OPEN_LINK.sub(r"\1", text[-_TAIL_CHARS:]))
    body = (text[:-_TAIL_CHARS] + _OPEN_ADDRESS.sub(r"\1", tail)).rstrip()
    open_runs: list[str] = []
    ends: formula.Ends = {}
    position = 0
    while match := _RUN.search(body, position):
        run, start, position = match[0], match.start(), match.end()
        if run[0] == "`":
            position = _end_of_code(body, position, len(run))
            if position < 0:
                return _close_code(body[:start], run, body[match.end() :], open_runs)
        elif run[0] == "$" or run in ("\\(", "\\["):
            position = _end_of_formula(body, start, position, ends)
            if position < 0:
                return body[:start].rstrip() + _closing(open_runs)
        elif position == len(body) and (run[0] != "\\" or run == "\\"):
            return body[:start].rstrip() + _closing(open_runs)
        elif run[0] != "\\" and run != "~":
            _open_or_close(open_runs, run, before=body[start - 1 : start], after=body[position])
    return body + _closing(open_runs)


def _end_of_formula(text: str, start: int, behind: int, ends: formula.Ends) -> int:
    """Where the formula at `start` ends; `behind` the marks where none begins; -1 where that is still to be seen."""
    found = formula.find(text, start, len(text), ends)
    if found is not None:
        # A digit behind the dollar would make it money.
        is_settled = found.end < len(text) or found.display or text[start] != "$"
        return found.end if is_settled else -1
    may_come = formula.is_open(text, start) or (text[start] == "$" and behind == len(text))
    return -1 if may_come else behind


def _end_of_code(text: str, start: int, ticks: int) -> int:
    """Where the code that `start` is in ends; -1 where it does not."""
    ends = (match.end() for match in re.finditer("`+", text[start:]) if len(match[0]) == ticks)
    return next((start + end for end in ends), -1)


def _close_code(before: str, ticks: str, code: str, open_runs: list[str]) -> str:
    code = code.rstrip("`")
    if not code.strip():
        return before.rstrip() + _closing(open_runs)
    return before + ticks + code + ticks + _closing(open_runs)


def _open_or_close(open_runs: list[str], run: str, *, before: str, after: str) -> None:
    if not (open_runs and open_runs[-1][0] == run[0] and before.strip()):
        if after.strip() and not (run[0] == "_" and before.isalnum()):
            open_runs.append(run)
        return
    left = len(run)
    while left and open_runs and open_runs[-1][0] == run[0]:
        top = open_runs.pop()
        if len(top) > left:
            open_runs.append(top[left:])
        left = max(0, left - len(top))


def _closing(open_runs: list[str]) -> str:
    return "".join(reversed(open_runs))
