"""Markdown that is still being written: each step costs what is new, not what is there.

The text is cut into a committed part, which is never parsed again, and a tail. A unit (a top-level block or one item of
a top-level list) is committed when a complete line starts the next one. A code block at the top level is appended to
without any parsing until its closing fence comes. What is unfinished in the tail is closed for display only, so that
`**bo` is bold before its end has come.

Link definitions that come after their use are the one thing that this cannot see: the caller parses the whole text once
at its end (`markdown.parse`), and that parse is what stays.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from desktop.ui.transcript import markdown
from desktop.ui.transcript.markdown import Block, Kind, References, Unit


class MarkdownStream:
    """The blocks of a growing text."""

    def __init__(self) -> None:
        self._taken = 0
        self._tail = ""
        self._committed: list[Block] = []
        self._definitions: dict[str, dict[str, Any]] = {}
        self._item = ""
        self._number = 1
        self._fence: _OpenFence | None = None
        self._shown: list[Block] = []

    @property
    def blocks(self) -> list[Block]:
        """What is to be shown now."""
        return self._committed + self._shown

    @property
    def references(self) -> References:
        """The link definitions so far."""
        return self._definitions

    def feed(self, text: str) -> None:
        """Take what is new in `text`, which begins with all that was fed before."""
        # A carriage return waits for the line feed that may follow it.
        end = len(text) - 1 if text.endswith("\r") else len(text)
        new = text[self._taken : end].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
        self._taken = end
        if not new:
            return
        self._tail += new
        if self._fence is not None:
            self._append_code()
        if self._fence is None:
            if "\n" in new:
                self._commit()
            if self._fence is None:
                self._show_tail()

    def _commit(self) -> None:
        """Commit the units of the tail that a complete line has ended."""
        definitions = dict(self._definitions)
        units = markdown.units(self._tail, definitions, item=self._item, number=self._number)
        complete = self._tail.count("\n")
        started = [unit for unit in units if unit.line < complete]
        if not started:
            return
        last = started[-1]
        if len(started) > 1:
            self._committed += [block for unit in started[:-1] for block in unit.blocks]
            self._keep_definitions(definitions, last.line)
            self._item, self._number = (last.item, last.number) if last.item else ("", 1)
            self._tail = self._tail.split("\n", last.line)[-1]
        if last.open_fence:
            self._open(last)

    def _keep_definitions(self, found: dict[str, dict[str, Any]], lines: int) -> None:
        for label, definition in found.items():
            if label not in self._definitions and definition["map"][1] <= lines:
                self._definitions[label] = definition

    def _open(self, unit: Unit) -> None:
        """`unit` is the code block that the tail begins with: from now on its lines are appended."""
        before, _, after = self._tail.partition("\n")
        while not before.strip():  # blank lines and definitions before the first unit were never committed
            before, _, after = after.partition("\n")
        opening = re.match(r"( {0,3})(`{3,}|~{3,})", before)
        if opening is None:
            return
        self._fence = _OpenFence(opening[2], len(opening[1]), unit.blocks[0].language)
        self._tail = after
        self._append_code()

    def _append_code(self) -> None:
        """Move complete lines of the tail into the open code block."""
        fence = self._fence
        if fence is None:
            return
        while "\n" in self._tail:
            line, _, self._tail = self._tail.partition("\n")
            if fence.closes(line):
                self._committed += fence.blocks()
                self._fence, self._shown = None, []
                self._item, self._number = "", 1
                self._commit()
                return
            fence.lines.append(fence.unindented(line))
        self._shown = fence.blocks(unfinished=self._tail)

    def _show_tail(self) -> None:
        """Parse the tail as if it ended well."""
        shown = _settled_lines(self._tail)
        units = markdown.units(shown, dict(self._definitions), item=self._item, number=self._number)
        self._shown = [block for unit in units for block in unit.blocks]
        if self._shown:
            last = self._shown[-1]
            match last.kind:
                case Kind.PARAGRAPH | Kind.HEADING:
                    self._shown[-1] = replace(last, text=close_inline(_without_table_start(last.text)))
                case Kind.TABLE:
                    rows = (*last.rows[:-1], tuple(close_inline(cell) for cell in last.rows[-1]))
                    self._shown[-1] = replace(last, rows=rows)


class _OpenFence:
    """A code block whose end has not come. Full pieces are kept, so that a long one costs no more than a short one."""

    def __init__(self, fence: str, indent: int, language: str) -> None:
        self._fence = fence
        self._indent = indent
        self._language = language
        self.lines: list[str] = []

    def closes(self, line: str) -> bool:
        body = line.strip(" \t")
        indent = len(line) - len(line.lstrip(" "))
        return indent < 4 and len(body) >= len(self._fence) and not body.strip(self._fence[0])  # noqa: PLR2004  CommonMark

    def unindented(self, line: str) -> str:
        spaces = len(line) - len(line.lstrip(" "))
        return line[min(spaces, self._indent) :]

    def blocks(self, unfinished: str = "") -> list[Block]:
        # What may become the closing fence is not shown as code.
        may_close = not unfinished.strip(" \t" + self._fence[0])
        lines = self.lines if may_close else [*self.lines, self.unindented(unfinished)]
        return markdown.pieces(Block(Kind.CODE, "\n".join(lines), language=self._language))


_ONLY_SYNTAX = re.compile(r"[ >]*(?:[-+*=_#`~|:\s]+|\d{1,9}[.)]?)?(?: {0,4}\[[ xX]?\]?)?\s*")
"""A line that may yet become a heading's underline, a rule, a list item, a fence or a table."""

_TABLE_START = re.compile(r"(?:^|\n)\|[^\n]*(?:\n[|:\-\s]*)?$")


def _settled_lines(tail: str) -> str:
    """`tail` without an incomplete last line of which only syntax has come: what it will be is not known."""
    head, newline, last = tail.rpartition("\n")
    return head + newline if _ONLY_SYNTAX.fullmatch(last) else tail


def _without_table_start(text: str) -> str:
    """A paragraph's `text` without a last line that looks like a table's head: its second line decides."""
    return _TABLE_START.sub("", text)


_OPEN_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+[^)]*)?$")
_RUN = re.compile(r"\\.|`+|\*+|_+|~{1,2}", re.DOTALL)


def close_inline(text: str) -> str:
    """`text` with what is open at its end closed: code, emphasis, a link whose address is still coming.

    A run of marks at the very end may be the beginning of something or half of its end: it is not shown as text.
    """
    text = _OPEN_LINK.sub(r"\1", text)
    body = text.rstrip()
    open_runs: list[str] = []
    position = 0
    while match := _RUN.search(body, position):
        run, start, position = match[0], match.start(), match.end()
        if run[0] == "`":
            position = _end_of_code(body, position, len(run))
            if position < 0:
                return _close_code(body[:start], run, body[match.end() :], open_runs)
        elif position == len(body) and run[0] != "\\":
            return body[:start].rstrip() + _closing(open_runs)
        elif run[0] != "\\" and run != "~":
            _open_or_close(open_runs, run, before=body[start - 1 : start], after=body[position])
    return body + _closing(open_runs) if open_runs else text


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
