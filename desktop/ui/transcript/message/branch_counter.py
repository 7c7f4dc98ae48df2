"""Which of its versions a message is: ‹ 2/3 ›, painted quietly where the actions' own stands when they appear."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QIcon, QPainter

from desktop.chat.message import Role
from desktop.ui.icons import icon
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style

BUTTON_WIDTH, BUTTON_HEIGHT, GAP, ICON = 28, 24, 2, 16
OVERHANG = (BUTTON_WIDTH - ICON) // 2
"""So far a button reaches over the text's edge, so that its icon stands flush with the text."""


def position(row: Row) -> str:
    """Such as "2/3"."""
    return f"{row.branch + 1}/{row.branches}"


def position_width(row: Row, style: Style) -> int:
    """The room for `position`. It is the same for all versions, so that the arrows stay under the pointer."""
    widest = f"{row.branches}/{row.branches}"
    return round(QFontMetricsF(style.small_font).horizontalAdvance(widest)) + style.px(2)


def draw(painter: QPainter, row: Row, style: Style, actions: QRectF) -> None:
    """Paint in the room for the `actions`: of an answer at the left, of a question at the right."""
    px = style.px
    button, gap, width = px(BUTTON_WIDTH), px(GAP), position_width(row, style)
    left = actions.left() - px(OVERHANG)
    if row.message.role is not Role.ASSISTANT:
        left = actions.right() + px(OVERHANG) - (2 * button + 2 * gap + width)
    painter.save()
    painter.setFont(style.small_font)
    painter.setPen(QColor(style.tokens.muted))
    label = QRectF(left + button + gap, actions.top(), width, px(BUTTON_HEIGHT))
    painter.drawText(label, Qt.AlignmentFlag.AlignCenter, position(row))
    size = px(ICON)
    for name, x, leads_on in (
        ("chevron-left", left, row.branch > 0),
        ("chevron-right", label.right() + gap, row.branch + 1 < row.branches),
    ):
        mode = QIcon.Mode.Normal if leads_on else QIcon.Mode.Disabled
        corner = round(x) + (button - size) // 2, round(actions.top()) + (px(BUTTON_HEIGHT) - size) // 2
        icon(name, style.tokens.muted, size).paint(painter, *corner, size, size, Qt.AlignmentFlag.AlignCenter, mode)
    painter.restore()
