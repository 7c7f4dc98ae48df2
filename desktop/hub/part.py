"""A file of which the beginning is here: its bytes, and their hash as far as they go."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop.hub.stop import Stop

# A millisecond of hashing.
_CHUNK_BYTES = 1 << 20

_SHA256_DIGITS = 64


class Part:
    """The file being written. `size` bytes of it are here."""

    def __init__(self, file: io.FileIO, whole_bytes: int, digest: str) -> None:
        self._file = file
        self._whole_bytes = whole_bytes
        self._digest = digest
        self.size = 0
        self._hash = _hash(digest, whole_bytes)

    def read(self, stop: Stop) -> None:
        """Take in what an earlier run left here: every byte is read again, none is trusted.

        Raises:
            Stopped
            OSError
        """
        # More than there should be cannot be a beginning of it.
        if os.fstat(self._file.fileno()).st_size > self._whole_bytes:
            self.restart()
        buffer = memoryview(bytearray(_CHUNK_BYTES))
        while n_bytes := self._file.readinto(buffer):
            stop.check()
            self._hash.update(buffer[:n_bytes])
            self.size += n_bytes

    def append(self, data: bytes) -> None:
        """Add `data`, or as much of it as belongs to the file.

        Raises:
            OSError: such as that the disk is full.
        """
        rest = memoryview(data)[: self._whole_bytes - self.size]
        while rest:
            n_bytes = self._file.write(rest)
            self._hash.update(rest[:n_bytes])
            self.size += n_bytes
            rest = rest[n_bytes:]

    def restart(self) -> None:
        """Forget everything that is here."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0
        self._hash = _hash(self._digest, self._whole_bytes)

    def is_right(self) -> bool:
        """Whether it is all here, byte for byte. What was written is on the disk then, too.

        Raises:
            OSError
        """
        if self.size != self._whole_bytes or self._hash.hexdigest() != self._digest:
            return False
        if self._file.writable():
            os.fsync(self._file.fileno())
        return True


@contextmanager
def opened(path: Path, whole_bytes: int, digest: str) -> Iterator[Part]:
    """The part at `path`, private to the user, made if it is not there; it is yet to be `read`.

    `digest` is the whole file's sha256 in hexadecimal, or its 40 digits as a git blob.

    Raises:
        OSError
    """
    with io.FileIO(path, "r+b", opener=_private) as file:
        yield Part(file, whole_bytes, digest)


def is_whole(path: Path, whole_bytes: int, digest: str, stop: Stop) -> bool:
    """Whether the file at `path` is there and is the one of `digest`, byte for byte.

    Raises:
        Stopped
        OSError: it cannot be read.
    """
    if not path.is_file() or path.stat().st_size != whole_bytes:
        return False
    with io.FileIO(path) as file:
        part = Part(file, whole_bytes, digest)
        part.read(stop)
        return part.is_right()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)


def _hash(digest: str, whole_bytes: int) -> hashlib._Hash:
    if len(digest) == _SHA256_DIGITS:
        return hashlib.sha256()
    # What git calls a file: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
    return hashlib.sha1(b"blob %d\0" % whole_bytes, usedforsecurity=False)
