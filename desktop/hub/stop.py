"""Stopping a request or a download from another thread, within milliseconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopped(Exception):
    """What was going on was stopped. Not an error: whoever stopped it catches this."""


class ConnectionChanged(Exception):
    """`Network.apply` cut this request off. Ask again, from the beginning: another hub may answer now."""


class Stop:
    """A flag that one thread sets and that wakes the others at once, whatever they wait for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_set = False
        self._actions: list[Callable[[], None]] = []

    def set(self) -> None:
        """Stop. Returns when everything that waits has been woken; it may still be cleaning up."""
        with self._lock:
            self._is_set = True
            # Under the lock, so that none is called when its `calling` has ended: its socket's number may be another's.
            for action in self._actions:
                action()

    def is_set(self) -> bool:
        """Whether it was stopped."""
        return self._is_set

    def check(self) -> None:
        """Raise `Stopped` if it was stopped."""
        if self._is_set:
            raise Stopped

    @contextmanager
    def calling(self, action: Callable[[], None]) -> Iterator[None]:
        """Have `action` called if this is stopped while the context lasts; at once if it is stopped already.

        `action` is called in the stopping thread: it returns at once and raises nothing.
        """
        with self._lock:
            self._actions.append(action)
            if self._is_set:
                action()
        try:
            yield
        finally:
            with self._lock:
                self._actions.remove(action)


def wait(seconds: float, *stops: Stop) -> None:
    """Wait, or until one of `stops` is set."""
    woken = threading.Event()

    def waiting(rest: tuple[Stop, ...]) -> None:
        if not rest:
            woken.wait(seconds)
            return
        with rest[0].calling(woken.set):
            waiting(rest[1:])

    waiting(stops)
