"""Tells an answer that is being written by another process from one that a killed process left unfinished.

Every process that writes answers holds a shared lock on one file. The system lets go of it when the process ends,
however it ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl


@contextmanager
def writing(lock: Path) -> Iterator[None]:
    """Be a process that writes answers, while the context lasts. `lock` is the file."""
    with _opened(lock) as descriptor:
        if sys.platform != "win32":
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield


@contextmanager
def nobody_writing(lock: Path) -> Iterator[bool]:
    """Whether no process writes answers, which then stays so while the context lasts.

    False on Windows, which has no shared locks in Python: there the next window finds what was left.
    """
    with _opened(lock) as descriptor:
        if sys.platform == "win32":
            yield False
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _opened(lock: Path) -> Iterator[int]:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
