"""What the parent makes of a child process that misbehaves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from desktop.chat.message import Role, Turn
from desktop.engine.api import Fallback, Loaded, LoadProgress, ModelSpec, Reason, Request, Step
from desktop.engine.local import EngineBug, LocalEngine
from desktop.errors import (
    BadModelFile,
    CannotWrite,
    Crash,
    EngineCrashed,
    EngineUnavailable,
    Flaw,
    LoadCancelled,
    NoSuchModel,
    TemplateFailed,
    TemplateFault,
)
from tests.engine.stand_in import command

Make = Callable[..., LocalEngine]


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[Make]:
    engines = []

    def make(behaviour: str, render_limit_s: float = 20.0) -> LocalEngine:
        engines.append(LocalEngine(tmp_path / "engine.log", command=command(behaviour), render_limit_s=render_limit_s))
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


def test_what_an_earlier_process_said_is_not_taken_for_the_reason(
    stand_in: Make, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "engine.log").write_text("loaded in a second\n")
    with pytest.raises(EngineUnavailable) as raised:
        list(stand_in("no start, no word").load(ModelSpec(str(tiny_model))))
    assert raised.value.detail == ""


def test_a_command_that_is_not_there(tmp_path: Path, tiny_model: Path) -> None:
    engine = LocalEngine(tmp_path / "engine.log", command=(str(tmp_path / "python"),))
    with pytest.raises(EngineUnavailable):
        list(engine.load(ModelSpec(str(tiny_model))))


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path, tiny_model: Path) -> None:
    log = tmp_path / "engine.log"
    log.mkdir()
    with pytest.raises(CannotWrite) as raised:
        list(LocalEngine(log).load(ModelSpec(str(tiny_model))))
    assert raised.value.path == str(log)


def test_a_file_that_goes_away_while_it_is_loaded(stand_in: Make, tiny_model: Path, tmp_path: Path) -> None:
    unplugged = tmp_path / "unplugged.gguf"
    unplugged.write_bytes(tiny_model.read_bytes())
    engine = stand_in("file goes")
    with pytest.raises(NoSuchModel):
        list(engine.load(ModelSpec(str(unplugged))))


def test_the_cpu_takes_over_where_the_gpu_kills_the_process(stand_in: Make, tiny_model: Path) -> None:
    engine = stand_in("gpu aborts")
    events = list(engine.load(ModelSpec(str(tiny_model))))
    assert isinstance(events[-1], Loaded)
    assert events[-1].fallback == Fallback(Step.CPU, Reason.CRASHED)
    # It is what was asked for: nothing is loaded again.
    assert list(engine.load(ModelSpec(str(tiny_model)))) == events[-1:]


def test_a_load_that_is_cancelled_when_it_is_over_is_cancelled(stand_in: Make, tiny_model: Path) -> None:
    engine = stand_in("loads")
    model = ModelSpec(str(tiny_model))
    loading = engine.load(model)
    next(loading)
    engine.stop()
    with pytest.raises(LoadCancelled):
        list(loading)
    # What was killed is not taken for a loaded model.
    assert isinstance(next(iter(engine.load(model))), LoadProgress)


@pytest.mark.skipif(os.name != "posix", reason="an exit status of abort() that can be told apart")
def test_an_abort_during_a_load_is_the_files_fault(stand_in: Make, tiny_model: Path) -> None:
    with pytest.raises(BadModelFile) as raised:
        list(stand_in("load aborts").load(ModelSpec(str(tiny_model))))
    assert raised.value.flaw is Flaw.DAMAGED


def test_of_a_model_and_its_draft_model_none_is_blamed(stand_in: Make, tiny_model: Path) -> None:
    with pytest.raises(EngineCrashed) as raised:
        list(stand_in("load aborts").load(ModelSpec(str(tiny_model), draft_path=str(tiny_model))))
    assert raised.value.during == "load"


def test_a_template_that_cannot_be_ended_from_inside(stand_in: Make, tiny_model: Path) -> None:
    engine = stand_in("hangs", render_limit_s=0.2)
    list(engine.load(ModelSpec(str(tiny_model))))
    assert engine._process is not None
    child = psutil.Process(engine._process.pid)
    with pytest.raises(TemplateFailed) as raised:
        engine.prompt(request(tiny_model))
    assert raised.value.fault is TemplateFault.TOO_SLOW
    assert not child.is_running()


@pytest.mark.parametrize("behaviour", ["nonsense", "a line without end"])
def test_nonsense_ends_the_process_and_builds_nothing(stand_in: Make, tiny_model: Path, behaviour: str) -> None:
    with pytest.raises(EngineCrashed) as raised:
        stand_in(behaviour).prompt(request(tiny_model))
    assert raised.value.crash is Crash.KILLED


def test_a_bug_is_no_error_for_the_user(stand_in: Make, tiny_model: Path) -> None:
    with pytest.raises(EngineBug, match="ZeroDivisionError"):
        stand_in("bug").prompt(request(tiny_model))


def test_an_eager_model_gets_a_process_that_spins_and_another_a_polite_one(
    stand_in: Make, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT")
    engine = stand_in("is well")

    def spin_count() -> str | None:
        assert engine._process is not None
        return psutil.Process(engine._process.pid).environ().get("GOMP_SPINCOUNT")

    engine.system_info()
    assert spin_count() == "300"
    polite = ModelSpec(str(tiny_model))
    eager = replace(polite, eager=True)
    for spec, count in ((eager, None), (polite, "300"), (eager, None)):
        list(engine.load(spec))
        assert spin_count() == count
    pid = engine._process.pid if engine._process else 0
    engine.system_info()
    assert psutil.pid_exists(pid), "what is loaded stays"
    assert spin_count() is None
