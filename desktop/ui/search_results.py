"""What a search found, in the place of the list of chats."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QPainter, QTextCharFormat, QTextLayout
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from desktop.store.search import Hit
from desktop.ui.colours import Tokens
from desktop.ui.controls import paint_ground, paint_ring
from desktop.ui.i18n import tr
from desktop.ui.painted_list import ITEM, Index, ItemList, Items
from desktop.ui.theme import TEXT_PX, scaled, tokens

_ROW_PX = 52


class HitItems(Items):
    """The hits, best first."""

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        hit: Hit = self.items[index.row()]
        if role == ITEM:
            return hit
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{_title(hit)}\n{hit.snippet}"
        return None


class SearchResults(ItemList):
    """The list of hits: of `Hit`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(HitItems, parent)
        self.setObjectName("searchResults")
        self.setItemDelegate(_HitDelegate(self))


class _HitDelegate(QStyledItemDelegate):
    """Paints a hit in two lines: the chat's title, and the text around the match."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(scaled(100), scaled(_ROW_PX))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = tokens(option.palette)
        hit: Hit = index.data(ITEM)
        row = option.rect.adjusted(scaled(8), 1, -scaled(8), -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        current = bool(option.state & QStyle.StateFlag.State_Selected)
        if current or option.state & QStyle.StateFlag.State_MouseOver:
            paint_ground(painter, row, theme.pressed if current else theme.hover)
        if current and option.widget.hasFocus():
            paint_ring(painter, row, theme)
        inner = row.adjusted(scaled(12), scaled(6), -scaled(8), -scaled(6))
        upper = QRect(inner.left(), inner.top(), inner.width(), inner.height() // 2)
        lower = QRect(inner.left(), upper.bottom() + 1, inner.width(), inner.height() - upper.height())
        small = QFont(option.font)
        small.setPixelSize(scaled(TEXT_PX - 2))
        in_title = hit.message_id is None
        _draw_marked(painter, upper, option.font, theme.text, _title(hit), hit.marks if in_title else (), theme)
        second = tr("In the title") if in_title else hit.snippet
        _draw_marked(painter, lower, small, theme.muted, second, () if in_title else hit.marks, theme)
        painter.restore()


def _title(hit: Hit) -> str:
    return hit.title or tr("New chat")


def _draw_marked(
    painter: QPainter,
    area: QRect,
    font: QFont,
    colour: str,
    text: str,
    marks: tuple[tuple[int, int], ...],
    theme: Tokens,
) -> None:
    """Draw one line of `text`, shortened to `area`, what matched on a tinted ground."""
    text, marks = _from_match(text, marks, QFontMetrics(font), area.width())
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    layout = QTextLayout(shown, font)
    formats = []
    for start, end in marks:
        marked = QTextCharFormat()
        marked.setBackground(QBrush(QColor(theme.selection)))
        marked.setForeground(QBrush(QColor(theme.text)))
        span = QTextLayout.FormatRange()
        # Qt counts UTF-16 units, Python counts characters.
        span.start = _utf16(text[:start])
        span.length = min(_utf16(text[start:end]), _utf16(shown) - span.start)
        span.format = marked
        if span.length > 0:
            formats.append(span)
    layout.setFormats(formats)
    layout.beginLayout()
    line = layout.createLine()
    if line.isValid():
        line.setLineWidth(area.width())
    layout.endLayout()
    painter.setPen(QColor(colour))
    top = area.top() + (area.height() - line.height()) / 2 if line.isValid() else area.top()
    layout.draw(painter, QPointF(area.left(), top))


def _from_match(
    text: str, marks: tuple[tuple[int, int], ...], metrics: QFontMetrics, width: int
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """`text` cut at its front where the first match would not be seen otherwise, and the marks in what is left."""
    if not marks:
        return text, marks
    first, end = marks[0]
    room = width - metrics.horizontalAdvance("……")
    cut = 0
    while cut < first and metrics.horizontalAdvance(text[cut:end]) > room:
        cut += 1
    if cut == 0:
        return text, marks
    return "…" + text[cut:], tuple((start - cut + 1, end - cut + 1) for start, end in marks)


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
