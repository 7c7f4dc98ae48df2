"""The head line of a code block: what it is written in, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from desktop.ui.i18n import tr
from desktop.ui.icons import icon
from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.code.languages import language
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import Block

_ICONS = {
    Does.SHOW_SOURCE: "code",
    Does.WRAP: "wrap-text",
    Does.NUMBER: "list-ordered",
    Does.SAVE: "download",
    Does.COPY: "copy",
}
_BUTTON_PX, _ICON_PX = 26, 16


def targets(block: Block, state: BlockState, style: Style, frame: QRectF) -> list[Target]:
    """The buttons in the head of `block`, whose frame is `frame`."""
    if not block.first or style.on_paper:
        return []
    names: tuple[tuple[Does, str], ...] = (
        (Does.WRAP, tr("Scroll long lines") if state.wraps else tr("Wrap long lines")),
        (Does.NUMBER, tr("Hide line numbers") if state.is_numbered else tr("Number the lines")),
        (Does.SAVE, tr("Save code as…")),
        (Does.COPY, tr("Copy code")),
    )
    if style.is_still:
        names = names[-1:]
    size = style.px(_BUTTON_PX)
    left = frame.right() - style.px(6) - size * len(names)
    return [
        Target(QRectF(left + size * place, style.px(5), size, size), name, does, block.text, block.language)
        for place, (does, name) in enumerate(names)
    ]


def draw(painter: QPainter, block: Block, style: Style, frame: QRectF, buttons: list[Target]) -> None:
    """Paint the head into the upper edge of `frame`."""
    px = style.px
    muted = style.tokens.muted
    head = QRectF(frame.left() + px(16), px(5), frame.width() - px(28), px(_BUTTON_PX))
    if buttons:
        head.setRight(buttons[0].area.left() - px(8))
    painter.setFont(style.small_font)
    painter.setPen(QColor(muted))
    label = language(block.language).name
    label = QFontMetricsF(style.small_font).elidedText(label, Qt.TextElideMode.ElideRight, max(0.0, head.width()))
    painter.drawText(head, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, label)
    size = px(_ICON_PX)
    for button in buttons:
        picture = QRectF(0, 0, size, size)
        picture.moveCenter(button.area.center())
        icon(_ICONS[button.does], muted, size).paint(painter, picture.toAlignedRect())
