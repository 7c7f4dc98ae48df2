"""From a footnote's number to the footnote, and back. Both are targets with the footnote's label as their subject."""

from __future__ import annotations

from desktop.ui.transcript.blocks.target import Target
from desktop.ui.transcript.column import Column
from desktop.ui.transcript.flow import Flow
from desktop.ui.transcript.place import Place, Spot
from desktop.ui.transcript.text import inline


def is_definition(column: Column, row: int, target: Target) -> bool:
    """Whether `target` stands in the footnote itself."""
    return _flow(column, row, target).blocks[target.block].note == target.subject


def other_end(column: Column, row: int, target: Target, came_from: tuple[int, int, int] | None) -> Spot | None:
    """Where a click on `target` leads: to the footnote; from there to where the reader `came_from` (row, part, block).

    Without that it leads to the first place that refers to the footnote. None where the other end is missing.
    """
    flow = _flow(column, row, target)
    if not is_definition(column, row, target):
        wanted = [index for index, block in enumerate(flow.blocks) if block.note == target.subject]
    elif came_from is not None and came_from[:2] == (row, target.part) and came_from[2] < len(flow.blocks):
        wanted = [came_from[2]]
    else:
        wanted = [index for index in range(len(flow.blocks)) if _refers(flow, index, target.subject)]
    return Spot(row, Place(target.part, wanted[0], 0)) if wanted else None


def _flow(column: Column, row: int, target: Target) -> Flow:
    return column.view(row).flow(target.part)


def _refers(flow: Flow, index: int, label: str) -> bool:
    block = flow.blocks[index]
    texts = [cell for cells in block.rows for cell in cells] or [block.text]
    return any(span.note == label for text in texts if "[^" in text for span in inline.spans(text, flow.references))
