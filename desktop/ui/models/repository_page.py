"""One repository: what the model is, its quantisations with how each fits this computer, and its card."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QFocusEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout
from typing_extensions import override

from desktop.errors import AppError, Gated
from desktop.hub.advice import advised, resized
from desktop.hub.catalogue import Entry, Quantisation
from desktop.hub.fit import Fit, fit
from desktop.hub.header import Header
from desktop.hub.names import words_of
from desktop.hub.remote import Choice, Found, Repository
from desktop.loading import Loading
from desktop.ui.catalogue_words import strengths_line
from desktop.ui.controls import IconButton, describe, tab_through
from desktop.ui.error_text import one_line
from desktop.ui.found_words import facts_of
from desktop.ui.hub_access import HubAccess
from desktop.ui.i18n import language, tr
from desktop.ui.models.card_view import CardView
from desktop.ui.models.choice_row import ChoiceRow
from desktop.ui.models.column_page import ColumnPage
from desktop.ui.models.downloading import Wanted
from desktop.ui.models.gate import GatePanel
from desktop.ui.models.gettable import small_label
from desktop.ui.models.getting import Getting
from desktop.ui.models.hub_work import HubWork
from desktop.ui.models.problem import Problem
from desktop.ui.quantities import parameters
from desktop.ui.theme import scaled

# Repositories with many different models in them have one header each.
_MOST_HEADERS = 6


@dataclass
class _Shown:
    """What the page is about, as far as it is known."""

    repo: str = ""
    entry: Entry | None = None
    advised: Quantisation | None = None
    """Of the entry."""
    found: Found | None = None
    repository: Repository | None = None
    error: AppError | None = None
    asking: bool = False
    headers: dict[frozenset[str], Header] = field(default_factory=dict)
    """By what the names of a model's files have in common, whatever their quantisation."""


