"""The list of models where a disk is slow or comes and goes: the window opens all the same, and the choice is kept."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from typing_extensions import override

from desktop.engine.scripted import ScriptedEngine
from desktop.hub.library import Library
from desktop.hub.model import STARTER, Model
from desktop.loading import Loading
from desktop.settings import Settings
from desktop.ui.background import Background
from desktop.ui.engine_thread import EngineThread
from desktop.ui.models.choice import Models, ModelState
from desktop.ui.models.shelf import Shelf


class SlowLibrary(Library):
    """On a disk that answers when it is told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "library.json", folder / "models", home=folder / "home", env={})
        self.answers = threading.Event()

    @override
    def models(self) -> list[Model]:
        self.answers.wait()
        return super().models()


@pytest.fixture
def slow(tmp_path: Path) -> SlowLibrary:
    return SlowLibrary(tmp_path)


@pytest.fixture
def choose_from(tmp_path: Path) -> Iterator[Callable[[Library, str], Models]]:
    """Makes the models of a library, with the one of that name chosen."""
    thread, background = EngineThread(ScriptedEngine(["An answer."])), Background()

    def make(library: Library, name: str) -> Models:
        return Models(Shelf(library, background), thread, Loading(tmp_path / "machine.json"), Settings(model=name))

    yield make
    thread.close()
    background.close()


def test_the_start_does_not_wait_for_a_slow_disk_and_the_choice_comes_with_the_list(
    slow: SlowLibrary, choose_from: Callable[[Library, str], Models], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.ui.models.shelf.PATIENCE_S", 0.05)
    models = choose_from(slow, STARTER)
    assert (models.available(), models.current, models.state) == ([], None, ModelState.NONE)
    with qtbot.waitSignal(models.changed):
        slow.answers.set()
    assert models.current is not None
    assert (models.current.name, models.state) == (STARTER, ModelState.IDLE)


def test_a_list_that_comes_at_once_is_there_at_once(
    slow: SlowLibrary, choose_from: Callable[[Library, str], Models]
) -> None:
    slow.answers.set()
    models = choose_from(slow, STARTER)
    assert [each.name for each in models.available()] == [STARTER]
    assert models.current is not None


def test_the_chosen_model_is_chosen_again_when_its_disk_is_back(
    slow: SlowLibrary,
    choose_from: Callable[[Library, str], Models],
    tiny_model: Path,
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    slow.answers.set()
    disk, away = tmp_path / "disk", tmp_path / "away"
    disk.mkdir()
    shutil.copy(tiny_model, disk / "theirs.gguf")
    [added] = slow.add(disk)
    models = choose_from(slow, added.name)
    assert models.current == added
    disk.rename(away)
    models.shelf.refresh()
    qtbot.waitUntil(lambda: models.current is None)
    away.rename(disk)
    models.shelf.refresh()
    qtbot.waitUntil(lambda: models.current is not None)
    assert models.current is not None
    assert models.current.name == added.name
    # What the user has chosen instead stays.
    disk.rename(away)
    models.shelf.refresh()
    qtbot.waitUntil(lambda: models.current is None)
    models.show(STARTER)
    away.rename(disk)
    models.shelf.refresh()
    qtbot.waitUntil(lambda: all(not each.missing for each in models.available()))
    assert models.current.name == STARTER
