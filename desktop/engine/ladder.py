"""What is tried in which order to load a model, and who decides it.

A GPU's driver may refuse a model, or crash with it. Then the next best way is tried, each in an engine process of its
own: fewer layers on the GPU, another GPU, the processor. A `Planner` says which ways there are, and hears how each
ended, so that a crash is not repeated at the next start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from desktop.engine.api import Fallback, Loaded, ModelSpec, Reason, Step, SystemInfo
from desktop.errors import AppError, EngineCrashed


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


def fallback(meant: ModelSpec, taken: ModelSpec, failure: AppError | None) -> Fallback:
    """What to tell of a model that was `meant` to be loaded so and was loaded as `taken`.

    `failure` is what the first attempt of this load ended with; None where it was not even made.
    """
    if taken.n_gpu_layers == 0:
        step = Step.CPU
    else:
        step = Step.FEWER_LAYERS if taken.devices == meant.devices else Step.OTHER_GPU
    if failure is None:
        return Fallback(step, Reason.CRASHED_BEFORE)
    return Fallback(step, Reason.CRASHED if isinstance(failure, EngineCrashed) else Reason.NO_MEMORY)
