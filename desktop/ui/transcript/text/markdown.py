"""Markdown as a flat list of blocks that can be laid out one by one.

Nesting does not nest: a paragraph in a list item in a quote is one block that says in `indents` what it stands in. So
each block is small, is drawn without its neighbours, and a list of 300 items is 300 blocks. The text inside a block is
parsed only when the block is drawn (`inline.spans`). No text is ever lost.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from desktop.ui.transcript.text import cut, formula
from desktop.ui.transcript.text.inline import MAX_NESTING, References, is_too_much, parser, plain_inline

if TYPE_CHECKING:
    from markdown_it.token import Token

QUOTE = ">"
INSIDE = ""
BULLET, BULLET_INNER, TASK_OPEN, TASK_DONE = "•", "◦", "☐", "☑"
NOTE = "^"
"""What the marker of a footnote begins with; what is shown follows, as in "^1"."""

MAX_MARKDOWN_CHARS = 100_000
"""A longer text is shown plain. No model answers at such length; whoever pastes 10 MB wants it fast."""
_MAX_LINES = 5_000
_PLAIN_CHARS = 4_000
_TABLE_ROWS = 24


class Kind(StrEnum):
    """What a block is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    CODE = "code"
    RULE = "rule"
    TABLE = "table"
    FORMULA = "formula"
    """A formula on lines of its own: TeX without delimiters."""
    PLAIN = "plain"
    """Text that is shown as it is, line by line."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block. `text` is its Markdown without the block syntax; for CODE, FORMULA and PLAIN the text itself.

    `indents` says from outside to inside what the block stands in: QUOTE, a list item or footnote that it begins (its
    marker, such as "•", "3." or "^1"), or one that it continues (INSIDE). Long blocks come in pieces: only the `first`
    has the upper edge and only the `last` the lower, and `joint` is what stood between a piece and the one before.
    `widths` are the relative column widths of a table in pieces. `note` is the label of the footnote that the block
    belongs to. `closed` is False for code and formulas whose end is still to come, of pieces for the last.
    """

    kind: Kind
    text: str = ""
    level: int = 0
    language: str = ""
    indents: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    alignments: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    first: bool = True
    last: bool = True
    joint: str = ""
    note: str = ""
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Unit:
    """What can be committed on its own while streaming: a top-level block, or one item of a top-level list.

    `line` is where it starts, counted from 0. `ordered` and `number` are set for items.
    """

    line: int
    blocks: tuple[Block, ...]
    item: str = ""
    """The list's marker character ("-", ".", …), or "" where the unit is no list item."""
    number: int = 0
    open_fence: str = ""
    """The fence, such as "```", where the unit is a code block without a closing fence."""
    open_formula: bool = False
    """The unit is a formula at the end of a growing text. It may turn out to be text, also of the unit before."""


def parse(text: str) -> tuple[list[Block], References]:
    """The blocks of a whole text, and its link reference definitions."""
    if is_too_long(text):
        return plain(text), {}
    references: dict[str, dict[str, Any]] = {}
    found = units(text, references)
    return [block for unit in found for block in unit.blocks], references


def is_too_long(text: str) -> bool:
    """Whether `text` is shown as it is, since reading it as Markdown would take long."""
    return len(text) > MAX_MARKDOWN_CHARS or text.count("\n") > _MAX_LINES


def plain(text: str) -> list[Block]:
    """`text` as it is, in pieces that are quick to lay out."""
    return pieces(Block(Kind.PLAIN, text))


