"""A model that can be fetched: words at the left, Get at the right, and how far it is underneath."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout
from typing_extensions import override

from desktop.hub.fit import Fit
from desktop.hub.remote import Choice
from desktop.ui.controls import DRESS_CHANGES, has_focus_within, set_look
from desktop.ui.i18n import tr
from desktop.ui.models.download_line import DownloadLine
from desktop.ui.models.downloading import Wanted
from desktop.ui.models.fit_view import FitView
from desktop.ui.models.getting import Getting
from desktop.ui.models.problem import Problem
from desktop.ui.theme import scaled


class Gettable(QFrame):
    """One model in one quantisation. Subclasses fill `words` and say what it is called.

    Signals:
        use_requested(path: Path): it is here and shall answer
        settings_requested(), online_requested(): the network settings may help, or only their offline switch
    """

    use_requested = Signal(object)
    settings_requested = Signal()
    online_requested = Signal()

    def __init__(self, getting: Getting, wanted: Wanted, choice: Choice | None = None) -> None:
        """`choice` is what `wanted` means, where the hub has said so already."""
        super().__init__()
        self._getting, self._wanted, self._choice = getting, wanted, choice
        self._name = ""
        self._get = QPushButton()
        self._get.setObjectName("getButton")
        self._here = QLabel()
        self._here.setProperty("look", "ok")
        self._use = QPushButton()
        self._use.setObjectName("useButton")
        self._fit = FitView()
        self._line = DownloadLine(getting.downloading)
        self._problem = Problem()
        self.words = QVBoxLayout()
        self._top = QHBoxLayout()
        self._top.addLayout(self.words, 1)
        for part in (self._here, self._use, self._get):
            self._top.addWidget(part, 0, Qt.AlignmentFlag.AlignTop)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._top)
        self._column.addWidget(self._fit)
        self._column.addWidget(self._line)
        self._column.addWidget(self._problem)
        self._get.clicked.connect(self._on_get)
        self._use.clicked.connect(self._on_use)
        self._problem.retry_requested.connect(self._on_get)
        self._problem.settings_requested.connect(self.settings_requested)
        self._problem.online_requested.connect(self.online_requested)
        self._line.settings_requested.connect(self.settings_requested)
        self._line.online_requested.connect(self.online_requested)
        getting.changed.connect(self.refresh)

    def set_fit(self, fit: Fit | None) -> None:
        """Say how it fits this computer."""
        self._fit.set_fit(fit)

    def set_name(self, name: str) -> None:
        """What screen readers are told to be got."""
        self._name = name
        self._say()

    def stand_out(self, stands_out: bool) -> None:
        """Whether this is the one to get, of all that are listed."""
        set_look(self._get, "primary" if stands_out else "")

    def refresh(self) -> None:
        """Show how far it is now."""
        standing = self._getting.standing(self._wanted)
        held = next((part for part in (self._get, self._line) if has_focus_within(part)), None)
        self._get.setVisible(standing.download is None and standing.path is None and standing.error is None)
        self._get.setEnabled(not standing.asking)
        self._get.setText(tr("Asking…") if standing.asking else tr("Get"))
        self._here.setVisible(standing.path is not None)
        self._use.setVisible(standing.path is not None)
        self._problem.set_error(standing.error)
        if standing.download is not None:
            self._line.set_download(standing.download, cancelled=standing.cancelled)
        self._line.setVisible(standing.download is not None)
        if held is not None and held.isHidden():
            parts = (self._line, self._use, self._get)
            next((part for part in parts if not part.isHidden()), self._get).setFocus()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._say()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _on_get(self) -> None:
        if self._choice is not None:
            self._getting.get_choice(self._wanted, self._choice)
        else:
            self._getting.get(self._wanted)

    def _on_use(self) -> None:
        path = self._getting.standing(self._wanted).path
        if path is not None:
            self.use_requested.emit(path)

    def _say(self) -> None:
        self._here.setText(tr("Already here"))
        self._use.setText(tr("Use"))
        self._get.setAccessibleName(tr("Get {name}", name=self._name))
        self._use.setAccessibleName(tr("Use {name}", name=self._name))
        self.refresh()

    def _dress(self) -> None:
        self._top.setSpacing(scaled(12))
        self._column.setSpacing(scaled(6))
        self.words.setSpacing(scaled(2))
        self._column.setContentsMargins(scaled(16), scaled(12), scaled(16), scaled(12))
        # On the line of the button's text.
        self._here.setContentsMargins(0, scaled(8), 0, 0)


def small_label(look: str = "small") -> QLabel:
    """A label that wraps and is never wider than there is room."""
    label = QLabel()
    label.setProperty("look", look)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    # The name of a file is one long word: it must not make the page wider than the window.
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label
