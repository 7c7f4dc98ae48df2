"""Lists whose rows are painted, not built of widgets: thousands of them cost what ten do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget
from typing_extensions import override

from desktop.ui.controls import DRESS_CHANGES

Index = QModelIndex | QPersistentModelIndex

ITEM = Qt.ItemDataRole.UserRole
"""The value that a row shows."""


class PaintedList(QListView):
    """A list that scrolls by pixels, upwards and downwards only, and lets its delegate follow the pointer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)

    def menu_place(self, event: QContextMenuEvent) -> tuple[QModelIndex, QPoint]:
        """The row whose menu is asked for, by the pointer or by the key, and where on the screen to open it."""
        if event.reason() is not QContextMenuEvent.Reason.Keyboard:
            return self.indexAt(event.pos()), event.globalPos()
        index = self.currentIndex()
        return index, self.viewport().mapToGlobal(self.visualRect(index).center())

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self.viewport().update()
        elif event.type() in DRESS_CHANGES:
            self.scheduleDelayedItemsLayout()


class Items(QAbstractListModel):
    """Values in their order. What a row says of its value is the subclass's `data`."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.items: Sequence[Any] = ()

    def set_items(self, items: Sequence[Any]) -> None:
        """Show these instead."""
        self.beginResetModel()
        self.items = items
        self.endResetModel()

    @override
    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.items)


class ItemList(PaintedList):
    """A list of values, all rows as high as each other, to choose one of.

    Signals:
        chosen(item: object): opened by click or Enter
    """

    chosen = Signal(object)

    def __init__(self, items: type[Items], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items = items(self)
        self.setModel(self._items)
        self.setUniformItemSizes(True)
        self.clicked.connect(self._on_clicked)

    def set_items(self, items: Sequence[Any]) -> None:
        """Show these, from the first, which is the current one."""
        self._items.set_items(items)
        self.setCurrentIndex(self._items.index(0) if items else QModelIndex())
        self.scrollToTop()

    def choose_current(self) -> None:
        """Open the current one, if there is one."""
        self._on_clicked(self.currentIndex())

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.choose_current()
        else:
            super().keyPressEvent(event)

    def _on_clicked(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(index.data(ITEM))
