"""What a block is indented by: the bars of quotes, the markers of lists, and how much room they take."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import BULLET, BULLET_INNER, INSIDE, QUOTE, TASK_DONE, Block

_SHARE_FOR_INDENTS = 0.5
"""However deep the nesting, this share of the width stays for text."""


class Markers:
    """The indents of `block` in a column of `width` pixels. `edges` says where the room of each ends, from the left."""

    def __init__(self, block: Block, style: Style, width: float) -> None:
        self._block = block
        self._style = style
        self.edges = _indent_edges(block, style, width)

    @property
    def left(self) -> float:
        """Where the text begins."""
        return self.edges[-1] if self.edges else 0.0

    def draw(self, painter: QPainter, height: float, baseline: float) -> None:
        """Paint all of them. The block is `height` high, `baseline` is that of its first line."""
        for depth, (indent, right) in enumerate(zip(self._block.indents, self.edges, strict=True)):
            if indent == QUOTE:
                self.draw_quote_bar(painter, depth, 0, height)
            elif indent != INSIDE:
                self._draw_marker(painter, indent, right, baseline)

    def draw_quote_bar(self, painter: QPainter, depth: int, y: float, height: float) -> None:
        """Paint the edge of the quote that is the block's indent number `depth`."""
        left = self.edges[depth - 1] if depth else 0.0
        painter.fillRect(QRectF(left, y, self._style.px(3), height), QColor(self._style.tokens.line))

    def _draw_marker(self, painter: QPainter, marker: str, right: float, baseline: float) -> None:
        px = self._style.px
        colours = self._style.tokens
        ink = QColor(colours.muted)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QPointF(right - px(14), baseline - px(5))
        match marker:
            case "•" | "◦":
                radius = self._style.zoom * 2.5
                painter.setBrush(ink if marker == BULLET else Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(ink, self._style.zoom) if marker == BULLET_INNER else Qt.PenStyle.NoPen)
                painter.drawEllipse(middle, radius, radius)
            case "☐" | "☑":
                self._draw_task(painter, middle - QPointF(px(2), 0), done=marker == TASK_DONE)
            case _:
                painter.setFont(self._style.text_font)
                painter.setPen(ink)
                width = QFontMetricsF(self._style.text_font).horizontalAdvance(marker)
                painter.drawText(QPointF(right - px(8) - width, baseline), marker)

    def _draw_task(self, painter: QPainter, middle: QPointF, *, done: bool) -> None:
        px = self._style.px
        colours = self._style.tokens
        half = px(6.5)
        area = QRectF(middle.x() - half, middle.y() - half, 2 * half, 2 * half)
        painter.setPen(QPen(QColor(colours.accent if done else colours.muted), self._style.zoom))
        painter.setBrush(QColor(colours.accent) if done else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area, px(3), px(3))
        if done:
            tick = QPainterPath(middle + QPointF(-px(3), 0))
            tick.lineTo(middle + QPointF(-px(1), px(2.5)))
            tick.lineTo(middle + QPointF(px(3.5), -px(2.5)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.on_accent), 1.5 * self._style.zoom))
            painter.drawPath(tick)


def _indent_edges(block: Block, style: Style, width: float) -> list[float]:
    """Where the room of each of the block's indents ends, from the left."""
    steps = [style.px(16 if indent == QUOTE else 26) for indent in block.indents]
    total = sum(steps)
    room = width * _SHARE_FOR_INDENTS
    scale = min(1.0, room / total) if total else 1.0
    edges = []
    edge = 0.0
    for step in steps:
        edge += step * scale
        edges.append(float(round(edge)))
    return edges
