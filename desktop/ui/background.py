"""Slow work that is not the engine's, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from PySide6.QtCore import QObject, Signal, Slot


class Background(QObject):
    """Runs jobs one after another. A job gets plain values and opens its own connections.

    Signals:
        failed(error: BaseException): a job ended in an error, in the main thread
    """

    failed = Signal(object)
    _ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background")
        self._ended.connect(self._on_ended)

    def run(self, work: Callable[[], object]) -> None:
        """Run `work` after the jobs before it."""
        self._pool.submit(work).add_done_callback(self._ended.emit)

    def close(self) -> None:
        """Wait for the jobs that were given."""
        self._pool.shutdown()

    @Slot(object)
    def _on_ended(self, job: Future[object]) -> None:
        error = job.exception()
        if error is not None:
            self.failed.emit(error)
