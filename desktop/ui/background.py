"""Slow work that is not the engine's, in threads of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from desktop.ui.daemon_pool import DaemonPool

Result = TypeVar("Result")
# While a large file is read and compared, another program's models can still be looked for.
_LONG_AT_ONCE = 2
# How long the program's end waits for jobs. Short ones write what the user has changed; long ones end within
# milliseconds where they ask for `stop`. What hangs in a driver or on a network drive is left to itself.
_SHORT_PATIENCE_S = 10.0
_LONG_PATIENCE_S = 0.5

Then = Callable[[Any], object]


class LongJob:
    """A job that takes minutes, as both sides see it: the job asks `stop`, the main thread sets it."""

    def __init__(self, background: Background, number: int) -> None:
        self.stop = threading.Event()
        self._background, self._number = background, number
        self._told = 0.0
        self._ringing = False
        self._lock = threading.Lock()

    def tell(self, fraction: float) -> None:
        """Say from the job's thread how much is done, 0 to 1. As often as wanted: only the newest is delivered."""
        with self._lock:
            self._told = fraction
            ring, self._ringing = not self._ringing, True
        if ring and not self.stop.is_set():
            self._background.told.emit(self._number)

    def abandon(self) -> None:
        """Stop it, in the main thread. Nothing follows it any more: who waited for it is gone."""
        self.stop.set()
        self._background.forget(self._number)

    def take(self) -> float:
        """The newest that was told; in the main thread."""
        with self._lock:
            self._ringing = False
            return self._told


class Background(QObject):
    """Runs short jobs one after another and, beside them, long ones, two at a time.

    A job gets plain values and opens its own connections. What is to follow it runs in the main thread, and stays
    there meanwhile: a thread never holds a QObject.

    Signals:
        failed(error: BaseException): a job ended in an error that nobody waited for
        told(int number): for its own use: a long job has progress
    """

    failed = Signal(object)
    told = Signal(int)
    _ended = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._short = DaemonPool("background", 1)
        self._long = DaemonPool("background-long", _LONG_AT_ONCE)
        self._numbers = 0
        self._closed = False
        self._then: dict[int, tuple[Then | None, Then | None]] = {}
        """What follows each job: its result's and its error's."""
        self._long_jobs: dict[int, tuple[LongJob, Callable[[float], object]]] = {}
        self._ended.connect(self._on_ended)
        self.told.connect(self._on_told)

    def run(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], object] | None = None,
        on_error: Callable[[BaseException], object] | None = None,
    ) -> Future[Result]:
        """Run `work` after the short jobs before it, then `then` with its result, or `on_error`."""
        if self._closed:
            # A timer or a late signal of a window that is going away.
            return Future()
        number = self._number()
        self._then[number] = (then, on_error)
        return self._short.submit(work, lambda ended: self._ended.emit(number, ended))

    def run_long(
        self,
        work: Callable[[LongJob], Result],
        progress: Callable[[float], object],
        then: Callable[[Result], object],
        on_error: Callable[[BaseException], object],
    ) -> LongJob:
        """Run `work` beside the short jobs. It tells its progress and looks at `stop` often."""
        number = self._number()
        job = LongJob(self, number)
        if not self._closed:
            self._then[number] = (then, on_error)
            self._long_jobs[number] = (job, progress)
            self._long.submit(lambda: work(job), lambda ended: self._ended.emit(number, ended))
        return job

    def forget(self, number: int) -> None:
        """Nothing follows the job of that number: for `LongJob.abandon`."""
        self._then.pop(number, None)
        self._long_jobs.pop(number, None)

    def close(self) -> None:
        """Wait for the short jobs, stop the long ones. Nothing follows any of them, and none begins any more."""
        self._closed = True
        for job, _ in self._long_jobs.values():
            job.stop.set()
        self._long.close(_LONG_PATIENCE_S, drop=True)
        self._short.close(_SHORT_PATIENCE_S, drop=False)
        self._then.clear()
        self._long_jobs.clear()

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    @Slot(int)
    def _on_told(self, number: int) -> None:
        if (known := self._long_jobs.get(number)) is not None:
            job, progress = known
            progress(job.take())

    @Slot(int, object)
    def _on_ended(self, number: int, job: Future[object]) -> None:
        self._long_jobs.pop(number, None)
        if number not in self._then:
            # Abandoned.
            return
        then, on_error = self._then.pop(number)
        error = job.exception()
        if error is None:
            if then is not None:
                then(job.result())
        elif on_error is not None:
            on_error(error)
        else:
            self.failed.emit(error)