def units(
    text: str,
    references: MutableMapping[str, dict[str, Any]],
    *,
    item: str = "",
    number: int = 1,
    growing: bool = False,
) -> list[Unit]:
    """The units of `text`; definitions found are added to `references`.

    `item` and `number` say which list is under way: its marker character, and the number that the next item gets.
    A text that is `growing` may end in the middle of code or of a formula.
    """
    lines = text.split("\n")
    env: dict[str, Any] = {"references": references}
    if growing:
        env[formula.GROWING] = len(lines) - (not lines[-1].strip(" \t"))
    tokens = parser().parse(text, env)
    so_far = env.get(formula.GROWING)
    found: list[Unit] = []
    for start, end in _top_level(tokens):
        part = tokens[start:end]
        if part[0].type in ("bullet_list_open", "ordered_list_open"):
            first = part[1].markup
            goes_on = not found and first == item
            found.extend(_items(part, number if goes_on else None, so_far))
        else:
            found.append(_unit(part, so_far))
    for index, unit in enumerate(found):
        if any(block is _TOO_DEEP for block in unit.blocks):
            after = found[index + 1].line if index + 1 < len(found) else len(lines)
            source = "\n".join(lines[unit.line : after]).strip("\n")
            found[index] = replace(unit, blocks=tuple(plain(source)))
    return found


