"""Find in a chat: where a query stands in what is shown, without laying anything out.

Texts are compared as `folding` says. Whether a message can have a hit at all is asked of its source first, of which
only letters and digits count (`_bones`): so 5,000 messages answer while the reader types. Positions are those of a
caret in the block's view: UTF-16 units, as Qt counts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import NamedTuple

from desktop.chat.message import Message, Role, State
from desktop.ui.transcript.place import REASONING, TEXT, Place, Spot
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.text import inline, markdown
from desktop.ui.transcript.text.folding import BONES, FOLDS, folded
from desktop.ui.transcript.text.inline import References
from desktop.ui.transcript.text.markdown import Block, Kind
from desktop.ui.transcript.text.stream import MarkdownStream

_MAX_QUERY_CHARS = 1000


class Hit(NamedTuple):
    """A hit in one message: in which part, in which of its blocks, from where to where."""

    part: int
    block: int
    start: int
    end: int

    @property
    def place(self) -> Place:
        """Where it begins."""
        return Place(self.part, self.block, self.start)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a block shows. `text` has the source of each formula, which `formulas` are the ranges of."""

    text: str
    formulas: tuple[tuple[int, int], ...] = ()


def shown(block: Block, references: References) -> Shown:
    """What `block` shows, as its view has it, without a view."""
    match block.kind:
        case Kind.CODE | Kind.PLAIN | Kind.RULE:
            return Shown(block.text)
        case Kind.FORMULA:
            return Shown(block.text, ((0, len(block.text)),))
        case Kind.TABLE:
            # A character stands before each cell, as in Qt's documents: no hit goes from one into the next.
            runs = [run for cells in block.rows for cell in cells for run in (_CELL, *inline.spans(cell, references))]
        case _:
            runs = inline.spans(block.text, references)
    text, formulas = "", []
    for run in runs:
        source = inline.source(run)
        if run.formula:
            formulas.append((len(text), len(text) + len(source)))
        text += source
    return Shown(text, tuple(formulas))


_CELL = inline.Span("\x00")


def formula_at(shown: Shown, position: int) -> str:
    """The LaTeX of the formula beside a caret position. "": there is none."""
    starts, ends = _positions(shown, len(folded(shown.text)))
    for first, end in shown.formulas:
        at = len(folded(shown.text[:first]))
        if at < len(starts) and starts[at] <= position <= ends[at]:
            return shown.text[first:end].strip("$")
    return ""


def spans(shown: Shown, needle: str) -> list[tuple[int, int]]:
    """Where `needle`, which is folded, stands: ranges of caret positions that do not overlap."""
    whole = folded(shown.text)
    if not needle or needle not in whole:
        return []
    starts, ends = _positions(shown, len(whole))
    found = [(starts[at], ends[at + len(needle) - 1]) for at in _occurrences(whole, needle)]
    return list(dict.fromkeys(found)) if shown.formulas else found


def _how_often(shown: Shown, needle: str) -> int:
    return len(spans(shown, needle)) if shown.formulas else folded(shown.text).count(needle)


def _occurrences(whole: str, needle: str) -> Iterator[int]:
    at = whole.find(needle)
    while at >= 0:
        yield at
        at = whole.find(needle, at + len(needle))


def _positions(shown: Shown, length: int) -> tuple[Sequence[int], Sequence[int]]:
    """For each character of the folded text, between which caret positions it stands. A formula is one character."""
    text = shown.text
    if text.isascii() and length == len(text) and not shown.formulas:
        return range(length), range(1, length + 1)
    starts: list[int] = []
    ends: list[int] = []
    at = done = 0
    for first, end in (*shown.formulas, (len(text), len(text))):
        for character in text[done:first]:
            after = at + (2 if character > "\uffff" else 1)
            size = len(FOLDS[ord(character)])
            starts += [at] * size
            ends += [after] * size
            at = after
        size = len(folded(text[first:end]))
        starts += [at] * size
        ends += [at + 1] * size
        at += 1
        done = end
    return starts, ends


_LINK_TARGET = re.compile(r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s[^()\n]*)?\)|\]\[[^\]\n]*\]")


def _bones(source: str) -> tuple[str, ...]:
    """The letters and digits of a Markdown source, with and without what is not shown between them."""
    found = [source.translate(BONES)]
    if "](" in source or "][" in source:
        found.append(_LINK_TARGET.sub("]", source).translate(BONES))
    if "&" in source:
        found.append(unescape(source).translate(BONES))
    return tuple(found)


class _Page:
    """What is known of one message: worked out when it is asked for, and kept."""

    __slots__ = ("_blocks", "_sources", "message")

    def __init__(self, message: Message) -> None:
        self.message = message
        self._sources: tuple[str, ...] | None = None
        self._blocks: list[_Text] | None = None

    def may_have(self, bones: str) -> bool:
        """Whether the message can have a hit with these letters and digits."""
        if self._sources is None:
            self._sources = (*_bones(self.message.text), *_bones(self.message.reasoning))
        return any(bones in source for source in self._sources)

    def blocks(self, bones: str) -> Iterator[_Text]:
        """The blocks that can have a hit with these letters and digits."""
        if self._blocks is None:
            message = self.message
            self._blocks = [
                _Text(part, number, block, references)
                for part, source in ((REASONING, message.reasoning), (TEXT, message.text))
                for blocks, references in [_parsed(message, source, part)]
                for number, block in enumerate(blocks)
            ]
        return (block for block in self._blocks if block.may_have(bones))


