"""Tables as in GFM, with two more things that models write in their cells.

A `|` in a formula parts no cells where GFM's own cutting gives a row that has not as many cells as the head. And `<br>`
is a line break. The whole table is one token: with one a cell, large tables took most of a parse.
"""

from __future__ import annotations

import re
from typing import Any

from markdown_it.rules_block import StateBlock

from desktop.ui.transcript.text import formula

_DELIMITERS = re.compile(r"[|:\-][|:\- \t]+")
_DELIMITER = re.compile(r":?-+:?")
_MAX_COLUMNS = 200
"""What has more is no table: each row is filled up with empty cells, and nobody reads so far to the right."""
_BREAK = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|\\.|<br ?/?>", re.IGNORECASE)
_MAX_TICKS = 100
"""In a cell with more, `<br>` stays text: its code cannot be told quickly."""


def block_rule(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """markdown-it's rule for tables. The token's `meta` holds `rows` and `alignments`."""
    if start_line + 2 > end_line or state.sCount[start_line + 1] < state.blkIndent:
        return False
    if state.is_code_block(start_line) or state.is_code_block(start_line + 1):
        return False
    alignments = _alignments(_line(state, start_line + 1))
    if not 0 < len(alignments) <= _MAX_COLUMNS or "|" not in _line(state, start_line):
        return False
    head = _cells(_line(state, start_line), len(alignments))
    if len(head) != len(alignments):
        return False
    if silent:
        return True
    rows = [head]
    parent_type, state.parentType = state.parentType, "table"
    # A formula's end is not looked for from a table's row: while a text grows it is not known.
    ends = [rule for rule in state.md.block.ruler.getRules("blockquote") if rule is not formula.block_rule]
    line = start_line + 2
    while line < end_line and state.sCount[line] >= state.blkIndent:
        text = _line(state, line)
        if not text or state.is_code_block(line) or any(rule(state, line, end_line, True) for rule in ends):
            break
        rows.append(_cells(text, len(alignments))[: len(alignments)])
        line += 1
    state.parentType = parent_type
    token = state.push("table", "", 0)
    token.map = [start_line, line]
    token.meta = {"rows": tuple(_row(cells, len(alignments)) for cells in rows), "alignments": alignments}
    state.line = line
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip(" \t")


def _alignments(line: str) -> tuple[str, ...]:
    """What a table's second line says of its columns; nothing where it is no such line."""
    if not _DELIMITERS.fullmatch(line) or line.startswith(("- ", "-\t")):
        return ()
    parts = [part.strip(" \t") for part in line.split("|")]
    parts = parts[not parts[0] : len(parts) - (len(parts) > 1 and not parts[-1])]
    if not all(map(_DELIMITER.fullmatch, parts)):
        return ()
    return tuple(_ALIGNMENTS[part.startswith(":"), part.endswith(":")] for part in parts)


_ALIGNMENTS = {(False, False): "", (True, False): "left", (False, True): "right", (True, True): "center"}


def _cells(line: str, count: int) -> list[str]:
    cells = _cut(line, [])
    if len(cells) == count or "$" not in line:
        return cells
    with_formulas = _cut(line, _formulas(line))
    return with_formulas if len(with_formulas) == count else cells


def _cut(line: str, formulas: list[tuple[int, int]]) -> list[str]:
    """`line` cut at each `|` that is not escaped and not in one of the `formulas`, which are in reverse order."""
    cells = []
    cell = ""
    start = 0
    for match in re.finditer(r"\|", line):
        position = match.start()
        if position and line[position - 1] == "\\":
            cell += line[start : position - 1] + "|"
            start = position + 1
            continue
        while formulas and formulas[-1][1] <= position:
            formulas.pop()
        if not formulas or position < formulas[-1][0]:
            cells.append(cell + line[start:position])
            cell, start = "", position + 1
    cells.append(cell + line[start:])
    if cells and not cells[0].strip():
        del cells[0]
    if cells and not cells[-1].strip():
        del cells[-1]
    return cells


def _formulas(line: str) -> list[tuple[int, int]]:
    """Where in `line` formulas are that may have a `|` in them."""
    found = []
    position = line.find("$")
    while 0 <= position < len(line):
        match = formula.find(line, position, len(line))
        if match is not None:
            found.append((position, match.end))
        position = line.find("$", position + 1 if match is None else match.end)
    return found[::-1]


def _row(cells: list[str], columns: int) -> tuple[str, ...]:
    return tuple(_with_breaks(cell.strip(" \t")) for cell in cells) + ("",) * (columns - len(cells))


def _with_breaks(cell: str) -> str:
    """`cell` with Markdown's own line breaks for HTML's."""
    if "<" not in cell or cell.count("`") > _MAX_TICKS:
        return cell
    return _BREAK.sub(lambda match: "\\\n" if match[0][0] == "<" else match[0], cell)


def add_rules(parser: Any) -> None:
    """Teach a markdown-it parser these tables."""
    parser.block.ruler.at("table", block_rule, {"alt": ["paragraph", "reference"]})
    parser.block.ruler.enable("table")
