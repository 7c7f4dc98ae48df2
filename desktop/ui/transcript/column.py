"""All messages of the open path in one column, of which only those in sight are laid out.

Coordinates are relative to the upper left corner of the text column. A message that was never seen has an estimated
height; what is seen is kept in its place when estimates above it turn out wrong (`anchor`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF

from desktop.chat.message import State
from desktop.ui import theme
from desktop.ui.transcript.blocks.target import Target
from desktop.ui.transcript.heights import Heights
from desktop.ui.transcript.message.message_view import MessageState, MessageView, estimated_heights
from desktop.ui.transcript.place import Place, Spot
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import MAX_MARKDOWN_CHARS, Block

MARGIN = 24
_KEPT_VIEWS = 80
"""So many messages stay laid out; those farther away are laid out again when they are scrolled to."""


_STEP_CHARS = 4_000
"""So much new text of a growing message is read at once: no model writes that in a moment, but a server may send it."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What is to stay where it is: a block in sight, or without `place` a whole message, and where it stands."""

    row: int
    place: Place | None
    y: float


class Column:
    """`width` is that of the text, in pixels."""

    def __init__(self, style: Style, width: float) -> None:
        self.rows: list[Row] = []
        self.style = style
        self.width = width
        self._views: dict[int, MessageView] = {}
        self._heights = Heights()
        self._states: dict[int, MessageState] = {}

    @property
    def height(self) -> float:
        """Of all messages and the margins above and below."""
        return self._heights.total + 2 * self._margin

    def replace(self, first: int, rows: Sequence[Row]) -> None:
        """The rows from `first` on are now these."""
        old = self.rows[first:]
        self.rows[first:] = rows
        self._heights.replace(first, estimated_heights(rows, self.width, self.style))
        for index in [index for index in self._views if index >= first]:
            view = self._views.pop(index)
            same = index < len(self.rows) and old[index - first].message.id == self.rows[index].message.id
            if same:
                self._views[index] = view
                self.show(index)

    def show(self, index: int, *, is_read: bool = False) -> float:
        """Row `index` has changed: show it as it is now. Returns the height above which nothing looks different.

        What `is_read` stays open.
        """
        row = self.rows[index]
        view = self._views.get(index)
        if view is None:
            self._heights.set(index, *estimated_heights([row], self.width, self.style))
            return self.top(index)
        view.set_row(_next_step(view.row, row), is_read=is_read)
        self._heights.set(index, view.height)
        return self.top(index) + view.changed_below

    def is_behind(self, index: int) -> bool:
        """Whether more of row `index` has come than `show` takes at once: it wants to be called again."""
        view = self._views.get(index)
        return view is not None and view.row is not self.rows[index]

    def set_width(self, width: float) -> None:
        """Lay out for a text column of `width` pixels."""
        if width == self.width:
            return
        self.width = width
        self._estimate_all()
        for index, view in self._views.items():
            view.set_width(width)
            self._heights.set(index, view.height)

    def restyle(self, style: Style) -> None:
        """Draw with `style` from now on."""
        zoomed = style.zoom != self.style.zoom
        only_colours = not zoomed and style.text_font == self.style.text_font
        self.style = style
        if only_colours:
            # Nothing is read again: of another theme's colours nobody should have to wait.
            for view in self._views.values():
                view.restyle(style)
        else:
            self._views.clear()
        if zoomed:
            self._estimate_all()

    def keep_in_sight(self, top: float, bottom: float) -> None:
        """Forget the layout of all messages that are not between two heights."""
        if self.rows:
            first, last = self.at(top), self.at(bottom)
            self._views = {index: view for index, view in self._views.items() if first <= index <= last}

    def toggle_reasoning(self, index: int) -> None:
        """Fold or unfold the reasoning of row `index`."""
        view = self.view(index)
        view.state.unfolded = not view.is_unfolded
        self.show(index)

    def change_block(self, index: int, target: Target) -> None:
        """Show a block of row `index` as `target` says."""
        view = self.view(index)
        view.change_block(target)
        self._heights.set(index, view.height)

    def refresh(self, changed: Callable[[Block], bool]) -> bool:
        """Lay out anew the blocks that `changed` tells, of those that are laid out. True if there were any."""
        found = False
        for index, view in self._views.items():
            if view.refresh(changed):
                self._heights.set(index, view.height)
                found = True
        return found

    def realise(self, top: float, bottom: float) -> bool:
        """Lay out what lies between two heights. True if heights changed by that."""
        if not self.rows:
            return False
        changed = False
        index = self.at(top)
        while index < len(self.rows) and self.top(index) < bottom:
            estimate = self._heights[index]
            view = self.view(index)
            start = self.top(index)
            view.realise(top - start, bottom - start)
            self._heights.set(index, view.height)
            changed |= view.height != estimate
            view.release(top - start - (bottom - top), bottom - start + (bottom - top))
            index += 1
        if len(self._views) > _KEPT_VIEWS:
            self._release(self.at(top), index)
        return changed

    def view(self, index: int) -> MessageView:
        """The view of row `index`."""
        view = self._views.get(index)
        if view is None:
            row = self.rows[index]
            state = self._states.setdefault(row.message.id, MessageState())
            view = MessageView(row, self.style, self.width, state)
            self._views[index] = view
            self._heights.set(index, view.height)
        return view

    def top(self, index: int) -> float:
        """The upper edge of row `index`."""
        return self._heights.top(index) + self._margin

    def at(self, y: float) -> int:
        """The row at `y`, or the nearest. There must be one."""
        return self._heights.at(y - self._margin)

    def state_of(self, message_id: int) -> MessageState:
        """What the reader has chosen for this message."""
        return self._states.get(message_id) or MessageState()

    def row_of(self, message_id: int) -> int | None:
        """The row that shows this message."""
        return next((index for index, row in enumerate(self.rows) if row.message.id == message_id), None)

    def spot_at(self, point: QPointF) -> Spot:
        """The caret position nearest to `point`."""
        row = self.at(point.y())
        return Spot(row, self.view(row).place_at(point - QPointF(0, self.top(row))))

    def anchor(self, top: float, bottom: float) -> Anchor | None:
        """The first block that begins between two heights and is laid out; else what comes nearest to it."""
        if not self.rows:
            return None
        reaching: Anchor | None = None
        for index in range(self.at(top), self.at(bottom) + 1):
            view = self._views.get(index)
            if view is None:
                continue
            start = self.top(index)
            for part, corner, flow in view.parts():
                y = start + corner.y()
                for block, block_top, _ in flow.in_sight(top - y, bottom - y):
                    anchor = Anchor(index, Place(part, block, 0), y + block_top)
                    if anchor.y >= top:
                        return anchor
                    reaching = reaching or anchor
        if reaching is not None:
            return reaching
        row = self.at(top)
        row += self.top(row) < top and row + 1 < len(self.rows)
        return Anchor(row, None, self.top(row))

    def moved(self, anchor: Anchor | None) -> float:
        """How far what is to stay has moved down since `anchor` was taken."""
        if anchor is None or anchor.row >= len(self.rows):
            return 0.0
        if anchor.place is None:
            return self.top(anchor.row) - anchor.y
        for part, corner, flow in self.view(anchor.row).parts():
            if part == anchor.place.part and anchor.place.block < len(flow.blocks):
                return self.top(anchor.row) + corner.y() + flow.top(anchor.place.block) - anchor.y
        return 0.0

    @property
    def _margin(self) -> int:
        return self.style.px(MARGIN)

    def _estimate_all(self) -> None:
        self._heights = Heights(estimated_heights(self.rows, self.width, self.style))

    def _release(self, first: int, end: int) -> None:
        reach = _KEPT_VIEWS // 4
        kept = range(first - reach, end + reach)
        self._views = {index: view for index, view in self._views.items() if index in kept}


def _next_step(shown: Row, row: Row) -> Row:
    """`row`, or only its beginning where more of it is new than can be read in one step."""
    before, message = shown.message, row.message
    end = len(before.text) + _STEP_CHARS
    # A longer text is shown plain, which takes no time.
    if before.state is not State.STREAMING or not end < len(message.text) <= MAX_MARKDOWN_CHARS:
        return row
    return replace(row, message=replace(message, text=message.text[:end], state=State.STREAMING))


def column_width(page_width: int, zoom: float) -> float:
    """The text column's width on a page: a readable line, or what there is less the margins."""
    return float(max(80, min(round(theme.COLUMN_PX * zoom), page_width - 2 * round(MARGIN * zoom))))
