"""What the reader has marked, and what copying it gives."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.ui.transcript.column import Column
from desktop.ui.transcript.flow import Flow
from desktop.ui.transcript.message.message_view import MessageView
from desktop.ui.transcript.place import TEXT, Place, Spot
from desktop.ui.transcript.text import markdown
from desktop.ui.transcript.text.markdown import INSIDE, NOTE, QUOTE, Block, Kind

BETWEEN_MESSAGES = "\n\n"
_START = Place(TEXT, 0, 0)


@dataclass(frozen=True, slots=True)
class Selection:
    """From `anchor` (where the mouse went down) to `head` (where it is): each a caret, a word or a whole block."""

    anchor: tuple[Spot, Spot]
    head: tuple[Spot, Spot]

    @property
    def start(self) -> Spot:
        """Where it begins."""
        return min(self.anchor[0], self.head[0])

    @property
    def end(self) -> Spot:
        """Where it ends."""
        return max(self.anchor[1], self.head[1])

    @property
    def is_empty(self) -> bool:
        """Whether nothing is marked."""
        return self.start == self.end

    def in_row(self, row: int, view: MessageView) -> tuple[Place, Place] | None:
        """The marked range of one row."""
        if not self.start.row <= row <= self.end.row or self.is_empty:
            return None
        start = self.start.place if row == self.start.row else Place(0, 0, 0)
        return start, self.end.place if row == self.end.row else view.end


def everything(column: Column) -> Selection | None:
    """All messages."""
    if not column.rows:
        return None
    last = len(column.rows) - 1
    start, end = Spot(0, Place(0, 0, 0)), Spot(last, column.view(last).end)
    return Selection((start, start), (end, end))


def selected_text(column: Column, selection: Selection) -> str:
    """The text that is shown; the Markdown of the messages where whole messages are marked."""
    start, end = selection.start, selection.end
    rows = range(start.row, end.row + 1)
    if start.place <= _START and end.place >= column.view(end.row).end:
        return BETWEEN_MESSAGES.join(column.rows[row].message.text for row in rows)
    texts = []
    for row in rows:
        view = column.view(row)
        marked = selection.in_row(row, view)
        if marked is not None:
            texts.append(_text_of(view, *marked))
    return BETWEEN_MESSAGES.join(filter(None, texts))


def _text_of(view: MessageView, start: Place, end: Place) -> str:
    parts = []
    for part, _, flow in view.parts():
        if start.part <= part <= end.part and flow.blocks:
            first = (start.block, start.offset) if part == start.part else (0, 0)
            last = (end.block, end.offset) if part == end.part else (len(flow.blocks) - 1, None)
            parts.append(flow_text(flow, first, last))
    return BETWEEN_MESSAGES.join(filter(None, parts))


def flow_text(flow: Flow, first: tuple[int, int], last: tuple[int, int | None], *, goes_on: bool = False) -> str:
    """What a flow shows from one place (block, offset) to another; without an offset to the end of the block.

    With `goes_on` more was marked above: then the first item of a list has its marker too, if it is marked in part.
    """
    text = ""
    for index in range(first[0], last[0] + 1):
        block = flow.blocks[index]
        start = first[1] if index == first[0] else 0
        end = last[1] if index == last[0] else None
        if block.kind is Kind.RULE or end == 0:
            continue  # nothing of it is text, or nothing is marked: no marker, and no empty line
        if text:
            text += _separator(flow.blocks[index - 1], block)
        if start == 0 and (end is None or end >= flow.view(index).length):
            text += _markers(block) + markdown.plain_text(block, flow.references)
        else:
            text += (_markers(block) if start == 0 and (goes_on or index != first[0]) else "") + flow.view(index).text(
                start, end
            )
    return text


def _separator(before: Block, block: Block) -> str:
    if not block.first:
        return block.joint
    in_list = before.indents and block.indents and block.indents[-1] not in (QUOTE, INSIDE)
    return "\n" if in_list else BETWEEN_MESSAGES


def _markers(block: Block) -> str:
    return "".join(
        "" if indent == QUOTE else "   " if indent == INSIDE else f"{indent.removeprefix(NOTE)} "
        for indent in block.indents
    )
