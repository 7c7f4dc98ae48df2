"""One model of the catalogue, with what it is good at and how it fits this computer."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QSpacerItem
from typing_extensions import override

from desktop.hub.catalogue import Entry, Quantisation, Role
from desktop.ui.catalogue_words import strengths_line, why
from desktop.ui.controls import ElidedButton
from desktop.ui.i18n import language, tr
from desktop.ui.models.downloading import Wanted
from desktop.ui.models.gettable import Gettable, small_label
from desktop.ui.models.getting import Getting
from desktop.ui.quantities import parameters, size
from desktop.ui.theme import scaled

# What the style sheet puts between the edge of a title's button and its words.
_RING_PX = 6


class EntryCard(Gettable):
    """A model in the quantisation that suits this computer.

    Signals:
        opened(entry: Entry, quantisation: Quantisation): the user wants to see more of it
    """

    opened = Signal(object, object)

    def __init__(self, getting: Getting, entry: Entry, quantisation: Quantisation, roles: tuple[Role, ...]) -> None:
        """`roles` are what it is recommended for, if it is."""
        super().__init__(getting, Wanted(entry.repo, quantisation.name))
        self.setProperty("look", "card")
        self.entry, self.quantisation, self._roles = entry, quantisation, roles
        self._title = ElidedButton()
        self._title.setText(entry.title)
        self._title.setObjectName("entryTitle")
        self._title.setProperty("look", "title")
        self._why = small_label("badge")
        self._why.setVisible(bool(roles))
        self._about, self._facts = small_label(""), small_label()
        # Its words line up with those below, so its focus ring begins in the card's margin.
        self._hang = QSpacerItem(0, 0)
        top = QHBoxLayout()
        top.addItem(self._hang)
        top.addWidget(self._title)
        top.addStretch()
        self.words.addWidget(self._why)
        self.words.addLayout(top)
        self.words.addWidget(self._about)
        self.words.addWidget(self._facts)
        self.setFocusProxy(self._title)
        self.stand_out(Role.GENERAL in roles)
        self._title.clicked.connect(lambda: self.opened.emit(entry, quantisation))
        self._retranslate()
        self._dress()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()

    @override
    def _dress(self) -> None:
        super()._dress()
        self._hang.changeSize(-scaled(_RING_PX), 0)

    def _retranslate(self) -> None:
        entry = self.entry
        self._why.setText(" · ".join(why(role) for role in self._roles))
        self._about.setText(entry.description(language()))
        self._facts.setText(" · ".join(facts_of(entry, self.quantisation)))
        self._title.setAccessibleName(tr("More about {name}", name=entry.title))
        self._title.setToolTip(self._title.accessibleName())
        self.set_name(f"{entry.title}, {size(self.quantisation.size_bytes)}")


def facts_of(entry: Entry, quantisation: Quantisation) -> list[str]:
    """Size, parameters, licence and strengths, each a few words."""
    much = size(quantisation.size_bytes)
    return [
        tr("about {size}", size=much) if quantisation.about else much,
        parameters(entry.parameters),
        entry.licence.name,
        strengths_line(entry.strengths),
    ]
