"""What the commands share: the floors below them, put together for one command and taken apart again."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from desktop import logs
from desktop.cli.terminal import Terminal
from desktop.engine.api import ModelSpec
from desktop.engine.local import LocalEngine
from desktop.errors import (
    AppError,
    BadInput,
    BadModelFile,
    CannotWrite,
    EngineError,
    ModelDoesNotFit,
    NoSuchChat,
    NoSuchModel,
)
from desktop.hub.library import Library
from desktop.hub.model import Model
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.store.chats import Store
from desktop.store.writers import nobody_writing, writing


def exit_code(error: AppError) -> int:
    """The exit code that tells a script what kind of error it was."""
    match error:
        case BadInput():
            return 2
        case NoSuchModel() | NoSuchChat():
            return 3
        case EngineError() | BadModelFile() | ModelDoesNotFit():
            return 4
    return 1


class Command:
    """What a command works with. A context manager: the data directory is made at the start, all is closed at the end.

    Raises:
        CannotWrite: the data directory cannot be made.
    """

    def __init__(self, paths: Paths, settings: Settings, terminal: Terminal) -> None:
        self.paths = paths
        self.settings = settings
        self.terminal = terminal
        self._open = ExitStack()

    def __enter__(self) -> Self:
        try:
            self.paths.make()
            logs.start(self.paths.logs)
        except OSError as error:
            raise CannotWrite(error.filename or str(self.paths.data)) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def store(self) -> Store:
        """The chats. What a killed process left unfinished is marked INTERRUPTED.

        Raises:
            StoreError
        """
        store = Store.open(self.paths.database, self.paths.backups)
        self._open.callback(store.close)
        with nobody_writing(self.paths.writers) as nobody:
            if nobody:
                store.recover()
        return store

    def write_answers(self) -> None:
        """From now on this process writes answers, and others know it."""
        self._open.enter_context(writing(self.paths.writers))

    def engine(self) -> LocalEngine:
        """An engine of its own for this command."""
        engine = LocalEngine(self.paths.engine_log)
        self._open.callback(engine.close)
        return engine

    def model(self, name: str | None) -> Model:
        """The model called `name`, else the one of the settings, else the first that is there.

        Raises:
            NoSuchModel, BadModelFile
        """
        library = Library(self.paths.library, self.paths.models)
        name = name if name is not None else self.settings.model
        return library.default() if name is None else library.find(name)

    def spec(self, model: Model) -> ModelSpec:
        """How `model` is to be loaded."""
        return ModelSpec(
            path=str(model.path),
            n_ctx=self.settings.n_ctx,
            n_gpu_layers=self.settings.n_gpu_layers,
            n_threads=self.settings.n_threads,
        )
