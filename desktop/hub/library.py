"""The models that the user has on this disk: the starter model, downloaded ones, and files added where they are."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from desktop.errors import Altered, BadModelFile, Flaw, NoSuchModel
from desktop.hub.checksum import named_sha256, sha256_of
from desktop.hub.fit import Wishes
from desktop.hub.kept_headers import KeptHeaders
from desktop.hub.library_file import Entry, LibraryFile, identity
from desktop.hub.listing import Listing, entry_at
from desktop.hub.model import STARTER, Model, Neighbour, Source, Verified
from desktop.hub.model_files import Projectors, first_shard, is_model_beside, models_under
from desktop.hub.neighbours import is_neighbours, neighbours
from desktop.hub.remote import Choice
from desktop.hub.trash import to_trash as move_to_trash

_USED_AGAIN_S = 60


class Library:
    """All models, by name. The list is the JSON file at `file`, downloads lie in `folder`. Any thread may use it.

    Downloaded models are found by looking into the folder; the list keeps their names and what is known of them. What
    the headers say is kept beside the list, so that listing opens no model file twice. Other programs' models are
    looked for in the home directory `home`, and where the environment `env` says.
    """

    def __init__(self, file: Path, folder: Path, home: Path | None = None, env: Mapping[str, str] = os.environ) -> None:
        self._folder = folder.absolute()
        self._remembered = LibraryFile(file, self._folder)
        self._headers = KeptHeaders(file.with_name("headers.json"))
        self._listing = Listing(self._remembered, self._headers, self._folder)
        # Unlike Path.home() it gives something where there is none.
        self._home = home or Path(os.path.expanduser("~"))  # noqa: PTH111
        self._env = env
        self._mutex = threading.RLock()

    def models(self) -> list[Model]:
        """All models by title, then the starter model. Files that are gone are marked missing, not forgotten."""
        with self._mutex:
            return self._listing.models()

    def find(self, name: str) -> Model:
        """The model called `name`, or the only one whose name begins so, or the model file at that path.

        Raises:
            NoSuchModel: no model is called so, and there is no such file.
            BadModelFile: it is there, but no model can be read from it, or a part of it is missing.
        """
        model = self.look_up(name)
        if (problem := model.problem) is not None:
            raise problem
        return model

    def look_up(self, name: str) -> Model:
        """As `find`, but whatever is wrong with the model.

        Raises:
            NoSuchModel: no model is called so, and there is no such file.
        """
        if not name:
            raise NoSuchModel(name)
        models = self.models()
        found = [model for model in models if model.name == name]
        if not found:
            found = [model for model in models if model.name.startswith(name.lower())]
        if len(found) == 1:
            return found[0]
        path = _absolute(Path(name))
        for model in models:
            if model.path == path:
                return model
        model = self._model(Entry(str(path), path))
        if model.missing:
            raise NoSuchModel(name)
        return model

    def default(self) -> Model:
        """The model for somebody who chose none: of those that can be used the one used last, else the first.

        Raises:
            NoSuchModel: there is none at all.
        """
        usable = [model for model in self.models() if model.is_usable]
        if not usable:
            raise NoSuchModel("")
        return max(usable, key=lambda model: model.last_used_at or 0)

    def add(self, path: Path, *, title: str = "", companion: Path | None = None) -> list[Model]:
        """Add the model file at `path`, or all models in the folder there. They stay where they are.

        What was added before is not added again. `title` is for files whose name tells nothing.

        Raises:
            NoSuchModel, BadModelFile: no model can be read from it, or from any file in the folder.
            CannotWrite: the list cannot be saved.
        """
        path = _absolute(path)
        if path.is_dir():
            return self._add([(each, "", None) for each in self._models_in(path)])
        if (first := first_shard(path)).exists():
            path = first
        if (problem := self._model(Entry(str(path), path)).problem) is not None:
            raise problem
        if not title and path.suffix.lower() != ".gguf":
            # A blob of Ollama's: what it is called stands elsewhere.
            for each in neighbours(self._home, self._env):
                if each.path == path:
                    title, companion = each.title, each.companion
        return self._add([(path, title, companion)])

    def record_origin(self, choice: Choice) -> Model:
        """Remember that `choice` was downloaded into the app's folder of models, and return the model it became.

        Raises:
            CannotWrite: the list cannot be saved.
        """
        with self._mutex:
            with self._remembered.changing() as entries:
                entry = entry_at(self._listing.place_of(choice, choice.files[0]), entries)
                entry.origin = choice
                entry.sha256 = {}
            return self._model(entry)

    def note_used(self, name: str) -> None:
        """Remember that the model called `name` answered now. Nothing happens where none is listed by that name.

        Raises:
            CannotWrite
        """
        now = time.time()
        with suppress(NoSuchModel):
            entry = self._entry(name)
            # The list is not written at every answer of a conversation.
            if abs(now - (entry.last_used_at or 0)) > _USED_AGAIN_S:
                self._change(entry, lambda kept: setattr(kept, "last_used_at", now))

    def set_loading(self, name: str, wishes: Wishes) -> None:
        """Remember how the model called `name` is to be loaded; `Wishes()` for as all others are.

        Raises:
            NoSuchModel: none is called so.
            CannotWrite
        """
        self._change(self._entry(name), lambda kept: setattr(kept, "loading", wishes))

    def verify(
        self,
        name: str,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Verified:
        """Compare the sha256 of all files of the model called `name` with what they should be.

        That is what was published where that is known, else what they were when this was done for the first time.
        `on_progress(done_bytes, total_bytes)` and `stop` are called about every millisecond.

        Raises:
            NoSuchModel, BadModelFile: as `find`
            Altered: one of the files is another than it was.
            CannotWrite
        """
        model = self.find(name)
        try:
            entry = self._entry(model.name)
        except NoSuchModel:
            # A file that is there, but on no list: there is nothing to compare it with.
            raise NoSuchModel(model.title) from None
        published = self._published(model)
        new: dict[str, str] = {}
        done_bytes = 0

        def on_read(n_bytes: int) -> None:
            nonlocal done_bytes
            done_bytes += n_bytes
            on_progress(done_bytes, model.size_bytes)

        for file in _files(model):
            sha256 = sha256_of(file, on_read, stop)
            if sha256 is None:
                return Verified.STOPPED
            expected = published.get(file) or entry.sha256.get(file.name)
            if expected is None:
                new[file.name] = sha256
            elif expected != sha256:
                raise Altered(str(file))
        if new:
            self._change(entry, lambda kept: kept.sha256.update(new))
            return Verified.RECORDED
        return Verified.AS_ON_HUB if published.keys() >= set(_files(model)) else Verified.AS_RECORDED

    def frees(self, name: str) -> int:
        """How many bytes `remove(name, to_trash=True)` moves to the trash; 0 where it deletes nothing.

        Raises:
            NoSuchModel: none is called so.
        """
        return sum(identity(file)[0] for file in self._deletable(self._listed(name)))

    def remove(self, name: str, *, to_trash: bool = False) -> None:
        """Take the model called `name` off the list; `to_trash` also moves its files to the trash.

        Files that belong to another program, and a companion that another model needs too, stay in any case.

        Raises:
            NoSuchModel: none is called so, or it is the starter model.
            NoTrash: nothing was taken off the list.
            CannotWrite: the list cannot be saved.
        """
        model = self._listed(name)
        if model.is_starter:
            raise NoSuchModel(name)
        if to_trash:
            move_to_trash(self._deletable(model))
            if model.source is Source.DOWNLOADED:
                self._remove_empty_folders(model.path.parent)
        # Looking into the folder would find again what is still there.
        hide = model.source is Source.DOWNLOADED and any(os.path.lexists(file) for file in model.files)
        with self._mutex, self._remembered.changing() as entries:
            for entry in entries:
                entry.hidden = entry.hidden or (hide and entry.name == name)
            entries[:] = [entry for entry in entries if hide or entry.name != name]

    def neighbours(self) -> list[Neighbour]:
        """The models that other programs keep and that are not in the library yet."""
        found = []
        # They may be many, and on a slow disk: whoever lists or changes models meanwhile waits for one file at most.
        for each in neighbours(self._home, self._env):
            with self._mutex:
                if self._listing.flaw(each.path) is None:
                    found.append(each)
        with self._mutex:
            self._headers.save()
            listed = {os.path.realpath(entry.path) for entry in self._listing.entries() if not entry.hidden}
        return [each for each in found if os.path.realpath(each.path) not in listed]

    def _add(self, files: list[tuple[Path, str, Path | None]]) -> list[Model]:
        """Put the model files on the list, with title and companion where their names do not tell, and return them."""
        with self._mutex:
            known = {os.path.realpath(entry.path): entry for entry in self._listing.entries()}
            added: list[Entry] = []
            with self._remembered.changing() as entries:
                for path, title, companion in files:
                    listed = known.get(os.path.realpath(path))
                    if listed is None or listed.name != STARTER:
                        listed = entry_at(path if listed is None else listed.path, entries, title)
                        listed.companion = listed.companion or companion
                        known[os.path.realpath(path)] = listed
                    added.append(listed)
            beside: dict[Path, Projectors] = {}
            models = [self._listing.model(entry, beside) for entry in added]
            self._headers.save()
            return models

    def _models_in(self, folder: Path) -> list[Path]:
        """The model files in the folder, those of which a part is missing included.

        Raises:
            BadModelFile: there is none, or nothing but bad ones.
        """
        beside: dict[Path, Projectors] = {}
        with self._mutex:
            models = [self._listing.model(Entry(str(path), path), beside) for path in models_under(folder)]
        problems = {model.path: model.problem for model in models}
        good = [path for path, problem in problems.items() if problem is None or _is_incomplete(problem)]
        if not good:
            raise next(iter(problems.values()), None) or BadModelFile(str(folder), Flaw.NO_MODEL_INSIDE)
        return good

    def _model(self, entry: Entry) -> Model:
        with self._mutex:
            return self._listing.model(entry, {})

    def _listed(self, name: str) -> Model:
        return self._model(self._entry(name))

    def _entry(self, name: str) -> Entry:
        """What is remembered of the model called exactly `name`.

        Raises:
            NoSuchModel
        """
        with self._mutex:
            for entry in self._listing.entries():
                if entry.name == name and not entry.hidden:
                    return entry
        raise NoSuchModel(name)

    def _change(self, entry: Entry, change: Callable[[Entry], None]) -> None:
        """Do `change` to what the list holds for `entry` now, and save it.

        Raises:
            CannotWrite
        """
        with self._mutex, self._remembered.changing() as entries:
            kept = next((each for each in entries if each.name == entry.name), None)
            if kept is None:
                # The starter model is remembered once there is something to remember of it.
                kept = Entry(entry.name, entry.path)
                entries.append(kept)
            change(kept)

    def _published(self, model: Model) -> dict[Path, str]:
        """The sha256 that the files of `model` had where they came from, as far as it is known."""
        origin = model.origin
        known = (
            {}
            if origin is None
            else {self._listing.place_of(origin, file): file.sha256 for file in (*origin.files, *origin.companions)}
        )
        sums = {file: known.get(file) or named_sha256(file) for file in _files(model)}
        return {file: sha256 for file, sha256 in sums.items() if sha256}

    def _deletable(self, model: Model) -> list[Path]:
        """The files of `model` that would be missed by nobody else."""
        files = [file for file in model.files if identity(file)]
        if model.is_starter or any(file.is_symlink() or is_neighbours(file, self._home, self._env) for file in files):
            return []
        companion = model.companion
        if companion is None or is_model_beside(companion, but=model.files):
            return files
        needed = any(other.companion == companion for other in self.models() if other.name != model.name)
        return files if needed else [*files, companion]

    def _remove_empty_folders(self, folder: Path) -> None:
        """Remove `folder` and those above it, up to the folder of models, as long as they are empty."""
        while folder != self._folder and folder.is_relative_to(self._folder):
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


def _absolute(path: Path) -> Path:
    """`path` from the root of the disk. Not resolved: a link's name tells what the file is, its target's may not."""
    with suppress(RuntimeError):  # "~" and somebody who has no home directory
        path = path.expanduser()
    return path.absolute()


def _files(model: Model) -> tuple[Path, ...]:
    """All files of `model`, its companion last."""
    return model.files if model.companion is None else (*model.files, model.companion)


def _is_incomplete(problem: Exception) -> bool:
    return isinstance(problem, BadModelFile) and problem.flaw is Flaw.MISSING_PART
