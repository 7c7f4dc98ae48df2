"""The model is loaded when the window has come, where that is no risk."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.engine import strikes
from desktop.hub.fit import Fit, Verdict
from desktop.loading import Loading
from desktop.ui.models.choice import ModelState
from desktop.ui.models.warm_start import WarmStart
from tests.ui.conftest import Desk


class Start:
    """A window that has come."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.is_choosing = False
        self.warm = WarmStart(desk.models, lambda: self.is_choosing)
        self.warm.begin()

    def rest(self) -> None:
        assert self.waits
        self.warm._timer.stop()
        self.warm._timer.timeout.emit()

    def state(self) -> ModelState:
        return self.desk.models.state

    @property
    def waits(self) -> bool:
        return self.warm._timer.isActive()


def test_the_model_of_the_open_chat_is_loaded_once(sit: Callable[..., Desk], qtbot: QtBot) -> None:
    desk = sit()
    start = Start(desk)
    assert start.state() == ModelState.IDLE
    start.rest()
    qtbot.waitUntil(lambda: start.state() == ModelState.READY)
    desk.models.unload()
    assert not start.waits, "what is unloaded later stays so"


def test_it_waits_while_the_user_chooses_and_for_a_list_that_comes_late(sit: Callable[..., Desk], qtbot: QtBot) -> None:
    desk = sit(model=None)
    start = Start(desk)
    start.rest()
    assert start.state() == ModelState.NONE
    desk.models.show("starter")
    start.is_choosing = True
    start.rest()
    assert start.state() == ModelState.IDLE
    start.is_choosing = False
    start.rest()
    qtbot.waitUntil(lambda: start.state() == ModelState.READY)


def test_a_model_that_crashed_before_is_not_loaded_unasked(sit: Callable[..., Desk]) -> None:
    desk = sit()
    assert desk.models.current is not None
    path = str(desk.models.current.path)
    desk.loading._strike(lambda known: strikes.end(known, {"a way": strikes.AT_LOAD}, path))
    Start(desk).rest()
    assert desk.models.state is ModelState.IDLE


def test_a_load_that_took_the_program_down_counts_as_a_crash(tmp_path: Path) -> None:
    loading = Loading(tmp_path / "machine.json")
    model = tmp_path / "model.gguf"
    loading._strike(lambda known: strikes.begin(known, ["a way"], str(model)))
    assert not loading.has_failed(model), "it runs"
    entry = loading._learned.strikes["a way"]
    entry["begun"] = [[os.getpid(), 0.0]]
    assert loading.has_failed(model)
    assert not loading.has_failed(tmp_path / "another.gguf")


@pytest.mark.parametrize(
    ("spare", "verdict", "enough"),
    [
        (0.26, Verdict.CPU, True),
        (0.24, Verdict.CPU, False),
        (0.26, Verdict.GPU, True),
        (0.26, Verdict.TIGHT, False),
        (0.26, Verdict.TOO_BIG, False),
    ],
)
def test_a_quarter_of_the_memory_stays_free(
    sit: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch, spare: float, verdict: Verdict, enough: bool
) -> None:
    desk = sit()
    assert desk.models.current is not None
    fit = desk.models.fit_of(desk.models.current)
    assert fit is not None
    memory = fit.shares[0]
    total = 1 << 34
    monkeypatch.setattr("desktop.engine.computer.total_memory_bytes", lambda: total)
    share = replace(memory, free_bytes=memory.total + int(spare * total))
    made: Fit = replace(fit, verdict=verdict, shares=(share, *fit.shares[1:]))
    assert desk.loading.leaves_enough(made) is enough
    monkeypatch.setattr(desk.loading, "fit", lambda *_args, **_names: made)
    Start(desk).rest()
    assert (desk.models.state is not ModelState.IDLE) is enough
