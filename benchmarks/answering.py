"""Decode speed and time to first token through the whole app, beside a bare llama.cpp loop."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.figures import Figure, compare, run

# How the engine process lets libgomp's threads wait; see desktop/engine/process.py.
_SAME_WAITING = {"GOMP_SPINCOUNT": "300"}


def measure(pairs: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        prompt = Path(folder) / "prompt.txt"
        # The app writes down what its model is given, so that the bare loop reads the same.
        return compare(
            app=lambda: run("benchmarks.app_answer", folder, str(prompt)),
            baseline=lambda: run("benchmarks.bare_answer", str(prompt), **_SAME_WAITING),
            names=[("decode", "tokens/s"), ("time_to_first_token", "s")],
            pairs=pairs,
        )