class RepositoryPage(ColumnPage):
    """The page of what a search has found, or of an entry of the catalogue: that one asks the hub nothing by itself.

    Signals:
        left(): back to where the user came from
        use_requested(path: Path), settings_requested(), online_requested(): as `Gettable` has them
    """

    left = Signal()
    use_requested = Signal(object)
    settings_requested = Signal()
    online_requested = Signal()

    def __init__(self, hub: HubWork, getting: Getting, loading: Loading, access: HubAccess) -> None:
        super().__init__()
        self.setObjectName("repositoryPage")
        self._hub, self._getting, self._loading, self._access = hub, getting, loading, access
        self._shown = _Shown()
        self._rows: dict[str, ChoiceRow] = {}
        self._back = IconButton("backButton", "chevron-left")
        self._title = QLabel()
        self._title.setProperty("look", "heading")
        self._title.setWordWrap(True)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._page = IconButton("openRepositoryButton", "external-link")
        self._facts, self._about, self._note = small_label(), small_label(""), small_label()
        self._status = small_label("muted")
        self._problem = Problem()
        self._gate = GatePanel(access)
        self._list = QVBoxLayout()
        self._refused = small_label()
        self._ask = QPushButton()
        self._ask.setObjectName("askHubButton")
        self._card_title = QLabel()
        self._card_title.setProperty("look", "title")
        self._card = CardView()
        self._lay_out()
        self._connect()
        self._retranslate()

    def show_found(self, found: Found) -> None:
        """Ask the hub for the repository that a search has found, and show it."""
        self._begin(_Shown(found.repo, found=found))
        self._read()

    def show_entry(self, entry: Entry, quantisation: Quantisation) -> None:
        """Show what the catalogue knows of `entry`, of which `quantisation` suits this computer."""
        self._begin(_Shown(entry.repo, entry=entry, advised=quantisation))

    def refit(self) -> None:
        """Say of each row how it fits the memory that is free now, and which one to take."""
        shown, machine = self._shown, self._loading.machine()
        fits: dict[str, Fit] = {}
        best = ""
        if shown.repository is not None:
            choices = shown.repository.choices
            for choice in choices:
                header = shown.headers.get(_model_of(choice))
                if header is not None:
                    files = sum(file.size_bytes for file in choice.files)
                    fits[choice.files[0].path] = fit(resized(header, files), machine)
            to_take = advised(choices, lambda choice: fits.get(choice.files[0].path))
            best = to_take.files[0].path if to_take is not None else ""
        elif shown.entry is not None:
            fits = {each.name: fit(shown.entry.header(each), machine) for each in shown.entry.quantisations}
            best = shown.advised.name if shown.advised is not None else ""
        for key, row in self._rows.items():
            row.set_fit(fits.get(key))
            row.set_advised(advised=key == best)

    def leave(self) -> None:
        """The page is left: what it still asks the hub for is not needed."""
        self._hub.leave(self._shown.repo)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._back.setFocus(event.reason())

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._back, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self._title, 1)
        top.addWidget(self._page, 0, Qt.AlignmentFlag.AlignTop)
        self._list.setSpacing(scaled(8))
        self.column.addLayout(top)
        for part in (self._facts, self._about, self._note, self._gate, self._status, self._problem):
            self.column.addWidget(part)
        self.column.addLayout(self._list)
        self.column.addWidget(self._refused)
        self.column.addWidget(self._ask, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addSpacing(scaled(8))
        self.column.addWidget(self._card_title)
        self.column.addWidget(self._card)
        self.column.addStretch()

    def _connect(self) -> None:
        hub = self._hub
        self._back.clicked.connect(self.left)
        self._page.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(self._access.page(self._shown.repo))))
        self._ask.clicked.connect(self._read)
        self._problem.retry_requested.connect(self._read)
        self._problem.settings_requested.connect(self.settings_requested)
        self._problem.online_requested.connect(self.online_requested)
        self._gate.token_saved.connect(self._on_token_saved)
        self._access.changed.connect(self._on_access_changed)
        self._card.sought.connect(self._on_sought)
        hub.repository_read.connect(self._on_repository_read)
        hub.repository_failed.connect(self._on_repository_failed)
        hub.card_read.connect(self._on_card_read)
        hub.header_read.connect(self._on_header_read)

    def _begin(self, shown: _Shown) -> None:
        self.leave()
        self._shown = shown
        self._card.set_text("")
        self._fill()
        self._say()
        self.verticalScrollBar().setValue(0)

    def _read(self) -> None:
        self._shown.asking, self._shown.error = True, None
        self._say()
        self._hub.read_repository(self._shown.repo)

    # What the hub says.

    @Slot(str, object)
    def _on_repository_read(self, repo: str, repository: Repository) -> None:
        # Somebody may have pressed Get: the hub is asked then too, and the page may as well show what it says.
        shown = self._shown
        if repo != shown.repo:
            return
        shown.asking, shown.error = False, None
        shown.repository, shown.found = repository, repository.found
        self._fill()
        self._say()
        self._hub.read_card(repo, repository.commit)
        for choice in _one_of_each(repository.choices)[:_MOST_HEADERS]:
            self._hub.read_header(choice)

    @Slot(str, object)
    def _on_repository_failed(self, repo: str, error: AppError) -> None:
        if repo == self._shown.repo and self._shown.asking:
            self._shown.asking, self._shown.error = False, error
            self._say()

    @Slot(str, str)
    def _on_card_read(self, repo: str, text: str) -> None:
        if repo == self._shown.repo:
            self._card.set_text(text)
            self._card_title.setVisible(bool(text.strip()))
            self._card.setVisible(bool(text.strip()))

    @Slot(object, object)
    def _on_header_read(self, choice: Choice, header: Header) -> None:
        if choice.repo == self._shown.repo:
            self._shown.headers[_model_of(choice)] = header
            self.refit()

    def _on_token_saved(self) -> None:
        if self._shown.found is None or self._shown.error is not None:
            self._read()

    def _on_sought(self, area: QRect) -> None:
        place = self._card.mapTo(self, area.center()) + QPoint(0, self.verticalScrollBar().value())
        self.ensureVisible(place.x(), place.y())

    def _on_access_changed(self) -> None:
        if self._shown.error is not None:
            self._read()

    # How it is shown.

    def _fill(self) -> None:
        """A row for each quantisation: those of the hub, or those that the catalogue knows."""
        while (item := self._list.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self._rows = {}
        shown = self._shown
        if shown.repository is not None:
            for choice in shown.repository.choices:
                file = choice.files[0].path
                self._add(
                    file,
                    ChoiceRow(self._getting, Wanted(choice.repo, choice.quantisation, file), choice.size_bytes, choice),
                )
        elif shown.entry is not None:
            for each in shown.entry.quantisations:
                wanted = Wanted(shown.repo, each.name)
                self._add(each.name, ChoiceRow(self._getting, wanted, each.size_bytes, about=each.about))
        tab_through(self._page, self._gate, self._problem, *self._rows.values(), self._ask)
        self.refit()

    def _add(self, key: str, row: ChoiceRow) -> None:
        self._rows[key] = row
        row.use_requested.connect(self.use_requested)
        row.settings_requested.connect(self.settings_requested)
        row.online_requested.connect(self.online_requested)
        self._list.addWidget(row)

    def _say(self) -> None:
        shown = self._shown
        owner, _, name = shown.repo.rpartition("/")
        entry, found = shown.entry, shown.found
        self._title.setText(entry.title if entry is not None else name)
        facts = [tr("by {owner}", owner=entry.author if entry is not None else owner)]
        if found is not None:
            facts += facts_of(found, time.time())
        elif entry is not None:
            facts += [parameters(entry.parameters), entry.licence.name, strengths_line(entry.strengths)]
        self._facts.setText(" · ".join(facts))
        self._about.setText(entry.description(language()) if entry is not None else "")
        self._note.setText(entry.licence.note(language()) if entry is not None else "")
        for label in (self._about, self._note):
            label.setVisible(bool(label.text()))
        self._status.setText(self._status_words())
        self._status.setVisible(bool(self._status.text()))
        gated = isinstance(shown.error, Gated) or (found is not None and found.gated)
        self._gate.set_address(self._access.terms(shown.repo))
        self._gate.setVisible(gated)
        self._problem.set_error(shown.error)
        refused = shown.repository.refused if shown.repository is not None else ()
        self._refused.setText("\n".join(one_line(each.error) for each in refused[:3]))
        self._refused.setVisible(bool(refused))
        self._ask.setVisible(entry is not None and shown.repository is None and not shown.asking)
        if shown.repository is None:
            self._card_title.hide()
            self._card.hide()

    def _status_words(self) -> str:
        shown = self._shown
        if shown.asking:
            return tr("Asking {host}…", host=self._access.host)
        if shown.repository is not None and not shown.repository.choices:
            return tr("There is no model in it that can be downloaded.")
        return ""

    def _retranslate(self) -> None:
        describe(self._back, tr("Back"))
        describe(self._page, tr("Open the page in the web browser"))
        self._ask.setText(tr("Ask the hub for all its files and the model card"))
        self._card_title.setText(tr("Model card"))
        self._say()


def _model_of(choice: Choice) -> frozenset[str]:
    """The same for all quantisations of a model."""
    return frozenset(words_of(choice.files[0].path))


def _one_of_each(choices: tuple[Choice, ...]) -> list[Choice]:
    """The smallest quantisation of each model."""
    found: dict[frozenset[str], Choice] = {}
    for choice in choices:
        found.setdefault(_model_of(choice), choice)
    return list(found.values())
