"""Downloads on the way, as they lie on the disk: one folder each, which no scan for models looks into.

FOLDER/.downloads/3f0c…/       named for what is downloaded, so that the same thing is never fetched twice
    job.json                   {"choice", "added_at"}
    lock                       held by the process that fetches it
    0.part  1.done  …          its files: on the way, and verified
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from desktop import json_file
from desktop.errors import DownloadInUse, UnsafeName
from desktop.hub.names import safe_path
from desktop.hub.remote import Choice, RemoteFile, choice_from

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_FOLDER = ".downloads"
_TRIES = 10

_log = logging.getLogger(__name__)


class Unfinished:
    """The download of `choice` into `folder`, which is where models are kept."""

    def __init__(self, folder: Path, choice: Choice) -> None:
        self.choice = choice
        named = json.dumps([choice.repo, choice.commit, *(file.path for file in self.files)])
        self.id = hashlib.sha256(named.encode()).hexdigest()[:16]
        self._models = folder
        self._folder = folder / _FOLDER / self.id
        self._record = self._folder / "job.json"

    @property
    def files(self) -> tuple[RemoteFile, ...]:
        """All that belongs to it."""
        return (*self.choice.files, *self.choice.companions)

    def target(self, file: RemoteFile) -> Path:
        """Where `file` lies when all is done."""
        return self._models / self.choice.repo / file.path

    def part(self, file: RemoteFile) -> Path:
        """Where `file` is written to."""
        return self._folder / f"{self.files.index(file)}.part"

    def done(self, file: RemoteFile) -> Path:
        """Where `file` waits, verified, for the others."""
        return self._folder / f"{self.files.index(file)}.done"

    def here_bytes(self, file: RemoteFile) -> int:
        """How much of `file` is here, by the sizes of the files."""
        if _size(self.done(file)) == file.size_bytes or _size(self.target(file)) == file.size_bytes:
            return file.size_bytes
        return min(_size(self.part(file)), file.size_bytes)

    @property
    def is_here(self) -> bool:
        """Whether all files have come and were verified, so that nothing is left but to publish them."""
        return all(file.size_bytes in (_size(self.done(file)), _size(self.target(file))) for file in self.files)

    def record(self) -> None:
        """Remember on the disk that it is wanted.

        Raises:
            OSError
        """
        for tries_left in reversed(range(_TRIES)):
            if self._record.exists():
                return
            try:
                _make_private(self._folder)
                json_file.write(self._record, {"choice": asdict(self.choice), "added_at": time.time()})
            except FileNotFoundError:
                # Another process has tidied up just now.
                if not tries_left:
                    raise

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only process that works on it, while the context lasts.

        Raises:
            DownloadInUse: another one is.
            OSError
        """
        descriptor = self._lock()
        try:
            yield
            if sys.platform != "win32":
                # Before anybody else can have it.
                self._tidy()
        finally:
            os.close(descriptor)
        if sys.platform == "win32":
            # Where what is open cannot be deleted.
            self._tidy()

    def _lock(self) -> int:
        path = self._folder / "lock"
        while True:
            try:
                _make_private(self._folder)
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            except FileNotFoundError:
                # Whoever had it has tidied up just now.
                continue
            try:
                _lock_or_fail(descriptor)
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    return descriptor
            except FileNotFoundError:
                pass
            except (BlockingIOError, PermissionError) as error:
                os.close(descriptor)
                raise DownloadInUse(str(self.target(self.choice.files[0]))) from error
            os.close(descriptor)

    def _tidy(self) -> None:
        """Leave nothing where nothing is to be remembered."""
        if not self._record.exists():
            with suppress(OSError):
                (self._folder / "lock").unlink()
                self._folder.rmdir()
                # Fails where another download is in it.
                self._folder.parent.rmdir()

    def publish(self) -> None:
        """Put all files, which are `done`, where models are kept.

        Raises:
            OSError
        """
        for file in self.files:
            target = self.target(file)
            if self.done(file).exists():
                _make_private(target.parent)
                self.done(file).replace(target)

    def remove(self) -> None:
        """Delete what is here of it, but nothing that is published. Whoever calls this has it `locked`.

        Raises:
            OSError
        """
        # What it is comes last: should this be interrupted, the rest is found again.
        for path in (*self._folder.glob("*.part"), *self._folder.glob("*.done"), self._record):
            path.unlink(missing_ok=True)


def unfinished_in(folder: Path) -> list[Unfinished]:
    """Those of earlier runs, the oldest first. Files that nothing tells of, after a crash, are deleted."""
    found = []
    for path in (folder / _FOLDER).glob("*/"):
        values = json_file.read(path / "job.json")
        try:
            added_at = float(values.get("added_at", 0))
            choice = choice_from(values.get("choice"))
            for file in (*choice.files, *choice.companions):
                safe_path(choice.repo, file.path)
            found.append((added_at, Unfinished(folder, choice)))
        except (TypeError, ValueError, UnsafeName):
            # With files in it, it cannot be one that is being made: its record comes first. That has a ".part" too.
            if any(path.glob("[0-9]*.part")) or any(path.glob("[0-9]*.done")):
                _log.warning("what was downloaded to %s belongs to nothing known", path)
                shutil.rmtree(path, ignore_errors=True)
    return [job for _, job in sorted(found, key=lambda each: each[0])]


def _make_private(folder: Path) -> None:
    """Make `folder` and those above it, for the user alone: Path.mkdir makes those above it for all to see."""
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _lock_or_fail(descriptor: int) -> None:
    """Raises BlockingIOError or PermissionError: somebody else has it."""
    if sys.platform == "win32":
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