class _Text:
    """One block of a message: `number` is its place in the `part`. Its inside is parsed where it can have a hit."""

    __slots__ = ("_block", "_references", "_shown", "_sources", "number", "part")

    def __init__(self, part: int, number: int, block: Block, references: References) -> None:
        self.part = part
        self.number = number
        self._block = block
        self._references = references
        self._sources: tuple[str, ...] | None = None
        self._shown: Shown | None = None

    def may_have(self, bones: str) -> bool:
        if self._sources is None:
            cells = [cell for cells in self._block.rows for cell in cells]
            self._sources = _bones("\n".join(cells) or self._block.text)
        return any(bones in source for source in self._sources)

    @property
    def shown(self) -> Shown:
        if self._shown is None:
            self._shown = shown(self._block, self._references)
        return self._shown


def _parsed(message: Message, source: str, part: int) -> tuple[list[Block], References]:
    """The blocks of one part of a message, as the page has them."""
    if not source:
        return [], {}
    if part == TEXT and message.role is not Role.ASSISTANT:
        return markdown.plain(source), {}
    if message.state is State.STREAMING and len(source) <= markdown.MAX_MARKDOWN_CHARS:
        stream = MarkdownStream()
        stream.feed(source)
        return stream.blocks, stream.references
    return markdown.parse(source)


class Search:
    """A query and its hits in all rows. `needle` is the query as it is compared; "" finds nothing."""

    def __init__(self) -> None:
        self.needle = ""
        self._bones = ""
        self._pages: list[_Page] = []
        self._counts: list[int | None] = []
        self._total = 0
        self._next = 0

    def set_rows(self, first: int, rows: Sequence[Row]) -> None:
        """The rows from `first` on are now these. What is known of those that are the same stays."""
        del self._pages[first + len(rows) :]
        for index, row in enumerate(rows, first):
            if index >= len(self._pages):
                self._pages.append(_Page(row.message))
            elif self._pages[index].message is not row.message:
                self._pages[index] = _Page(row.message)
        self._forget_counts(first)

    def set_row(self, index: int, row: Row) -> None:
        """One row has changed."""
        if self._pages[index].message is not row.message:
            self._pages[index] = _Page(row.message)
            self._total -= self._counts[index] or 0
            self._counts[index] = None
            self._next = min(self._next, index)

    def set_query(self, query: str) -> None:
        """Look for this from now on."""
        needle = folded(query[:_MAX_QUERY_CHARS])
        if needle != self.needle:
            self.needle = needle
            self._bones = needle.translate(BONES)
            self._forget_counts(0)

    @property
    def total(self) -> int:
        """How many hits have been counted."""
        return self._total

    @property
    def is_counted(self) -> bool:
        """Whether all have been counted."""
        return self._next >= len(self._pages)

    def count(self, budget_s: float) -> bool:
        """Count for so long. True when all are counted. Without a query it makes ready what the first one needs."""
        until = time.perf_counter() + budget_s
        while not self.is_counted:
            index = self._next
            self._next += 1
            if self._counts[index] is None:
                self._count(index)
            if time.perf_counter() > until:
                break
        return self.is_counted

    def hits(self, row: int) -> list[Hit]:
        """All hits in one row, in reading order."""
        if not self.needle or not self._pages[row].may_have(self._bones):
            return []
        blocks = self._pages[row].blocks(self._bones)
        return [Hit(block.part, block.number, *span) for block in blocks for span in spans(block.shown, self.needle)]

    def number(self, row: int, hit: Hit) -> int | None:
        """Which of all hits this is, counted from 1. None while nobody knows."""
        before = self._counts[:row]
        hits = self.hits(row) if row < len(self._pages) else []
        if hit not in hits or None in before:
            return None
        return sum(count or 0 for count in before) + hits.index(hit) + 1

    def forward(self, spot: Spot) -> tuple[int, Hit] | None:
        """The first hit that begins at `spot` or behind it, and its row."""
        for index in range(spot.row, len(self._pages)):
            for hit in self._hits_of(index):
                if Spot(index, hit.place) >= spot:
                    return index, hit
        return None

    def backward(self, spot: Spot) -> tuple[int, Hit] | None:
        """The last hit that begins before `spot`, and its row."""
        for index in range(min(spot.row, len(self._pages) - 1), -1, -1):
            for hit in reversed(self._hits_of(index)):
                if Spot(index, hit.place) < spot:
                    return index, hit
        return None

    def _hits_of(self, row: int) -> list[Hit]:
        return self.hits(row) if self._counts[row] != 0 else []

    def _count(self, index: int) -> None:
        page = self._pages[index]
        may_have = page.may_have(self._bones)
        found = 0
        if self.needle and may_have:
            found = sum(_how_often(block.shown, self.needle) for block in page.blocks(self._bones))
        self._counts[index] = found
        self._total += found

    def _forget_counts(self, first: int) -> None:
        self._counts[first:] = [None] * (len(self._pages) - first)
        self._next = min(self._next, first)
        self._total = sum(count or 0 for count in self._counts)
