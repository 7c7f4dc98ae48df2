"""A table."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
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
from desktop.ui.transcript.blocks.markers import Markers
from desktop.ui.transcript.blocks.table_columns import CELL_X, fitted, wanted
from desktop.ui.transcript.text.markdown import Block
from desktop.ui.transcript.text.script import has_cjk

_CELL_Y = 6

_ALIGNMENTS = {"center": Qt.AlignmentFlag.AlignHCenter, "right": Qt.AlignmentFlag.AlignRight}


class TableView(BlockView):
    """A table, in Qt's own layout: hairlines between the rows, the head in bold.

    Its columns are as wide as the first rows want, within limits, and those of all its pieces are the same. What does
    not fit is scrolled.
    """

    @override
    def grow(self, block: Block) -> bool:
        old = self.block
        kept = len(old.rows) - 1
        same = (old.kind, old.alignments, old.indents, old.first, old.rows[:kept], bool(old.widths)) == (
            block.kind,
            block.alignments,
            block.indents,
            block.first,
            block.rows[:kept],
            bool(block.widths),
        )
        if not same or len(block.rows) <= kept or kept < 1 or max(map(len, block.rows)) != self._table.columns():
            return False
        # The first Chinese of a table changes all its lines.
        if not self._is_cjk and any(has_cjk(text) for cells in block.rows[kept:] for text in cells):
            return False
        if old.rows[kept] == block.rows[kept]:
            kept += 1
        widths = self._widths
        cursor = QTextCursor(self._document)
        cursor.beginEditBlock()
        if kept < len(old.rows):
            self._inline.forget_from(self._table.cellAt(kept, 0).firstPosition())
            self._table.removeRows(kept, 1)
        self.block = block
        pieces = self._state.pieces
        if pieces and pieces[-1] is old:
            pieces[-1] = block
        if len(block.rows) > kept:
            self._table.appendRows(len(block.rows) - kept)
            self._fill_rows(kept)
        self._set_columns(self._width - self._markers.indent)
        # Before the rows are laid out: formulas have their sizes from here.
        self._inline.attach()
        cursor.endEditBlock()
        text_width = max(1.0, self._width - self._markers.indent - self._padding())
        if text_width != self._document.textWidth():
            self._document.setTextWidth(text_width)
        self._measure()
        self.changed_below = [*self._row_tops(), self.height][kept] if widths == self._widths else 0.0
        return True

    @override
    def set_width(self, width: float) -> None:
        if width != self._width:
            self._set_columns(width - Markers(self.block, self._style, width).indent)
        super().set_width(width)

    @override
    def text(self, start: int = 0, end: int | None = None) -> str:
        last = self.length if end is None else min(end, self.length)
        rows = []
        for row, cells in enumerate(self.block.rows):
            texts = []
            for column in range(len(cells)):
                cell = self._table.cellAt(row, column)
                first, behind = cell.firstPosition(), cell.lastPosition()
                if first <= last and start <= behind:
                    texts.append(super().text(max(start, first), min(last, behind)))
            if texts:
                rows.append("\t".join(texts))
        return "\n".join(rows)

    @override
    def _marked(self, start: int, end: int) -> QAbstractTextDocumentLayout.Selection:
        # Else Qt marks its paragraphs before and behind the table as well, and draws them in the upper corner.
        table = self._table
        return super()._marked(max(start, table.firstPosition()), min(end, table.lastPosition()))

    @override
    def _fill(self) -> None:
        block = self.block
        self._widths: list[int] = []
        words = "".join(text for cells in block.rows for text in cells)
        self._document.setDefaultFont(self._style.suited(self._style.text_font, words))
        self._is_cjk = has_cjk(words)
        look = QTextTableFormat()
        look.setBorderCollapse(True)
        look.setBorder(0)
        look.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_None)
        look.setCellSpacing(0)
        look.setCellPadding(self._style.px(_CELL_Y))
        look.setHeaderRowCount(1 if block.first else 0)
        cursor = QTextCursor(self._document)
        self._table = cursor.insertTable(len(block.rows), max(map(len, block.rows), default=1), look)
        self._fill_rows(0)
        # Qt wants a paragraph behind a table; it takes no room.
        end = QTextCursor(self._document)
        end.movePosition(QTextCursor.MoveOperation.End)
        end.setBlockFormat(line_height(1))
        flat = QTextCharFormat()
        flat.setProperty(QTextCharFormat.Property.FontPixelSize, 1)
        end.setBlockCharFormat(flat)

    def _fill_rows(self, first: int) -> None:
        """Fill the rows from `first` on, which are empty."""
        block = self.block
        height = self._style.line_height(self._style.text_font.pixelSize(), cjk=self._is_cjk) - self._style.px(2)
        for row, cells in enumerate(block.rows[first:], first):
            for column, text in enumerate(cells):
                cell = self._table.cellAt(row, column)
                cell.setFormat(self._cell_look(column))
                inner = cell.firstCursorPosition()
                line = line_height(height)
                alignment = block.alignments[column] if column < len(block.alignments) else ""
                line.setAlignment(_ALIGNMENTS.get(alignment, Qt.AlignmentFlag.AlignLeft))
                inner.setBlockFormat(line)
                self._inline.insert_markdown(inner, text, bold=row == 0 and block.first)

    def _set_columns(self, room: float) -> None:
        """Give the columns what they want, or less where there are only `room` pixels."""
        widths = fitted(self._wanted(), max(1.0, room), self._style)
        self._state.widest = 0.0
        if widths == self._widths:
            return
        self._widths = widths
        look = self._table.format().toTableFormat()
        fixed = QTextLength.Type.FixedLength
        look.setColumnWidthConstraints([QTextLength(fixed, each) for each in widths])
        look.setWidth(QTextLength(fixed, sum(widths)))
        self._table.setFormat(look)

    def _wanted(self) -> tuple[int, ...]:
        """How wide the columns would like to be: those of the first piece decide for all."""
        state = self._state
        first = state.pieces[0] if state.pieces and not self.block.first else self.block
        if state.measured is None or state.measured[0] is not first or state.measured[1] != self._style.zoom:
            state.measured = (first, self._style.zoom, wanted(first.rows, self._style))
        return state.measured[2]

    @override
    def _content_width(self) -> float:
        return float(sum(self._widths))

    @override
    def _padding(self) -> float:
        return min(0.0, self.room().width() - sum(self._widths))

    @override
    def _bottom(self) -> float:
        return self._style.px(10) if self.block.last and self.scrolls_sideways else 0.0

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
        look.setLeftPadding(self._style.px(CELL_X) if column else 0)
        look.setRightPadding(self._style.px(CELL_X))
        look.setTopPadding(self._style.px(_CELL_Y))
        look.setBottomPadding(self._style.px(_CELL_Y))
        return look

    @override
    def _draw_ground(self, painter: QPainter) -> None:
        layout = self._document.documentLayout()
        area = layout.frameBoundingRect(self._table).translated(self._origin()) & self.room()
        colour = QColor(self._style.tokens.line)
        for y in self._row_tops()[1 if self.block.first else 0 :]:
            painter.fillRect(QRectF(area.left(), y, area.width(), 1), colour)
