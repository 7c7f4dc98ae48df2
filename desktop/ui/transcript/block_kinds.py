"""The blocks that are more than running text: code, rules, tables."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QPainter,
    QPen,
    QTextCharFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextLength,
    QTextOption,
    QTextTableCellFormat,
    QTextTableFormat,
)
from typing_extensions import override

from desktop.ui.i18n import tr
from desktop.ui.transcript.block_view import BlockView, Target, has_cjk, line_height
from desktop.ui.transcript.inline import References, Span, spans
from desktop.ui.transcript.markdown import Block, Kind
from desktop.ui.transcript.style import Style

_CELL_X, _CELL_Y = 14, 6

_ALIGNMENTS = {"center": Qt.AlignmentFlag.AlignHCenter, "right": Qt.AlignmentFlag.AlignRight}


def make_view(block: Block, style: Style, width: float, references: References, *, muted: bool = False) -> BlockView:
    """The view that draws `block` in `width` pixels; `muted` in the muted colour."""
    kind = {Kind.CODE: CodeView, Kind.RULE: RuleView, Kind.TABLE: TableView}.get(block.kind, BlockView)
    return kind(block, style, width, references, muted=muted)


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
        self.height = self._document.size().height() + self._top() + self._bottom()
        return True

    @override
    def targets(self) -> list[Target]:
        if not self.block.first:
            return []
        px = self._style.px
        name = tr("Copy code")
        width = QFontMetricsF(self._style.small_font).horizontalAdvance(name) + px(16)
        area = QRectF(self._width - width - px(6), px(5), width, px(24))
        return [Target(area, name, code=self.block.text)]

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
    def _origin(self) -> QPointF:
        return QPointF(self.left + self._style.px(16), self._top())

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


class RuleView(BlockView):
    """A horizontal rule."""

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


class TableView(BlockView):
    """A table, in Qt's own layout: hairlines between the rows, the head in bold."""

    @override
    def _fill(self) -> None:
        block = self.block
        px = self._style.px
        self._document.setDefaultFont(self._style.text_font)
        columns = max(map(len, block.rows), default=1)
        look = QTextTableFormat()
        look.setBorderCollapse(True)
        look.setBorder(0)
        look.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_None)
        look.setCellSpacing(0)
        look.setCellPadding(px(_CELL_Y))
        look.setHeaderRowCount(1 if block.first else 0)
        if block.widths:
            total = sum(block.widths)
            kind = QTextLength.Type.PercentageLength
            look.setColumnWidthConstraints([QTextLength(kind, 100 * width / total) for width in block.widths])
            look.setWidth(QTextLength(kind, 100))
        cursor = QTextCursor(self._document)
        table = cursor.insertTable(len(block.rows), columns, look)
        cjk = any(has_cjk(text) for cells in block.rows for text in cells)
        height = self._style.line_height(self._style.text_font.pixelSize(), cjk=cjk) - px(2)
        for row, cells in enumerate(block.rows):
            head = row == 0 and block.first
            for column, text in enumerate(cells):
                cell = table.cellAt(row, column)
                cell.setFormat(self._cell_look(column))
                inner = cell.firstCursorPosition()
                line = line_height(height)
                alignment = block.alignments[column] if column < len(block.alignments) else ""
                line.setAlignment(_ALIGNMENTS.get(alignment, Qt.AlignmentFlag.AlignLeft))
                inner.setBlockFormat(line)
                runs = spans(text, self._references)
                self._insert(inner, [_bold(run) for run in runs] if head else runs)
        self._table = table
        # Qt wants a paragraph behind a table; it takes no room.
        end = QTextCursor(self._document)
        end.movePosition(QTextCursor.MoveOperation.End)
        end.setBlockFormat(line_height(1))
        flat = QTextCharFormat()
        flat.setProperty(QTextCharFormat.Property.FontPixelSize, 1)
        end.setBlockCharFormat(flat)

    def _cell_look(self, column: int) -> QTextTableCellFormat:
        """The first column stands flush with the text around the table."""
        look = QTextTableCellFormat()
        look.setLeftPadding(self._style.px(_CELL_X) if column else 0)
        look.setRightPadding(self._style.px(_CELL_X))
        look.setTopPadding(self._style.px(_CELL_Y))
        look.setBottomPadding(self._style.px(_CELL_Y))
        return look

    @override
    def _draw_ground(self, painter: QPainter) -> None:
        layout = self._document.documentLayout()
        area = layout.frameBoundingRect(self._table).translated(self._origin())
        colour = QColor(self._style.tokens.line)
        padding = self._style.px(_CELL_Y)
        for row in range(self._table.rows()):
            if row == 0 and self.block.first:
                continue
            cell = self._table.cellAt(row, 0).firstCursorPosition().block()
            y = round(layout.blockBoundingRect(cell).top() + self._origin().y()) - padding
            painter.fillRect(QRectF(area.left(), y, area.width(), 1), colour)


def _bold(run: Span) -> Span:
    return replace(run, bold=True)
