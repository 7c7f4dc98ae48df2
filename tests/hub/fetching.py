"""A queue of downloads from a hub on the loopback address, to be waited for without sleeping."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

from desktop.hub.downloads import Downloads
from desktop.hub.job import Download, Phase
from desktop.hub.network import Connection, Network, Patience
from desktop.hub.remote import Choice
from tests.hub.hub_server import HubServer

REPO = "maker/model-GGUF"
FILE = "model-Q4_K_M.gguf"
BODY = random.Random(1).randbytes(300_000)
GRANTED = "hf_granted"
"""The access token of somebody who may read the gated repository."""
PUBLISHED = ["maker", "maker/model-GGUF", "maker/model-GGUF/model-Q4_K_M.gguf"]

ENDED = (Phase.PAUSED, Phase.FAILED, Phase.DONE)

USUAL = Patience(waits_s=(0, 0, 0))
IMPATIENT = Patience(silence_s=0.3, waits_s=(0, 0, 0, 0, 0))
"""For a hub that says nothing. An honest one is asked again where a busy computer kept it from answering in time."""


class Fetching:
    """A `Downloads` into `folder` that keeps what it was told. Close it."""

    def __init__(
        self,
        hub: HubServer,
        folder: Path,
        *,
        connection: Connection | None = None,
        patience: Patience = USUAL,
        at_once: int = 2,
        remember: Callable[[Choice], object] = lambda _: None,
    ) -> None:
        self.hub = hub
        self.folder = folder
        self.network = Network(connection or Connection(hub.endpoint), patience)
        self.done: list[Download] = []
        self._changed = threading.Condition()
        self.downloads = Downloads(
            folder,
            self.network,
            at_once=at_once,
            on_change=self._on_change,
            on_done=self.done.append,
            remember=remember,
        )

    def close(self) -> None:
        self.downloads.close()
        self.network.close()

    def add(self) -> str:
        """Add the one file of the usual repository."""
        return self.downloads.add(self.hub.choice(REPO, FILE))

    def until(self, download_id: str, *phases: Phase) -> Download:
        """The download as soon as it is in one of `phases`."""
        return self.until_it(download_id, lambda download: download.phase in phases)

    def until_it(self, download_id: str, is_so: Callable[[Download], bool]) -> Download:
        """The download as soon as it is so."""
        with self._changed:
            assert self._changed.wait_for(lambda: is_so(self[download_id]), 60), self[download_id]
            return self[download_id]

    def fetch(self) -> Download:
        """Add the one file and wait until something came of it."""
        return self.until(self.add(), *ENDED)

    def resume(self, download_id: str) -> Download:
        """Resume it and wait until something came of it."""
        self.downloads.resume(download_id)
        return self.until(download_id, *ENDED)

    def __getitem__(self, download_id: str) -> Download:
        return next(each for each in self.downloads.list() if each.id == download_id)

    def _on_change(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def here(self) -> list[str]:
        """All files and folders, sorted."""
        return listing(self.folder)

    def published(self) -> bytes:
        """The one file, of which nothing else is left."""
        assert self.here() == PUBLISHED
        return (self.folder / PUBLISHED[-1]).read_bytes()


def listing(folder: Path) -> list[str]:
    """All files and folders below it, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def unfinished(download_id: str, *parts: str) -> list[str]:
    """What lies on the disk of a download that is on the way."""
    folder = f".downloads/{download_id}"
    return sorted([".downloads", folder, *(f"{folder}/{name}" for name in (*parts, "job.json", "lock"))])
