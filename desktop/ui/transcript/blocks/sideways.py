"""Content that is wider than its room: how far it is scrolled sideways, and the thin bar that says so."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.style import Style

BAR_PX = 4
"""How thick the bar is, in the design's pixels."""
_GRIP_PX = 10
"""How high the strip is in which it can be gripped."""
_LEAST_HANDLE_PX = 32


class Sideways:
    """The window of `room` pixels through which the content of a block is seen.

    Pieces of one block share `state`, and with it how far they are scrolled and how wide the widest of them is.
    """

    def __init__(self, state: BlockState, style: Style) -> None:
        self.room = 0.0
        self._state = state
        self._style = style

    @property
    def farthest(self) -> float:
        """So far it can be scrolled. 0: everything is in sight."""
        return max(0.0, float(round(self._state.widest * self._style.zoom - self.room)))

    @property
    def offset(self) -> float:
        """So many pixels of the content lie left of the room."""
        return min(float(round(self._state.scrolled * self._style.zoom)), self.farthest)

    def fit(self, room: float, content: float) -> None:
        """There are `room` pixels, and `content` of them are wanted."""
        self.room = room
        self._state.widest = max(self._state.widest, content / self._style.zoom)

    def scroll(self, dx: float) -> bool:
        """Move the content by `dx` pixels to the left. False where it cannot move there."""
        before = self.offset
        self._state.scrolled = max(0.0, min(before + dx, self.farthest)) / self._style.zoom
        return self.offset != before

    def reveal(self, left: float, right: float) -> bool:
        """Bring what lies between two x of the content into the room. False where nothing moved."""
        margin = min(float(self._style.px(24)), self.room / 4)
        if right + margin > self.offset + self.room:
            return self.scroll(min(right + margin - self.room, left) - self.offset)
        return left - margin < self.offset and self.scroll(left - margin - self.offset)

    def grip(self, area: QRectF) -> QRectF:
        """Where the bar at the lower edge of `area` can be gripped; empty where there is none."""
        height = self._style.px(_GRIP_PX)
        return QRectF(area.left(), area.bottom() - height, area.width(), height) if self.farthest else QRectF()

    def handle(self, area: QRectF) -> QRectF:
        """The bar's handle at the lower edge of `area`."""
        thick = self._style.px(BAR_PX)
        width = min(area.width(), max(self._style.px(_LEAST_HANDLE_PX), area.width() * self._share))
        x = area.left() + (area.width() - width) * self.offset / max(1.0, self.farthest)
        return QRectF(x, area.bottom() - thick - self._style.px(2), width, thick)

    def drag(self, area: QRectF, dx: float) -> bool:
        """Move the handle by `dx` pixels. False where it cannot move there."""
        free = area.width() - self.handle(area).width()
        return free > 0 and self.scroll(dx * self.farthest / free)

    def draw_bar(self, painter: QPainter, area: QRectF) -> None:
        """Paint the bar at the lower edge of `area`, stronger under the pointer."""
        if not self.farthest:
            return
        tokens = self._style.tokens
        radius = self._style.px(BAR_PX) / 2
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.muted if self._state.bar_hovered else tokens.scroll))
        painter.drawRoundedRect(self.handle(area), radius, radius)
        painter.restore()

    @property
    def _share(self) -> float:
        return self.room / (self.room + self.farthest) if self.farthest else 1.0
