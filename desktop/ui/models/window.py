"""The models' own window: what is on this computer, what there is to discover, what is being downloaded."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QByteArray, QEvent, Qt, Signal
from PySide6.QtGui import QCloseEvent, QFocusEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.ui.controls import DRESS_CHANGES, hairline
from desktop.ui.i18n import tr
from desktop.ui.icons import app_icon
from desktop.ui.tabs import Tabs
from desktop.ui.theme import scaled
from desktop.ui.toast import Toast

_SIZE = (880, 640)
_LEAST = (480, 400)


class Page(StrEnum):
    """The window's pages, in their order. The value is the page's object name."""

    LIBRARY = "libraryPage"
    DISCOVER = "discoverPage"
    DOWNLOADS = "downloadsPage"


class ModelsWindow(QWidget):
    """A frame around the pages that are put into it. Stays open beside the main window.

    A page is any widget; it takes the whole width below the tabs, keeps its own margins, and gets the focus when it is
    shown (so it wants a focus proxy). Esc reaches the window only where the page had no use for it. Pages report by
    signals; what connects them with the rest stands in `in_window.py`, which makes this window when first asked for it.

    Signals:
        closed(str geometry): to be given back to the next one
    """

    closed = Signal(str)

    def __init__(self, geometry: str = "") -> None:
        super().__init__()
        self.setObjectName("modelsWindow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowIcon(app_icon())
        self.setMinimumSize(*_LEAST)
        self._words: list[Callable[[], str]] = []
        self._counts: dict[Page, int] = {}
        self._pages: list[Page] = []
        self._tabs = Tabs("modelsTabs")
        self._stack = _Stack()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._top = QHBoxLayout()
        self._top.addWidget(self._tabs, 1)
        self._column.addLayout(self._top)
        self._column.addWidget(hairline())
        self._column.addWidget(self._stack, 1)
        self._edge = QWidget()
        self._edge.setFixedHeight(0)
        self._column.addWidget(self._edge)
        self.toast = Toast(self, self._edge)
        """For what the pages have to say beyond their rows."""
        self._tabs.currentChanged.connect(self._stack.setCurrentIndex)
        for keys in (QKeySequence(QKeySequence.StandardKey.Close), QKeySequence("Ctrl+Shift+M")):
            QShortcut(keys, self, self.close)
        self._dress()
        self._retranslate()
        if not (geometry and self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))):
            room = self.screen().availableGeometry()
            self.resize(min(scaled(_SIZE[0]), room.width()), min(scaled(_SIZE[1]), room.height()))

    def add_page(self, page: Page, widget: QWidget, words: Callable[[], str]) -> None:
        """Put `widget` behind the tabs that are there, under the name that `words` says in the user's language."""
        widget.setObjectName(page.value)
        self._pages.append(page)
        self._words.append(words)
        self._stack.addWidget(widget)
        self._tabs.addTab("")
        self._name_tabs()

    def set_count(self, page: Page, count: int) -> None:
        """Show a number behind the page's name; none for 0."""
        if self._counts.get(page, 0) != count:
            self._counts[page] = count
            self._name_tabs()

    def show_page(self, page: Page) -> None:
        """Bring `page` and the window to the front."""
        self._tabs.setCurrentIndex(self._pages.index(page))
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        self._stack.setFocus()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Only what no page had a use for arrives here.
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self.closed.emit(bytes(self.saveGeometry().toBase64().data()).decode("ascii"))
        super().closeEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _name_tabs(self) -> None:
        for index, (page, words) in enumerate(zip(self._pages, self._words, strict=True)):
            count = self._counts.get(page, 0)
            name = tr("{name} ({count})", name=words(), count=count) if count else words()
            self._tabs.setTabText(index, name)

    def _retranslate(self) -> None:
        self.setWindowTitle(tr("Models — Fireside"))
        self._tabs.setAccessibleName(tr("Models"))
        self._name_tabs()

    def _dress(self) -> None:
        self._top.setContentsMargins(scaled(16), scaled(10), scaled(16), scaled(8))


class _Stack(QStackedWidget):
    """Passes the focus that it is given to the page that it shows."""

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if (page := self.currentWidget()) is not None:
            page.setFocus(event.reason())
