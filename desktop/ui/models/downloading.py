"""The downloads as the window sees them: told at most ten times a second, and cancelled only when nobody regrets it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop.hub.downloads import Downloads
from desktop.hub.job import Download, Phase
from desktop.hub.names import is_model_file, quantisation_of
from desktop.hub.network import Network
from desktop.hub.remote import Choice

_TELL_MS = 100
# How long a cancelled download can be brought back.
_UNDO_MS = 8000
# Less than this is fetched again in no time: it is not worth an Undo.
_WORTH_UNDOING_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model on the hub in one quantisation, before the hub has been asked for its files.

    `file` is its first file's path; empty where only the hub can tell.
    """

    repo: str
    quantisation: str
    file: str = ""

    def is_met_by(self, choice: Choice) -> bool:
        """Whether `choice` is what is wanted."""
        if self.file:
            return (choice.repo, choice.files[0].path) == (self.repo, self.file)
        return (choice.repo, choice.quantisation) == (self.repo, self.quantisation)


class Downloading(QObject):
    """The queue of downloads. It works on by itself; this only reports, and passes on what the user wants.

    Signals:
        changed(): some download differs; at most ten times a second
        finished(download: Download): its files are in the library's folder
        failed(download: Download)
    """

    changed = Signal()
    finished = Signal(object)
    failed = Signal(object)
    _rung = Signal()
    _ended = Signal(object)

    def __init__(
        self,
        folder: Path,
        network: Network,
        at_once: int,
        parent: QObject | None = None,
        *,
        remember: Callable[[Choice], object] = lambda _: None,
    ) -> None:
        """Downloads go to `folder`; unfinished ones of earlier runs are found there, paused. See `Downloads`."""
        super().__init__(parent)
        self._folder = folder
        self._lock = threading.Lock()
        self._ringing = False
        self._cancelled: dict[str, QTimer] = {}
        self._failed: set[str] = set()
        self._rest = QTimer(self, singleShot=True, interval=_TELL_MS)
        self._rest.timeout.connect(self._hear)
        self._rung.connect(self._on_rung)
        self._ended.connect(self.finished)
        self._queue = Downloads(
            folder, network, at_once=at_once, on_change=self._ring, on_done=self._ended.emit, remember=remember
        )
        self._downloads = self._queue.list()

    @property
    def downloads(self) -> list[Download]:
        """All of them, in the order of the queue, as they were told last."""
        return self._downloads

    def is_cancelled(self, download_id: str) -> bool:
        """Whether the download was cancelled and can still be brought back."""
        return download_id in self._cancelled

    def unfinished(self) -> int:
        """How many are not done yet."""
        return sum(each.phase is not Phase.DONE and each.id not in self._cancelled for each in self._downloads)

    def find(self, wanted: Wanted) -> Download | None:
        """The download of `wanted`, if there is one."""
        return next((each for each in self._downloads if wanted.is_met_by(each.choice)), None)

    def here(self, wanted: Wanted) -> Path | None:
        """Where the first file of `wanted` lies on this computer, if it was downloaded."""
        if wanted.file:
            file = self._folder / wanted.repo / wanted.file
            return file if file.is_file() else None
        files = sorted((self._folder / wanted.repo).rglob("*.gguf"))
        return next(
            (file for file in files if is_model_file(file.name) and quantisation_of(file.name) == wanted.quantisation),
            None,
        )

    def add(self, choice: Choice) -> str:
        """Download `choice`, and return the download's id. What is being downloaded already goes on.

        Raises:
            NoSpace, UnsafeName
        """
        added = self._queue.add(choice)
        self.undo_cancel(added)
        self._tell()
        return added

    def pause(self, download_id: str) -> None:
        """Stop it. What has arrived is kept."""
        self._queue.pause(download_id)
        self._tell()

    def resume(self, download_id: str) -> None:
        """Go on with what is missing, also after a failure."""
        self._queue.resume(download_id)
        self._tell()

    def resume_from_offline(self) -> None:
        """Go on with what offline mode had stopped."""
        self._queue.resume_from_offline()
        self._tell()

    def cancel(self, download_id: str) -> None:
        """Stop it at once and delete what has arrived; where that was much, only when nobody has undone it for 8 s.

        One that is done is only taken off the list.
        """
        download = next((each for each in self._downloads if each.id == download_id), None)
        if download is None or download_id in self._cancelled:
            return
        if download.phase is Phase.DONE or download.done_bytes < _WORTH_UNDOING_BYTES:
            self._queue.cancel(download_id)
        else:
            self._queue.pause(download_id)
            timer = QTimer(self, singleShot=True, interval=_UNDO_MS)
            timer.timeout.connect(partial(self._delete, download_id))
            timer.start()
            self._cancelled[download_id] = timer
        self._tell()

    def undo_cancel(self, download_id: str) -> None:
        """Bring a cancelled download back, and go on with it."""
        timer = self._cancelled.pop(download_id, None)
        if timer is not None:
            timer.stop()
            timer.deleteLater()
            self.resume(download_id)

    def set_at_once(self, count: int) -> None:
        """How many run at the same time."""
        self._queue.set_at_once(count)

    def close(self) -> None:
        """Stop all. What was cancelled is deleted; the other parts stay for the next time."""
        for download_id in list(self._cancelled):
            self._delete(download_id)
        self._rest.stop()
        self._queue.close()

    def _delete(self, download_id: str) -> None:
        timer = self._cancelled.pop(download_id)
        timer.stop()
        timer.deleteLater()
        self._queue.cancel(download_id)
        self._tell()

    def _ring(self) -> None:
        # Called by the queue's threads, many times a second.
        with self._lock:
            ring, self._ringing = not self._ringing, True
        if ring:
            self._rung.emit()

    @Slot()
    def _on_rung(self) -> None:
        # During the rest it is enough that the bell was rung: it is looked at when the rest ends.
        if not self._rest.isActive():
            self._hear()

    @Slot()
    def _hear(self) -> None:
        with self._lock:
            rung, self._ringing = self._ringing, False
        if rung:
            self._rest.start()
            self._tell()

    def _tell(self) -> None:
        before, self._downloads = self._downloads, self._queue.list()
        if self._downloads != before:
            self.changed.emit()
        failed = {download.id for download in self._downloads if download.phase is Phase.FAILED}
        news, self._failed = failed - self._failed, failed
        for download in self._downloads:
            if download.id in news:
                self.failed.emit(download)
