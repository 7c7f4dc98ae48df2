"""Time to the first token of a chat that is known, beside reading the same prompt cold."""

from __future__ import annotations

from statistics import median

from benchmarks.figures import Figure, run
from benchmarks.models import models

_HISTORY_TOKENS = (1000, 4000)
_KNOWN = ("follow_up", "branch", "restart", "other_chat")


def measure(pairs: int) -> list[Figure]:
    figures = []
    for name, path in models().items():
        for n_tokens in _HISTORY_TOKENS:
            # Cold and known are timed in the same process tree, one after the other: each run is a pair.
            runs = [run("benchmarks.ask_again", str(path), str(n_tokens)) for _ in range(pairs)]
            cold = median(values["cold"] for values in runs)
            for known in _KNOWN:
                value = median(values[known] for values in runs)
                ratio = median(values[known] / values["cold"] for values in runs)
                figures.append(Figure(f"first_token_{known}_{n_tokens}_{name}", value, "s", cold, ratio))
    return figures
