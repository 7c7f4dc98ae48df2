"""How far one download is, with what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.hub.job import Download, Phase
from desktop.ui.controls import DRESS_CHANGES, ElidedLabel, IconButton, describe
from desktop.ui.download_words import progress_line, title_of
from desktop.ui.i18n import tr
from desktop.ui.models.downloading import Downloading
from desktop.ui.models.problem import Problem, may_try_again
from desktop.ui.theme import scaled

_STEPS = 1000
_GOING = (Phase.WAITING, Phase.RUNNING, Phase.VERIFYING)


class DownloadLine(QWidget):
    """A bar, a line of words, and buttons to pause, to go on and to cancel. Empty until it is given a download.

    Signals:
        settings_requested(), online_requested(): the network settings may help, or only their offline switch
    """

    settings_requested = Signal()
    online_requested = Signal()

    def __init__(self, downloading: Downloading, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._downloading = downloading
        self._download: Download | None = None
        self._cancelled = False
        self._bar = QProgressBar()
        self._bar.setObjectName("downloadBar")
        self._bar.setTextVisible(False)
        self._bar.setRange(0, _STEPS)
        self._words = ElidedLabel()
        self._words.setProperty("look", "small")
        self._pause = IconButton("pauseButton", "pause", box=28)
        self._resume = IconButton("resumeButton", "play", box=28)
        self._cancel = IconButton("cancelDownloadButton", "x", box=28)
        self._undo = QPushButton()
        self._undo.setObjectName("undoCancelButton")
        self._undo.setProperty("look", "link")
        self._problem = Problem()
        self._row = QHBoxLayout()
        self._row.addWidget(self._words, 1)
        for button in (self._undo, self._pause, self._resume, self._cancel):
            self._row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._bar)
        self._column.addLayout(self._row)
        self._column.addWidget(self._problem)
        self._pause.clicked.connect(lambda: self._do(self._downloading.pause))
        self._resume.clicked.connect(lambda: self._do(self._downloading.resume))
        self._cancel.clicked.connect(lambda: self._do(self._downloading.cancel))
        self._undo.clicked.connect(lambda: self._do(self._downloading.undo_cancel))
        self._problem.retry_requested.connect(lambda: self._do(self._downloading.resume))
        self._problem.settings_requested.connect(self.settings_requested)
        self._problem.online_requested.connect(self.online_requested)
        self._dress()
        self._retranslate()

    def set_download(self, download: Download, *, cancelled: bool) -> None:
        """Show `download`; `cancelled` if it can only be brought back."""
        if (download, cancelled) == (self._download, self._cancelled):
            return
        self._download, self._cancelled = download, cancelled
        self._say()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        next((button for button in self._buttons() if not button.isHidden()), self._cancel).setFocus(event.reason())

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _do(self, action: object) -> None:
        if self._download is not None and callable(action):
            action(self._download.id)

    def _say(self) -> None:
        download = self._download
        if download is None:
            return
        done = download.phase is Phase.DONE
        share = download.done_bytes / download.total_bytes if download.total_bytes else 0.0
        # Setting a value that did not change would still be told to screen readers.
        if self._bar.value() != round(share * _STEPS):
            self._bar.setValue(round(share * _STEPS))
        self._bar.setVisible(not done and not self._cancelled)
        self._words.set_full_text(tr("Cancelled") if self._cancelled else progress_line(download))
        going = download.phase in _GOING
        focused = next((button for button in self._buttons() if button.hasFocus()), None)
        self._undo.setVisible(self._cancelled)
        self._pause.setVisible(going and not self._cancelled)
        # An error has its own button to try again.
        rests = download.phase in (Phase.PAUSED, Phase.FAILED) and (
            download.error is None or not may_try_again(download.error)
        )
        self._resume.setVisible(rests and not self._cancelled)
        self._cancel.setVisible(not self._cancelled)
        self._problem.set_error(None if self._cancelled else download.error)
        if focused is not None and focused.isHidden():
            # The button that was pressed has given its place to another one: so does the focus.
            self.setFocus()
        name = title_of(download)
        describe(self._pause, tr("Pause {name}", name=name))
        describe(self._resume, tr("Go on with {name}", name=name))
        describe(self._cancel, tr("Take off the list") if done else tr("Cancel {name}", name=name))
        self._bar.setAccessibleName(tr("Download of {name}", name=name))

    def _buttons(self) -> tuple[QAbstractButton, ...]:
        return self._undo, self._pause, self._resume, self._cancel

    def _retranslate(self) -> None:
        self._undo.setText(tr("Undo"))
        self._say()

    def _dress(self) -> None:
        self._bar.setFixedHeight(scaled(4))
        self._column.setSpacing(scaled(2))
        self._row.setSpacing(scaled(2))
