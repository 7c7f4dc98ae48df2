"""The caret of the keyboard in the conversation: moved by letters, words, lines and pages, across blocks and messages.

It is at the moving end of what is marked: so mouse and keyboard go on where the other has left off.
"""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor

from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.canvas import Canvas
from desktop.ui.transcript.column import Column
from desktop.ui.transcript.place import Place, Spot
from desktop.ui.transcript.selection import Selection

Key, Modifier = Qt.Key, Qt.KeyboardModifier
_Move = QTextCursor.MoveOperation


class Step(Enum):
    """How far the caret goes."""

    LEFT = auto()
    RIGHT = auto()
    WORD_LEFT = auto()
    WORD_RIGHT = auto()
    UP = auto()
    DOWN = auto()
    LINE_START = auto()
    LINE_END = auto()
    PAGE_UP = auto()
    PAGE_DOWN = auto()
    CHAT_START = auto()
    CHAT_END = auto()


_STEPS = {
    Key.Key_Left: Step.LEFT,
    Key.Key_Right: Step.RIGHT,
    Key.Key_Up: Step.UP,
    Key.Key_Down: Step.DOWN,
    Key.Key_Home: Step.LINE_START,
    Key.Key_End: Step.LINE_END,
    Key.Key_PageUp: Step.PAGE_UP,
    Key.Key_PageDown: Step.PAGE_DOWN,
}
_CTRL_STEPS = {
    Key.Key_Left: Step.WORD_LEFT,
    Key.Key_Right: Step.WORD_RIGHT,
    Key.Key_Home: Step.CHAT_START,
    Key.Key_End: Step.CHAT_END,
}
_INSIDE = {
    Step.LEFT: _Move.PreviousCharacter,
    Step.RIGHT: _Move.NextCharacter,
    Step.WORD_LEFT: _Move.PreviousWord,
    Step.WORD_RIGHT: _Move.NextWord,
    Step.LINE_START: _Move.StartOfLine,
    Step.LINE_END: _Move.EndOfLine,
}


def step_of(event: QKeyEvent) -> tuple[Step, bool] | None:
    """Which step a key means, and whether it marks what it passes."""
    modifiers = event.modifiers() & ~Modifier.KeypadModifier
    marks = bool(modifiers & Modifier.ShiftModifier)
    modifiers &= ~Modifier.ShiftModifier
    if modifiers not in (Modifier.NoModifier, Modifier.ControlModifier):
        return None
    steps = _CTRL_STEPS if modifiers else _STEPS
    step = steps.get(Key(event.key()))
    return None if step is None else (step, marks)


