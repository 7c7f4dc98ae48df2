"""Memory and speed as they are predicted, beside those of the engine process with its context filled."""

from __future__ import annotations

from benchmarks.figures import Figure, Values, run
from benchmarks.models import models

_CONTEXTS = (1024, 4096, 8192)


def measure(_pairs: int) -> list[Figure]:
    figures = []
    for name, path in models().items():
        for n_ctx in _CONTEXTS:
            values = run("benchmarks.fill_context", str(path), str(n_ctx))
            figures.append(_figure(f"memory_{name}_{n_ctx}", "MB", values, "memory"))
        figures.append(_figure(f"speed_{name}", "tokens/s", values, "speed"))
    return figures


def _figure(name: str, unit: str, values: Values, of: str) -> Figure:
    predicted, measured = values[f"predicted_{of}"], values[f"measured_{of}"]
    return Figure(f"predicted_{name}", predicted, unit, measured, predicted / measured)
