"""What model files say about themselves, kept so that no file is opened twice."""

from __future__ import annotations

import logging
import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from desktop import json_file
from desktop.errors import BadModelFile, Flaw
from desktop.hub.header import Header, Layer, read_header, unpack
from desktop.hub.library_file import identity, locked

# A file that another version of the program wrote is read anew: its headers may lack what this one reads.
_FIELDS = [each.name for kind in (Header, Layer) for each in fields(kind)]

_log = logging.getLogger(__name__)


class KeptHeaders:
    """The headers of model files by the files' identity, in the JSON file at `file`. It can be deleted at any time.

    `{"fields": […], "files": {PATH: {"identity": […], "header": {…}}}}`; of bad files "flaw" and "detail" are kept.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = file.with_name(file.name + ".lock")
        self._raw: dict[str, dict[str, Any]] | None = None
        self._known: dict[str, tuple[tuple[int, ...], Header | BadModelFile]] = {}
        self._unsaved: set[str] = set()

    def read(self, path: Path) -> Header:
        """The header of the model file at `path`, which is opened only if it is another one than last time.

        Raises:
            NoSuchModel, BadModelFile: as `read_header`.
        """
        now = identity(path)
        known = self._known.get(str(path))
        if known is None or known[0] != now:
            known = (now, self._kept(path, now) or self._read(path, now))
            if now:
                self._known[str(path)] = known
        if isinstance(known[1], BadModelFile):
            raise BadModelFile(known[1].path, known[1].flaw, known[1].detail)
        return known[1]

    def save(self) -> None:
        """Write what was read since the last time. Headers of files that are gone are left out.

        That it cannot be written is only logged: then the files are opened again next time.
        """
        if not self._unsaved:
            return
        new = {path: _packed(*self._known[path]) for path in self._unsaved}
        self._unsaved.clear()
        try:
            with locked(self._lock):
                kept = {path: values for path, values in (self._load() | new).items() if os.path.lexists(path)}
                json_file.write(self._file, {"fields": _FIELDS, "files": kept}, indent=None)
        except OSError:
            _log.warning("the headers of the models cannot be kept", exc_info=True)

    def _kept(self, path: Path, now: tuple[int, ...]) -> Header | BadModelFile | None:
        if self._raw is None:
            self._raw = self._load()
        values = self._raw.pop(str(path), {})
        if not now or values.get("identity") != list(now):
            return None
        try:
            if "flaw" in values:
                return BadModelFile(str(path), Flaw(values["flaw"]), str(values["detail"]))
            return unpack(values["header"])
        except (KeyError, TypeError, ValueError):
            _log.info("the kept header of %s makes no sense", path.name)
            return None

    def _read(self, path: Path, now: tuple[int, ...]) -> Header | BadModelFile:
        try:
            found: Header | BadModelFile = read_header(path)
        except BadModelFile as error:
            if isinstance(error.__cause__, OSError):
                # A disk that fails, a missing permission: the next time it may be otherwise, and nothing would tell.
                raise
            # Without the frames that the raised one holds on to.
            found = BadModelFile(error.path, error.flaw, error.detail)
        if now:
            self._unsaved.add(str(path))
        return found

    def _load(self) -> dict[str, dict[str, Any]]:
        values = json_file.read(self._file)
        files = values.get("files")
        if values.get("fields") != _FIELDS or not isinstance(files, dict):
            return {}
        return {path: kept for path, kept in files.items() if isinstance(kept, dict)}


def _packed(now: tuple[int, ...], found: Header | BadModelFile) -> dict[str, Any]:
    if isinstance(found, BadModelFile):
        return {"identity": list(now), "flaw": found.flaw, "detail": found.detail}
    return {"identity": list(now), "header": asdict(found)}
