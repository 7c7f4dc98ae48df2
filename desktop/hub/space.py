"""Room on the disk: asked for before a download, and what is said when it runs out all the same."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop.errors import CannotWrite, NoSpace

SPARE_BYTES = 256 << 20
"""What a download leaves free for everything else."""

_FULL = {errno.ENOSPC, errno.EDQUOT}


def refuse_without_space(folder: Path, wanted_bytes: int) -> None:
    """See that `wanted_bytes` fit on the disk of `folder`, which need not exist yet, and some more.

    Raises:
        NoSpace
    """
    free_bytes = _free_bytes(folder)
    if wanted_bytes + SPARE_BYTES > free_bytes:
        raise NoSpace(str(folder), wanted_bytes + SPARE_BYTES, free_bytes)


@contextmanager
def writing(folder: Path, wanted_bytes: int) -> Iterator[None]:
    """Tell what the system says while the context writes to `folder`, where `wanted_bytes` were to come.

    Raises:
        NoSpace, CannotWrite
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL or error.errno == errno.EFBIG:
            too_large = error.errno == errno.EFBIG
            raise NoSpace(str(folder), wanted_bytes, _free_bytes(folder), too_large) from error
        raise CannotWrite(error.filename or str(folder)) from error


def _free_bytes(folder: Path) -> int:
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    return shutil.disk_usage(existing).free
