"""Runs code that cannot be trusted to end: within a time and within an amount of memory.

The work runs in a thread of its own, the caller watches it. Python raises an exception in another thread when told to
(`PyThreadState_SetAsyncExc`), on every system alike, as soon as that thread executes its next bytecode. One call into C
that lasts cannot be interrupted this way, so whatever runs here must keep its single steps small; a process that hangs
nevertheless has to be ended by its parent.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import psutil
from typing_extensions import override

Result = TypeVar("Result")

_POLL_S = 0.02
_GRACE_S = 2.0
"""How long ended work may take to unwind before it is left behind."""


class OutOfTime(Exception):
    """The work took longer than it may."""


class OutOfMemory(Exception):
    """The work took more memory than it may."""


class _Ended(BaseException):
    """Raised inside the work to end it. No Exception: a handler inside the work must not keep it."""


def run_limited(work: Callable[[], Result], *, time_limit_s: float, memory_limit_bytes: int) -> Result:
    """What `work` returns or raises.

    `memory_limit_bytes` is on top of what the process has now. On Linux the system enforces it; elsewhere, and for all
    that Linux cannot know, the resident size is watched.

    Raises:
        OutOfTime, OutOfMemory
    """
    process = psutil.Process()
    excess: type[Exception] | None = None
    worker = _Worker(work)
    # Started before the limit: a thread that finds no memory for itself never reports that it has started.
    worker.start()
    memory = process.memory_info()
    rss_limit_bytes = memory.rss + memory_limit_bytes
    deadline = time.monotonic() + time_limit_s
    with _address_space(memory.vms + memory_limit_bytes):
        worker.may_begin.set()
        while worker.is_alive() and time.monotonic() < deadline + _GRACE_S:
            try:
                worker.join(_POLL_S)
                if process.memory_info().rss > rss_limit_bytes:
                    excess = excess or OutOfMemory
                elif time.monotonic() > deadline:
                    excess = excess or OutOfTime
            except MemoryError:  # the worker left nothing for the watcher
                excess = OutOfMemory
            if excess is not None:
                worker.end()
    return worker.outcome(excess or OutOfTime)


class _Worker(threading.Thread, Generic[Result]):
    """Runs the work and keeps what came of it."""

    def __init__(self, work: Callable[[], Result]) -> None:
        super().__init__(name="limited work", daemon=True)
        self.may_begin = threading.Event()
        self._work = work
        self._results: list[Result] = []
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self._over = False

    @override
    def run(self) -> None:
        try:
            try:
                self.may_begin.wait()
                self._results.append(self._work())
            except BaseException as error:  # noqa: BLE001 -- handed on to the caller's thread
                self._error = error
            with self._lock:
                self._over = True
        except _Ended:
            # It arrived between two lines of this method.
            self._over = True

    def end(self) -> None:
        """Raise _Ended inside the work, unless it is over."""
        with self._lock:
            if not self._over and self.ident is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(_Ended))

    def outcome(self, ended_as: type[Exception]) -> Result:
        """The work's result, or its error raised; `ended_as` where it was ended or hangs."""
        if self._results:
            return self._results[0]
        error, self._error = self._error, None
        if isinstance(error, MemoryError):
            raise OutOfMemory from None
        if error is None or isinstance(error, _Ended):
            raise ended_as
        raise error


@contextmanager
def _address_space(limit_bytes: int) -> Iterator[None]:
    """Let the process map no more than `limit_bytes` meanwhile: what goes beyond is a MemoryError.

    Only on Linux: macOS takes such a limit and ignores it, Windows has none.
    """
    if sys.platform == "linux":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        bounds = [each for each in (soft, hard, limit_bytes) if each != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_AS, (min(bounds), hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    else:
        yield
