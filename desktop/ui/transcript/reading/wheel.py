"""Scrolling what is wider than its room: by wheel and touchpad, by its bar, and by marking text beyond its edge.

Listens in front of the viewport, so that whoever scrolls up and down knows nothing of it.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent
from typing_extensions import override

from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.canvas import Canvas

_NOTCH = 120
"""What a wheel reports for one step."""
_NOTCH_PX = 60
_KEY_PX = 80
_MARKING_MS = 30

Found = tuple[BlockView, QPointF]
"""A block's view, and where its upper left corner stands in the viewport."""


def scroll_target(canvas: Canvas, row: int, target: Target, step: int) -> bool:
    """Scroll the block that `target` of `row` stands in by a step to the right (1) or left (-1).

    False where the block is not wider than its room.
    """
    if target.does is Does.FOLD:
        return False
    view = canvas.column.view(row).flow(target.part).view(target.block)
    if view.scroll_sideways(step * canvas.column.style.px(_KEY_PX)):
        canvas.viewport().update()
    return view.scrolls_sideways


def show_target(canvas: Canvas, row: int, target: Target) -> None:
    """Scroll the block that `target` of `row` stands in, so that it is in sight. Its area is as in the viewport."""
    if target.does not in (Does.OPEN_LINK, Does.SHOW_NOTE):
        return
    message = canvas.column.view(row)
    left = next(origin.x() for part, origin, _ in message.parts() if part == target.part)
    area = target.area.translated(canvas.to_column(QPointF()).x() - left, 0)
    if message.flow(target.part).view(target.block).reveal_area(area):
        canvas.viewport().update()


class SidewaysScroll(QObject):
    """Scrolls the blocks of `canvas` sideways."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._hovered: BlockView | None = None
        self._dragged: BlockView | None = None
        self._dragged_from = 0.0
        self._marking: QMouseEvent | None = None
        self._timer = QTimer(self, interval=_MARKING_MS)
        self._timer.timeout.connect(self._mark_further)
        canvas.viewport().installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        match event:
            case QWheelEvent():
                return self._wheel(event)
            case QMouseEvent():
                return self._mouse(event)
        if event.type() is QEvent.Type.Leave:
            self._hover(None)
        return False

    # The wheel.

    def _wheel(self, event: QWheelEvent) -> bool:
        pixels, angle = event.pixelDelta(), event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        x = float(pixels.x()) if not pixels.isNull() else angle.x() / _NOTCH * self._canvas.column.style.px(_NOTCH_PX)
        y = float(pixels.y()) if not pixels.isNull() else angle.y() / _NOTCH * self._canvas.column.style.px(_NOTCH_PX)
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not x:
            x, y = y, 0.0
        if abs(x) <= abs(y):
            return False
        found = self._view_at(event.position())
        if found is None or not found[0].scrolls_sideways:
            return False
        if found[0].scroll_sideways(-x):
            self._canvas.viewport().update()
        event.accept()
        return True

    # The bar.

    def _mouse(self, event: QMouseEvent) -> bool:
        kind = event.type()
        if self._dragged is not None:
            if kind is QEvent.Type.MouseButtonRelease:
                self._dragged = None
            else:
                self._drag(event.position().x())
            return True
        if event.buttons() & Qt.MouseButton.LeftButton and kind is QEvent.Type.MouseMove:
            self._mark(event)
            return False
        self._timer.stop()
        view = self._bar_at(event.position())
        self._hover(view)
        if view is None:
            return False
        self._canvas.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        if kind is QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._dragged, self._dragged_from = view, event.position().x()
        return True

    def _drag(self, x: float) -> None:
        if self._dragged is not None and self._dragged.drag_bar(x - self._dragged_from):
            self._canvas.viewport().update()
        self._dragged_from = x

    def _hover(self, view: BlockView | None) -> None:
        before, self._hovered = self._hovered, view
        changed = before is not None and before is not view and before.hover_bar(hovered=False)
        if view is not None:
            changed |= view.hover_bar(hovered=True)
        if changed:
            self._canvas.viewport().update()

    def _bar_at(self, point: QPointF) -> BlockView | None:
        found = self._view_at(point)
        if found is None:
            return None
        view, corner = found
        return view if view.grip().translated(corner).contains(point) else None

    # Marking.

    def _mark(self, event: QMouseEvent) -> None:
        """While text is marked beyond the left or right edge of a block, the block scrolls there."""
        self._marking = QMouseEvent(event)
        if self._beyond(event.position()):
            if not self._timer.isActive():
                self._timer.start()
        else:
            self._timer.stop()

    def _mark_further(self) -> None:
        event = self._marking
        if event is None:
            return
        found = self._view_at(event.position())
        if found is None or not found[0].scroll_sideways(self._beyond(event.position()) / 2):
            self._timer.stop()
            return
        self._canvas.viewport().update()
        # Whoever marks text marks on from here, as if the pointer had moved.
        QCoreApplication.sendEvent(self._canvas.viewport(), QMouseEvent(event))

    def _beyond(self, point: QPointF) -> float:
        """How far `point` is right (or, below 0, left) of what can be seen of the block at its height."""
        found = self._view_at(point)
        if found is None or not found[0].scrolls_sideways:
            return 0.0
        room = found[0].room().translated(found[1])
        return min(0.0, point.x() - room.left()) + max(0.0, point.x() - room.right())

    def _view_at(self, point: QPointF) -> Found | None:
        """The block at the height of `point`."""
        canvas = self._canvas
        if not canvas.rows:
            return None
        inner = canvas.to_column(point)
        row = canvas.column.at(inner.y())
        inner -= QPointF(0, canvas.column.top(row))
        message = canvas.column.view(row)
        found = message.block_at(inner)
        if found is None:
            return None
        place, corner = found
        return message.flow(place.part).view(place.block), corner - inner + point
