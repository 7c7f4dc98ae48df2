"""The field that searches the hub, and what narrows the search."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.hub.search import Sort
from desktop.ui.controls import DRESS_CHANGES, Choice
from desktop.ui.i18n import tr
from desktop.ui.icons import icon
from desktop.ui.licence_words import licence_name
from desktop.ui.models.hub_work import Query
from desktop.ui.quantities import parameters
from desktop.ui.theme import scaled, tokens

_SORTS = (Sort.TRENDING, Sort.DOWNLOADS, Sort.LIKES, Sort.UPDATED)
_LARGEST = (None, 2_000_000_000, 4_000_000_000, 9_000_000_000, 15_000_000_000, 35_000_000_000)
_LICENCES = (None, "apache-2.0", "mit", "gemma", "llama3.1", "cc-by-nc-4.0")


class SearchBar(QWidget):
    """Reports what is to be searched for; it asks nobody itself.

    Signals:
        typed(query: Query): the user is typing, or has chosen another filter
        submitted(query: Query): search now
        cleared(): the field is empty, so nothing is searched for
        list_entered(): the user goes down to the results
    """

    typed = Signal(object)
    submitted = Signal(object)
    cleared = Signal()
    list_entered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._field = QLineEdit()
        self._field.setObjectName("hubSearchField")
        self._field.setClearButtonEnabled(False)
        self._glass = QAction(self)
        self._field.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._search = QPushButton()
        self._search.setObjectName("hubSearchButton")
        self._sort, self._largest, self._licence = Choice(), Choice(), Choice()
        self._sort.setObjectName("sortChoice")
        self._largest.setObjectName("largestChoice")
        self._licence.setObjectName("licenceChoice")
        for choice, items in ((self._sort, _SORTS), (self._largest, _LARGEST), (self._licence, _LICENCES)):
            choice.addItems([""] * len(items))
            choice.currentIndexChanged.connect(self._on_filtered)
        self._row = QHBoxLayout()
        self._row.addWidget(self._field, 1)
        self._row.addWidget(self._search)
        self._filters = QWidget()
        self._filter_row = QHBoxLayout(self._filters)
        self._filter_row.setContentsMargins(0, 0, 0, 0)
        for choice in (self._sort, self._largest, self._licence):
            self._filter_row.addWidget(choice, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addLayout(self._row)
        self._column.addWidget(self._filters)
        self._filters.hide()
        self.setFocusProxy(self._field)
        self._field.textEdited.connect(self._on_edited)
        self._field.returnPressed.connect(self._on_submitted)
        self._search.clicked.connect(self._on_submitted)
        self._dress()
        self._retranslate()

    def query(self) -> Query:
        """What the field and the filters say now."""
        return Query(
            self._field.text().strip(),
            _SORTS[self._sort.currentIndex()],
            _LICENCES[self._licence.currentIndex()],
            _LARGEST[self._largest.currentIndex()],
        )

    def clear(self) -> None:
        """Search for nothing any more."""
        self._field.clear()
        self._filters.hide()
        self.cleared.emit()

    def show_filters(self) -> None:
        """Offer to narrow the search, now that there is one."""
        self._filters.show()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._field.text():
            self.clear()
        elif event.key() == Qt.Key.Key_Down and self._field.hasFocus():
            self.list_entered.emit()
        else:
            super().keyPressEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _on_edited(self) -> None:
        query = self.query()
        if query.text:
            self.typed.emit(query)
        else:
            self._filters.hide()
            self.cleared.emit()

    def _on_submitted(self) -> None:
        # An empty query lists what is popular: that too is asked for only by pressing the button.
        self.submitted.emit(self.query())

    def _on_filtered(self) -> None:
        if not self._filters.isHidden():
            self.submitted.emit(self.query())

    def _retranslate(self) -> None:
        self._field.setPlaceholderText(tr("Search the hub: a name, a maker, a language…"))
        self._field.setAccessibleName(tr("Search the hub"))
        self._search.setText(tr("Search"))
        self._search.setAccessibleName(tr("Search the hub"))
        sorts = {
            Sort.TRENDING: tr("Trending"),
            Sort.DOWNLOADS: tr("Most downloads"),
            Sort.LIKES: tr("Most likes"),
            Sort.UPDATED: tr("Newest"),
        }
        for index, sort in enumerate(_SORTS):
            self._sort.setItemText(index, sorts[sort])
        for index, largest in enumerate(_LARGEST):
            words = tr("Up to {parameters}", parameters=parameters(largest)) if largest else tr("Any size")
            self._largest.setItemText(index, words)
        for index, licence in enumerate(_LICENCES):
            self._licence.setItemText(index, licence_name(licence) if licence else tr("Any licence"))
        self._sort.setAccessibleName(tr("Order"))
        self._largest.setAccessibleName(tr("Size"))
        self._licence.setAccessibleName(tr("Licence"))

    def _dress(self) -> None:
        self._glass.setIcon(icon("search", tokens(self.palette()).muted, scaled(16)))
        self._row.setSpacing(scaled(8))
        self._filter_row.setSpacing(scaled(8))
        self._column.setSpacing(scaled(8))
