"""The library page with all that is under it, and what a user does to it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QModelIndex, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.hub.library import Library
from desktop.ui.models.library_list import Act, LibraryList
from desktop.ui.models.library_page import LibraryPage
from desktop.ui.models.library_rows import STATUS
from desktop.ui.toast import Toast
from tests.ui.conftest import Desk


class Shop:
    """A library page in a window, over a desk."""

    def __init__(self, desk: Desk, folder: Path, bot: QtBot) -> None:
        self.desk, self.folder, self.bot = desk, folder, bot
        self.window = QWidget()
        self.window.resize(900, 640)
        self.toast = Toast(self.window, QWidget(self.window))
        self.page = LibraryPage(desk.models, self.toast)
        self.page.setParent(self.window)
        self.page.resize(900, 600)
        bot.addWidget(self.window)
        self.window.show()
        self.window.activateWindow()
        bot.waitUntil(self.window.isActiveWindow)
        self.page.setFocus()
        view = self.page.findChild(LibraryList)
        assert view is not None
        self.view = view
        self.shelf = desk.models.shelf

    def titles(self) -> list[str]:
        model = self.view.model()
        return [str(model.index(row, 0).data()) for row in range(model.rowCount())]

    def choose(self, title: str) -> QModelIndex:
        model = self.view.model()
        index = next(model.index(row, 0) for row in range(model.rowCount()) if model.index(row, 0).data() == title)
        self.view.setCurrentIndex(index)
        self.view.setFocus()
        return index

    def status(self, title: str) -> str:
        return str(self.choose(title).data(STATUS))

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.view, key)

    def click(self, index: QModelIndex, act: Act) -> None:
        """On one of the buttons that are drawn in the row."""
        area = next(area for each, area in self.view.button_rects(index, self.view.visualRect(index)) if each is act)
        QTest.mouseClick(self.view.viewport(), Qt.MouseButton.LeftButton, pos=area.center())

    def on_disk(self) -> list[str]:
        """The names that another program with the same data finds."""
        library = Library(self.folder / "library.json", self.folder / "models", home=self.folder / "home", env={})
        return [model.name for model in library.models()]

    def button(self, name: str) -> QPushButton:
        found = self.page.findChild(QPushButton, name)
        assert found is not None, name
        return found


def drop(page: LibraryPage, paths: list[Path]) -> None:
    """Files and folders from the file manager."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    none, left, copy = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton, Qt.DropAction.CopyAction
    QApplication.sendEvent(page, QDragEnterEvent(QPoint(50, 50), copy, data, left, none))
    QApplication.sendEvent(page, QDropEvent(QPointF(50, 50), copy, data, left, none, QEvent.Type.Drop))


def add(shop: Shop, paths: list[Path]) -> None:
    """The same, until they are listed."""
    before = len(shop.shelf.models)
    drop(shop.page, paths)
    shop.bot.waitUntil(lambda: len(shop.shelf.models) > before)
