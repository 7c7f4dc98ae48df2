"""A code block."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QTextCursor, QTextOption
from typing_extensions import override

from desktop.ui.i18n import tr
from desktop.ui.transcript.blocks.block_view import BlockView, line_height
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.text.markdown import Block


class CodeView(BlockView):
    """A code block: framed, with its language and a copy button in a head line. Long lines wrap."""

    @override
    def grow(self, block: Block) -> bool:
        old = self.block
        same_frame = (old.kind, old.language, old.indents, old.first) == (
            block.kind,
            block.language,
            block.indents,
            block.first,
        )
        if not same_frame or not block.text.startswith(old.text):
            return False
        cursor = QTextCursor(self._document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(block.text[len(old.text) :])
        self.block = block
        self._measure()
        return True

    @override
    def targets(self) -> list[Target]:
        if not self.block.first:
            return []
        px = self._style.px
        name = tr("Copy code")
        width = QFontMetricsF(self._style.small_font).horizontalAdvance(name) + px(16)
        area = QRectF(self._width - width - px(6), px(5), width, px(24))
        return [Target(area, name, Does.COPY, self.block.text)]

    @override
    def _fill(self) -> None:
        self._document.setDefaultFont(self._style.code_font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        option.setTabStopDistance(4 * QFontMetricsF(self._style.code_font).horizontalAdvance(" "))
        option.setTextDirection(Qt.LayoutDirection.LeftToRight)
        self._document.setDefaultTextOption(option)
        cursor = QTextCursor(self._document)
        cursor.setBlockFormat(line_height(self._style.code_line_height))
        cursor.insertText(self.block.text)

    @override
    def _top(self) -> float:
        return self._style.px(36) if self.block.first else 0.0

    @override
    def _bottom(self) -> float:
        return self._style.px(14) if self.block.last else 0.0

    @override
    def _padding(self) -> float:
        return 2.0 * self._style.px(16)

    @override
    def _inset(self) -> float:
        return self._style.px(16)

    @override
    def _draw_ground(self, painter: QPainter) -> None:
        px = self._style.px
        colours = self._style.tokens
        radius = px(8)
        # The edges of inner pieces lie outside of the clip.
        above = 0 if self.block.first else 2 * radius
        below = 0 if self.block.last else 2 * radius
        frame = QRectF(self.left, 0, self._width - self.left, self.height)
        painter.save()
        painter.setClipRect(frame, Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.setBrush(QColor(colours.code))
        painter.drawRoundedRect(frame.adjusted(0.5, 0.5 - above, -0.5, below - 0.5), radius, radius)
        painter.restore()
        if not self.block.first:
            return
        painter.setFont(self._style.small_font)
        painter.setPen(QColor(colours.muted))
        head = frame.adjusted(px(16), px(5), -px(12), 0)
        head.setHeight(px(24))
        middle = Qt.AlignmentFlag.AlignVCenter
        copy = self.targets()[0].area
        label = QFontMetricsF(self._style.small_font).elidedText(
            self.block.language, Qt.TextElideMode.ElideRight, max(0.0, copy.left() - head.left() - px(8))
        )
        painter.drawText(head, middle | Qt.AlignmentFlag.AlignLeft, label)
        painter.drawText(copy, Qt.AlignmentFlag.AlignCenter, tr("Copy code"))
