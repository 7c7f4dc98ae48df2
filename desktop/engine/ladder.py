"""What is tried in which order to load a model, and who decides it.

A GPU's driver may refuse a model, or crash with it. Then the next best way is tried, each in an engine process of its
own: fewer layers on the GPU, another GPU, the processor. A `Planner` says which ways there are, and hears how each
ended, so that a crash is not repeated at the next start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from desktop.engine.api import (
    Fallback,
    Finished,
    Loaded,
    LoadEvent,
    ModelSpec,
    Reason,
    Step,
    SystemInfo,
    Tuning,
)
from desktop.errors import AppError, EngineCrashed, ModelDoesNotFit


@dataclass(frozen=True, slots=True)
class Plan:
    """The ways to load a model that are to be tried, best first; at least one."""

    attempts: tuple[ModelSpec, ...]
    skipped: ModelSpec | None = None
    """What would have come first, had it not crashed at an earlier start; None where that was told already."""


class Planner(Protocol):
    """Decides how models are loaded. Called from the thread that drives the engine."""

    def plan(self, wanted: ModelSpec, info: SystemInfo) -> Plan:
        """How to load `wanted` on the machine that the engine process has just described.

        Raises:
            ModelDoesNotFit, NoSuchModel, BadModelFile: nothing needs to be tried
        """
        ...

    def begin(self, wanted: ModelSpec, attempt: ModelSpec) -> None:
        """`attempt`, one of the plan for `wanted`, is about to be made. `end` follows, unless all of this dies."""
        ...

    def end(self, wanted: ModelSpec, attempt: ModelSpec, outcome: Loaded | AppError | None) -> None:
        """`attempt` succeeded, or failed; None where it was given up for no fault of its own.

        Called again with an `EngineCrashed` if the process dies later, while it answers.
        """
        ...

    def answered(self, attempt: ModelSpec, finished: Finished) -> None:
        """The model that was loaded as `attempt` has given an answer."""
        ...

    def tuning(self, attempt: ModelSpec, /) -> Tuning | None:
        """What was measured of a model that is loaded as `attempt`; None where nothing was."""
        ...

    def tuned(self, attempt: ModelSpec, tuning: Tuning) -> None:
        """The model that was loaded as `attempt` was measured."""
        ...

    def released(self) -> None:
        """The loaded model's memory has been given back, or is about to be."""
        ...


class PlainPlanner:
    """Loads as it is told, else on the processor, and remembers nothing."""

    def plan(self, wanted: ModelSpec, info: SystemInfo) -> Plan:
        """See `Planner.plan`."""
        on_cpu = replace(wanted, n_gpu_layers=0, devices=None, tensor_split=None)
        return Plan((wanted, on_cpu) if info.gpu and wanted.n_gpu_layers != 0 else (wanted,))

    def begin(self, wanted: ModelSpec, attempt: ModelSpec) -> None:
        """See `Planner.begin`."""

    def end(self, wanted: ModelSpec, attempt: ModelSpec, outcome: Loaded | AppError | None) -> None:
        """See `Planner.end`."""

    def answered(self, attempt: ModelSpec, finished: Finished) -> None:
        """See `Planner.answered`."""

    def tuning(self, _attempt: ModelSpec) -> Tuning | None:
        """See `Planner.tuning`."""
        return None

    def tuned(self, attempt: ModelSpec, tuning: Tuning) -> None:
        """See `Planner.tuned`."""

    def released(self) -> None:
        """See `Planner.released`."""


def climb_down(
    planner: Planner,
    wanted: ModelSpec,
    plan: Plan,
    load: Callable[[ModelSpec], Iterator[LoadEvent]],
    failure: AppError | None = None,
) -> Iterator[LoadEvent]:
    """Make the attempts of `plan` by `load` until one succeeds; the one `Loaded` says what came of those before.

    A crash and too little memory lead to the next attempt; every other error ends all: a damaged file stays damaged.
    `failure` is what has gone wrong with the GPU already.
    """
    meant = plan.skipped or plan.attempts[0]
    fell = failure is not None or plan.skipped is not None
    for attempt in plan.attempts:
        planner.begin(wanted, attempt)
        outcome: Loaded | AppError | None = None
        try:
            for event in load(attempt):
                if isinstance(event, Loaded):
                    outcome = event
                    fallback = _fallback(meant, attempt, failure) if fell else None
                    lost_draft = wanted.draft_path if attempt.draft_path is None else None
                    yield replace(event, fallback=fallback, lost_draft=lost_draft or "")
                else:
                    yield event
        except (EngineCrashed, ModelDoesNotFit) as error:
            outcome = error
            if attempt is plan.attempts[-1]:
                raise
            failure, fell = failure or error, True
        else:
            return
        finally:
            planner.end(wanted, attempt, outcome)


def _fallback(meant: ModelSpec, taken: ModelSpec, failure: AppError | None) -> Fallback:
    """What to tell of a model that was `meant` to be loaded so and was loaded as `taken`.

    `failure` is what the first attempt of this load ended with; None where it was not even made.
    """
    if taken.n_gpu_layers == 0 or meant == taken:
        step = Step.CPU  # equal: there was no GPU to be seen any more
    else:
        step = Step.FEWER_LAYERS if taken.devices == meant.devices else Step.OTHER_GPU
    if failure is None:
        return Fallback(step, Reason.CRASHED_BEFORE)
    return Fallback(step, Reason.CRASHED if isinstance(failure, EngineCrashed) else Reason.NO_MEMORY)
