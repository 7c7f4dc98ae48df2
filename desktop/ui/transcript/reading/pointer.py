"""The mouse on the transcript: links, buttons, and marking text across messages."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QHelpEvent, QMouseEvent
from PySide6.QtWidgets import QToolTip
from typing_extensions import override

from desktop.ui.controls import tip
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.canvas import Canvas
from desktop.ui.transcript.place import Place, Spot
from desktop.ui.transcript.selection import Selection

_SCROLL_MS = 30
CARET, WORD, BLOCK = 1, 2, 3
_SAY_THEMSELVES = (Does.OPEN_LINK, Does.FOLD)
"""They need no tip: their words are on the page, and where a link leads stands in the corner."""


class Pointer(QObject):
    """Follows the pointer, and one press of its left button from the beginning to the end.

    Signals:
        activated(row: int, target: Target): a target was clicked
        hovered(row: int | None): the pointer is over this row
        link_hovered(address: str): the pointer is over a link; "" over none
    """

    activated = Signal(int, object)
    hovered = Signal(object)
    link_hovered = Signal(str)

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._unit = CARET
        self._pressed: tuple[int, Target] | None = None
        self._is_dragging = False
        self._last = QPointF()
        self._double_click_at: tuple[float, QPoint] = (0.0, QPoint())
        self._scrolling = QTimer(self, interval=_SCROLL_MS)
        self._scrolling.timeout.connect(self._scroll)
        canvas.viewport().installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Leave:
            self.hovered.emit(None)
            self.link_hovered.emit("")
        elif isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            self._tell(event)
            return True
        return False

    def press(self, event: QMouseEvent) -> None:
        """The left button goes down: on a target, or to mark from here."""
        if event.button() != Qt.MouseButton.LeftButton or not self._canvas.rows:
            return
        self._pressed = self.target_at(event.position())
        self._is_dragging = True
        self._last = event.position()
        at, where = self._double_click_at
        near = (event.position().toPoint() - where).manhattanLength() < QGuiApplication.styleHints().startDragDistance()
        if near and event.timestamp() - at < QGuiApplication.styleHints().mouseDoubleClickInterval():
            self._start(BLOCK)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._canvas.selection is not None:
            self._extend()
        else:
            self._start(CARET)

    def double_click(self, event: QMouseEvent) -> None:
        """Mark a word."""
        if event.button() != Qt.MouseButton.LeftButton or not self._canvas.rows:
            return
        self._double_click_at = (event.timestamp(), event.position().toPoint())
        self._pressed = self.target_at(event.position())
        self._is_dragging = True
        self._last = event.position()
        self._start(WORD)

    def move(self, event: QMouseEvent) -> None:
        """Mark further, or show what is under the pointer."""
        self._last = event.position()
        if self._is_dragging and event.buttons() & Qt.MouseButton.LeftButton:
            self._extend()
            outside = not 0 <= event.position().y() < self._canvas.viewport().height()
            if outside and not self._scrolling.isActive():
                self._scrolling.start()
            elif not outside:
                self._scrolling.stop()
        else:
            self._hover(event)

    def release(self, event: QMouseEvent) -> None:
        """Activate the target that the button went down on, unless text was marked."""
        self._scrolling.stop()
        was_dragging, self._is_dragging = self._is_dragging, False
        pressed, self._pressed = self._pressed, None
        if event.button() != Qt.MouseButton.LeftButton or not was_dragging:
            return
        selection = self._canvas.selection
        released = self.target_at(event.position())
        if pressed is not None and pressed == released and (selection is None or selection.is_empty):
            self.activated.emit(*pressed)

    def target_at(self, position: QPointF) -> tuple[int, Target] | None:
        """The row and the target under a point of the viewport."""
        if not self._canvas.rows:
            return None
        column = self._canvas.column
        point = self._canvas.to_column(position)
        row = column.at(point.y())
        inner = point - QPointF(0, column.top(row))
        view = column.view(row)
        if view.reasoning_line is not None and view.reasoning_line.contains(inner):
            return row, Target(view.reasoning_line, "", Does.FOLD)
        found = view.block_at(inner)
        if found is None:
            return None
        place, corner = found
        target = view.flow(place.part).target_at(place.block, inner - corner)
        return None if target is None else (row, replace(target, part=place.part))

    def _start(self, unit: int) -> None:
        self._unit = unit
        marked = self._range_at(self._last)
        self._canvas.focused = marked[0].row
        self._canvas.set_selection(Selection(marked, marked))

    def _extend(self) -> None:
        selection = self._canvas.selection
        if selection is not None:
            self._canvas.set_selection(Selection(selection.anchor, self._range_at(self._last)))

    def _range_at(self, position: QPointF) -> tuple[Spot, Spot]:
        """The caret, word or block at a point of the viewport."""
        column = self._canvas.column
        spot = column.spot_at(self._canvas.to_column(position))
        flow = column.view(spot.row).flow(spot.place.part)
        if self._unit == CARET or not flow.blocks:
            return spot, spot
        block = flow.view(spot.place.block)
        start, end = block.word_at(spot.place.offset) if self._unit == WORD else (0, block.length)
        place = spot.place
        return (
            Spot(spot.row, Place(place.part, place.block, start)),
            Spot(spot.row, Place(place.part, place.block, end)),
        )

    def _hover(self, event: QMouseEvent) -> None:
        canvas = self._canvas
        if not canvas.rows:
            return
        point = canvas.to_column(event.position())
        row = canvas.column.at(point.y())
        self.hovered.emit(row if canvas.area_of(row).top() <= event.position().y() else None)
        found = self.target_at(event.position())
        on_text = canvas.column.view(row).block_at(point - QPointF(0, canvas.column.top(row))) is not None
        if found is not None:
            cursor = Qt.CursorShape.PointingHandCursor
        else:
            cursor = Qt.CursorShape.IBeamCursor if on_text else Qt.CursorShape.ArrowCursor
        canvas.viewport().setCursor(cursor)
        self.link_hovered.emit(found[1].link if found is not None else "")

    def _tell(self, event: QHelpEvent) -> None:
        """Say in words what the painted button under the pointer does."""
        canvas, point = self._canvas, QPointF(event.pos())
        row = canvas.column.at(canvas.to_column(point).y()) if canvas.rows else None
        for target in canvas.targets(row) if row is not None else ():
            if target.does not in _SAY_THEMSELVES and target.area.contains(point):
                QToolTip.showText(event.globalPos(), tip(target.name), canvas.viewport(), target.area.toAlignedRect())
                return
        QToolTip.hideText()

    def _scroll(self) -> None:
        """The pointer is held above or below the viewport: scroll there, faster from farther away."""
        height = self._canvas.viewport().height()
        y = self._last.y()
        distance = y if y < 0 else max(0.0, y - height)
        bar = self._canvas.verticalScrollBar()
        bar.setValue(bar.value() + round(distance / 2))
        self._extend()
