"""What the commands share: the floors below them, put together for one command and taken apart again."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from desktop import logs
from desktop.cli.terminal import Terminal
from desktop.engine.api import ModelSpec
from desktop.engine.local import LocalEngine
from desktop.errors import (
    Altered,
    AppError,
    BadInput,
    BadModelFile,
    CannotExport,
    CannotWrite,
    ChangedOnHub,
    EngineError,
    Flaw,
    HubError,
    ModelDoesNotFit,
    NoSpace,
    NoSuchChat,
    NoSuchModel,
    UnsafeName,
    WrongContent,
)
from desktop.hub import token
from desktop.hub.drafts import draft_of
from desktop.hub.library import Library
from desktop.hub.model import Model
from desktop.hub.network import DEFAULT_ENDPOINT, Connection, Network
from desktop.loading import Loading
from desktop.paths import Paths
from desktop.settings import GB, Settings
from desktop.store.chats import Store
from desktop.store.writers import nobody_writing, writing

WRONG_FILE = 6
"""The exit code that says that a file is not what it should be."""


def exit_code(error: AppError) -> int:  # noqa: PLR0911  a table, one row a code
    """The exit code that tells a script what kind of error it was."""
    match error:
        case BadInput():
            return 2
        case NoSuchModel() | NoSuchChat():
            return 3
        case WrongContent() | ChangedOnHub() | UnsafeName() | Altered() | BadModelFile(flaw=Flaw.CUT_BY_HAND):
            return WRONG_FILE
        case HubError():
            return 5
        case NoSpace() | CannotWrite(full=True) | CannotExport(full=True):
            return 7
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
        self.library = Library(paths.library, paths.models)
        self.loading = Loading(paths.machine)
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
        states_bytes = self.settings.states_gb * GB
        engine = LocalEngine(
            self.paths.engine_log, planner=self.loading, states=self.paths.states, states_bytes=states_bytes
        )
        self._open.callback(engine.close)
        return engine

    def network(self, endpoint: str | None = None, *, trust_endpoint: bool = False, offline: bool = False) -> Network:
        """The way to the hub, by arguments, the environment and the settings in this order.

        The access token goes to huggingface.co alone, unless the user trusts the endpoint with it.
        """
        endpoint = endpoint or os.environ.get("HF_ENDPOINT") or self.settings.endpoint or DEFAULT_ENDPOINT
        connection = Connection(endpoint, self.settings.proxy, offline or self.settings.offline)
        if trust_endpoint:
            connection = replace(connection, token_origin=connection.endpoint)
        if not connection.offline and connection.token_origin == connection.endpoint:
            # The keyring may ask the user to unlock it: not for a token that nobody would be sent.
            connection = replace(connection, token=os.environ.get("HF_TOKEN") or token.load())
        network = Network(connection)
        self._open.callback(network.close)
        return network

    def model(self, name: str | None) -> Model:
        """The model called `name`, else the one of the settings, else the first that is there.

        Raises:
            NoSuchModel, BadModelFile
        """
        name = name if name is not None else self.settings.model
        return self.library.default() if name is None else self.library.find(name)

    def draft_of(self, model: Model) -> Model | None:
        """The model that guesses ahead for `model`, by the user's wish; None also where that one is gone."""
        return draft_of(model, self.library.models()) if model.loading.draft else None

    def spec(self, model: Model) -> ModelSpec:
        """How `model` is to be loaded."""
        draft = self.draft_of(model)
        return self.loading.spec(model.path, self.settings, model.loading, draft.path if draft else None)