def _top_level(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """The ranges of `tokens` that are one top-level block each."""
    ranges = []
    start = 0
    for index, token in enumerate(tokens):
        if token.level == 0 and token.nesting <= 0:
            ranges.append((start, index + 1))
            start = index + 1
    return ranges


def _unit(tokens: Sequence[Token], end: int | None) -> Unit:
    token = tokens[0]
    fence = token.markup if token.type == "fence" and _is_open(token) else ""
    blocks = _Flattener(end).flatten(tokens)
    start, last = token.map or (0, 0)
    is_formula = token.type == "formula_block" and end is not None and last >= end
    return Unit(start, blocks, open_fence=fence, open_formula=is_formula)


def _is_open(fence: Token) -> bool:
    start, end = fence.map or (0, 0)
    lines = fence.content.count("\n") + (not fence.content.endswith("\n") and fence.content != "")
    return end - start <= lines + 1


def _items(tokens: Sequence[Token], number: int | None, end: int | None) -> list[Unit]:
    """One unit for each item of the list that `tokens` are."""
    opening = tokens[0]
    start = opening.attrGet("start")
    if number is None:
        number = int(start) if start is not None else 1
    ordered = opening.type == "ordered_list_open"
    found = []
    first = 1
    for index, token in enumerate(tokens):
        if token.type == "list_item_close" and token.level == 1:
            flattener = _Flattener(end, [number if ordered else None])
            line = (tokens[first].map or [0])[0]
            blocks = flattener.flatten(tokens[first : index + 1])
            found.append(Unit(line, blocks, item=tokens[first].markup, number=number))
            number += 1
            first = index + 1
    return found


_TOO_DEEP = Block(Kind.PLAIN, "too deep")


class _Flattener:
    """Turns nested tokens into flat blocks.

    `end` is the number of lines of a text that is growing. `lists` holds the next number of each list that is open,
    None: bullets.
    """

    def __init__(self, end: int | None, lists: list[int | None] | None = None) -> None:
        self._end = end
        self._lists = lists or []
        self._indents: list[str] = []
        self._notes: list[str] = []
        self._blocks: list[Block] = []

    def flatten(self, tokens: Sequence[Token]) -> tuple[Block, ...]:
        # At its nesting limit markdown-it drops what lies deeper.
        if any(token.level >= MAX_NESTING - 1 for token in tokens):
            return (_TOO_DEEP,)
        for index, token in enumerate(tokens):
            if token.type == "inline":
                self._inline(tokens[index - 1], token.content)
            else:
                self._structure(token)
        return tuple(piece for block in self._blocks for piece in pieces(block))

    def _structure(self, token: Token) -> None:
        match token.type:
            case "blockquote_open":
                self._indents.append(QUOTE)
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                start = token.attrGet("start")
                self._lists.append(int(start) if start is not None else 1)
            case "list_item_open":
                self._indents.append(self._next_marker(token))
            case "note_open":
                self._indents.append(NOTE + token.content)
                self._notes.append(token.content)
            case "note_close":
                self._close_item()
                self._notes.pop()
            case "list_item_close":
                self._close_item()
            case "blockquote_close":
                self._indents.pop()
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case _:
                self._leaf(token)

    def _close_item(self) -> None:
        if self._indents[-1] != INSIDE:
            self._add(Block(Kind.PARAGRAPH))  # an empty item
        self._indents.pop()

    def _leaf(self, token: Token) -> None:
        match token.type:
            case "fence" | "code_block":
                language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
                last = token.map[1] if token.map else 0
                closed = self._end is None or last < self._end or token.type == "code_block" or not _is_open(token)
                self._add(Block(Kind.CODE, token.content.removesuffix("\n"), language=language, closed=closed))
            case "hr":
                self._add(Block(Kind.RULE))
            case "table":
                self._add(Block(Kind.TABLE, rows=token.meta["rows"], alignments=token.meta["alignments"]))
            case "formula_block":
                self._add(Block(Kind.FORMULA, token.content, closed=not token.meta["open"]))

    def _inline(self, opening: Token, content: str) -> None:
        if opening.type == "heading_open":
            self._add(Block(Kind.HEADING, content, level=int(opening.tag[1])))
        else:
            self._paragraph(content)

    def _paragraph(self, content: str) -> None:
        task = re.match(r"\[([ xX])\]\s+", content)
        if task and self._indents and self._indents[-1] in (BULLET, BULLET_INNER):
            self._indents[-1] = TASK_OPEN if task[1] == " " else TASK_DONE
            content = content[task.end() :]
        alone = formula.only_formula(content)
        self._add(Block(Kind.PARAGRAPH, content) if alone is None else Block(Kind.FORMULA, alone.tex))

    def _next_marker(self, item: Token) -> str:
        number = self._lists[-1]
        if number is None:
            return BULLET if len(self._lists) == 1 else BULLET_INNER
        self._lists[-1] = number + 1
        return f"{number}{item.markup}"

    def _add(self, block: Block) -> None:
        note = self._notes[-1] if self._notes else ""
        self._blocks.append(replace(block, indents=tuple(self._indents), note=note))
        self._indents = [indent if indent == QUOTE else INSIDE for indent in self._indents]


def pieces(block: Block) -> list[Block]:
    """`block`, cut so that no piece is slow to lay out. Only code, tables and plain text are ever cut."""
    if block.kind in (Kind.PARAGRAPH, Kind.HEADING) and is_too_much(block.text):
        block = Block(Kind.PLAIN, block.text, indents=block.indents, note=block.note)
    match block.kind:
        case Kind.PLAIN:
            parts = [replace(block, text=text, joint=joint) for joint, text in cut.text_at(block.text, _PLAIN_CHARS)]
        case Kind.CODE:
            parts = [replace(block, text=text, joint=joint) for joint, text in cut.code(block.text)]
        case Kind.TABLE if len(block.rows) > _TABLE_ROWS:
            widths = cut.column_widths(block.rows[:_TABLE_ROWS])
            parts = [
                replace(block, rows=block.rows[start : start + _TABLE_ROWS], widths=widths)
                for start in range(0, len(block.rows), _TABLE_ROWS)
            ]
        case _:
            return [block]
    inside = tuple(indent if indent == QUOTE else INSIDE for indent in block.indents)
    count = len(parts)
    return [
        replace(
            part,
            first=index == 0,
            last=index == count - 1,
            indents=block.indents if index == 0 else inside,
            closed=block.closed or index < count - 1,
        )
        for index, part in enumerate(parts)
    ]


def plain_text(block: Block, references: References | None = None) -> str:
    """What the block shows, without markers and frames. Cells are parted by tabs, lines by line breaks."""
    match block.kind:
        case Kind.CODE | Kind.PLAIN:
            return block.text
        case Kind.RULE:
            return ""
        case Kind.TABLE:
            cells = [[plain_inline(cell, references).replace("\n", " ") for cell in row] for row in block.rows]
            return "\n".join(map("\t".join, cells))
        case Kind.FORMULA:
            return f"$${block.text}$$"
    return plain_inline(block.text, references)
