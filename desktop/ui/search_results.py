"""What a search found, in the place of the list of chats."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QTextCharFormat, QTextLayout
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from desktop.store.search import Hit
from desktop.ui.colours import Tokens
from desktop.ui.controls import DRESS_CHANGES, paint_ground, paint_ring
from desktop.ui.i18n import tr
from desktop.ui.theme import TEXT_PX, scaled, tokens

Index = QModelIndex | QPersistentModelIndex

HIT = Qt.ItemDataRole.UserRole
"""The row's Hit."""

_ROW_PX = 52


class HitModel(QAbstractListModel):
    """The hits, best first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._hits: list[Hit] = []

    def set_hits(self, hits: list[Hit]) -> None:
        """Show these instead."""
        self.beginResetModel()
        self._hits = hits
        self.endResetModel()

    @override
    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._hits)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        hit = self._hits[index.row()]
        if role == HIT:
            return hit
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{_title(hit)}\n{hit.snippet}"
        return None


class SearchResults(QListView):
    """The list of hits.

    Signals:
        chosen(Hit hit): opened by click or Enter.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("searchResults")
        self._model = HitModel(self)
        self.setModel(self._model)
        self.setItemDelegate(_HitDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(self._on_chosen)

    def set_hits(self, hits: list[Hit]) -> None:
        """Show these; the first is the current one."""
        self._model.set_hits(hits)
        self.setCurrentIndex(self._model.index(0) if hits else QModelIndex())

    def choose_current(self) -> None:
        """Open the current hit, if there is one."""
        self._on_chosen(self.currentIndex())

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.choose_current()
        else:
            super().keyPressEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in DRESS_CHANGES:
            self.scheduleDelayedItemsLayout()

    def _on_chosen(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(index.data(HIT))


class _HitDelegate(QStyledItemDelegate):
    """Paints a hit in two lines: the chat's title, and the text around the match."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(scaled(100), scaled(_ROW_PX))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = tokens(option.palette)
        hit: Hit = index.data(HIT)
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
