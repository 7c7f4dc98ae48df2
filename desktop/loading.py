"""How a model is loaded on this machine: what fits, what is tried in which order, and what was learned from it."""

from __future__ import annotations

import threading
from pathlib import Path

from desktop.chat.message import Statistics
from desktop.engine import computer
from desktop.engine.api import Loaded, ModelSpec, SystemInfo
from desktop.engine.ladder import PlainPlanner, Plan
from desktop.errors import AppError
from desktop.hub.fit import Fit, Machine, Wishes, fit
from desktop.hub.header import Header
from desktop.settings import Settings

_NONE = Wishes()


class Loading:
    """Knows this machine. The `Planner` of the engine, and what everybody asks whether a model fits.

    What it has learned lies in the file at `file`, which may be deleted. Methods may be called from any thread.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._plain = PlainPlanner()
        self._skipped: set[Path] = set()

    def machine(self) -> Machine:
        """This machine now: free memory, GPUs as the engine described them last, and what was learned."""
        return Machine(computer.total_memory_bytes(), computer.free_memory_bytes())

    def fit(self, header: Header, wishes: Wishes = _NONE, *, vision_bytes: int = 0) -> Fit:
        """How a model fits this machine now. Microseconds; for many models at once ask `machine` once."""
        return fit(header, self.machine(), wishes, vision_bytes=vision_bytes)

    def spec(self, path: Path, settings: Settings, wishes: Wishes = _NONE) -> ModelSpec:
        """How the model at `path` is to be loaded: its own wishes before the settings', None for "by itself".

        Equal from answer to answer, whatever the machine's memory does: the plan is made when it is loaded.
        """
        return ModelSpec(
            path=str(path),
            n_ctx=wishes.n_ctx or settings.n_ctx,
            n_gpu_layers=settings.n_gpu_layers if wishes.n_gpu_layers is None else wishes.n_gpu_layers,
            n_threads=settings.n_threads,
            kv_type=wishes.kv_type,
        )

    def study(self, log: Path) -> None:
        """Find out what the GPUs are and how fast memory is, unless that is known. Seconds: in a thread of its own.

        An engine process is started for it, which logs to the file at `log`.
        """

    def plan(self, wanted: ModelSpec, info: SystemInfo) -> Plan:
        """See `Planner.plan`."""
        return self._plain.plan(wanted, info)

    def begin(self, wanted: ModelSpec, attempt: ModelSpec) -> None:
        """See `Planner.begin`."""

    def end(self, wanted: ModelSpec, attempt: ModelSpec, outcome: Loaded | AppError | None) -> None:
        """See `Planner.end`."""

    def answered(self, wanted: ModelSpec, statistics: Statistics) -> None:
        """The model loaded as `wanted` has finished an answer: learn its speed."""

    def skipped(self, path: Path) -> bool:
        """Whether a way to load the model at `path` is skipped because it crashed: there is something to `forget`."""
        return path in self._skipped

    def forget(self, path: Path) -> None:
        """Try everything again with the model at `path`, what crashed included."""
        self._skipped.discard(path)
