"""A download as the queue has it: what it does, how far it is, and how fast."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from desktop.errors import AppError
from desktop.hub.remote import Choice
from desktop.hub.stop import Stop
from desktop.hub.unfinished import Unfinished

_SPEED_OVER_S = 5
_MARK_EVERY_S = 0.05


class Phase(StrEnum):
    """What a download does. It ends in DONE; PAUSED and FAILED ones wait for `Downloads.resume`."""

    WAITING = "waiting"
    RUNNING = "running"
    VERIFYING = "verifying"
    """All of a file is here and is compared with its sha256."""
    PAUSED = "paused"
    FAILED = "failed"
    DONE = "done"


GOING = (Phase.WAITING, Phase.RUNNING, Phase.VERIFYING)


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
    """Why it FAILED, or was PAUSED by itself: OfflineMode, NoSpace. None after a bug, which goes to
    `threading.excepthook`."""
    path: Path
    """Where its first model file is when it is DONE."""


class Job:
    """One go at a download. `phase` and `error` are the queue's, under its lock; `note` belongs to the job's thread."""

    def __init__(self, files: Unfinished, phase: Phase) -> None:
        self.files = files
        self.phase = phase
        self.error: AppError | None = None
        self.stop = Stop()
        self._here = [files.here_bytes(file) for file in files.files]
        self._marks: deque[tuple[float, int]] = deque()
        """When how many bytes were here, over the last seconds."""

    @property
    def rest_bytes(self) -> int:
        """What is still to come."""
        return self.files.choice.size_bytes - sum(self._here)

    def note(self, number: int, n_bytes: int) -> None:
        """`n_bytes` of file `number` are here."""
        now = time.monotonic()
        if not self._marks or now - self._marks[-1][0] >= _MARK_EVERY_S:
            self._marks.append((now, sum(self._here)))
        while now - self._marks[0][0] > _SPEED_OVER_S:
            self._marks.popleft()
        self._here[number] = n_bytes

    def download(self) -> Download:
        """What it is like now."""
        done_bytes = sum(self._here)
        rest_bytes = self.files.choice.size_bytes - done_bytes
        bytes_per_s = self._bytes_per_s(done_bytes) if self.phase is Phase.RUNNING else 0.0
        return Download(
            id=self.files.id,
            choice=self.files.choice,
            phase=self.phase,
            done_bytes=done_bytes,
            total_bytes=self.files.choice.size_bytes,
            bytes_per_s=bytes_per_s,
            left_s=rest_bytes / bytes_per_s if bytes_per_s else None,
            error=self.error,
            path=self.files.target(self.files.choice.files[0]),
        )

    def _bytes_per_s(self, done_bytes: int) -> float:
        marks = self._marks.copy()
        if not marks:
            return 0.0
        since, before = marks[0]
        # Up to now, not to the last bytes: what stands still becomes slower.
        return max(0, done_bytes - before) / max(time.monotonic() - since, _MARK_EVERY_S)
