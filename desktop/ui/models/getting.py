"""What happens when the user presses Get: the hub is asked for the files, then they are downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from desktop.errors import AppError, BadToken, Gated, NotOnHub
from desktop.hub.job import Download, Phase
from desktop.hub.remote import Choice, Repository
from desktop.ui.hub_access import HubAccess
from desktop.ui.models.downloading import Downloading, Wanted
from desktop.ui.models.hub_work import HubWork


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a wanted model is on its way to this computer. All empty: nobody has asked for it."""

    asking: bool = False
    """The hub is asked for its files."""
    error: AppError | None = None
    """Why it did not become a download. One that failed later has its error itself."""
    download: Download | None = None
    cancelled: bool = False
    """The download was cancelled and can still be brought back."""
    path: Path | None = None
    """It is here, and its first file is this."""


class Getting(QObject):
    """Gets models, and knows of each how far it is.

    Signals:
        changed(): some standing differs
    """

    changed = Signal()

    def __init__(
        self, hub: HubWork, downloading: Downloading, access: HubAccess, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.downloading = downloading
        self._hub = hub
        self._asked: set[Wanted] = set()
        self._errors: dict[Wanted, AppError] = {}
        hub.repository_read.connect(self._on_repository_read)
        hub.repository_failed.connect(self._on_repository_failed)
        downloading.changed.connect(self.changed)
        access.token_changed.connect(self._on_token_changed)

    def standing(self, wanted: Wanted) -> Standing:
        """How far `wanted` is."""
        download = self.downloading.find(wanted)
        unfinished = download is not None and download.phase is not Phase.DONE
        return Standing(
            asking=wanted in self._asked,
            error=self._errors.get(wanted),
            download=download if unfinished else None,
            cancelled=download is not None and self.downloading.is_cancelled(download.id),
            path=None if unfinished else self.downloading.here(wanted),
        )

    def get(self, wanted: Wanted) -> None:
        """Ask the hub for the files of `wanted` and download them."""
        self._errors.pop(wanted, None)
        self._asked.add(wanted)
        self.changed.emit()
        self._hub.read_repository(wanted.repo)

    def get_choice(self, wanted: Wanted, choice: Choice) -> None:
        """Download `choice`, which is what is `wanted`. The hub has named its files already."""
        self._errors.pop(wanted, None)
        try:
            self.downloading.add(choice)
        except AppError as error:
            self._errors[wanted] = error
        self.changed.emit()

    @Slot(str, object)
    def _on_repository_read(self, repo: str, repository: Repository) -> None:
        for wanted in [each for each in self._asked if each.repo == repo]:
            self._asked.discard(wanted)
            choice = _choice(repository, wanted)
            if choice is not None:
                self.get_choice(wanted, choice)
            else:
                self._errors[wanted] = NotOnHub(repo, wanted.quantisation)
                self.changed.emit()

    @Slot(str, object)
    def _on_repository_failed(self, repo: str, error: AppError) -> None:
        for wanted in [each for each in self._asked if each.repo == repo]:
            self._asked.discard(wanted)
            self._errors[wanted] = error
        self.changed.emit()

    @Slot()
    def _on_token_changed(self) -> None:
        # What the former token was refused may be allowed to this one, and the other way round: the hub is asked.
        for wanted in [each for each, error in self._errors.items() if isinstance(error, Gated | BadToken)]:
            self.get(wanted)
        for download in self.downloading.downloads:
            if download.phase is Phase.FAILED and isinstance(download.error, Gated | BadToken):
                self.downloading.resume(download.id)


def _choice(repository: Repository, wanted: Wanted) -> Choice | None:
    """What is `wanted` of what the hub has. The repository may have been renamed meanwhile."""
    for choice in repository.choices:
        if choice.files[0].path == wanted.file or (not wanted.file and choice.quantisation == wanted.quantisation):
            return choice
    return None
