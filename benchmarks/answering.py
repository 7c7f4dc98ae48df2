"""One greedy answer through the whole window, beside other ways to the same tokens.

The baselines are a bare loop of llama.cpp's functions and the high-level API of llama-cpp-python, each in a process of
its own, with the same file, prompt, threads, context and batch.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.figures import Figure, Values, beside, run
from benchmarks.models import models

N_TOKENS = 500
"""So long that it takes ten seconds: an answer of four says more of the machine's moods than of the program."""
# How the engine process lets libgomp's threads wait; see desktop/engine/process.py.
SAME_WAITING = {"GOMP_SPINCOUNT": "300"}


def measure(pairs: int) -> list[Figure]:
    figures = []
    for name, path in models().items():
        with tempfile.TemporaryDirectory() as folder:
            # The first run of each warms up.
            runs = [_answers(path, Path(folder)) for _ in range(pairs + 1)][1:]
        for figure, unit, of, baseline in (
            ("decode_{}", "tokens/s", "decode", "bare"),
            ("time_to_first_token_{}", "s", "time_to_first_token", "bare"),
            ("decode_beside_high_level_{}", "tokens/s", "decode", "library"),
        ):
            figures.append(beside(figure.format(name), unit, [(each["app"][of], each[baseline][of]) for each in runs]))
    return figures


def _answers(path: Path, folder: Path) -> dict[str, Values]:
    # The app writes down what its model is given, so that the others read the same.
    prompt = folder / "prompt.txt"
    told = (str(path), str(prompt), str(N_TOKENS))
    return {
        "app": run("benchmarks.app_answer", str(folder), *told),
        "bare": run("benchmarks.bare_answer", *told, **SAME_WAITING),
        "library": run("benchmarks.library_answer", *told, **SAME_WAITING),
    }
