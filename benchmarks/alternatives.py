"""Decoding with the log probability and ten alternatives of every token, beside the same answer without them."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.asking import N_CTX, STORY, ask, loaded, question
from benchmarks.figures import Figure, beside
from benchmarks.models import models
from desktop.engine.api import MOST_ALTERNATIVES, ModelSpec

_ANSWER_TOKENS = 200


def measure(pairs: int) -> list[Figure]:
    figures = []
    for name, path in models().items():
        spec = ModelSpec(str(path), n_ctx=N_CTX)
        without = question(spec, STORY, _ANSWER_TOKENS)
        kept = replace(without, n_alternatives=MOST_ALTERNATIVES)
        with loaded(spec) as engine:
            ask(engine, kept)
            speeds = [(ask(engine, kept).decode, ask(engine, without).decode) for _ in range(pairs)]
        figures.append(beside(f"decode_with_alternatives_{name}", "tokens/s", speeds))
    return figures
