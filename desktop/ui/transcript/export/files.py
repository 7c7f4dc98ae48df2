"""Writes a file whole or not at all: until all of it is there, the one that was there before stays."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from desktop.errors import CannotExport

_MAX_NAME_CHARS = 80
_UNSAFE = re.compile(r'[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff/\\:*?"<>|]+')
_MAX_NAME_BYTES = 240
"""File systems take 255 in all; an emoji has four or more."""
_RESERVED = re.compile(r"(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]) *(\.|$)", re.IGNORECASE)


def file_name(title: str) -> str:
    """A name for the file of a chat with this `title` that every system takes, without an ending."""
    name = " ".join(_UNSAFE.sub(" ", title).split())[:_MAX_NAME_CHARS]
    name = name.encode("utf-8", "ignore")[:_MAX_NAME_BYTES].decode("utf-8", "ignore").strip(". ")
    return "Fireside" if not name or _RESERVED.match(name) else name


class NewFile:
    """What is to stand at `path`, or where a link there leads. Without `keep` or after an error nothing is left of it.

    A context manager. Only a file is ever replaced, no device and no folder.

    Raises:
        CannotExport: by all of its methods.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path = self._target = path.resolve()
            if path.exists() and not path.is_file():
                raise CannotExport(str(self.path))
            # Of this writer alone, and no longer than the name that the file system accepted.
            self._part = path.with_name(f".{os.getpid()}-{threading.get_native_id()}.part")
            self._file = self._part.open("wb")
        except OSError as error:
            raise self._refused(error) from error
        except ValueError as error:  # such as "/", or a NUL character
            raise CannotExport(str(path)) from error

    def write(self, data: bytes) -> None:
        """Add `data` at the end."""
        try:
            self._file.write(data)
        except OSError as error:
            raise self._refused(error) from error

    def keep(self) -> None:
        """All of it is written: put it in its place."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._target)
        except OSError as error:
            raise self._refused(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # Its last bytes may not fit either: it goes away anyway.
        with contextlib.suppress(OSError):
            self._file.close()
        # Nor may it be taken away any more where the disk has gone; that is told already.
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _refused(self, error: OSError) -> CannotExport:
        return CannotExport(str(self.path), full=error.errno in (errno.ENOSPC, errno.EDQUOT))
