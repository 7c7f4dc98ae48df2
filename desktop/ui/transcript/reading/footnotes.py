"""From a footnote's number to the footnote, and back. Both are targets with the footnote's label as their subject."""

from __future__ import annotations

from desktop.ui.transcript.blocks.target import Target
from desktop.ui.transcript.column import Column
from desktop.ui.transcript.flow import Flow
from desktop.ui.transcript.place import Place, Spot
from desktop.ui.transcript.text import inline


class Footnotes:
    """Remembers from where the reader came to a footnote, until they go somewhere else by one."""

    def __init__(self) -> None:
        self._came_from: Spot | None = None

    def forget(self) -> None:
        """Other messages are shown."""
        self._came_from = None

    def other_end(self, column: Column, row: int, target: Target) -> Spot | None:
        """Where a click on `target` leads: to the footnote; from there to where the reader came from.

        Who came from nowhere is led to the first place that refers to it. None where the other end is missing.
        """
        came_from, self._came_from = self._came_from, None
        flow = column.view(row).flow(target.part)
        is_definition = flow.blocks[target.block].note == target.subject
        if not is_definition:
            found = (index for index, block in enumerate(flow.blocks) if block.note == target.subject)
        else:
            found = (index for index in range(len(flow.blocks)) if _refers(flow, index, target.subject))
            if came_from is not None and (came_from.row, came_from.place.part) == (row, target.part):
                found = (index for index in (came_from.place.block,) if index < len(flow.blocks))
        block = next(found, None)
        if block is None:
            return None
        if not is_definition:
            self._came_from = Spot(row, Place(target.part, target.block, 0))
        return Spot(row, Place(target.part, block, 0))


def _refers(flow: Flow, index: int, label: str) -> bool:
    block = flow.blocks[index]
    texts = [cell for cells in block.rows for cell in cells] or [block.text]
    return any(span.note == label for text in texts if "[^" in text for span in inline.spans(text, flow.references))
