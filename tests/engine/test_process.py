"""What the parent makes of a child process that misbehaves."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from desktop.chat.message import Role, Turn
from desktop.engine.api import Loaded, ModelSpec, Request
from desktop.engine.local import EngineBug, LocalEngine
from desktop.errors import (
    BadModelFile,
    Crash,
    EngineCrashed,
    EngineUnavailable,
    Flaw,
    TemplateFailed,
    TemplateFault,
)

ROOT = Path(__file__).parents[2]
Make = Callable[..., LocalEngine]


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[Make]:
    engines = []

    def make(behaviour: str, render_limit_s: float = 20.0) -> LocalEngine:
        command = (sys.executable, str(Path(__file__).with_name("stand_in.py")), str(ROOT), behaviour)
        engines.append(LocalEngine(tmp_path / "engine.log", command=command, render_limit_s=render_limit_s))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


def request(model: Path) -> Request:
    return Request(ModelSpec(str(model)), (Turn(Role.USER, "ab"),))


def test_a_process_that_does_not_start_says_why(stand_in: Make, tiny_model: Path) -> None:
    with pytest.raises(EngineUnavailable) as raised:
        list(stand_in("no start").load(ModelSpec(str(tiny_model))))
    assert raised.value.detail == "ImportError: libllama.so is not there"


def test_a_command_that_is_not_there(tmp_path: Path, tiny_model: Path) -> None:
    engine = LocalEngine(tmp_path / "engine.log", command=(str(tmp_path / "python"),))
    with pytest.raises(EngineUnavailable):
        list(engine.load(ModelSpec(str(tiny_model))))


def test_the_cpu_takes_over_where_the_gpu_kills_the_process(stand_in: Make, tiny_model: Path) -> None:
    engine = stand_in("gpu aborts")
    events = list(engine.load(ModelSpec(str(tiny_model))))
    assert [(type(event), getattr(event, "gpu_failed", None)) for event in events] == [(Loaded, True)]
    # It is what was asked for: nothing is loaded again.
    assert list(engine.load(ModelSpec(str(tiny_model)))) == events


@pytest.mark.skipif(os.name != "posix", reason="an exit status of abort() that can be told apart")
def test_an_abort_during_a_load_is_the_files_fault(stand_in: Make, tiny_model: Path) -> None:
    with pytest.raises(BadModelFile) as raised:
        list(stand_in("load aborts").load(ModelSpec(str(tiny_model))))
    assert raised.value.flaw is Flaw.DAMAGED


def test_a_template_that_cannot_be_ended_from_inside(stand_in: Make, tiny_model: Path) -> None:
    engine = stand_in("hangs", render_limit_s=0.2)
    list(engine.load(ModelSpec(str(tiny_model))))
    assert engine._process is not None
    child = psutil.Process(engine._process.pid)
    with pytest.raises(TemplateFailed) as raised:
        engine.prompt(request(tiny_model))
    assert raised.value.fault is TemplateFault.TOO_SLOW
    assert not child.is_running()


def test_nonsense_ends_the_process_and_builds_nothing(stand_in: Make, tiny_model: Path) -> None:
    with pytest.raises(EngineCrashed) as raised:
        stand_in("nonsense").prompt(request(tiny_model))
    assert raised.value.crash is Crash.KILLED


def test_a_bug_is_no_error_for_the_user(stand_in: Make, tiny_model: Path) -> None:
    with pytest.raises(EngineBug, match="ZeroDivisionError"):
        stand_in("bug").prompt(request(tiny_model))
