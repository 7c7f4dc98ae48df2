"""The line that stands for an answer's reasoning, and folds and unfolds it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from desktop.ui.icons import icon
from desktop.ui.transcript.style import Style

HEIGHT = 28
"""In the design's pixels."""

_ICON, _TEXT_LEFT, _OVERHANG = 16, 24, 6


def area(title: str, style: Style, top: float, width: float) -> QRectF:
    """What can be clicked of the line `title`, in a column of `width` pixels. The icon is flush with the text."""
    px = style.px
    used = px(_OVERHANG) + px(_TEXT_LEFT) + _advance(title, style) + px(4) + px(_ICON) + px(_OVERHANG)
    return QRectF(-px(_OVERHANG), top, min(used, width + px(_OVERHANG)), px(HEIGHT))


def draw(painter: QPainter, title: str, style: Style, where: QRectF, *, is_unfolded: bool) -> None:
    """Paint the line in the area `where`."""
    px = style.px
    muted = style.tokens.muted
    size = px(_ICON)
    y = int(where.center().y() - size / 2)
    icon("brain", muted, size).paint(painter, 0, y, size, size)
    painter.setFont(style.small.text_font)
    painter.setPen(QColor(muted))
    text = where.adjusted(px(_OVERHANG) + px(_TEXT_LEFT), 0, 0, 0)
    painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)
    arrow = "chevron-down" if is_unfolded else "chevron-right"
    x = int(text.left() + _advance(title, style) + px(4))
    icon(arrow, muted, size).paint(painter, x, y + 1, size, size)


def _advance(title: str, style: Style) -> float:
    return QFontMetricsF(style.small.text_font).horizontalAdvance(title)
