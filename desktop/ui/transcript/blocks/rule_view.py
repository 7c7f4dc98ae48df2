"""A horizontal rule."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter
from typing_extensions import override

from desktop.ui.transcript.blocks.block_view import BlockView


class RuleView(BlockView):
    """A hairline across the column."""

    @override
    def _fill(self) -> None:
        self._document.setDefaultFont(self._style.small_font)

    @override
    def set_width(self, width: float) -> None:
        super().set_width(width)
        self.height = self._style.px(9)

    @override
    def _draw_ground(self, painter: QPainter) -> None:
        middle = self.height // 2
        painter.fillRect(QRectF(self.left, middle, self._width - self.left, 1), QColor(self._style.tokens.line))
