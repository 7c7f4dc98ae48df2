"""How long reading a model file's header takes, beside the `gguf` package's reader, each in a process of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from benchmarks.figures import Figure, compare, run
from benchmarks.models import models

_MOST_PAIRS = 2  # the baseline takes its time


def measure(pairs: int) -> list[Figure]:
    found = []
    for name, path in models().items():
        [figure] = compare(
            app=partial(run, "benchmarks.read_header", "ours", str(path)),
            baseline=partial(run, "benchmarks.read_header", "gguf", str(path)),
            names=[("read", "s")],
            pairs=min(pairs, _MOST_PAIRS),
        )
        found.append(replace(figure, name=f"header_{name}"))
    return found
