"""A figure and its baseline: medians over interleaved pairs of processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report. `ratio` is the median of the pairs' own ratios: it holds when the machine's speed drifts.

    It is None where the baseline is 0.
    """

    name: str
    value: float
    unit: str
    baseline: float
    ratio: float | None

    def line(self) -> str:
        """The figure as a JSON object."""
        ratio = None if self.ratio is None else round(self.ratio, 3)
        return json.dumps(
            {
                "name": self.name,
                "value": round(self.value, 4),
                "unit": self.unit,
                "baseline": round(self.baseline, 4),
                "ratio": ratio,
            }
        )


Values = dict[str, float]


def run(module: str, *arguments: str, **variables: str) -> Values:
    """What `python -m module` prints as its last line: a JSON object of numbers. It is told when it was started.

    `variables` are added to its environment.
    """
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "STARTED_AT": repr(time.time()), **variables}
    # The program is measured as it is started the second time: its modules are compiled.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    values: Values = json.loads(done.stdout.splitlines()[-1])
    return values


def since_start_s() -> float:
    """Seconds since `run` started this process."""
    return time.time() - float(os.environ["STARTED_AT"])


def compare(
    app: Callable[[], Values],
    baseline: Callable[[], Values],
    names: Sequence[tuple[str, str]],
    pairs: int,
    *,
    warms_up: bool = True,
) -> list[Figure]:
    """Figures for `names` (name, unit) from `pairs` interleaved runs, after one of each that is not counted."""
    if warms_up:
        app(), baseline()
    ours, theirs = [], []
    for _ in range(pairs):
        ours.append(app())
        theirs.append(baseline())
    both = list(zip(ours, theirs, strict=True))
    return [beside(name, unit, [(mine[name], base[name]) for mine, base in both]) for name, unit in names]


def beside(name: str, unit: str, pairs: Sequence[tuple[float, float]]) -> Figure:
    """The figure of pairs of a value and its baseline."""
    ratios = [value / baseline for value, baseline in pairs if baseline]
    values, baselines = zip(*pairs, strict=True)
    return Figure(name, median(values), unit, median(baselines), median(ratios) if ratios else None)
