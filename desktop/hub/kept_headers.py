"""What model files say about themselves, kept so that no file is opened twice."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from desktop import json_file
from desktop.errors import BadModelFile, Flaw
from desktop.hub.header import Header, read_header, read_shards, unpack
from desktop.hub.layers import Layer
from desktop.hub.library_file import identity, locked

# What another reader kept is read anew: it may lack something, or have understood it otherwise. The number grows when
# the same fields get another meaning. The program's version would say more than is needed, and takes 30 ms to ask for.
_READER = [1, *(each.name for kind in (Header, Layer) for each in fields(kind))]

Identity = list[tuple[int, ...]]
"""Of all files of a model, see `identity`."""

_log = logging.getLogger(__name__)


class KeptHeaders:
    """The headers of models by their files' identity, in the JSON file at `file`. It can be deleted at any time.

    `{"reader": […], "models": {PATH: {"identity": […], "header": {…}}}}`; of bad files "flaw" and "detail" are kept.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = file.with_name(file.name + ".lock")
        self._raw: dict[str, dict[str, Any]] | None = None
        self._known: dict[str, tuple[Identity, Header | BadModelFile]] = {}
        self._unsaved: set[str] = set()

    def read(self, files: Sequence[Path]) -> Header:
        """The header of the model of these `files`, which are opened only if they are others than last time.

        Raises:
            NoSuchModel, BadModelFile: as `read_shards`; but where only the first is there, what that one says is read.
        """
        path, now = str(files[0]), [identity(file) for file in files]
        known = self._known.get(path)
        if known is None or known[0] != now:
            known = (now, self._kept(path, now) or self._read(files, now))
            if now[0]:
                self._known[path] = known
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
                json_file.write(self._file, {"reader": _READER, "models": kept}, indent=None)
        except OSError:
            _log.warning("the headers of the models cannot be kept", exc_info=True)

    def _kept(self, path: str, now: Identity) -> Header | BadModelFile | None:
        if self._raw is None:
            self._raw = self._load()
        values = self._raw.pop(path, {})
        if not now[0] or values.get("identity") != [list(each) for each in now]:
            return None
        try:
            if "flaw" in values:
                return BadModelFile(path, Flaw(values["flaw"]), str(values["detail"]))
            return unpack(values["header"])
        except (KeyError, TypeError, ValueError):
            _log.info("the kept header of %s makes no sense", path)
            return None

    def _read(self, files: Sequence[Path], now: Identity) -> Header | BadModelFile:
        try:
            found: Header | BadModelFile = read_shards(files) if all(now) else read_header(files[0])
        except BadModelFile as error:
            if isinstance(error.__cause__, OSError):
                # A disk that fails, a missing permission: the next time it may be otherwise, and nothing would tell.
                raise
            # Without the frames that the raised one holds on to.
            found = BadModelFile(error.path, error.flaw, error.detail)
        self._unsaved.add(str(files[0]))
        return found

    def _load(self) -> dict[str, dict[str, Any]]:
        values = json_file.read(self._file)
        models = values.get("models")
        if values.get("reader") != _READER or not isinstance(models, dict):
            return {}
        return {path: kept for path, kept in models.items() if isinstance(kept, dict)}


def _packed(now: Identity, found: Header | BadModelFile) -> dict[str, Any]:
    if isinstance(found, BadModelFile):
        return {"identity": now, "flaw": found.flaw, "detail": found.detail}
    return {"identity": now, "header": asdict(found)}
