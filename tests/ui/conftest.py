"""A session on a real store, with an engine that says what the test tells it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.engine.scripted import Reply, ScriptedEngine
from desktop.hub.library import Library
from desktop.hub.model import STARTER
from desktop.loading import Loading
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.store.chats import Store
from desktop.ui.answers import Answers
from desktop.ui.appearance import Appearance
from desktop.ui.background import Background
from desktop.ui.context import ContextMeter
from desktop.ui.engine_thread import EngineThread
from desktop.ui.i18n import choose_language
from desktop.ui.main_window import MainWindow
from desktop.ui.models.choice import Models
from desktop.ui.models.shelf import Shelf
from desktop.ui.models.supply import Supply
from desktop.ui.session import Session
from tests.conftest import PATIENCE_S


@pytest.fixture(autouse=True)
def _list_models_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows open with the list of models: they wait for it as long as it takes."""
    monkeypatch.setattr("desktop.ui.models.shelf.PATIENCE_S", PATIENCE_S)


@pytest.fixture(autouse=True)
def _leave_no_windows(qapp: QApplication) -> Iterator[None]:
    """What a test leaves open would be dressed anew by every later test that changes the theme.

    Python's garbage is collected as the app does it: a collection in another thread would destroy the main thread's
    QObjects there. It stays off between the tests too: threads that draw diagrams and learn colours outlive the test
    that began them.
    """
    gc.disable()
    yield
    for each in qapp.topLevelWidgets():
        if each.parent() is None:
            each.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()


@pytest.fixture
def appearance(qapp: QApplication) -> Iterator[Appearance]:
    """What the whole process looks like; as at first afterwards."""
    made = Appearance(qapp)
    yield made
    made.apply(Settings(language="en", theme="light"))
    qapp.setStyleSheet("")


@pytest.fixture
def english_afterwards() -> Iterator[None]:
    """For tests that switch the language, which is one for the whole process."""
    yield
    choose_language("en")


@dataclass
class Desk:
    """A session with everything under it."""

    session: Session
    store: Store
    engine: ScriptedEngine
    thread: EngineThread
    models: Models
    answers: Answers
    background: Background
    loading: Loading
    supply: Supply
    bot: QtBot

    def settle(self) -> None:
        """Wait until nothing is being answered any more."""
        self.bot.waitUntil(lambda: not self.answers.chats())

    def texts(self) -> list[str]:
        return [row.message.text for row in self.session.rows]


@pytest.fixture
def sit(tmp_path: Path, qtbot: QtBot) -> Iterator[Callable[..., Desk]]:
    """Makes a desk; on the same data if called again."""
    desks: list[Desk] = []

    def make(*replies: Reply | str, n_ctx: int = 4096, model: str | None = STARTER) -> Desk:
        settings = Settings(model=model)
        store = Store.open(tmp_path / "chats.db", tmp_path / "backups")
        engine = ScriptedEngine(replies or ["An answer."], n_ctx=n_ctx)
        thread = EngineThread(engine)
        background = Background()
        library = Library(tmp_path / "library.json", tmp_path / "models", home=tmp_path / "home", env={})
        shelf = Shelf(library, background)
        loading = Loading(tmp_path / "machine.json")
        supply = Supply(tmp_path / "models", settings, library.record_origin)
        models = Models(shelf, thread, loading, settings)
        answers = Answers(store, thread, models)
        meter = ContextMeter(thread, models)
        session = Session(store, models, answers, meter, settings, erase_deleted=store.purge)
        desk = Desk(session, store, engine, thread, models, answers, background, loading, supply, qtbot)
        desks.append(desk)
        return desk

    yield make
    for desk in desks:
        desk.supply.close()
        desk.thread.close()
        desk.background.close()
        desk.answers.save()
        desk.store.close()


@pytest.fixture
def window_on(tmp_path: Path, qtbot: QtBot) -> Iterator[Callable[[Desk], MainWindow]]:
    """Opens a window on a desk; it is the active one."""
    windows: list[MainWindow] = []

    def make(desk: Desk) -> MainWindow:
        settings = Settings(model=STARTER, language="en", theme="light")
        window = MainWindow(desk.session, desk.models, desk.supply, settings, Paths.under(tmp_path))
        qtbot.addWidget(window)
        windows.append(window)
        window.resize(900, 700)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return window

    yield make
    for window in windows:
        window.close()
