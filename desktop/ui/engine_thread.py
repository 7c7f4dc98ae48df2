"""The one thread that drives the engine, and how what it streams reaches the main thread."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import SimpleQueue

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop.engine.answer import Happening
from desktop.engine.api import Engine

Produced = Happening
Work = Callable[[Engine], Iterator[Produced]]

# Twenty pictures a second read as a flow, and leave the cores to the engine.
FRAME_MS = 50

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Job:
    """One piece of work for the engine. Both callbacks run in the main thread, `on_done` last and exactly once.

    `on_done` gets None, or what the work raised: an AppError is for the user, anything else is a bug.
    """

    work: Work
    on_events: Callable[[list[Produced]], None]
    on_done: Callable[[BaseException | None], None]
    cancelled: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class _Done:
    error: BaseException | None


class EngineThread(QObject):
    """Runs jobs one after another in a thread of its own; what they yield arrives in batches, once a frame at most.

    The thread itself knows plain values only: it fills `_outbox` and rings; the main thread empties it.
    """

    _rung = Signal()

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._outbox: deque[tuple[Job, Produced | _Done]] = deque()
        self._lock = threading.Lock()
        self._running: Job | None = None
        self._ringing = False
        self._closing = False
        self._last_drain = 0.0
        self._frame = QTimer(self)
        self._frame.setSingleShot(True)
        self._frame.timeout.connect(self._drain)
        self._rung.connect(self._on_rung)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Run `job` after those that were submitted before it."""
        self._jobs.put(job)

    def cancel(self, job: Job) -> None:
        """Stop `job` if it runs, or skip it when its turn comes: then it is done without an event."""
        job.cancelled.set()
        with self._lock:
            if self._running is job:
                self._engine.stop()

    def close(self) -> None:
        """Stop what runs, skip what waits, deliver what has arrived, and end the thread and the engine."""
        with self._lock:
            if self._running is not None:
                self._running.cancelled.set()
                self._engine.stop()
        self._closing = True
        self._jobs.put(None)
        self._thread.join()
        self._frame.stop()
        try:
            self._drain()
        finally:
            self._engine.close()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            error: BaseException | None = None
            if not (job.cancelled.is_set() or self._closing):
                with self._lock:
                    self._running = job
                try:
                    self._drive(job)
                except BaseException as raised:  # noqa: BLE001  delivered to the main thread, whatever it is
                    error = raised
                with self._lock:
                    self._running = None
            self._post(job, _Done(error))

    def _drive(self, job: Job) -> None:
        for event in job.work(self._engine):
            self._post(job, event)
            if job.cancelled.is_set():
                # A stop that came before the engine had begun found nothing to stop: ask again.
                self._engine.stop()

    def _post(self, job: Job, what: Produced | _Done) -> None:
        with self._lock:
            self._outbox.append((job, what))
            ring, self._ringing = not self._ringing, True
        if ring:
            self._rung.emit()

    @Slot()
    def _on_rung(self) -> None:
        since_ms = int((time.monotonic() - self._last_drain) * 1000)
        if since_ms >= FRAME_MS:
            self._drain()
        else:
            self._frame.start(FRAME_MS - since_ms)

    @Slot()
    def _drain(self) -> None:
        self._last_drain = time.monotonic()
        with self._lock:
            arrived = list(self._outbox)
            self._outbox.clear()
            self._ringing = False
        by_job: dict[Job, list[Produced | _Done]] = {}
        for job, what in arrived:
            by_job.setdefault(job, []).append(what)
        # A stack calls the rest also when one raises: a bug in one job takes nothing from the others.
        with ExitStack() as deliveries:
            for job, mine in reversed(by_job.items()):
                deliveries.callback(_deliver, job, mine)


def _deliver(job: Job, arrived: list[Produced | _Done]) -> None:
    events = [what for what in arrived if not isinstance(what, _Done)]
    try:
        if events:
            job.on_events(events)
    finally:
        for what in arrived:
            if isinstance(what, _Done):
                job.on_done(what.error)
