"""A file of which the beginning is here, and the hash of what is here."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from desktop.hub.stop import Stop

# A millisecond of hashing.
_CHUNK_BYTES = 1 << 20

_SHA256_DIGITS = 64


class Part:
    """The file being written. `size` bytes of it are here, each of which is read again from the disk and hashed."""

    def __init__(self, file: io.FileIO, path: Path, whole_bytes: int, digest: str) -> None:
        self._file = file
        self._path = path
        self._whole_bytes = whole_bytes
        self._digest = digest
        self.size = file.seek(0, os.SEEK_END)
        self._hashing = _Hashing(path, _hash(digest, whole_bytes))
        if self.size > whole_bytes:
            # That cannot be a beginning of it.
            self.restart()
        self._hashing.grown(self.size)

    def append(self, data: bytes) -> None:
        """Add `data`, or as much of it as belongs to the file.

        Raises:
            OSError: such as that the disk is full.
        """
        rest = memoryview(data)[: self._whole_bytes - self.size]
        while rest:
            n_bytes = self._file.write(rest)
            self.size += n_bytes
            rest = rest[n_bytes:]
        self._hashing.grown(self.size)

    def restart(self) -> None:
        """Forget everything that is here.

        Raises:
            OSError
        """
        self._hashing.close()
        self._file.seek(0)
        self._file.truncate()
        self.size = 0
        self._hashing = _Hashing(self._path, _hash(self._digest, self._whole_bytes))

    def is_right(self, stop: Stop) -> bool:
        """Whether it is all here, byte for byte.

        Raises:
            Stopped
            OSError
        """
        return self.size == self._whole_bytes and self._hashing.digest(stop) == self._digest

    def settle(self, stop: Stop) -> None:
        """Wait until what was written is on the disk, which can take as long as the download did.

        Raises:
            Stopped: it will be there a while later.
            OSError
        """
        over = threading.Event()
        errors: list[OSError] = []
        descriptor = os.dup(self._file.fileno())

        def sync() -> None:
            try:
                os.fsync(descriptor)
            except OSError as error:
                errors.append(error)
            finally:
                os.close(descriptor)
                over.set()

        # In a thread of its own, since nothing wakes a thread that waits for a disk.
        threading.Thread(target=sync, name="sync", daemon=True).start()
        with stop.calling(over.set):
            over.wait()
        stop.check()
        for error in errors:
            raise error

    def close(self) -> None:
        """End the thread that hashes."""
        self._hashing.close()


@contextmanager
def opened(path: Path, whole_bytes: int, digest: str) -> Iterator[Part]:
    """The part at `path`, private to the user, made if it is not there.

    `digest` is the whole file's sha256 in hexadecimal, or its 40 digits as a git blob.

    Raises:
        OSError
    """
    with io.FileIO(path, "r+b", opener=_private) as file, closing(Part(file, path, whole_bytes, digest)) as part:
        yield part


def is_whole(path: Path, whole_bytes: int, digest: str, stop: Stop) -> bool:
    """Whether the file at `path` is there and is the one of `digest`, byte for byte.

    Raises:
        Stopped
        OSError: it cannot be read.
    """
    if not path.is_file() or path.stat().st_size != whole_bytes:
        return False
    with closing(_Hashing(path, _hash(digest, whole_bytes))) as hashing:
        hashing.grown(whole_bytes)
        return hashing.digest(stop) == digest


class _Hashing:
    """Follows a file that grows, in a thread of its own: while more of it comes, what has come is hashed."""

    def __init__(self, path: Path, hash_: hashlib._Hash) -> None:
        self._path = path
        self._hash = hash_
        self._changed = threading.Condition()
        self._here = 0
        self._hashed = 0
        self._asked = False
        self._over = False
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="hash", daemon=True)
        self._thread.start()

    def grown(self, n_bytes: int) -> None:
        """`n_bytes` of the file are here."""
        self._here = n_bytes
        if n_bytes - self._hashed >= _CHUNK_BYTES:
            self._wake()

    def digest(self, stop: Stop) -> str:
        """The hash of all that is here, in hexadecimal.

        Raises:
            Stopped
            OSError: it cannot be read.
        """
        self._asked = True
        self._wake()
        with stop.calling(self._wake), self._changed:
            self._changed.wait_for(lambda: self._hashed == self._here or self._error is not None or stop.is_set())
        stop.check()
        if self._error is not None:
            raise self._error
        return self._hash.hexdigest()

    def close(self) -> None:
        self._over = True
        self._wake()
        self._thread.join()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _run(self) -> None:
        buffer = memoryview(bytearray(_CHUNK_BYTES))
        try:
            with io.FileIO(self._path) as file:
                while self._wait() and (n_bytes := file.readinto(buffer[: self._here - self._hashed])):
                    self._hash.update(buffer[:n_bytes])
                    self._hashed += n_bytes
            if not self._over:
                self._error = OSError(errno.EIO, "it became shorter", str(self._path))
        except OSError as error:
            self._error = error
        self._wake()

    def _wait(self) -> bool:
        """Wait until there is enough to hash; False when it is over."""
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._over or self._here - self._hashed >= (1 if self._asked else _CHUNK_BYTES)
            )
            return not self._over


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)


def _hash(digest: str, whole_bytes: int) -> hashlib._Hash:
    if len(digest) == _SHA256_DIGITS:
        return hashlib.sha256()
    # What git calls a file: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
    return hashlib.sha1(b"blob %d\0" % whole_bytes, usedforsecurity=False)
