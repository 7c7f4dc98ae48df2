"""A chat as pages: where they end, and what is painted on each.

A page ends between two lines, two rows of a table or two blocks, never inside of them. A heading stays with what
follows it, a question with the first lines of its answer, and no paragraph leaves a single line behind. Only one
message is laid out at a time, so a long chat takes time but no room.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter

from desktop.chat.message import Role, State
from desktop.ui.i18n import tr
from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.blocks.diagram_view import PAPER_SCALE, may_be_diagram
from desktop.ui.transcript.export.paper import Sheet
from desktop.ui.transcript.flow import Flow
from desktop.ui.transcript.message.message_view import MessageState, MessageView
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import Kind

_KEPT_BLOCKS = 64
"""Each time so many blocks of a message are laid out, those before are forgotten, where there are many."""
_PATIENCE_S, _NAP_S = 10.0, 0.004
_OVERHANG_PX = 6
"""So far a frame is drawn on beyond the line that ends its page."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a page may end: it ends at `end`, and the next one begins at `begin`. In pixels from the chat's top.

    One of `need` parts what belongs together, such as a heading and its text.
    """

    end: float
    begin: float
    need: bool = False


class Pages:
    """`rows` on pages of `sheet`. `state_of` is what the reader has chosen for a message, by its id."""

    def __init__(
        self, rows: Sequence[Row], state_of: Callable[[int], MessageState], style: Style, sheet: Sheet
    ) -> None:
        self.sheet, self.style = sheet, style
        self.ends: list[tuple[float, float]] = []
        """Where each page begins and ends, once `find` has come to its end."""
        self._rows = [_finished(row) for row in rows]
        self._state_of = state_of
        self._tops = [0.0]
        """Where each message begins, and where the last one ends."""
        self._view: tuple[int, MessageView] | None = None

    def find(self) -> Iterator[float]:
        """Find out where the pages end, in small steps; yields how much is done, 0 to 1."""
        begin: float = 0.0
        last: Cut | None = None
        spare: Cut | None = None
        for index in range(len(self._rows)):
            for _ in self._await_diagrams(index):
                yield index / len(self._rows)
            for cut in self._cuts(index):
                while cut.end - begin > self.sheet.height:
                    # What is higher than a page and cannot be cut is cut nevertheless.
                    at = last or spare or Cut(begin + self.sheet.height, begin + self.sheet.height)
                    self.ends.append((begin, at.end))
                    begin, last = at.begin, None
                    spare = spare if spare is not None and spare.end > begin else None
                if cut.need:
                    spare = cut
                else:
                    last, spare = cut, None
                yield index / len(self._rows)
        self.ends.append((begin, max(begin, last.end if last is not None else 0.0)))
        self._view = None

    def draw(self, painter: QPainter, page: int) -> Iterator[None]:
        """Paint what stands on `page` at the painter's origin, in small steps."""
        begin, end = self.ends[page]
        index = max(0, bisect_right(self._tops, begin) - 1)
        while index < len(self._rows) and self._tops[index] < end:
            if self._view is None or self._view[0] != index:
                for _ in self._await_diagrams(index):
                    yield
                for _ in self._lay_out(index):
                    yield
            view, top = self._view_of(index), self._tops[index]
            painter.save()
            painter.translate(0, top - begin)
            self._draw_slice(painter, view, max(0.0, begin - top), min(view.height, end - top))
            painter.restore()
            index += 1
            yield

    # Where pages end.

    def _cuts(self, index: int) -> Iterator[Cut]:
        """Where a page may end in a message or behind it, from above."""
        top = self._tops[index]
        below: float | None = None
        for corner, flow, block in self._lay_out(index):
            y = top + corner.y() + flow.top(block)
            if below is not None:
                yield Cut(below, y, need=block > 0 and flow.blocks[block - 1].kind is Kind.HEADING)
            for inner in _breaks(flow, block):
                yield Cut(y + inner, y + inner)
            below = y + ceil(flow.view(block).height)
        view = self._view_of(index)
        self._tops.append(top + view.height)
        is_answered = index + 1 < len(self._rows) and self._is_answered_by_next(index)
        yield Cut(top + view.actions.top(), self._tops[-1], need=is_answered)

    def _is_answered_by_next(self, index: int) -> bool:
        roles = self._rows[index].message.role, self._rows[index + 1].message.role
        return roles == (Role.USER, Role.ASSISTANT)

    # One message at a time.

    def _view_of(self, index: int) -> MessageView:
        if self._view is None or self._view[0] != index:
            row = self._rows[index]
            self._view = index, MessageView(row, self.style, self.sheet.width, _own(self._state_of(row.message.id)))
        return self._view[1]

    def _await_diagrams(self, index: int) -> Iterator[None]:
        """Have the diagrams of a message drawn. The view would wait for them too, but the window with it."""
        diagrams = self.style.diagrams
        if diagrams is None:
            return
        for _, _, flow in self._view_of(index).parts():
            for block in flow.blocks:
                due = time.monotonic() + _PATIENCE_S if may_be_diagram(block, self.style) and block.closed else 0.0
                while time.monotonic() < due and diagrams.picture(block.text, dark=False, scale=PAPER_SCALE) is None:
                    time.sleep(_NAP_S)
                    yield

    def _lay_out(self, index: int) -> Iterator[tuple[QPointF, Flow, int]]:
        """Lay out a message; yields each block that is laid out then, with its flow and where that stands."""
        view = self._view_of(index)
        for place in range(len(list(view.parts()))):
            _, _, flow = list(view.parts())[place]
            for block in range(len(flow.blocks)):
                # The corner may move with what was laid out above it.
                _, corner, _ = list(view.parts())[place]
                y = corner.y() + flow.top(block)
                view.realise(y, y + 1)
                yield corner, flow, block
                if block % _KEPT_BLOCKS == 0:
                    view.release(y, y)
        view.realise(view.height, view.height + 1)

    # Painting.

    def _draw_slice(self, painter: QPainter, view: MessageView, top: float, bottom: float) -> None:
        margin = self.style.px(_OVERHANG_PX)
        view.realise(top, bottom)
        painter.setClipRect(QRectF(-margin, top, self.sheet.width + 2 * margin, bottom - top))
        view.draw(painter, top, bottom, None)
        painter.setClipping(False)
        for _, corner, flow in view.parts():
            for y, is_end in ((top - corner.y(), False), (bottom - corner.y(), True)):
                self._close_frame(painter, corner, flow, y, is_end=is_end)

    def _close_frame(self, painter: QPainter, corner: QPointF, flow: Flow, y: float, *, is_end: bool) -> None:
        """Draw the edge of a code block that goes on on another page."""
        if not 0 < y < flow.height:
            return
        index = flow.index_at(y)
        block, start = flow.blocks[index], flow.top(index)
        if block.kind is not Kind.CODE or not start <= y or (y == start and block.first):
            return
        hairline = self.style.zoom
        left, more = flow.view(index).left, self.style.px(_OVERHANG_PX)
        strip = QRectF(corner.x() + left, corner.y() + y - (0 if is_end else more), flow.width - left, more)
        line, ground = QColor(self.style.tokens.line), QColor(self.style.tokens.code)
        painter.fillRect(strip, line)
        inner = strip.adjusted(hairline, 0 if is_end else hairline, -hairline, -hairline if is_end else 0)
        painter.fillRect(inner, ground)


def _breaks(flow: Flow, index: int) -> list[float]:
    """Where a block may be cut, from its upper edge."""
    block, breaks = flow.blocks[index], flow.view(index).breaks()
    if block.kind is Kind.TABLE:
        # No head without a row.
        return breaks[1:] if block.first else breaks
    # No line alone at the end or the beginning of a page.
    return breaks[1:-1]


def _own(state: MessageState) -> MessageState:
    """What the reader has chosen, apart from what the screen's views remember with it."""

    def choices(blocks: dict[int, BlockState]) -> dict[int, BlockState]:
        return {
            index: BlockState(is_numbered=block.is_numbered, shows_source=block.shows_source)
            for index, block in blocks.items()
        }

    return MessageState(state.unfolded, choices(state.reasoning), choices(state.text))


def _finished(row: Row) -> Row:
    """The row as it is on paper, where nothing moves and nothing can be clicked."""
    notice = row.notice
    message = row.message
    if message.state is State.STREAMING:
        message = replace(message, state=State.COMPLETE)
        notice = tr("This answer was still being written.")
    return replace(row.without_buttons(), message=message, notice=notice, progress="")
