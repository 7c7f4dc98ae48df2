"""All downloads: those that run, those that wait, what went wrong, and what is ready."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout
from typing_extensions import override

from desktop.hub.job import Download, Phase
from desktop.ui.controls import DRESS_CHANGES, ElidedLabel, has_focus_within
from desktop.ui.download_words import title_of
from desktop.ui.i18n import tr
from desktop.ui.models.column_page import ColumnPage
from desktop.ui.models.download_line import DownloadLine
from desktop.ui.models.downloading import Downloading
from desktop.ui.theme import scaled

_PLACES = {Phase.RUNNING: 0, Phase.VERIFYING: 0, Phase.WAITING: 1, Phase.PAUSED: 2, Phase.FAILED: 2, Phase.DONE: 3}
"""What moves stands above what waits, that above what needs the user, and what is over below all."""


class DownloadsPage(ColumnPage):
    """A row a download, those that run first; among equals in the order of the queue.

    Signals:
        use_requested(path: Path): a finished model shall answer
        discover_requested(): there are none yet, and the user wants to find some
        settings_requested(), online_requested(): the network settings may help, or only their offline switch
    """

    use_requested = Signal(object)
    discover_requested = Signal()
    settings_requested = Signal()
    online_requested = Signal()

    def __init__(self, downloading: Downloading) -> None:
        super().__init__()
        self._downloading = downloading
        self._rows: dict[str, _Row] = {}
        self._empty = QLabel()
        self._empty.setProperty("look", "muted")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._discover = QPushButton()
        self._discover.setObjectName("toDiscoverButton")
        self.column.addStretch(2)
        self.column.addWidget(self._empty)
        self.column.addWidget(self._discover, 0, Qt.AlignmentFlag.AlignHCenter)
        self.column.addStretch(3)
        self._discover.clicked.connect(self.discover_requested)
        downloading.changed.connect(self._on_changed)
        self._retranslate()
        self._on_changed()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        first = min(self._rows.values(), key=self.column.indexOf, default=self._discover)
        first.setFocus(event.reason())

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()

    @Slot()
    def _on_changed(self) -> None:
        downloads = {download.id: download for download in self._downloading.downloads}
        for download_id in self._rows.keys() - downloads.keys():
            row = self._rows.pop(download_id)
            had_focus = has_focus_within(row)
            row.hide()
            row.deleteLater()
            if had_focus:
                self.setFocus()
        for place, download in enumerate(sorted(downloads.values(), key=lambda each: _PLACES[each.phase])):
            row = self._rows.get(download.id) or self._add(download)
            self._put(row, place)
            row.set_download(download, cancelled=self._downloading.is_cancelled(download.id))
        self._empty.setVisible(not self._rows)
        self._discover.setVisible(not self._rows)

    def _add(self, download: Download) -> _Row:
        row = self._rows[download.id] = _Row(self._downloading)
        row.line.settings_requested.connect(self.settings_requested)
        row.line.online_requested.connect(self.online_requested)
        row.use_requested.connect(self.use_requested)
        return row

    def _put(self, row: _Row, place: int) -> None:
        # Most changes are only progress: then the layout stays as it is, ten times a second.
        if self.column.indexOf(row) != place:
            self.column.removeWidget(row)
            self.column.insertWidget(place, row)

    def _retranslate(self) -> None:
        self.setAccessibleName(tr("Downloads"))
        self._empty.setText(
            tr("Nothing is being downloaded. What you get under Discover appears here, also when it was interrupted.")
        )
        self._discover.setText(tr("Discover models"))


class _Row(QFrame):
    """One download.

    Signals:
        use_requested(path: Path)
    """

    use_requested = Signal(object)

    def __init__(self, downloading: Downloading) -> None:
        super().__init__()
        self.setProperty("look", "card")
        self._download: Download | None = None
        self._title = ElidedLabel()
        self._title.setProperty("look", "section")
        self._use = QPushButton()
        self._use.setObjectName("useButton")
        self._use.setProperty("look", "primary")
        self.line = DownloadLine(downloading)
        self.setFocusProxy(self.line)
        self._top = QHBoxLayout()
        self._top.addWidget(self._title, 1)
        self._top.addWidget(self._use)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._top)
        self._column.addWidget(self.line)
        self._use.clicked.connect(self._on_use)
        self._dress()

    def set_download(self, download: Download, *, cancelled: bool) -> None:
        """Show `download`."""
        self._download = download
        self._say()
        self._use.setVisible(download.phase is Phase.DONE)
        self.line.set_download(download, cancelled=cancelled)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._say()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _on_use(self) -> None:
        if self._download is not None:
            self.use_requested.emit(self._download.path)

    def _say(self) -> None:
        if self._download is None:
            return
        title = title_of(self._download)
        self._title.set_full_text(title)
        self._use.setText(tr("Use"))
        self._use.setAccessibleName(tr("Use {name}", name=title))

    def _dress(self) -> None:
        self._column.setContentsMargins(scaled(16), scaled(12), scaled(12), scaled(10))
        self._column.setSpacing(scaled(6))
