"""A loaded model is measured, once, and hurts nothing by it."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from desktop.chat.message import Role, Sampling, Turn
from desktop.engine.api import Finished, ModelSpec, Request, Token, Tuning
from desktop.engine.computer import OtherPrograms, usable_processors
from desktop.engine.llama import tune as tuning_module
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.library import llama_cpp, start
from desktop.engine.llama.machine import default_n_threads
from desktop.engine.llama.model import Model
from desktop.engine.llama.stopping import StopSwitch
from desktop.engine.llama.tune import batch_costs, candidates, compare, tune, use
from desktop.engine.local import LocalEngine
from desktop.engine.process import COMMAND
from desktop.loading import Loading

_ONE_ROUND = """
import sys
sys.path.insert(0, sys.argv[1])
from desktop.engine.llama import tune
tune._MOST_ROUNDS, tune._LIMIT_S = 1, float("inf")
from desktop.engine.llama.__main__ import main
main()
"""
"""An engine process that measures everything, once, however busy the computer is."""


class Desk:
    """An engine that keeps what it has measured, also where other programs are busy."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.folder = folder
        self.spec = ModelSpec(str(model), n_ctx=512)
        self.engine = self.start()

    def start(self, most_others: float = math.inf, code: str = _ONE_ROUND) -> LocalEngine:
        self.loading = Loading(self.folder / "machine.json")
        command = (sys.executable, "-P", "-c", code, COMMAND[-1])
        log = self.folder / "engine.log"
        self.engine = LocalEngine(log, planner=self.loading, most_others=most_others, command=command)
        return self.engine

    def known(self) -> list[dict[str, object]]:
        return list(Loading(self.folder / "machine.json")._learned.tunings.values())

    def answer(self) -> tuple[list[int], Finished]:
        """Its tokens, and how it ended."""
        request = Request(self.spec, (Turn(Role.USER, "abc " * 20),), Sampling(temperature=0.0, max_tokens=8))
        events = list(self.engine.generate(request))
        assert isinstance(events[-1], Finished)
        return [event.id for event in events if isinstance(event, Token)], events[-1]


@pytest.fixture
def desk(tmp_path: Path, tiny_model: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, tiny_model)
    yield desk
    desk.engine.close()


def test_what_is_measured_is_kept_and_the_model_runs_so_when_it_is_loaded_again(desk: Desk) -> None:
    assert desk.engine.tune(desk.spec) is None, "no model is loaded"
    list(desk.engine.load(desk.spec))
    tuning = desk.engine.tune(desk.spec)
    assert tuning is not None
    counts = {default_n_threads(), *candidates(default_n_threads(), usable_processors())}
    assert {tuning.n_threads, tuning.n_threads_batch} <= counts
    assert len(tuning.batch_costs) == 8
    assert all(cost > 0 for cost in tuning.batch_costs)
    assert desk.engine.tune(desk.spec) == tuning, "it is known"
    desk.engine.close()
    desk.start()
    list(desk.engine.load(desk.spec))
    attempt = desk.engine._attempt
    assert attempt is not None
    assert desk.engine._load_task(attempt).tuning == tuning, "the process was told as it loaded"
    assert desk.engine.tune(desk.spec) == tuning


def test_what_is_stopped_leaves_nothing_and_the_model_answers(desk: Desk) -> None:
    desk.start(code=COMMAND[-2])  # for seconds
    before = desk.answer()[0]
    began = threading.Event()
    call = desk.engine._call

    def calling(*args: object) -> object:
        began.set()
        return call(*args)  # type: ignore[arg-type]

    desk.engine._call = calling  # type: ignore[method-assign, assignment]

    def stop() -> None:
        began.wait()
        desk.engine.stop()

    stopping = threading.Thread(target=stop)
    stopping.start()
    assert desk.engine.tune(desk.spec) is None
    stopping.join()
    assert desk.known() == []
    tokens, finished = desk.answer()
    assert tokens == before
    assert finished.statistics.reused_tokens == finished.statistics.prompt_tokens - 1, "the cache is as it was"


def test_what_is_measured_while_others_are_busy_is_worth_nothing(desk: Desk) -> None:
    desk.start(most_others=-math.inf)
    list(desk.engine.load(desk.spec))
    assert desk.engine.tune(desk.spec) is None
    assert desk.known() == []


