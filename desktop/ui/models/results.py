"""What a search of the hub has found: one line a repository, painted, so that a hundred cost nothing."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from desktop.hub.remote import Found
from desktop.ui.colours import Tokens
from desktop.ui.controls import paint_ground, paint_ring
from desktop.ui.found_words import facts_of
from desktop.ui.i18n import tr
from desktop.ui.icons import icon
from desktop.ui.painted_list import ITEM, Index, ItemList, Items
from desktop.ui.theme import TEXT_PX, scaled, tokens

_ROW_PX = 56


class FoundItems(Items):
    """The repositories in the hub's order."""

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        found: Found = self.items[index.row()]
        if role == ITEM:
            return found
        if role == Qt.ItemDataRole.DisplayRole:
            return found.repo
        if role == Qt.ItemDataRole.AccessibleTextRole:
            gated = (tr("Asks for your consent first"),) if found.gated else ()
            return ", ".join((found.repo, *gated, *facts_of(found, time.time())))
        return None


class Results(ItemList):
    """The list of repositories: of `Found`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(FoundItems, parent)
        self.setObjectName("hubResults")
        self.setItemDelegate(_Painter(self))

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self.setAccessibleName(tr("Models on the hub"))


class _Painter(QStyledItemDelegate):
    """Paints the name, its owner in the muted colour, and below them what is known."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(scaled(100), scaled(_ROW_PX))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = tokens(option.palette)
        found: Found = index.data(ITEM)
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
