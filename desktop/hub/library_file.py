"""The file that remembers the user's models. The window and commands write it side by side, and no line is lost.

`{"models": [{"name", "path", …}, …]}`: a path below the app's folder of models is relative to it, so that the data
directory can be moved. Keys that this version does not know are kept.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from desktop import json_file
from desktop.errors import CannotWrite
from desktop.hub.fit import KV_TYPES, Wishes
from desktop.hub.remote import Choice, choice_from

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_END_OF_TIME_S = 253_402_300_799
"""The last second of the year 9999: no later one can be shown as a date."""


@dataclass(slots=True)
class Entry:
    """What is remembered of a model."""

    name: str
    path: Path
    title: str = ""
    """Where the file's name tells nothing; else empty."""
    companion: Path | None = None
    """Where it is not found by its name."""
    hidden: bool = False
    """Taken off the list, although its file lies in the app's folder of models."""
    last_used_at: float | None = None
    loading: Wishes = field(default_factory=Wishes)
    origin: Choice | None = None
    sha256: dict[str, str] = field(default_factory=dict)
    """By file name, from the first time that it was verified."""
    extra: dict[str, Any] = field(default_factory=dict)


class LibraryFile:
    """The list in the JSON file at `file`; `folder` is the app's folder of models."""

    def __init__(self, file: Path, folder: Path) -> None:
        self._file = file
        self._folder = folder
        self._lock = file.with_name(file.name + ".lock")
        self._read: tuple[tuple[int, ...], list[Entry]] | None = None

    def entries(self) -> list[Entry]:
        """What is remembered, to be looked at. Parsed again only when the file is another one."""
        now = identity(self._file)
        if self._read is None or not now or self._read[0] != now:
            self._read = (now, self._entries(json_file.read(self._file)))
        return self._read[1]

    @contextmanager
    def changing(self) -> Iterator[list[Entry]]:
        """The list as it is now, to be changed while the context lasts, in which no other process changes it.

        Raises:
            CannotWrite: nothing was changed.
        """
        try:
            with locked(self._lock):
                values = json_file.read(self._file)
                entries = self._entries(values)
                before = [self._values(entry) for entry in entries]
                yield entries
                after = [self._values(entry) for entry in entries]
                if after != before:
                    json_file.write(self._file, {**values, "models": after})
        except OSError as error:
            raise CannotWrite(str(self._file), full=error.errno == errno.ENOSPC) from error

    def _entries(self, values: dict[str, Any]) -> list[Entry]:
        models = values.get("models")
        read = (
            [self._entry(dict(each)) for each in models if isinstance(each, dict)] if isinstance(models, list) else []
        )
        return [entry for entry in read if entry is not None]

    def _entry(self, values: dict[str, Any]) -> Entry | None:
        """One entry; what makes no sense in it is left out, None if that is its name or its path."""
        name, path = values.pop("name", None), values.pop("path", None)
        if not (_is_text(name) and _is_text(path)):
            return None
        entry = Entry(name, self._folder / path)
        title, companion = values.pop("title", None), values.pop("companion", None)
        entry.title = title if isinstance(title, str) else ""
        entry.companion = self._folder / companion if _is_text(companion) else None
        entry.hidden = values.pop("hidden", None) is True
        used = values.pop("last_used_at", None)
        entry.last_used_at = float(used) if _is_time(used) else None
        entry.loading = _wishes(values.pop("loading", None))
        with suppress(ValueError):
            entry.origin = choice_from(values.pop("origin", None))
        sums = values.pop("sha256", None)
        if isinstance(sums, dict):
            entry.sha256 = {file: each for file, each in sums.items() if isinstance(each, str)}
        entry.extra = values
        return entry

    def _values(self, entry: Entry) -> dict[str, Any]:
        """`entry` as JSON, without what is as it always is."""
        wishes = {name: value for name, value in asdict(entry.loading).items() if value is not None}
        values: dict[str, Any] = {
            "title": entry.title,
            "companion": self._relative(entry.companion) if entry.companion is not None else None,
            "hidden": entry.hidden,
            "last_used_at": entry.last_used_at,
            "loading": wishes,
            "origin": asdict(entry.origin) if entry.origin is not None else None,
            "sha256": dict(entry.sha256),
        }
        told = {name: value for name, value in values.items() if value}
        return {**entry.extra, "name": entry.name, "path": self._relative(entry.path), **told}

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self._folder) if path.is_relative_to(self._folder) else path)


def identity(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced or written to: size, time of the last change, inode. Empty if it is gone."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ino


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at `path` while the context lasts. Others wait; the system lets go of it when a process dies.

    Raises:
        OSError: it cannot be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            # Tries for ten seconds, then raises.
            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        # Also lets go of the lock.
        os.close(descriptor)


def _is_text(value: object) -> TypeGuard[str]:
    """Whether `value` can be a name or a path."""
    return isinstance(value, str) and value != "" and "\0" not in value


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _END_OF_TIME_S


def _wishes(values: object) -> Wishes:
    if not isinstance(values, dict):
        return Wishes()
    numbers = {
        name: number
        for name in ("n_ctx", "n_gpu_layers")
        if isinstance(number := values.get(name), int) and not isinstance(number, bool) and number >= 0
    }
    kv_type, flash_attention, draft = (values.get(name) for name in ("kv_type", "flash_attention", "draft"))
    return Wishes(
        **numbers,
        kv_type=kv_type if kv_type in KV_TYPES else None,
        flash_attention=flash_attention if isinstance(flash_attention, bool) else None,
        draft=draft if _is_text(draft) else None,
    )
