"""Four answers to one question in one batch, beside the same four one after another: tokens a second of all together.

The question has been read before, both times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.asking import N_CTX, STORY, ask, loaded, question
from benchmarks.figures import Figure, beside
from benchmarks.models import models
from desktop.chat.message import Sampling
from desktop.engine.api import ModelSpec, Request
from desktop.engine.local import LocalEngine

_N_ANSWERS = 4
_ANSWER_TOKENS = 100
_SAMPLING = Sampling(temperature=0.7, seed=1, max_tokens=_ANSWER_TOKENS)


def measure(pairs: int) -> list[Figure]:
    figures = []
    for name, path in models().items():
        spec = ModelSpec(str(path), n_ctx=N_CTX)
        one = replace(question(spec, STORY, _ANSWER_TOKENS), sampling=_SAMPLING)
        at_once = [replace(one, n_answers=_N_ANSWERS)]
        in_turn = [replace(one, sampling=replace(_SAMPLING, seed=1 + i)) for i in range(_N_ANSWERS)]
        with loaded(spec) as engine:
            _speed(engine, at_once)
            speeds = [(_speed(engine, at_once), _speed(engine, in_turn)) for _ in range(pairs)]
        figures.append(beside(f"{_N_ANSWERS}_answers_at_once_{name}", "tokens/s", speeds))
    return figures


def _speed(engine: LocalEngine, requests: Sequence[Request]) -> float:
    asked = [ask(engine, request) for request in requests]
    return sum(each.n_tokens for each in asked) / sum(each.end - each.began for each in asked)
