"""Tells an answer that is being written by another process from one that a killed process left unfinished.

Every process that writes answers holds a shared lock on one file. The system lets go of it when the process ends,
however it ends.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop.errors import CannotWrite

if sys.platform != "win32":
    import fcntl


@contextmanager
def writing(lock: Path) -> Iterator[None]:
    """Be a process that writes answers, while the context lasts. `lock` is the file.

    Raises:
        CannotWrite
    """
    with _opened(lock) as descriptor:
        if sys.platform != "win32":
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield


@contextmanager
def nobody_writing(lock: Path) -> Iterator[bool]:
    """Whether no process writes answers, which then stays so while the context lasts.

    True on Windows, which has no shared locks in Python: an answer that another process is writing is then marked
    INTERRUPTED until that process ends it, which `update_text` and `finish` do nevertheless.

    Raises:
        CannotWrite
    """
    with _opened(lock) as descriptor:
        if sys.platform == "win32":
            yield True
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _opened(lock: Path) -> Iterator[int]:
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotWrite(str(lock), full=error.errno == errno.ENOSPC) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)
