"""The left side: new chat, search, the chats by date, settings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.chat.message import Chat
from desktop.store.search import Hit
from desktop.ui.actions import SEARCH
from desktop.ui.chat_list import ChatList
from desktop.ui.controls import DRESS_CHANGES, IconButton, describe
from desktop.ui.i18n import tr
from desktop.ui.icons import icon
from desktop.ui.search_results import SearchResults
from desktop.ui.theme import scaled, tokens

# How long typing must rest before it is searched for.
_SEARCH_MS = 120


class Sidebar(QWidget):
    """All of the left side.

    Signals:
        new_requested(), settings_requested()
        chat_chosen(int chat_id), hit_chosen(Hit hit)
        renamed(int chat_id, str title), delete_requested(int chat_id)
        search_changed(str text): `set_hits` is to answer it; never empty
    """

    new_requested = Signal()
    settings_requested = Signal()
    chat_chosen = Signal(int)
    hit_chosen = Signal(object)
    renamed = Signal(int, str)
    delete_requested = Signal(int)
    search_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._title = QLabel()
        self._title.setProperty("look", "title")
        self._new = IconButton("newChatButton", "square-pen", ink="text", size=18)
        self._search = _SearchField()
        self._list = ChatList()
        self._results = SearchResults()
        self._nothing = QLabel()
        self._nothing.setProperty("look", "muted")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._nothing.setWordWrap(True)
        self._nothing.setTextFormat(Qt.TextFormat.PlainText)
        self._stack = QStackedWidget()
        for page in (self._list, self._results, self._nothing):
            self._stack.addWidget(page)
        self._settings = QPushButton()
        self._settings.setObjectName("settingsButton")
        self._settings.setProperty("look", "row")
        self._settings.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._searching = QTimer(self, singleShot=True, interval=_SEARCH_MS)
        self._chat_ids: set[int] = set()
        self._hits: list[Hit] | None = None
        self._lay_out()
        self._connect()
        self._retranslate()

    def set_chats(self, chats: list[Chat], today: date) -> None:
        """List `chats`, which come newest first, as seen on the day `today`."""
        before, self._chat_ids = self._chat_ids, {chat.id for chat in chats}
        self._list.set_chats(chats, today)
        self._show_page()
        if self._chat_ids != before:
            self.search_again()

    def set_open(self, chat_id: int | None) -> None:
        """Mark the chat that the window shows."""
        self._list.set_open(chat_id)

    def set_answering(self, chat_ids: Iterable[int]) -> None:
        """Mark the chats that are being answered."""
        self._list.set_answering(set(chat_ids))

    @property
    def query(self) -> str:
        """What is searched for."""
        return self._search.text()

    def set_hits(self, hits: list[Hit]) -> None:
        """What was found for the text in the search field."""
        self._hits = hits
        self._results.set_items(hits)
        self._show_page()

    def neighbour(self, chat_id: int | None, step: int) -> int | None:
        """The id of the chat `step` places below the given one; of the first where that is not listed."""
        return self._list.neighbour(chat_id, step)

    def rename(self, chat_id: int) -> None:
        """Let the user write another title in the chat's row."""
        self._search.clear()
        self._list.rename(chat_id)

    def focus_search(self) -> None:
        """Let the user type what to search for."""
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def search_again(self) -> None:
        """Ask anew for what the search field says: the chats may be others now."""
        if text := self._search.text().strip():
            self.search_changed.emit(text)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _lay_out(self) -> None:
        self._top = QHBoxLayout()
        self._top.addWidget(self._title)
        self._top.addStretch()
        self._top.addWidget(self._new)
        self._field = QHBoxLayout()
        self._field.addWidget(self._search)
        self._bottom = QHBoxLayout()
        self._bottom.addWidget(self._settings)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._top)
        column.addLayout(self._field)
        column.addWidget(self._stack, 1)
        column.addLayout(self._bottom)
        self._dress()

    def _connect(self) -> None:
        self._new.clicked.connect(self.new_requested)
        self._settings.clicked.connect(self.settings_requested)
        self._list.chosen.connect(self.chat_chosen)
        self._list.renamed.connect(self.renamed)
        self._list.delete_requested.connect(self.delete_requested)
        self._results.chosen.connect(self.hit_chosen)
        self._search.textChanged.connect(self._on_text_changed)
        self._search.down_pressed.connect(self._on_down)
        self._search.returnPressed.connect(self._on_return)
        self._searching.timeout.connect(self.search_again)

    def _on_text_changed(self, text: str) -> None:
        if text.strip():
            self._searching.start()
        else:
            self._searching.stop()
            self._hits = None
            self._show_page()

    def _on_return(self) -> None:
        if self._searching.isActive():
            # Faster than the search: what is on screen answers an older text.
            self._searching.stop()
            self.search_again()
        if self._hits is not None:
            self._results.choose_current()

    def _on_down(self) -> None:
        page = self._stack.currentWidget()
        if page is not None and page is not self._nothing:
            page.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_page(self) -> None:
        if self._hits is not None:
            self._stack.setCurrentWidget(self._results if self._hits else self._nothing)
        else:
            self._stack.setCurrentWidget(self._list if self._chat_ids else self._nothing)
        nothing_found = tr("Nothing found. Try fewer or other words.")
        self._nothing.setText(tr("Your chats will be listed here.") if self._hits is None else nothing_found)

    def _retranslate(self) -> None:
        self._title.setText(tr("Fireside"))
        describe(self._new, tr("New chat"), QKeySequence(QKeySequence.StandardKey.New))
        describe(self._search, tr("Search chats"), QKeySequence(SEARCH))
        self._search.setPlaceholderText(tr("Search"))
        self._search.retranslate()
        self._list.setAccessibleName(tr("Chats"))
        self._results.setAccessibleName(tr("Search results"))
        self._settings.setText(tr("Settings"))
        describe(self._settings, tr("Settings"), QKeySequence("Ctrl+,"))
        self._show_page()

    def _dress(self) -> None:
        size = scaled(16)
        self._settings.setIcon(icon("settings", tokens(self.palette()).muted, size))
        self._settings.setIconSize(QSize(size, size))
        self._top.setContentsMargins(scaled(20), scaled(8), scaled(12), scaled(4))
        self._field.setContentsMargins(scaled(12), scaled(4), scaled(12), scaled(4))
        self._bottom.setContentsMargins(scaled(8), scaled(8), scaled(8), scaled(8))
        self._nothing.setMargin(scaled(24))


class _SearchField(QLineEdit):
    """The search field.

    Signals:
        down_pressed(): the list below is wanted.
    """

    down_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("searchBox")
        self._glass = QAction(self)
        self._clear = QAction(self)
        self.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self.addAction(self._clear, QLineEdit.ActionPosition.TrailingPosition)
        self._clear.setVisible(False)
        self._clear.triggered.connect(self.clear)
        self.textChanged.connect(lambda text: self._clear.setVisible(bool(text)))
        self._dress()

    def retranslate(self) -> None:
        """Speak the language that is chosen now."""
        self._clear.setText(tr("Clear the search"))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.down_pressed.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()
        else:
            super().keyPressEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in DRESS_CHANGES:
            self._dress()

    def _dress(self) -> None:
        muted = tokens(self.palette()).muted
        self._glass.setIcon(icon("search", muted, scaled(16)))
        self._clear.setIcon(icon("x", muted, scaled(16)))
