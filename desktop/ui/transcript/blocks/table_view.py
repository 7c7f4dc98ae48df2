"""A table."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QPainter,
    QTextCharFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextLength,
    QTextTableCellFormat,
    QTextTableFormat,
)
from typing_extensions import override

from desktop.ui.transcript.blocks.block_view import BlockView, line_height
from desktop.ui.transcript.text.script import has_cjk

_CELL_X, _CELL_Y = 14, 6

_ALIGNMENTS = {"center": Qt.AlignmentFlag.AlignHCenter, "right": Qt.AlignmentFlag.AlignRight}


class TableView(BlockView):
    """A table, in Qt's own layout: hairlines between the rows, the head in bold."""

    @override
    def _fill(self) -> None:
        block = self.block
        px = self._style.px
        words = "".join(text for cells in block.rows for text in cells)
        self._document.setDefaultFont(self._style.suited(self._style.text_font, words))
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
        height = self._style.line_height(self._style.text_font.pixelSize(), cjk=has_cjk(words)) - px(2)
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
                self._inline.insert_markdown(inner, text, bold=head)
        self._table = table
        # Qt wants a paragraph behind a table; it takes no room.
        end = QTextCursor(self._document)
        end.movePosition(QTextCursor.MoveOperation.End)
        end.setBlockFormat(line_height(1))
        flat = QTextCharFormat()
        flat.setProperty(QTextCharFormat.Property.FontPixelSize, 1)
        end.setBlockCharFormat(flat)

    @override
    def breaks(self) -> list[float]:
        return [float(y) for y in self._row_tops()[1:]]

    def _row_tops(self) -> list[int]:
        """Where the rows begin, from the block's upper edge."""
        layout = self._document.documentLayout()
        cells = (self._table.cellAt(row, 0).firstCursorPosition().block() for row in range(self._table.rows()))
        padding = self._style.px(_CELL_Y)
        return [round(layout.blockBoundingRect(cell).top() + self._origin().y()) - padding for cell in cells]

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
        for y in self._row_tops()[1 if self.block.first else 0 :]:
            painter.fillRect(QRectF(area.left(), y, area.width(), 1), colour)
