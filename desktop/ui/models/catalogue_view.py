"""The catalogue: what is recommended for this computer, and all the rest behind a button. Needs no network."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.hub.catalogue import Entry, Quantisation, Role, entries, fits_on, recommend
from desktop.hub.fit import Fit, Machine, Verdict, fit
from desktop.ui.controls import DRESS_CHANGES, tab_through
from desktop.ui.i18n import tr, tr_count
from desktop.ui.models.entry_card import EntryCard
from desktop.ui.models.gettable import small_label
from desktop.ui.models.getting import Getting
from desktop.ui.quantities import gigabytes
from desktop.ui.theme import scaled

_Key = tuple[str, str, tuple[Role, ...]]


@dataclass(frozen=True, slots=True)
class _Offer:
    """A card's contents. `roles` are what the model is recommended for, none where it is only listed."""

    entry: Entry
    quantisation: Quantisation
    roles: tuple[Role, ...] = ()

    @property
    def key(self) -> _Key:
        """The same for the same card."""
        return self.entry.id, self.quantisation.name, self.roles


class CatalogueView(QWidget):
    """Cards, one a model.

    Signals:
        opened(entry: Entry, quantisation: Quantisation): the user wants to see more of it
        use_requested(path: Path), settings_requested(), online_requested(): as `Gettable` has them
    """

    opened = Signal(object, object)
    use_requested = Signal(object)
    settings_requested = Signal()
    online_requested = Signal()

    def __init__(self, getting: Getting, machine: Machine) -> None:
        super().__init__()
        self._getting, self._machine = getting, machine
        self._cards: dict[_Key, EntryCard] = {}
        self._has_advice = False
        self._shows_rest = False
        self._title = QLabel()
        self._title.setProperty("look", "title")
        self._words = small_label()
        self._more = QPushButton()
        self._more.setObjectName("allModelsButton")
        self._more.setProperty("look", "link")
        self._rest_title = QLabel()
        self._rest_title.setProperty("look", "title")
        self._recommended, self._rest = QVBoxLayout(), QVBoxLayout()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._title)
        self._column.addWidget(self._words)
        self._column.addLayout(self._recommended)
        self._column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addWidget(self._rest_title)
        self._column.addLayout(self._rest)
        self._column.addStretch()
        self._more.clicked.connect(self._on_more)
        self._dress()
        self.set_machine(machine)

    def set_machine(self, machine: Machine) -> None:
        """Recommend for `machine`, whose free memory changes all the time."""
        self._machine = machine
        found = recommend(entries(), fits_on(machine))
        offers = [_Offer(each.entry, each.quantisation, (each.why, *each.also)) for each in found]
        self._has_advice = bool(offers)
        taken = {offer.entry.id for offer in offers}
        if self._shows_rest or not offers:
            offers += [_Offer(each, each.quantisations[0]) for each in entries() if each.id not in taken]
        if list(self._cards) != [offer.key for offer in offers]:
            self._replace(offers)
        for offer in offers:
            self._cards[offer.key].set_fit(self._fit_of(offer.entry, offer.quantisation))
        # Each time, also when it is shown: Qt moves nothing behind the last of all, as a card is before the view has
        # its place in a window. And all behind the button first, then the button: a new card, which may be the first,
        # has no place among them yet.
        advised = [self._cards[offer.key] for offer in offers if offer.roles]
        rest = [card for card in self._cards.values() if card not in advised]
        tab_through(self._more, *advised, self._more, *rest)
        self._say()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._say()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _fit_of(self, entry: Entry, quantisation: Quantisation) -> Fit:
        return fit(entry.header(quantisation), self._machine)

    def _replace(self, offers: list[_Offer]) -> None:
        """Show these cards; those that were there already stay as they are."""
        old, self._cards = self._cards, {}
        for offer in offers:
            card = old.pop(offer.key, None) or self._make(offer)
            self._cards[offer.key] = card
            (self._recommended if offer.roles else self._rest).addWidget(card)
        for card in old.values():
            card.hide()
            card.deleteLater()

    def _make(self, offer: _Offer) -> EntryCard:
        card = EntryCard(self._getting, offer.entry, offer.quantisation, offer.roles)
        card.opened.connect(self.opened)
        card.use_requested.connect(self.use_requested)
        card.settings_requested.connect(self.settings_requested)
        card.online_requested.connect(self.online_requested)
        return card

    def _on_more(self) -> None:
        self._shows_rest = True
        before = list(self._cards.values())
        self.set_machine(self._machine)
        added = [card for card in self._cards.values() if card not in before]
        if added:
            added[0].setFocus()

    def _say(self) -> None:
        left = len(entries()) - len(self._cards)
        self._title.setText(tr("Recommended for this computer") if self._has_advice else tr("Models"))
        self._words.setText(self._advice())
        self._more.setText(tr_count("Show one more model", "Show {count} more models", left))
        self._more.setVisible(left > 0)
        self._rest_title.setText(tr("All other models"))
        self._rest_title.setVisible(self._has_advice and left == 0)

    def _advice(self) -> str:
        free = gigabytes(self._machine.free_bytes)
        if self._has_advice:
            return tr("The best that run well in what is free now: {free} of memory.", free=free)
        if any(self._fit_of(each, each.quantisations[0]).verdict is not Verdict.TOO_BIG for each in entries()):
            return tr("All of these answer slowly on this computer. The smallest are the fastest.")
        return tr(
            "Little memory is free ({free}): none of these runs well now. Other programs hold the rest.", free=free
        )

    def _dress(self) -> None:
        self._column.setSpacing(scaled(12))
        self._recommended.setSpacing(scaled(12))
        self._rest.setSpacing(scaled(12))
