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
_STOP_AGAIN_MS = 10

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Job:
    """One piece of work for the engine. Both callbacks run in the main thread, `on_done` last and exactly once.

    `on_done` gets None, or what the work raised: an AppError is for the user, anything else is a bug.
    """

    work: Work
    on_events: Callable[[list[Produced]], None]
    on_done: Callable[[BaseException | None], None]
    gives_way: bool = False
    """Whether it is cancelled as soon as there is anything else to do."""
    cancelled: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class _Done:
    error: BaseException | None


class EngineThread(QObject):
    """Runs jobs one after another in a thread of its own; what they yield arrives in batches, once a frame at most.

    The thread itself knows plain values only: it fills `_outbox` and rings; the main thread empties it.

    Signals:
        submitted(): there is something to do that does not give way
    """

    submitted = Signal()
    _rung = Signal()

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._outbox: deque[tuple[Job, Produced | _Done]] = deque()
        self._lock = threading.Lock()
        self._running: Job | None = None
        self._n_open = 0
        self._giving_way: Job | None = None
        self._ringing = False
        self._closing = False
        self._last_drain = 0.0
        self._frame = QTimer(self)
        self._frame.setSingleShot(True)
        self._frame.timeout.connect(self._drain)
        self._rung.connect(self._on_rung)
        self._stopping = QTimer(self, singleShot=True, interval=_STOP_AGAIN_MS)
        self._stopping.timeout.connect(self._stop_cancelled)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return self._n_open == 0

    def submit(self, job: Job) -> None:
        """Run `job` after those that were submitted before it, at once where they give way."""
        if self._giving_way is not None:
            self.cancel(self._giving_way)
        self._giving_way = job if job.gives_way else None
        self._n_open += 1
        self._jobs.put(job)
        if not job.gives_way:
            self.submitted.emit()

    def cancel(self, job: Job) -> None:
        """Stop `job` if it runs, or skip it when its turn comes: then it is done without an event."""
        job.cancelled.set()
        self._stop_cancelled()

    def close(self) -> None:
        """Stop what runs, skip what waits, deliver what has arrived, and end the thread and the engine."""
        with self._lock:
            self._closing = True
            if self._running is not None:
                self._running.cancelled.set()
        self._jobs.put(None)
        while self._thread.is_alive():
            self._stop_cancelled()
            self._thread.join(_STOP_AGAIN_MS / 1000)
        self._stopping.stop()
        self._frame.stop()
        try:
            self._drain()
        finally:
            self._engine.close()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            error: BaseException | None = None
            with self._lock:
                if not (job.cancelled.is_set() or self._closing):
                    self._running = job
            if self._running is job:
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

    @Slot()
    def _stop_cancelled(self) -> None:
        """Stop what runs if it is cancelled, until it ends: before the engine has begun there is nothing to stop."""
        with self._lock:
            if self._running is None or not self._running.cancelled.is_set():
                return
            self._engine.stop()
        self._stopping.start()

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
            self._n_open -= isinstance(what, _Done)
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