def test_what_this_program_uses_is_not_taken_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    now = psutil.cpu_times()
    monkeypatch.setattr(psutil, "cpu_times", lambda: now)
    others = OtherPrograms()
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    assert others.cores() < 0, "this program worked, and the processor as a whole did not"
    monkeypatch.setattr(psutil, "cpu_times", lambda: now._replace(user=now.user + 3600))
    assert others.cores() > 1


@pytest.fixture
def in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is measured once, however busy the computer is."""
    monkeypatch.setattr(tuning_module, "_MOST_ROUNDS", 1)
    monkeypatch.setattr(tuning_module, "_LIMIT_S", math.inf)


@pytest.fixture
def model(starter_model: Path) -> Model:
    """The real one, in this process, where its logits can be seen."""
    start()
    return Model(ModelSpec(str(starter_model), n_ctx=512), lambda _fraction: None)


@pytest.mark.usefixtures("in_a_moment")
def test_the_cache_and_the_logits_are_as_they_were(model: Model) -> None:
    switch = StopSwitch()
    decoder = Decoder(model, switch)
    prompt = model.vocabulary.tokenize("The kettle sings, and the cat pretends not to hear it at all.")
    list(decoder.read(prompt))
    before = decoder.logits().copy()
    n_threads = llama_cpp.llama_n_threads(model.context), llama_cpp.llama_n_threads_batch(model.context)
    tuning = tune(model, switch)
    assert tuning is not None
    np.testing.assert_array_equal(decoder.logits(), before)
    assert (llama_cpp.llama_n_threads(model.context), llama_cpp.llama_n_threads_batch(model.context)) == n_threads
    progress = list(decoder.read(prompt))
    assert progress[0].reused == len(prompt) - 1
    # Its last token was read alone now, and in a batch before: by rounding it is another.
    np.testing.assert_allclose(decoder.logits(), before, atol=0.3)


def test_what_was_measured_is_used(model: Model) -> None:
    use(model, Tuning(3, 5))
    assert llama_cpp.llama_n_threads(model.context) == 3
    assert llama_cpp.llama_n_threads_batch(model.context) == 5


def test_a_stop_ends_it_at_any_time(model: Model) -> None:
    switch = StopSwitch()
    switch.stop(1)
    switch.begin(1)
    assert tune(model, switch) is None
    switch.begin(2)
    threading.Timer(0.3, switch.stop, [2]).start()
    assert tune(model, switch) is None


@pytest.mark.usefixtures("in_a_moment")
def test_the_users_own_count_of_threads_stands(tiny_model: Path) -> None:
    start()
    model = Model(ModelSpec(str(tiny_model), n_ctx=512, n_threads=3), lambda _fraction: None)
    tuning = tune(model, StopSwitch())
    assert tuning is not None
    assert (tuning.n_threads, tuning.n_threads_batch) == (3, 3)
    assert tuning.batch_costs


@pytest.mark.parametrize(
    ("usual", "most", "expected"),
    [(1, 1, []), (2, 2, [1]), (4, 4, [2, 3]), (4, 8, [2, 3, 6, 8]), (8, 16, [4, 6, 7, 12, 16]), (1, 2, [2])],
)
def test_counts_of_threads_lie_around_the_physical_cores(usual: int, most: int, expected: list[int]) -> None:
    assert candidates(usual, most) == expected


def test_cases_are_measured_in_turns_and_drift_hurts_none() -> None:
    seen: list[int] = []

    def measure(case: int) -> float:
        seen.append(case)
        return case + len(seen) * 1e-6

    found = compare([2, 1], measure, limit_s=60.0)
    assert seen[:4] == [2, 1, 2, 1]
    assert found == {2: pytest.approx(2, abs=0.1), 1: pytest.approx(1, abs=0.1)}
    assert compare([2, 1], measure, limit_s=0.0).keys() == {2}


def test_costs_that_there_was_no_time_for_lie_between_those_that_were_measured() -> None:
    assert batch_costs({1: 0.5, 9: 2.5}) == (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
    assert batch_costs({1: 0.5, 9: 2.5, 5: 0.5}) == (1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 4.0, 5.0)
    assert batch_costs({1: 0.5}) == ()
