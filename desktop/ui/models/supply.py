"""Where more models come from: the hub and the downloads, each made when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.settings import Settings

if TYPE_CHECKING:
    from desktop.hub.network import Network
    from desktop.hub.remote import Choice
    from desktop.ui.hub_access import HubAccess
    from desktop.ui.models.downloading import Downloading
    from desktop.ui.models.getting import Getting
    from desktop.ui.models.hub_work import HubWork


class Supply(QObject):
    """The one way to the hub, what asks there, and the queue of downloads. Their code is loaded with the first use."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        remember: Callable[[Choice], object],
        parent: QObject | None = None,
    ) -> None:
        """Downloads go to `folder`. `remember` is told of each where it came from, in any thread."""
        super().__init__(parent)
        self._remember = remember
        self.folder = folder
        """Where downloaded models are."""
        self._settings = settings

    @cached_property
    def access(self) -> HubAccess:
        """The connection as the settings say."""
        from desktop.ui.hub_access import HubAccess

        return HubAccess(self._network, self._settings, self)

    @cached_property
    def hub(self) -> HubWork:
        """Asks the hub."""
        from desktop.hub.search import Hub
        from desktop.ui.models.hub_work import HubWork

        return HubWork(Hub(self._network), self)

    @cached_property
    def downloading(self) -> Downloading:
        """The queue. What earlier runs did not finish is found again, paused."""
        from desktop.ui.models.downloading import Downloading

        at_once = self._settings.downloads_at_once
        return Downloading(self.folder, self._network, at_once, self, remember=self._remember)

    @cached_property
    def getting(self) -> Getting:
        """Asks the hub for the files, then downloads them."""
        from desktop.ui.models.getting import Getting

        return Getting(self.hub, self.downloading, self.access, self)

    def set_settings(self, settings: Settings) -> None:
        """The settings are now these; a connection that they change acts at once."""
        self._settings = settings
        if "access" in self.__dict__:
            self.access.set_settings(settings)
        if "downloading" in self.__dict__:
            self.downloading.set_at_once(settings.downloads_at_once)
            if not settings.offline:
                self.downloading.resume_from_offline()

    def close(self) -> None:
        """Stop what runs; unfinished downloads stay on disk for the next time."""
        for name in ("downloading", "hub", "access", "_network"):
            if name in self.__dict__:
                getattr(self, name).close()

    @cached_property
    def _network(self) -> Network:
        from desktop.hub.network import Network

        return Network()
