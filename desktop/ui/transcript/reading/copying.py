"""What is marked, as it was written.

The text of a message is cut into units: a block that stands in no other (a paragraph, a whole table, a whole quote), or
one item of a list that stands in no other. A unit that is marked from end to end gives its lines of the source, and so
do the empty lines between two such units. Of a unit that is marked in part, what is marked is given as it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from desktop.chat.message import Role
from desktop.ui.transcript.column import Column
from desktop.ui.transcript.flow import Flow
from desktop.ui.transcript.message.message_view import MessageView
from desktop.ui.transcript.place import REASONING, TEXT, Place
from desktop.ui.transcript.selection import BETWEEN_MESSAGES, Selection, flow_text
from desktop.ui.transcript.text import markdown


def markdown_of(column: Column, selection: Selection) -> str:
    """The Markdown of everything that is marked."""
    texts = []
    for row in range(selection.start.row, selection.end.row + 1):
        view = column.view(row) if row in (selection.start.row, selection.end.row) else None
        if view is None:
            texts.append(column.rows[row].message.text)
            continue
        marked = selection.in_row(row, view)
        if marked is not None:
            texts.append(_message(view, *marked))
    return BETWEEN_MESSAGES.join(filter(None, texts))


def _message(view: MessageView, start: Place, end: Place) -> str:
    message = view.row.message
    if start <= Place(TEXT, 0, 0) and end >= view.end:
        return message.text
    parts = []
    for part, _, flow in view.parts():
        if not (start.part <= part <= end.part and flow.blocks):
            continue
        first = (start.block, start.offset) if part == start.part else (0, 0)
        last_block = len(flow.blocks) - 1
        last = (end.block, end.offset) if part == end.part else (last_block, flow.view(last_block).length)
        source = message.reasoning if part == REASONING else message.text
        is_plain = part == TEXT and message.role is not Role.ASSISTANT
        parts.append(flow_text(flow, first, last) if is_plain else _flow(flow, source, first, last))
    return BETWEEN_MESSAGES.join(parts)


def _flow(flow: Flow, source: str, first: tuple[int, int], last: tuple[int, int]) -> str:
    units = list(_units(source, len(flow.blocks)))
    if not units:
        return flow_text(flow, first, last)
    lines = source.split("\n")
    whole: tuple[int, int] | None = None
    texts: list[str] = []
    for start_block, end_block, start_line, end_line in units:
        if end_block < first[0] or start_block > last[0]:
            continue
        if _begins_before(flow, first, start_block) and _ends_behind(flow, last, end_block):
            whole = (start_line if whole is None else whole[0], end_line)
            continue
        if whole is not None:
            texts.append("\n".join(lines[slice(*whole)]).strip("\n"))
            whole = None
        goes_on = first < (start_block, 0)
        texts.append(flow_text(flow, max(first, (start_block, 0)), min(last, (end_block, 1 << 30)), goes_on=goes_on))
    if whole is not None:
        texts.append("\n".join(lines[slice(*whole)]).strip("\n"))
    return BETWEEN_MESSAGES.join(filter(None, texts))


_TABLE_EDGE = 2
"""So many caret positions of a table stand before its first letter, or behind its last."""


def _begins_before(flow: Flow, first: tuple[int, int], block: int) -> bool:
    edge = _TABLE_EDGE if flow.blocks[block].kind is markdown.Kind.TABLE else 0
    return first <= (block, edge)


def _ends_behind(flow: Flow, last: tuple[int, int], block: int) -> bool:
    if last[0] != block:
        return last[0] > block
    edge = _TABLE_EDGE if flow.blocks[block].kind is markdown.Kind.TABLE else 0
    return last[1] >= flow.view(block).length - edge


def _units(source: str, count: int) -> Iterator[tuple[int, int, int, int]]:
    """First and last block, first line and the line behind the last, of each unit. The flow has `count` blocks."""
    found = markdown.units(source, {}) if len(source) <= markdown.MAX_MARKDOWN_CHARS else []
    if sum(len(unit.blocks) for unit in found) != count:
        return  # it is being written, or too long to be Markdown
    block = 0
    for unit, after in zip(found, [*found[1:], None], strict=True):
        if unit.blocks:
            end_line = len(source.split("\n")) if after is None else after.line
            yield block, block + len(unit.blocks) - 1, unit.line, end_line
            block += len(unit.blocks)
