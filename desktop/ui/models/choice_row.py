"""One quantisation of a model, as the page of its repository lists it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel
from typing_extensions import override

from desktop.hub.remote import Choice
from desktop.ui.i18n import tr, tr_count
from desktop.ui.models.downloading import Wanted
from desktop.ui.models.gettable import Gettable, small_label
from desktop.ui.models.getting import Getting
from desktop.ui.quantities import size
from desktop.ui.theme import scaled


class ChoiceRow(Gettable):
    """A quantisation with its size, and what comes with it.

    `choice` is None where the hub has not been asked: then the catalogue knows `wanted` and its `size_bytes`.
    """

    def __init__(
        self, getting: Getting, wanted: Wanted, size_bytes: int, choice: Choice | None = None, *, about: bool = False
    ) -> None:
        super().__init__(getting, wanted, choice)
        self.setProperty("look", "card")
        self._size_bytes, self._about, self._is_advised = size_bytes, about, False
        self._title, self._advised, self._size = QLabel(), QLabel(), QLabel()
        self._title.setProperty("look", "section")
        self._advised.setProperty("look", "badge")
        self._size.setProperty("look", "muted")
        self._facts = small_label()
        self._line_of_words = QHBoxLayout()
        for part in (self._title, self._size, self._advised):
            part.setTextFormat(Qt.TextFormat.PlainText)
            self._line_of_words.addWidget(part)
        self._line_of_words.addStretch()
        self.words.addLayout(self._line_of_words)
        self.words.addWidget(self._facts)
        self._retranslate()
        self._dress()

    def set_advised(self, *, advised: bool) -> None:
        """Whether this is the one to take on this computer."""
        self._is_advised = advised
        self.stand_out(advised)
        self._retranslate()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()

    @override
    def _dress(self) -> None:
        super()._dress()
        self._line_of_words.setSpacing(scaled(8))

    def _retranslate(self) -> None:
        name = self._wanted.quantisation or self._wanted.file.rpartition("/")[2]
        much = size(self._size_bytes)
        self._title.setText(name)
        self._size.setText(tr("about {size}", size=much) if self._about else much)
        self._advised.setText(tr("Recommended"))
        self._advised.setVisible(self._is_advised)
        facts = []
        if self._choice is not None:
            file = self._choice.files[0].path.rpartition("/")[2]
            facts.append(file if self._wanted.quantisation else "")
            if len(self._choice.files) > 1:
                facts.append(tr_count("one file", "{count} files", len(self._choice.files)))
            if self._choice.companions:
                more = sum(companion.size_bytes for companion in self._choice.companions)
                facts.append(tr("with a part for pictures ({size}), which Fireside does not use yet", size=size(more)))
        self._facts.setText(" · ".join(fact for fact in facts if fact))
        self._facts.setVisible(bool(self._facts.text()))
        self.set_name(f"{name}, {much}")
