"""Attempts one after the other, without any process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from typing_extensions import override

from desktop.engine.api import Fallback, Loaded, LoadEvent, LoadProgress, ModelSpec, Reason, Step
from desktop.engine.ladder import PlainPlanner, Plan, climb_down
from desktop.errors import AppError, BadModelFile, Crash, EngineCrashed, Flaw, LoadCancelled, ModelDoesNotFit
from desktop.ui.model_words import fallback_words

WANTED = ModelSpec("a.gguf")
ALL, FEWER = replace(WANTED, devices=("A",), n_gpu_layers=9), replace(WANTED, devices=("A",), n_gpu_layers=5)
OTHER, CPU = replace(WANTED, devices=("B",), n_gpu_layers=9), replace(WANTED, devices=(), n_gpu_layers=0)
LOADED = Loaded(n_ctx=1, n_ctx_train=1, n_layers=8, n_gpu_layers=0, has_template=True, size_bytes=1, load_s=0.0)
CRASH = EngineCrashed(Crash.ABORTED, "load")
FULL = ModelDoesNotFit("a.gguf", 2, 1)


@dataclass
class Witness(PlainPlanner):
    """Writes down what it is told."""

    said: list[object] = field(default_factory=list)

    @override
    def begin(self, wanted: ModelSpec, attempt: ModelSpec) -> None:
        self.said.append(attempt)

    @override
    def end(self, wanted: ModelSpec, attempt: ModelSpec, outcome: Loaded | AppError | None) -> None:
        self.said.append(outcome)


def climb(outcomes: list[AppError | None], plan: Plan, witness: Witness | None = None) -> Fallback | None:
    """What is told when the attempts end so, one after the other."""
    ends = iter(outcomes)

    def load(_attempt: ModelSpec) -> Iterator[LoadEvent]:
        yield LoadProgress(0.5)
        error = next(ends)
        if error is not None:
            raise error
        yield LOADED

    events = list(climb_down(witness or Witness(), WANTED, plan, load))
    assert next(ends, "all were made") == "all were made"
    assert isinstance(events[-1], Loaded)
    return events[-1].fallback


WAYS = (ALL, FEWER, OTHER, CPU)


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ([None], None),
        ([CRASH, None], Fallback(Step.FEWER_LAYERS, Reason.CRASHED)),
        ([FULL, CRASH, None], Fallback(Step.OTHER_GPU, Reason.NO_MEMORY)),
        ([CRASH, FULL, FULL, None], Fallback(Step.CPU, Reason.CRASHED)),
    ],
)
def test_the_first_failure_is_the_reason_and_the_last_way_the_step(
    outcomes: list[AppError | None], told: Fallback | None
) -> None:
    assert climb(outcomes, Plan(WAYS)) == told


def test_what_is_skipped_is_told() -> None:
    assert climb([None], Plan((FEWER, CPU), skipped=ALL)) == Fallback(Step.FEWER_LAYERS, Reason.CRASHED_BEFORE)
    assert climb([None], Plan((CPU,))) is None


def test_where_nothing_works_the_last_failure_is_raised() -> None:
    with pytest.raises(ModelDoesNotFit):
        climb([CRASH, FULL], Plan((ALL, CPU)))


@pytest.mark.parametrize("error", [BadModelFile("a.gguf", Flaw.DAMAGED), LoadCancelled()])
def test_what_no_other_way_helps_against_ends_it_for_no_fault_of_the_way(error: AppError) -> None:
    witness = Witness()
    with pytest.raises(type(error)):
        climb([error], Plan(WAYS), witness)
    assert witness.said == [ALL, None]


def test_the_planner_hears_of_every_attempt() -> None:
    witness = Witness()
    climb([CRASH, None], Plan((ALL, CPU)), witness)
    assert witness.said == [ALL, CRASH, CPU, LOADED]


def test_each_outcome_has_words_of_its_own() -> None:
    words = {fallback_words(Fallback(step, reason)) for step in Step for reason in Reason}
    assert len(words) == len(Step) * len(Reason)
    assert all("GPU" in text for text in words)
