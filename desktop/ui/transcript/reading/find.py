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
_MAX_AT_ONCE = 200_000
"""A longer message is only looked at block by block, so that no step of the counting takes long."""


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

    __slots__ = ("_sources", "_texts", "message")

    def __init__(self, message: Message) -> None:
        self.message = message
        self._sources: tuple[str, ...] | None = None
        self._texts: list[_Text] | None = None

    def may_have(self, bones: str) -> bool:
        """Whether the message can have a hit with these letters and digits. Of a long one only its blocks tell."""
        message = self.message
        if len(message.text) + len(message.reasoning) > _MAX_AT_ONCE:
            return True
        if self._sources is None:
            self._sources = (*_bones(message.text), *_bones(message.reasoning))
        return any(bones in source for source in self._sources)

    @property
    def texts(self) -> list[_Text]:
        """The blocks of the message."""
        if self._texts is None:
            message = self.message
            self._texts = [
                _Text(part, number, block, references)
                for part, source in ((REASONING, message.reasoning), (TEXT, message.text))
                for blocks, references in [_parsed(message, source, part)]
                for number, block in enumerate(blocks)
            ]
        return self._texts


class _Text:
    """One block of a message: `number` is its place in the `part`. Its inside is parsed where it can have a hit."""

    __slots__ = ("_block", "_counted", "_references", "_shown", "_sources", "number", "part")

    def __init__(self, part: int, number: int, block: Block, references: References) -> None:
        self.part = part
        self.number = number
        self._block = block
        self._references = references
        self._sources: tuple[str, ...] | None = None
        self._shown: Shown | None = None
        self._counted = ("", 0)

    def may_have(self, bones: str) -> bool:
        """Whether the block can have a hit with these letters and digits."""
        if self._sources is None:
            cells = [cell for cells in self._block.rows for cell in cells]
            self._sources = _bones("\n".join(cells) or self._block.text)
        return any(bones in source for source in self._sources)

    def spans(self, needle: str, bones: str) -> list[tuple[int, int]]:
        """Where `needle` stands, whose letters and digits are `bones`."""
        return spans(self.shown, needle) if self.may_have(bones) else []

    def is_counted(self, needle: str) -> bool:
        """Whether `how_often` knows it already."""
        return self._counted[0] == needle

    def how_often(self, needle: str, bones: str) -> int:
        """How many hits there are; kept for the query that was asked for last."""
        if not self.is_counted(needle):
            count = 0
            if self.may_have(bones):
                shown = self.shown
                count = len(spans(shown, needle)) if shown.formulas else folded(shown.text).count(needle)
            self._counted = needle, count
        return self._counted[1]

    @property
    def shown(self) -> Shown:
        """What the block shows."""
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
            if self._counts[self._next] is not None or self._count(self._next, until):
                self._next += 1
            if time.perf_counter() > until:
                break
        return self.is_counted

    def hits(self, row: int) -> Iterator[Hit]:
        """All hits in one row, in reading order."""
        return (hit for text in self._texts_with(row) for hit in self._hits_in(text))

    def number(self, row: int, hit: Hit) -> int | None:
        """Which of all hits this is, counted from 1. None while nobody knows."""
        before = self._counts[: row + 1]
        if row >= len(self._pages) or None in before:
            return None
        found = sum(count or 0 for count in before[:-1])
        for text in self._texts_with(row):
            if (text.part, text.number) == hit[:2]:
                hits = self._hits_in(text)
                return found + hits.index(hit) + 1 if hit in hits else None
            found += text.how_often(self.needle, self._bones)
        return None

    def forward(self, spot: Spot) -> tuple[int, Hit] | None:
        """The first hit that begins at `spot` or behind it, and its row."""
        for index in range(spot.row, len(self._pages)):
            for text in self._texts_with(index):
                if (index, text.part, text.number) >= _block_of(spot):
                    for hit in self._hits_in(text):
                        if Spot(index, hit.place) >= spot:
                            return index, hit
        return None

    def backward(self, spot: Spot) -> tuple[int, Hit] | None:
        """The last hit that begins before `spot`, and its row."""
        for index in range(min(spot.row, len(self._pages) - 1), -1, -1):
            for text in reversed(self._texts_with(index)):
                if (index, text.part, text.number) <= _block_of(spot):
                    for hit in reversed(self._hits_in(text)):
                        if Spot(index, hit.place) < spot:
                            return index, hit
        return None

    def _texts_with(self, row: int) -> Sequence[_Text]:
        """The blocks of a row, if there can be a hit in one of them."""
        page = self._pages[row]
        if not self.needle or self._counts[row] == 0 or not page.may_have(self._bones):
            return ()
        return page.texts

    def _hits_in(self, text: _Text) -> list[Hit]:
        return [Hit(text.part, text.number, *span) for span in text.spans(self.needle, self._bones)]

    def _count(self, index: int, until: float) -> bool:
        """Count in one row. False where there was no time for all of its blocks."""
        page = self._pages[index]
        found = 0
        if page.may_have(self._bones):
            texts = page.texts if self.needle else []
            for text in texts:
                # What was counted before costs nothing, so that each slice comes farther.
                was_known = text.is_counted(self.needle)
                found += text.how_often(self.needle, self._bones)
                if not was_known and text is not texts[-1] and time.perf_counter() > until:
                    return False
        self._counts[index] = found
        self._total += found
        return True

    def _forget_counts(self, first: int) -> None:
        self._counts[first:] = [None] * (len(self._pages) - first)
        self._next = min(self._next, first)
        self._total = sum(count or 0 for count in self._counts)


def _block_of(spot: Spot) -> tuple[int, int, int]:
    return spot.row, spot.place.part, spot.place.block