class Caret:
    """`is_on` says whether it is shown. Where it is, the canvas's selection says."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._wished_x: float | None = None
        self.is_on = False

    @property
    def spot(self) -> Spot | None:
        """Where it is: at the end of the mark that moves."""
        selection = self._canvas.selection
        if selection is None:
            return None
        return selection.head[1] if selection.head[1] >= selection.anchor[1] else selection.head[0]

    def begin(self) -> bool:
        """Show it: where something is marked, else at the chosen message, else at the top of what is in sight."""
        canvas = self._canvas
        if not canvas.rows:
            return False
        if not self.is_on:
            self._wished_x = None
        self.is_on = True
        spot = self.spot
        if spot is None or not has_text(canvas.column, spot):
            spot = self._first_spot()
        if not has_text(canvas.column, spot):
            found = _neighbour(canvas.column, spot, 1) or _neighbour(canvas.column, spot, -1)
            if found is None:
                self.is_on = False
                return False
            spot = found
        if spot != self.spot:
            canvas.set_selection(Selection((spot, spot), (spot, spot)))
        return True

    def move(self, step: Step, *, marks: bool) -> None:
        """Go one step; with `marks` everything from where the mark began is marked."""
        if not self.begin():
            return
        spot, selection = self.spot, self._canvas.selection
        if spot is None or selection is None:
            return
        if not marks and not selection.is_empty and step in (Step.LEFT, Step.RIGHT):
            moved = selection.start if step is Step.LEFT else selection.end
        else:
            moved = self._moved(spot, step)
        head = (moved, moved)
        self._canvas.set_selection(Selection(selection.anchor if marks else head, head))

    def _first_spot(self) -> Spot:
        canvas = self._canvas
        in_sight = canvas.rows_in_sight()
        if canvas.focused is not None and canvas.focused in in_sight:
            parts = _parts(canvas.column, canvas.focused)
            if parts:
                return Spot(canvas.focused, Place(parts[0], 0, 0))
        return canvas.column.spot_at(canvas.to_column(QPointF(0, 0)))

    def _moved(self, spot: Spot, step: Step) -> Spot:
        if step in (Step.UP, Step.DOWN):
            return self._line(spot, 1 if step is Step.DOWN else -1)
        self._wished_x = self._wished_x if step in (Step.PAGE_UP, Step.PAGE_DOWN) else None
        match step:
            case Step.PAGE_UP | Step.PAGE_DOWN:
                return self._page(spot, 1 if step is Step.PAGE_DOWN else -1)
            case Step.CHAT_START:
                return self._edge(-1) or spot
            case Step.CHAT_END:
                return self._edge(1) or spot
        column, place = self._canvas.column, spot.place
        moved = _view(column, spot).caret_moved(place.offset, _INSIDE[step])
        if moved != place.offset or step in (Step.LINE_START, Step.LINE_END):
            return Spot(spot.row, Place(place.part, place.block, moved))
        direction = 1 if step in (Step.RIGHT, Step.WORD_RIGHT) else -1
        return _neighbour(column, spot, direction) or spot

    def _edge(self, direction: int) -> Spot | None:
        """The end of the chat, or its beginning."""
        column = self._canvas.column
        rows = range(len(column.rows))
        for row in reversed(rows) if direction > 0 else rows:
            parts = _parts(column, row)
            if parts:
                return _edge_of(column, row, parts[-1 if direction > 0 else 0], direction)
        return None

    def _page(self, spot: Spot, direction: int) -> Spot:
        """A page further, at the same x."""
        column = self._canvas.column
        area = spot_area(column, spot)
        x = self._wished_x = area.x() if self._wished_x is None else self._wished_x
        step = self._canvas.viewport().height() * 0.9
        y = area.center().y() + direction * step
        if not 0 <= y < column.height:
            return self._edge(direction) or spot
        found = column.spot_at(QPointF(x, y))
        # An answer that has not begun has no text to stand in.
        return found if has_text(column, found) else _neighbour(column, found, direction) or spot

    def _line(self, spot: Spot, direction: int) -> Spot:
        """The next line, at the x where the first of several such steps began."""
        column = self._canvas.column
        area = spot_area(column, spot)
        x = self._wished_x = area.x() if self._wished_x is None else self._wished_x
        view = _view(column, spot)
        inner_x = x - _corner(column, spot).x()
        own = view.caret_area(spot.place.offset)
        y = own.bottom() + own.height() / 2 if direction > 0 else own.top() - own.height() / 2
        offset = view.position_at(QPointF(inner_x, y))
        reached = view.caret_area(offset)
        if (reached.top() - own.top()) * direction > 1:
            return Spot(spot.row, Place(spot.place.part, spot.place.block, offset))
        next_spot = _neighbour(column, spot, direction)
        if next_spot is None:
            return self._edge(direction) or spot
        view = _view(column, next_spot)
        inner_x = x - _corner(column, next_spot).x()
        offset = view.position_at(QPointF(inner_x, view.caret_area(next_spot.place.offset).center().y()))
        return Spot(next_spot.row, Place(next_spot.place.part, next_spot.place.block, offset))


def has_text(column: Column, spot: Spot) -> bool:
    """Whether there is a block for a caret to stand in."""
    return spot.row < len(column.rows) and bool(column.view(spot.row).flow(spot.place.part).blocks)


def spot_area(column: Column, spot: Spot) -> QRectF:
    """Where a caret at `spot` stands, in the column's coordinates."""
    return _view(column, spot).caret_area(spot.place.offset).translated(_corner(column, spot))


def _corner(column: Column, spot: Spot) -> QPointF:
    """The upper left corner of the block of `spot`."""
    view = column.view(spot.row)
    for part, corner, flow in view.parts():
        if part == spot.place.part and flow.blocks:
            return corner + QPointF(0, column.top(spot.row) + flow.top(min(spot.place.block, len(flow.blocks) - 1)))
    return QPointF(0, column.top(spot.row))


def _view(column: Column, spot: Spot) -> BlockView:
    flow = column.view(spot.row).flow(spot.place.part)
    return flow.view(min(spot.place.block, len(flow.blocks) - 1))


def _parts(column: Column, row: int) -> list[int]:
    """The parts of a message that a caret can stand in."""
    return [part for part, _, flow in column.view(row).parts() if flow.blocks]


def _edge_of(column: Column, row: int, part: int, direction: int) -> Spot:
    """The end of one part of a message, or its beginning."""
    flow = column.view(row).flow(part)
    if direction < 0:
        return Spot(row, Place(part, 0, 0))
    last = len(flow.blocks) - 1
    return Spot(row, Place(part, last, flow.view(last).length))


def _neighbour(column: Column, spot: Spot, direction: int) -> Spot | None:
    """The nearest caret position in the next block, or in the one before."""
    row, place = spot.row, spot.place
    flow = column.view(row).flow(place.part)
    block = place.block + direction
    if 0 <= block < len(flow.blocks):
        return Spot(row, Place(place.part, block, 0 if direction > 0 else flow.view(block).length))
    others = [part for part in _parts(column, row) if (part - place.part) * direction > 0]
    while not others:
        row += direction
        if not 0 <= row < len(column.rows):
            return None
        others = _parts(column, row)
    return _edge_of(column, row, others[0 if direction > 0 else -1], -direction)
