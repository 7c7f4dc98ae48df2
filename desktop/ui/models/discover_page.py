"""Where models are found: the catalogue's advice for this computer, and the hub's search."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.errors import AppError
from desktop.hub.catalogue import Entry, Quantisation, entries
from desktop.hub.remote import Found
from desktop.loading import Loading
from desktop.ui.controls import DRESS_CHANGES
from desktop.ui.hub_access import HubAccess
from desktop.ui.i18n import tr, tr_count
from desktop.ui.models.catalogue_view import CatalogueView
from desktop.ui.models.column_page import ColumnPage
from desktop.ui.models.getting import Getting
from desktop.ui.models.hub_work import HubWork, Query
from desktop.ui.models.problem import Problem
from desktop.ui.models.repository_page import RepositoryPage
from desktop.ui.models.results import Results
from desktop.ui.models.search_bar import SearchBar
from desktop.ui.theme import COLUMN_PX, scaled


class DiscoverPage(QStackedWidget):
    """The search with what it found or the catalogue below it; and the page of one model in its place.

    Nothing is asked of the network before the user searches, opens what was found, or presses Get.

    Signals:
        use_requested(path: Path): a model that is here shall answer
        settings_requested(): the network settings may help
        online_requested(): offline mode is to be turned off
    """

    use_requested = Signal(object)
    settings_requested = Signal()
    online_requested = Signal()

    def __init__(self, hub: HubWork, getting: Getting, loading: Loading, access: HubAccess) -> None:
        super().__init__()
        self._hub, self._loading = hub, loading
        self._query: Query | None = None
        self._count: int | None = None
        self._error: AppError | None = None
        access.load_token()
        self._bar = SearchBar()
        self._status = QLabel()
        self._status.setProperty("look", "muted")
        self._status.setWordWrap(True)
        self._problem = Problem()
        self._results = Results()
        self._catalogue = CatalogueView(getting, loading.machine())
        self._repository = RepositoryPage(hub, getting, loading, access)
        self._lay_out()
        self._connect()
        access.changed.connect(self._on_access_changed)
        back = QShortcut(QKeySequence(QKeySequence.StandardKey.Back), self, self._on_back)
        back.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._retranslate()

    def show_entry(self, entry_id: str) -> None:
        """Open the page of the catalogue's entry of that id."""
        for entry in entries():
            if entry.id == entry_id:
                self._open_entry(entry, entry.quantisations[0])

    def refit(self) -> None:
        """Memory is free or taken, or more is known of the GPUs: say anew how models fit."""
        self._catalogue.set_machine(self._loading.machine())
        self._repository.refit()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refit()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._dress()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        (self._repository if self.currentWidget() is self._repository else self._bar).setFocus(event.reason())

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Only what no part of the page had a use for arrives here.
        if event.key() == Qt.Key.Key_Escape and self._can_go_back():
            self._on_back()
        else:
            super().keyPressEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _lay_out(self) -> None:
        advice = ColumnPage()
        advice.column.addWidget(self._catalogue)
        self._found = QWidget()
        self._found_column = QVBoxLayout(self._found)
        self._found_column.addWidget(self._status)
        self._found_column.addWidget(self._results, 1)
        self._below = QStackedWidget()
        self._below.addWidget(advice)
        self._below.addWidget(self._found)
        # Words that scroll: in a small window with large letters there is no room for them.
        self._trouble = ColumnPage()
        self._trouble.column.addWidget(self._problem)
        self._trouble.column.addStretch()
        self._below.addWidget(self._trouble)
        search = QWidget()
        self._top = QVBoxLayout()
        self._top.addWidget(self._bar)
        whole = QVBoxLayout(search)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(self._top)
        whole.addWidget(self._below, 1)
        self.addWidget(search)
        self.addWidget(self._repository)
        self._dress()

    def _connect(self) -> None:
        bar, hub = self._bar, self._hub
        bar.typed.connect(hub.search_soon)
        bar.submitted.connect(hub.search)
        bar.cleared.connect(self._on_cleared)
        bar.list_entered.connect(self._results.setFocus)
        hub.searching.connect(self._on_searching)
        hub.found.connect(self._on_found)
        hub.search_failed.connect(self._on_search_failed)
        self._results.chosen.connect(self._open_found)
        self._problem.retry_requested.connect(self._search_again)
        self._catalogue.opened.connect(self._open_entry)
        self._repository.left.connect(self._on_back)
        for part in (self._catalogue, self._repository):
            part.use_requested.connect(self.use_requested)
        for source in (self._catalogue, self._repository, self._problem):
            source.settings_requested.connect(self.settings_requested)
            source.online_requested.connect(self.online_requested)

    # What the hub says.

    @Slot(object)
    def _on_searching(self, query: Query) -> None:
        self._query, self._count, self._error = query, None, None
        self._bar.show_filters()
        self._say()
        self._below.setCurrentWidget(self._found)

    @Slot(object, object)
    def _on_found(self, _: Query, found: list[Found]) -> None:
        self._count = len(found)
        self._results.set_items(found)
        self._say()

    @Slot(object, object)
    def _on_search_failed(self, _: Query, error: AppError) -> None:
        self._error = error
        self._results.set_items([])
        self._say()
        self._below.setCurrentWidget(self._trouble)

    def _on_access_changed(self) -> None:
        # Another mirror, or online again: what failed may work now. The user asked for it, and has not left since.
        if self._error is not None and self._below.currentWidget() is self._trouble:
            self._search_again()

    # What the user does.

    def _search_again(self) -> None:
        if self._query is not None:
            self._hub.search(self._query)

    def _on_cleared(self) -> None:
        self._hub.stop_search()
        self._query = None
        self._below.setCurrentIndex(0)

    def _open_found(self, found: Found) -> None:
        self._repository.show_found(found)
        self._turn_to(self._repository)

    def _open_entry(self, entry: Entry, quantisation: Quantisation) -> None:
        self._repository.show_entry(entry, quantisation)
        self._turn_to(self._repository)

    def _can_go_back(self) -> bool:
        return self.currentWidget() is self._repository or self._below.currentIndex() > 0

    def _on_back(self) -> None:
        if self.currentWidget() is self._repository:
            self._repository.leave()
            self.setCurrentIndex(0)
            (self._results if self._below.currentWidget() is self._found else self._catalogue).setFocus()
        elif self._below.currentIndex() > 0:
            self._bar.clear()
            self._bar.setFocus()

    def _turn_to(self, page: QWidget) -> None:
        self.setCurrentWidget(page)
        page.setFocus()

    def _say(self) -> None:
        self._problem.set_error(self._error)
        if self._count is None:
            self._status.setText(tr("Searching…"))
        elif self._count == 0:
            self._status.setText(
                tr("Nothing was found. Fewer or other words may help, or wider limits for size and licence.")
            )
        else:
            self._status.setText(tr_count("{count} model", "{count} models", self._count))

    def _retranslate(self) -> None:
        self.setAccessibleName(tr("Discover"))
        self._say()

    def _dress(self) -> None:
        side = max(scaled(16), (self.width() - scaled(COLUMN_PX)) // 2)
        self._top.setContentsMargins(side, scaled(16), side, scaled(4))
        self._found_column.setContentsMargins(side, scaled(8), side, 0)
        self._found_column.setSpacing(scaled(8))
