"""Threads for work that may never come back. The program's end does not wait for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")


class DaemonPool:
    """Does work in the order in which it came, `n_threads` at a time.

    A ThreadPoolExecutor is joined when the interpreter ends, whatever hangs in it: a graphics driver, a network drive
    that is gone, a keyring that waits for the user's password.
    """

    def __init__(self, name: str, n_threads: int) -> None:
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[], object]] | None] = SimpleQueue()
        self._threads = [threading.Thread(target=self._run, name=name, daemon=True) for _ in range(n_threads)]
        self._is_closed = False

    def submit(self, work: Callable[[], Result], done: Callable[[Future[Any]], object]) -> Future[Result]:
        """Do `work` in one of the threads, then call `done` there. Both get what is returned here."""
        future: Future[Result] = Future()
        future.add_done_callback(done)
        self._waiting.put((future, work))
        for thread in self._threads:
            if thread.ident is None:
                thread.start()
                break
        return future

    def close(self, patience_s: float, *, drop: bool) -> None:
        """Wait at most `patience_s` for what is being done and, without `drop`, for what waits behind it.

        Afterwards `done` is not called any more.
        """
        self._is_closed = drop
        with suppress(Empty):
            while drop:
                self._waiting.get_nowait()
        for _ in self._threads:
            self._waiting.put(None)
        until = time.monotonic() + patience_s
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))
        self._is_closed = True

    def _run(self) -> None:
        while (taken := self._waiting.get()) is not None:
            future, work = taken
            error, result = None, None
            try:
                result = work()
            except BaseException as raised:  # noqa: BLE001  told to whoever asked for it
                error = raised
            if self._is_closed:
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)
            # Nothing is held while the thread waits for more.
            del taken, future, work, error, result
