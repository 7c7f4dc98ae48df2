"""The library as the windows see it: listed in the main thread, changed and verified in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from desktop.errors import AppError
from desktop.hub.fit import Wishes
from desktop.hub.library import Library
from desktop.hub.model import Model, Neighbour, Verified
from desktop.hub.remote import Choice
from desktop.ui.background import Background, LongJob

Result = TypeVar("Result")
# How long the start waits for the first list. Hundreds of new files, or a network drive that is gone, take longer.
PATIENCE_S = 0.5


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding files and folders: the models, and why each of the other files is none."""

    models: list[Model]
    errors: list[AppError]


class Shelf(QObject):
    """The models on this computer, and what is being done with them.

    Signals:
        changed(): models, neighbours or what is known of a verification differ
        verify_progressed(str name): `verifying` has another fraction for it
        refit(): more is known of this machine than before: models may fit otherwise
        failed(error: AppError): something that was asked for could not be done
    """

    changed = Signal()
    verify_progressed = Signal(str)
    refit = Signal()
    failed = Signal(object)

    def __init__(self, library: Library, background: Background, parent: QObject | None = None) -> None:
        """Lists the models at once, for the window to know which one is chosen; or later, where a disk is slow."""
        super().__init__(parent)
        self._library = library
        self.background = background
        self._jobs: dict[str, LongJob] = {}
        self._scan: LongJob | None = None
        self.models: list[Model] = []
        """All of them, missing ones included, in the library's order."""
        self.neighbours: list[Neighbour] = []
        """What other programs keep and could be added, as far as was looked."""
        self.verifying: dict[str, float] = {}
        """How far the verification of each model is, 0 to 1, by its name."""
        self.verified: dict[str, Verified | AppError] = {}
        """What came of the verifications since the start, by the model's name."""
        listed = self._run(library.models, self._take)
        with suppress(TimeoutError, AppError):
            self.models = listed.result(PATIENCE_S)

    def find(self, name: str | None) -> Model | None:
        """The model called `name`."""
        return next((each for each in self.models if each.name == name), None)

    def refresh(self) -> None:
        """List the models anew: a file may have gone, a disk may have come."""
        self._run(self._library.models, self._take)

    def look_around(self) -> None:
        """Find out which models other programs keep."""
        if self._scan is None:
            library = self._library
            self._scan = self.background.run_long(
                lambda _: library.neighbours(), lambda _: None, self._on_neighbours, self._on_scan_error
            )

    def add(self, paths: Iterable[Path], then: Callable[[Added], object] = lambda _: None) -> None:
        """Add the model files at `paths`, and those in the folders among them, in place."""
        wanted = list(paths)
        self._change(partial(_add, self._library, wanted), then)

    def add_neighbours(self, neighbours: Iterable[Neighbour], then: Callable[[Added], object] = lambda _: None) -> None:
        """Add models that other programs keep, where they are."""
        wanted = list(neighbours)
        self._change(partial(_add_neighbours, self._library, wanted), then)

    def remove(self, model: Model, *, to_trash: bool, then: Callable[[], object] = lambda: None) -> None:
        """Take `model` off the list, or move its files to the trash."""
        self.cancel_verifying(model.name)
        self._change(partial(self._library.remove, model.name, to_trash=to_trash), lambda _: then())

    def frees(self, name: str, then: Callable[[int], object]) -> None:
        """Ask how many bytes the trash would get of the model called `name`."""
        self._run(partial(self._library.frees, name), then)

    def put_back(self, model: Model) -> None:
        """Add a model that was taken off the list again, with what was set for it."""
        self._change(partial(_put_back, self._library, model), lambda _: None)

    def move(self, model: Model, path: Path) -> None:
        """The file of `model` is at `path` now: chats that name the model find it again."""
        self._change(partial(_move, self._library, model, path), lambda _: None)

    def record_origin(self, choice: Choice, then: Callable[[Model], object] = lambda _: None) -> None:
        """`choice` was downloaded: list what became of it, and remember where it came from."""
        self._change(partial(self._library.record_origin, choice), then)

    def set_loading(self, name: str, wishes: Wishes) -> None:
        """Remember how the model called `name` is to be loaded."""
        self._change(partial(self._library.set_loading, name, wishes), lambda _: None)

    def note_used(self, name: str) -> None:
        """The model called `name` is used now."""
        self._run(partial(self._library.note_used, name), lambda _: None)

    def verify(self, name: str) -> None:
        """Compare the files of the model called `name` with what they should be."""
        if name in self._jobs:
            return
        library = self._library
        self.verified.pop(name, None)
        self.verifying[name] = 0.0

        def work(job: LongJob) -> Verified:
            return library.verify(name, lambda done, total: job.tell(done / max(1, total)), job.stop.is_set)

        self._jobs[name] = self.background.run_long(
            work,
            partial(self._on_verify_progress, name),
            partial(self._on_verify_ended, name),
            partial(self._on_verify_error, name),
        )
        self.changed.emit()

    def cancel_verifying(self, name: str) -> None:
        """Stop verifying the model called `name`, if it is."""
        if (job := self._jobs.get(name)) is not None:
            job.stop.set()

    def _on_verify_progress(self, name: str, fraction: float) -> None:
        if name in self._jobs:
            self.verifying[name] = fraction
            self.verify_progressed.emit(name)

    def _on_verify_ended(self, name: str, outcome: Verified) -> None:
        self._jobs.pop(name, None)
        self.verifying.pop(name, None)
        if outcome is not Verified.STOPPED:
            self.verified[name] = outcome
        self.changed.emit()

    def _on_verify_error(self, name: str, error: BaseException) -> None:
        self._jobs.pop(name, None)
        self.verifying.pop(name, None)
        if isinstance(error, AppError):
            self.verified[name] = error
        self.changed.emit()
        self._on_error(error)

    def _on_neighbours(self, found: list[Neighbour]) -> None:
        self._scan = None
        if found != self.neighbours:
            self.neighbours = found
            self.changed.emit()

    def _on_scan_error(self, error: BaseException) -> None:
        self._scan = None
        self._on_error(error)

    def _change(self, do: Callable[[], object], then: Callable[..., object]) -> None:
        """Do what changes the library, then list it anew, then go on with what came of it."""

        def work() -> tuple[object, list[Model]]:
            done = do()
            return done, library.models()

        def taken(result: tuple[object, list[Model]]) -> None:
            done, models = result
            self._take(models)
            then(done)

        library = self._library
        self._run(work, taken)

    def _run(self, work: Callable[[], Result], then: Callable[..., object]) -> Future[Result]:
        return self.background.run(work, then, self._on_error)

    def _take(self, models: list[Model]) -> None:
        paths = {model.path for model in models}
        neighbours = [each for each in self.neighbours if each.path not in paths]
        if (models, neighbours) != (self.models, self.neighbours):
            self.models, self.neighbours = models, neighbours
            self.changed.emit()

    def _on_error(self, error: BaseException) -> None:
        if not isinstance(error, AppError):
            raise error
        self.failed.emit(error)


def _add(library: Library, paths: list[Path]) -> Added:
    added, errors = [], []
    for path in paths:
        try:
            added += library.add(path)
        except AppError as error:
            errors.append(error)
    return Added(added, errors)


def _add_neighbours(library: Library, neighbours: list[Neighbour]) -> Added:
    added, errors = [], []
    for each in neighbours:
        try:
            added += library.add(each.path, title=each.title, companion=each.companion)
        except AppError as error:
            errors.append(error)
    return Added(added, errors)


def _move(library: Library, model: Model, path: Path) -> None:
    # First whether a model can be read from it: a wrong choice must not lose the entry.
    library.find(str(path))
    library.remove(model.name)
    _put_back(library, replace(model, path=path, companion=None))


def _put_back(library: Library, model: Model) -> None:
    for added in library.add(model.path, title=model.title, companion=model.companion):
        if model.loading != Wishes():
            library.set_loading(added.name, model.loading)
