"""The queue of downloads: what is fetched, at what speed, what waits, and what went wrong.

A download is a `Choice`: all its shards and its companions, published together when each has its sha256.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from desktop.errors import AppError
from desktop.hub.network import Network
from desktop.hub.remote import Choice


class Phase(StrEnum):
    """What a download does. It ends in DONE; PAUSED and FAILED ones wait for `Downloads.resume`."""

    WAITING = "waiting"
    RUNNING = "running"
    VERIFYING = "verifying"
    PAUSED = "paused"
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Download:
    """A download at one moment."""

    id: str
    choice: Choice
    phase: Phase
    done_bytes: int
    total_bytes: int
    bytes_per_s: float
    """Over the last seconds; 0 unless RUNNING."""
    left_s: float | None
    """None where that cannot be told."""
    error: AppError | None
    """Why it FAILED, or PAUSED by itself: OfflineMode, NoSpace."""
    path: Path
    """Where its first model file is when it is DONE."""


class Downloads:
    """Fetches what was added, some at once, in threads of its own.

    All methods may be called from any thread and return at once. `on_change` is called, from any thread, whenever
    something of `list` has changed: many times a second. `on_done` is called once a download, with it as DONE.
    """

    def __init__(
        self,
        folder: Path,
        network: Network,
        *,
        at_once: int = 2,
        on_change: Callable[[], None] = lambda: None,
        on_done: Callable[[Download], None] = lambda _: None,
    ) -> None:
        """`folder` is where models are kept. Unfinished downloads of earlier runs are found in it, as PAUSED."""

    def list(self) -> list[Download]:
        """All downloads of this run, and the unfinished ones of earlier ones, the oldest first."""
        raise NotImplementedError

    def add(self, choice: Choice) -> str:
        """Fetch `choice` and return the download's id. One that is listed already goes on instead.

        Raises:
            NoSpace: the disk has no room for it.
            UnsafeName: a file's name would lead elsewhere.
            CannotWrite: the folder cannot be written.
        """
        raise NotImplementedError

    def pause(self, download_id: str) -> None:
        """Stop fetching it; what is here stays."""
        raise NotImplementedError

    def resume(self, download_id: str) -> None:
        """Go on with what is PAUSED, or try again what FAILED."""
        raise NotImplementedError

    def cancel(self, download_id: str) -> None:
        """Forget it and delete what is here of it, unless it is DONE."""
        raise NotImplementedError

    def set_at_once(self, n: int) -> None:
        """How many are fetched at the same time. Those that run go on."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop all within milliseconds. What is here stays, and is found again by the next `Downloads`."""
        raise NotImplementedError
