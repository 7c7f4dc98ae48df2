"""One block on the page: its text laid out, and how it is painted.

A view is made when its block comes into sight and dropped when it is far away. All coordinates are relative to the
block's upper left corner, in the window's pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    QTextLine,
    QTextOption,
)
from typing_extensions import override

from desktop.ui.transcript.inline import References, Span, spans
from desktop.ui.transcript.markdown import (
    BULLET,
    BULLET_INNER,
    INSIDE,
    QUOTE,
    TASK_DONE,
    Block,
    Kind,
)
from desktop.ui.transcript.script import is_cjk
from desktop.ui.transcript.style import Style

_SHARE_FOR_INDENTS = 0.5
"""However deep the nesting, this share of the width stays for text."""

_CODE_PADDING = 3
"""Room left and right of code in a line, inside its box."""


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
        height = self._style.line_height(font.pixelSize(), cjk=has_cjk(block.text))
        cursor = QTextCursor(self._document)
        cursor.setBlockFormat(line_height(height))
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
            if run.italic and has_cjk(run.text):
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
                self._widen(start)
                self._widen(cursor.position())
            if run.href:
                self._add_link(start, cursor.position(), run.href)

    def _widen(self, position: int) -> None:
        """Leave room for the box of code before `position`, as part of the character there."""
        cursor = QTextCursor(self._document)
        cursor.setPosition(position)
        if not cursor.atBlockStart():
            cursor.movePosition(QTextCursor.MoveOperation.PreviousCharacter, QTextCursor.MoveMode.KeepAnchor)
            look = QTextCharFormat()
            look.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
            look.setFontLetterSpacing(self._style.px(_CODE_PADDING + 1))
            cursor.mergeCharFormat(look)

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
        return [
            QRectF(left, baseline - line.ascent(), right - left, line.ascent() + line.descent())
            for line, left, right, baseline in self._lines(start, end)
        ]

    def _lines(self, start: int, end: int) -> Iterator[tuple[QTextLine, float, float, float]]:
        """The lines between two positions, each with what of it is meant: from left to right, and its baseline."""
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
                    baseline = corner.y() + line.y() + line.ascent()
                    yield line, corner.x() + edges[0], corner.x() + edges[1], baseline
            block = block.next()

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
        metrics = QFontMetricsF(self._style.code_font)
        above, height = metrics.ascent() + px(1), metrics.height() + px(2)
        for start, end in self._code_ranges:
            for _, left, right, baseline in self._lines(start, end):
                # What `_widen` made room for behind the last character is in `right`, all but a pixel.
                area = QRectF(left - px(_CODE_PADDING), baseline - above, right - left + px(_CODE_PADDING - 1), height)
                painter.drawRoundedRect(area, px(4), px(4))

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


def has_cjk(text: str) -> bool:
    """Whether there is Chinese, Japanese or Korean in `text`."""
    return not text.isascii() and any(map(is_cjk, text))


def line_height(height: int) -> QTextBlockFormat:
    """Paragraphs whose lines are `height` pixels high, whatever fonts they mix."""
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
