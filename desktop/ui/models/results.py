"""What a search of the hub has found: one line a repository, painted, so that a hundred cost nothing."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from desktop.hub.remote import Found
from desktop.ui.colours import Tokens
from desktop.ui.controls import DRESS_CHANGES, paint_ground, paint_ring
from desktop.ui.found_words import facts_of
from desktop.ui.i18n import tr
from desktop.ui.icons import icon
from desktop.ui.theme import TEXT_PX, scaled, tokens

Index = QModelIndex | QPersistentModelIndex

FOUND = Qt.ItemDataRole.UserRole
"""The row's Found."""

_ROW_PX = 56


class FoundModel(QAbstractListModel):
    """The repositories in the hub's order."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._found: list[Found] = []

    def set_found(self, found: list[Found]) -> None:
        """Show these instead."""
        self.beginResetModel()
        self._found = found
        self.endResetModel()

    @override
    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._found)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        found = self._found[index.row()]
        if role == FOUND:
            return found
        if role == Qt.ItemDataRole.DisplayRole:
            return found.repo
        if role == Qt.ItemDataRole.AccessibleTextRole:
            gated = (tr("Asks for your consent first"),) if found.gated else ()
            return ", ".join((found.repo, *gated, *facts_of(found, time.time())))
        return None


class Results(QListView):
    """The list of repositories.

    Signals:
        chosen(found: Found): opened by click or Enter
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("hubResults")
        self._model = FoundModel(self)
        self.setModel(self._model)
        self.setItemDelegate(_Painter(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(self._on_chosen)

    def set_found(self, found: list[Found]) -> None:
        """Show these; the first is the current one."""
        self._model.set_found(found)
        self.setCurrentIndex(self._model.index(0) if found else QModelIndex())
        self.scrollToTop()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_chosen(self.currentIndex())
        else:
            super().keyPressEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self.setAccessibleName(tr("Models on the hub"))
            self.viewport().update()
        elif event.type() in DRESS_CHANGES:
            self.scheduleDelayedItemsLayout()

    def _on_chosen(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(index.data(FOUND))


class _Painter(QStyledItemDelegate):
    """Paints the name, its owner in the muted colour, and below them what is known."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(scaled(100), scaled(_ROW_PX))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = tokens(option.palette)
        found: Found = index.data(FOUND)
        row = option.rect.adjusted(0, 1, 0, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        current = bool(option.state & QStyle.StateFlag.State_Selected) and option.widget.hasFocus()
        if current or option.state & QStyle.StateFlag.State_MouseOver:
            paint_ground(painter, row, theme.hover)
        if current:
            paint_ring(painter, row, theme)
        inner = row.adjusted(scaled(12), scaled(7), -scaled(12), -scaled(7))
        upper = QRect(inner.left(), inner.top(), inner.width(), inner.height() // 2)
        lower = QRect(inner.left(), upper.bottom() + 1, inner.width(), inner.height() - upper.height())
        if found.gated:
            side = scaled(14)
            lock = QRect(upper.right() - side, upper.top() + (upper.height() - side) // 2, side, side)
            icon("lock", theme.muted, side).paint(painter, lock)
            upper.setRight(lock.left() - scaled(8))
        _paint_name(painter, upper, option.font, found.repo, theme)
        small = QFont(option.font)
        small.setPixelSize(scaled(TEXT_PX - 2))
        facts = " · ".join(facts_of(found, time.time()))
        painter.setFont(small)
        painter.setPen(QColor(theme.muted))
        painter.drawText(
            lower,
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            QFontMetrics(small).elidedText(facts, Qt.TextElideMode.ElideRight, lower.width()),
        )
        painter.restore()


def _paint_name(painter: QPainter, area: QRect, font: QFont, repo: str, theme: Tokens) -> None:
    """The name in the text's weight, then the owner, as far as there is room."""
    owner, _, name = repo.rpartition("/")
    bold = QFont(font)
    bold.setWeight(QFont.Weight.DemiBold)
    metrics = QFontMetrics(bold)
    shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, area.width())
    middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    painter.setFont(bold)
    painter.setPen(QColor(theme.text))
    painter.drawText(area, middle, shown)
    rest = area.adjusted(metrics.horizontalAdvance(shown) + scaled(8), 0, 0, 0)
    if rest.width() > scaled(40) and owner:
        painter.setFont(font)
        painter.setPen(QColor(theme.muted))
        painter.drawText(rest, middle, QFontMetrics(font).elidedText(owner, Qt.TextElideMode.ElideRight, rest.width()))
