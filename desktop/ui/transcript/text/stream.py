"""Markdown that is still being written: each step costs what is new, not what is there.

The text is cut into a committed part, which is never parsed again, and a tail. A unit (a top-level block or one item of
a top-level list) is committed when a complete line starts the next one. A code block or a table at the top level is
appended to line by line until it ends. What is unfinished in the tail is closed for display only, so that
`**bo` is bold before its end has come.

At the end `finish` reads the tail once more as it is. What `blocks` and `references` then are is what `markdown.parse`
makes of the whole text, so no parse of the whole is needed: a block keeps its inline source, and a link definition that
came after its use is among the `references` with which the block is drawn.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from desktop.ui.transcript.text import markdown, note
from desktop.ui.transcript.text.closing import close_cell, close_inline
from desktop.ui.transcript.text.inline import References
from desktop.ui.transcript.text.markdown import Block, Kind, Unit


class MarkdownStream:
    """The blocks of a growing text."""

    def __init__(self) -> None:
        self._taken = 0
        self._held_back = False
        self._tail = ""
        self._committed: list[Block] = []
        self._text = ""
        self._definitions: dict[str, dict[str, Any]] = {}
        self._references: References = {note.TO_COME: {}}
        self._item = ""
        self._number = 1
        self._open: _OpenCode | _OpenTable | None = None
        self._shown: list[Block] = []
        self._running: Block | None = None
        """The paragraph that the tail ends in, as it is written, if more of the same line can only make it longer."""

    @property
    def blocks(self) -> list[Block]:
        """What is to be shown now."""
        return self._committed + self._shown

    @property
    def references(self) -> References:
        """The link definitions so far. Another object only if what is drawn with them may have changed."""
        return self._references

    def feed(self, text: str) -> None:
        """Take what is new in `text`, which begins with all that was fed before."""
        self._text = text
        if markdown.is_too_long(text):
            self._show_plain(text)
            return
        # A carriage return waits for the line feed that may follow it.
        self._held_back = text.endswith("\r")
        end = len(text) - 1 if self._held_back else len(text)
        new = text[self._taken : end].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
        self._taken = end
        if new:
            self._take(new)

    def _take(self, new: str) -> None:
        self._tail += new
        running, self._running = self._running, None
        if running is not None and "\n" not in new and not new[-1].isspace():
            self._write_on(running, new)
            return
        if self._open is not None:
            self._append_lines(self._open)
        elif "\n" in new:
            self._commit()
        if self._open is None:
            self._show_tail()

    def finish(self) -> None:
        """The text has ended: show what is unfinished as it is. From now on this is what `markdown.parse` gives.

        Costs what the tail costs, not what the whole text does. Nothing may be fed afterwards.
        """
        if markdown.is_too_long(self._text):
            return
        if self._held_back:
            self._take("\n")
        if self._open is not None and self._tail.strip(" \t"):
            self._tail += "\n"
            self._append_lines(self._open)
        if self._open is not None:
            self._committed += self._open.blocks(closed=True)
        else:
            found = markdown.units(self._tail, self._definitions, item=self._item, number=self._number)
            self._committed += [block for unit in found for block in unit.blocks]
        self._open, self._shown, self._tail = None, [], ""
        if note.are_all_defined(self._text, self._definitions):
            self._show_links(self._definitions)
        else:
            self._references = self._definitions

    def _show_plain(self, text: str) -> None:
        self._committed, self._open, self._shown = markdown.plain(text), None, []
        self._references = {}

    def _show_links(self, definitions: References) -> None:
        """A reference to a footnote is shown as one before its definition comes: only links are news."""
        links = {label: link for label, link in definitions.items() if not label.startswith(note.TO_COME)}
        if len(links) >= len(self._references):
            self._references = {**links, note.TO_COME: {}}

    def _commit(self) -> None:
        """Commit the units of the tail that a complete line has ended."""
        definitions = dict(self._definitions)
        units = self._units(self._tail, definitions)
        complete = self._tail.count("\n")
        started = [unit for unit in units if unit.line < complete]
        if len(started) > 1 and self._may_be_text(started[-1], complete):
            started.pop()
        if not started:
            return
        last = started[-1]
        self._committed += [block for unit in started[:-1] for block in unit.blocks]
        self._keep_definitions(definitions, last.line)
        if len(started) > 1 or not last.item:
            self._item, self._number = last.item, last.number
        self._tail = self._tail.split("\n", last.line)[-1]
        opened = _open_block(last, self._tail)
        if opened is not None:
            self._open, self._tail = opened
            self._append_lines(self._open)

    def _units(self, text: str, definitions: dict[str, dict[str, Any]]) -> list[Unit]:
        return markdown.units(text, definitions, item=self._item, number=self._number, growing=True)

    def _may_be_text(self, unit: Unit, complete: int) -> bool:
        """Whether `unit` may turn out to be text of the unit before: of a table, `complete` lines are not two yet."""
        is_table = bool(unit.blocks) and unit.blocks[0].kind is Kind.TABLE
        is_open = unit.open_formula or (is_table and unit.line + 1 == complete)
        return is_open and not self._is_blank(unit.line - 1)

    def _is_blank(self, line: int) -> bool:
        return not self._tail.split("\n", line + 1)[line].strip(" \t")

    def _keep_definitions(self, found: dict[str, dict[str, Any]], lines: int) -> None:
        for label, definition in found.items():
            if label not in self._definitions and definition["map"][1] <= lines:
                self._definitions[label] = definition

    def _append_lines(self, block: _OpenCode | _OpenTable) -> None:
        """Move complete lines of the tail into the block that is open."""
        *lines, last = self._tail.split("\n")
        taken, is_over = block.take(lines)
        self._tail = "\n".join([*lines[taken:], last])
        if is_over:
            self._committed += block.blocks(closed=True)
            self._open, self._shown = None, []
            self._commit()
        else:
            self._shown = block.blocks(unfinished=last)

    def _show_tail(self) -> None:
        """Parse the tail as if it ended well."""
        shown = _settled_lines(self._tail)
        definitions = dict(self._definitions)
        units = self._units(shown, definitions)
        if len(definitions) >= len(self._references):
            complete = shown.count("\n")
            known = self._definitions
            self._show_links({k: v for k, v in definitions.items() if k in known or v["map"][1] <= complete})
        self._shown = [block for unit in units for block in unit.blocks]
        if self._shown:
            self._running = self._shown[-1] if _is_running(self._shown[-1], self._tail) else None
            self._shown[-1:] = _closed_for_display(self._shown[-1])

    def _write_on(self, running: Block, new: str) -> None:
        """Add to the paragraph that the tail ends in, without a look at what stands before."""
        [*before, running] = markdown.pieces(replace(running, text=running.text + new))
        self._running = None if before else running
        self._shown[-1:] = [*before, *_closed_for_display(running)]


def _is_running(last: Block, tail: str) -> bool:
    """Whether `last` is a paragraph that `tail` ends in, and stays one whatever comes on its last line.

    No other block, nor what parts it from the paragraph, begins with a letter. Where there are link definitions, it is
    not so simple what a line belongs to.
    """
    if last.kind is not Kind.PARAGRAPH or not last.text[:1].isalpha() or "]:" in tail:
        return False
    line = last.text.rpartition("\n")[2]
    return line[:1].isalpha() and tail.endswith(line) and _INSIDE_OF.search(tail.removesuffix(line)) is not None


def _closed_for_display(last: Block) -> list[Block]:
    """What is shown of the last block of a text."""
    match last.kind:
        case Kind.PARAGRAPH | Kind.HEADING:
            return [replace(last, text=close_inline(_without_table_start(last.text)))]
        case Kind.TABLE:
            return [replace(last, rows=(*last.rows[:-1], tuple(map(close_cell, last.rows[-1]))))]
        case Kind.FORMULA if not last.closed:
            tex = re.sub(r"(?:\$|\\)\s*$", "", last.text)
            return [replace(last, text=tex)] if tex.strip() else []
    return [last]


def _open_block(unit: Unit, source: str) -> tuple[_OpenCode | _OpenTable, str] | None:
    """The block that `source` begins with as one that grows line by line, and the source behind its head."""
    first, _, rest = source.partition("\n")
    opening = re.match(r"( {0,3})(`{3,}|~{3,})", first)
    if unit.open_fence and opening is not None:
        return _OpenCode(opening[2], len(opening[1]), unit.blocks[0].language), rest
    second, newline, rest = rest.partition("\n")
    # A quote in which nothing stands has no blocks.
    if not unit.item and unit.blocks and unit.blocks[0].kind is Kind.TABLE and newline:
        return _OpenTable(f"{first}\n{second}\n"), rest
    return None


class _OpenCode:
    """A code block whose closing fence has not come."""

    def __init__(self, fence: str, indent: int, language: str) -> None:
        self._fence = fence
        self._indent = indent
        self._language = language
        self._lines: list[str] = []

    def take(self, lines: list[str]) -> tuple[int, bool]:
        """Add lines up to the closing fence: how many were taken, and whether it was there."""
        for index, line in enumerate(lines):
            body = line.strip(" \t")
            indent = _columns(line[: len(line) - len(line.lstrip(" \t"))])
            if indent < 4 and len(body) >= len(self._fence) and not body.strip(self._fence[0]):  # noqa: PLR2004
                return index + 1, True
            self._lines.append(self._unindented(line))
        return len(lines), False

    def blocks(self, unfinished: str = "", *, closed: bool = False) -> list[Block]:
        """The pieces so far, with the beginning of the next line."""
        # What may become the closing fence is not shown as code.
        may_close = not unfinished.strip(" \t" + self._fence[0])
        lines = self._lines if may_close else [*self._lines, self._unindented(unfinished)]
        code = markdown.pieces(Block(Kind.CODE, "\n".join(lines), language=self._language))
        return [*code[:-1], replace(code[-1], closed=closed)]

    def _unindented(self, line: str) -> str:
        """A line of the block without the columns that its fence is indented by. A tab ends at each fourth column."""
        end = 0
        while _columns(line[:end]) < self._indent and line[end : end + 1] in (" ", "\t"):
            end += 1
        return " " * (_columns(line[:end]) - self._indent) + line[end:]


def _columns(blank: str) -> int:
    return len(blank.expandtabs(4))


class _OpenTable:
    """A table to which rows may come. `head` are its first two lines: with them rows can be parsed alone."""

    def __init__(self, head: str) -> None:
        self._head = head
        self._table = markdown.parse(head)[0][0]
        self._rows = list(self._table.rows)

    def take(self, lines: list[str]) -> tuple[int, bool]:
        """Add the lines that are rows: how many there were, and whether another line ended the table."""
        rows = self._read(lines)
        self._rows += rows
        return len(rows), len(rows) < len(lines)

    def blocks(self, unfinished: str = "", *, closed: bool = False) -> list[Block]:  # noqa: ARG002  a table has no end
        """The pieces so far, with the beginning of the next row."""
        rows = [] if _ONLY_SYNTAX.fullmatch(unfinished) else self._read([unfinished])
        shown = [*self._rows, *(tuple(map(close_cell, row)) for row in rows)]
        return markdown.pieces(replace(self._table, rows=tuple(shown)))

    def _read(self, lines: list[str]) -> list[tuple[str, ...]]:
        """The rows that `lines` begin with."""
        if not lines:
            return []
        table = markdown.units(self._head + "\n".join(lines) + "\n", {})[0]
        return [row for piece in table.blocks for row in piece.rows][1:]


_ONLY_SYNTAX = re.compile(
    r"[ >]*(?:[-+*=_#`~|:\s]+|\d{1,9}[.)]?)?(?: {0,4}\[[ xX]?\]?)?\s*"
    r"|[ >]*(?:\${1,2}|\\(?:\[|[a-z]*(?:\{[A-Za-z]*\*?\}?)?)?|\[[^\[\]]+(?:\](?::\s*\S*)?)?)"
)
"""A line that may yet become a heading's underline, a rule, an item, a fence, a table, a formula or a definition."""

_INSIDE_OF = re.compile(r"^[ >]*(?:(?:[-+*]|\d{1,9}[.)]) +(?:\[[ xX]\] +)?)*\Z", re.MULTILINE)
"""What stands before a paragraph on its line: quotes, lists, a task."""

_TABLE_START = re.compile(r"(?:^|\n)\|[^\n]*(?:\n[|:\-\s]*)?$")


def _settled_lines(tail: str) -> str:
    """`tail` without an incomplete last line of which only syntax has come: what it will be is not known."""
    head, newline, last = tail.rpartition("\n")
    return head + newline if _ONLY_SYNTAX.fullmatch(last) else tail


def _without_table_start(text: str) -> str:
    """A paragraph's `text` without a last line that looks like a table's head: its second line decides."""
    return _TABLE_START.sub("", text)
