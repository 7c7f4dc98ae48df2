"""One block on the page: its text laid out, and how it is painted.

A view is made when its block comes into sight and dropped when it is far away. All coordinates are relative to the
block's upper left corner, in the window's pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPalette,
    QPen,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFrameFormat,
    QTextLength,
    QTextOption,
    QTextTableCellFormat,
    QTextTableFormat,
)
from typing_extensions import override

from desktop.ui.i18n import tr
from desktop.ui.transcript.cjk import is_cjk
from desktop.ui.transcript.markdown import (
    BULLET,
    BULLET_INNER,
    INSIDE,
    QUOTE,
    TASK_DONE,
    Block,
    Kind,
    References,
    Span,
    spans,
)
from desktop.ui.transcript.style import Style

_SHARE_FOR_INDENTS = 0.5
"""However deep the nesting, this share of the width stays for text."""

_CELL_X, _CELL_Y = 14, 6

_ALIGNMENTS = {"center": Qt.AlignmentFlag.AlignHCenter, "right": Qt.AlignmentFlag.AlignRight}


@dataclass(frozen=True, slots=True)
class Target:
    """Something that can be clicked, or chosen by keyboard: a `link`, else `code` to copy, else the reasoning."""

    area: QRectF
    name: str
    link: str = ""
    code: str | None = None

    def translated(self, by: QPointF) -> Target:
        """The same elsewhere."""
        return replace(self, area=self.area.translated(by))


class _Document(QTextDocument):
    """A document that never loads anything: whatever the text names stays where it is."""

    @override
    def loadResource(self, type: int, name: Any) -> Any:
        return None


def make_view(block: Block, style: Style, width: float, references: References, *, muted: bool = False) -> BlockView:
    """The view that draws `block` in `width` pixels; `muted` in the muted colour."""
    kind = {Kind.CODE: CodeView, Kind.RULE: RuleView, Kind.TABLE: TableView}.get(block.kind, BlockView)
    return kind(block, style, width, references, muted=muted)


class BlockView:
    """Running text: paragraphs, headings and plain text. Base of the other kinds."""

    def __init__(self, block: Block, style: Style, width: float, references: References, *, muted: bool) -> None:
        self.block = block
        self.height = 0.0
        self._style = style
        self._muted = muted
        self._references = references
        self._code_ranges: list[tuple[int, int]] = []
        self._links: list[tuple[int, int, str]] = []
        self._indents = _indent_edges(block, style, width)
        self._document = _Document()
        self._document.setUndoRedoEnabled(False)
        self._document.setDocumentMargin(0)
        self._fill()
        self._width = 0.0
        self.set_width(width)

    @property
    def left(self) -> float:
        """Where the text begins, right of what it is indented by."""
        return self._indents[-1] if self._indents else 0.0

    @property
    def length(self) -> int:
        """How many positions a caret has in this block, less one."""
        return self._document.characterCount() - 1

    @property
    def ideal_width(self) -> float:
        """The width that the text would like, up to the one that it was given."""
        return self.left + self._document.idealWidth()

    def set_width(self, width: float) -> None:
        """Lay out anew for `width`."""
        if width != self._width:
            self._width = width
            self._indents = _indent_edges(self.block, self._style, width)
            self._document.setTextWidth(max(1.0, width - self.left - self._padding()))
        self.height = self._document.size().height() + self._top() + self._bottom()

    def grow(self, block: Block) -> bool:
        """Become `block` by adding what is new at the end. False where that is not possible."""
        return block == self.block

    def text(self, start: int = 0, end: int | None = None) -> str:
        """The text between two positions."""
        cursor = QTextCursor(self._document)
        cursor.setPosition(min(start, self.length))
        cursor.setPosition(self.length if end is None else min(end, self.length), QTextCursor.MoveMode.KeepAnchor)
        return cursor.selectedText().replace("\u2029", "\n").replace("\u2028", "\n").replace("\xa0", " ")

    def position_at(self, point: QPointF) -> int:
        """The caret position nearest to `point`."""
        found = self._document.documentLayout().hitTest(point - self._origin(), Qt.HitTestAccuracy.FuzzyHit)
        return max(0, min(found, self.length))

    def word_at(self, position: int) -> tuple[int, int]:
        """The range of the word at `position`."""
        cursor = QTextCursor(self._document)
        cursor.setPosition(min(position, self.length))
        cursor.select(QTextCursor.SelectionType.WordUnderCursor)
        return cursor.selectionStart(), cursor.selectionEnd()

    def target_at(self, point: QPointF) -> Target | None:
        """What a click on `point` would do."""
        return next((target for target in self.targets() if target.area.contains(point)), self._link_at(point))

    def targets(self) -> list[Target]:
        """Everything in the block that can be activated, in reading order."""
        return [self._link_target(start, end, address) for start, end, address in self._links]

    def draw(self, painter: QPainter, selection: tuple[int, int] | None = None) -> None:
        """Paint at the painter's origin, with the range `selection` marked."""
        self._draw_indents(painter)
        self._draw_ground(painter)
        origin = self._origin()
        painter.translate(origin)
        self._draw_inline_code(painter)
        context = QAbstractTextDocumentLayout.PaintContext()
        colours = self._style.tokens
        context.palette.setColor(QPalette.ColorRole.Text, QColor(colours.muted if self._muted else colours.text))
        if selection is not None:
            context.selections = [self._marked(*selection)]
        self._document.documentLayout().draw(painter, context)
        painter.translate(-origin)

    def draw_quote_bar(self, painter: QPainter, depth: int, y: float, height: float) -> None:
        """Paint the edge of the quote that is the block's indent number `depth`."""
        left = self._indents[depth - 1] if depth else 0.0
        painter.fillRect(QRectF(left, y, self._style.px(3), height), QColor(self._style.tokens.line))

    # What the kinds do differently.

    def _fill(self) -> None:
        block = self.block
        plain = block.kind is Kind.PLAIN
        font = self._style.heading_font(block.level) if block.kind is Kind.HEADING else self._style.text_font
        self._document.setDefaultFont(font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._document.setDefaultTextOption(option)
        runs = [Span(block.text)] if plain else spans(block.text, self._references)
        height = self._style.line_height(font.pixelSize(), cjk=_has_cjk(block.text))
        cursor = QTextCursor(self._document)
        cursor.setBlockFormat(_line_height(height))
        self._insert(cursor, runs)

    def _top(self) -> float:
        return 0.0

    def _bottom(self) -> float:
        return 0.0

    def _padding(self) -> float:
        return 0.0

    def _draw_ground(self, painter: QPainter) -> None:
        """Paint what lies behind the text."""

    # Shared.

    def _origin(self) -> QPointF:
        return QPointF(self.left, self._top())

    def _insert(self, cursor: QTextCursor, runs: list[Span]) -> None:
        """Insert styled text, and remember where links and code are."""
        colours = self._style.tokens
        for run in runs:
            look = QTextCharFormat()
            if run.bold:
                look.setFontWeight(QFont.Weight.DemiBold if self.block.kind is not Kind.HEADING else QFont.Weight.Bold)
            if run.italic and _has_cjk(run.text):
                # Slanted Chinese is hard to read and no Chinese custom: dots below are.
                look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
            elif run.italic:
                look.setFontItalic(True)
            if run.strike:
                look.setFontStrikeOut(True)
            if run.code:
                look.setFontFamilies(self._style.code_font.families())
                size = self._document.defaultFont().pixelSize() / self._style.text_font.pixelSize()
                look.setProperty(
                    QTextCharFormat.Property.FontPixelSize, round(self._style.code_font.pixelSize() * size)
                )
            if run.muted:
                look.setForeground(QColor(colours.muted))
            start = cursor.position()
            if run.href:
                look.setForeground(QColor(colours.accent))
                look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
                look.setUnderlineColor(QColor(colours.accent))
            cursor.insertText(run.text, look)
            if run.code:
                self._code_ranges.append((start, cursor.position()))
            if run.href:
                self._add_link(start, cursor.position(), run.href)

    def _add_link(self, start: int, end: int, address: str) -> None:
        if self._links and self._links[-1][1] == start and self._links[-1][2] == address:
            start = self._links.pop()[0]
        self._links.append((start, end, address))

    def _link_at(self, point: QPointF) -> Target | None:
        position = self._document.documentLayout().hitTest(point - self._origin(), Qt.HitTestAccuracy.ExactHit)
        for start, end, address in self._links:
            if start <= position < end:
                return self._link_target(start, end, address)
        return None

    def _link_target(self, start: int, end: int, address: str) -> Target:
        rectangles = self._rectangles(start, end)
        area = rectangles[0].translated(self._origin()) if rectangles else QRectF()
        return Target(area, self.text(start, end), link=address)

    def _rectangles(self, start: int, end: int) -> list[QRectF]:
        """Where the text between two positions stands, one rectangle a line, in the document's coordinates."""
        found = []
        layout_of = self._document.documentLayout()
        block = self._document.findBlock(start)
        while block.isValid() and block.position() < end:
            layout = block.layout()
            corner = layout_of.blockBoundingRect(block).topLeft()
            for index in range(layout.lineCount()):
                line = layout.lineAt(index)
                first = max(start - block.position(), line.textStart())
                last = min(end - block.position(), line.textStart() + line.textLength())
                if first < last:
                    edges = sorted((_x(line, first), _x(line, last)))
                    bottom = line.y() + line.ascent() + line.descent()
                    found.append(
                        QRectF(corner.x() + edges[0], corner.y() + line.y(), edges[1] - edges[0], bottom - line.y())
                    )
            block = block.next()
        return found

    def _marked(self, start: int, end: int) -> QAbstractTextDocumentLayout.Selection:
        selection = QAbstractTextDocumentLayout.Selection()
        cursor = QTextCursor(self._document)
        cursor.setPosition(min(start, self.length))
        cursor.setPosition(min(end, self.length), QTextCursor.MoveMode.KeepAnchor)
        look = QTextCharFormat()
        look.setBackground(QColor(self._style.tokens.selection))
        selection.cursor = cursor
        selection.format = look
        return selection

    def _draw_inline_code(self, painter: QPainter) -> None:
        if not self._code_ranges:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        colours = self._style.tokens
        painter.setBrush(QColor(colours.hover))
        px = self._style.px
        for start, end in self._code_ranges:
            for area in self._rectangles(start, end):
                painter.drawRoundedRect(area.adjusted(-px(1), 0, px(1), 0), px(4), px(4))

    def _baseline(self) -> float:
        """Of the first line, from the block's upper edge."""
        block = self._document.firstBlock()
        line = block.layout().lineAt(0)
        if not line.isValid():
            return self._style.px(16)
        return self._top() + self._document.documentLayout().blockBoundingRect(block).y() + line.y() + line.ascent()

    def _draw_indents(self, painter: QPainter) -> None:
        for depth, (indent, right) in enumerate(zip(self.block.indents, self._indents, strict=True)):
            if indent == QUOTE:
                self.draw_quote_bar(painter, depth, 0, self.height)
            elif indent != INSIDE:
                self._draw_marker(painter, indent, right)

    def _draw_marker(self, painter: QPainter, marker: str, right: float) -> None:
        px = self._style.px
        colours = self._style.tokens
        baseline = self._baseline()
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
        cursor.setBlockFormat(_line_height(self._style.code_line_height))
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
        cjk = any(_has_cjk(text) for cells in block.rows for text in cells)
        height = self._style.line_height(self._style.text_font.pixelSize(), cjk=cjk) - px(2)
        for row, cells in enumerate(block.rows):
            head = row == 0 and block.first
            for column, text in enumerate(cells):
                cell = table.cellAt(row, column)
                cell.setFormat(self._cell_look(column))
                inner = cell.firstCursorPosition()
                line = _line_height(height)
                alignment = block.alignments[column] if column < len(block.alignments) else ""
                line.setAlignment(_ALIGNMENTS.get(alignment, Qt.AlignmentFlag.AlignLeft))
                inner.setBlockFormat(line)
                runs = spans(text, self._references)
                self._insert(inner, [_bold(run) for run in runs] if head else runs)
        self._table = table
        # Qt wants a paragraph behind a table; it takes no room.
        end = QTextCursor(self._document)
        end.movePosition(QTextCursor.MoveOperation.End)
        end.setBlockFormat(_line_height(1))
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


def _has_cjk(text: str) -> bool:
    return not text.isascii() and any(map(is_cjk, text))


def _bold(run: Span) -> Span:
    return Span(run.text, True, run.italic, run.strike, run.code, run.muted, run.href)


def _line_height(height: int) -> QTextBlockFormat:
    look = QTextBlockFormat()
    look.setLineHeight(height, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
    return look


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


def _x(line: Any, position: int) -> float:
    """The x of a caret in a QTextLine; PySide's cursorToX returns the position too."""
    found = line.cursorToX(position)
    return float(found[0] if isinstance(found, tuple) else found)
