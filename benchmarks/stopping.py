"""From Stop until the engine is idle, p95 of thirty stops: while it reads 4,000 tokens, and while it writes.

Thirty however many pairs there are: there is no baseline.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import count, islice
from statistics import quantiles

import numpy as np

from benchmarks.asking import STORY, ask, loaded, long_text, question
from benchmarks.figures import Figure
from benchmarks.models import models
from desktop.chat.message import FinishReason
from desktop.engine.api import Finished, ModelSpec, PrefillProgress, Request, Token
from desktop.engine.llama.machine import N_BATCH
from desktop.engine.local import LocalEngine

_N_STOPS = 30
_PROMPT_TOKENS = 4000
_N_CTX = 6144
_WRITTEN_TOKENS = 1000
_WRITING_S = 0.2


def measure(_pairs: int) -> list[Figure]:
    figures = []
    for name, path in models().items():
        spec = ModelSpec(str(path), n_ctx=_N_CTX)
        with loaded(spec) as engine:
            for what, waits in (("reading", _reading(engine, spec)), ("writing", _writing(engine, spec))):
                p95_s = quantiles(islice(waits, _N_STOPS), n=20)[18]
                figures.append(Figure(f"stop_while_{what}_{name}", 1000 * p95_s, "ms", 0, None))
    return figures


def _reading(engine: LocalEngine, spec: ModelSpec) -> Iterator[float]:
    """What was read before a stop stays read: each goes on in the prompt where the one before it ended."""
    moments = np.random.default_rng(1)
    batch_s = N_BATCH / ask(engine, question(spec, long_text(2 * N_BATCH), 1)).prefill
    for n in count():
        request = question(spec, f"{n}. {long_text(_PROMPT_TOKENS)}", 1)
        while (wait := _stop(engine, request, PrefillProgress, moments.uniform(0, 1.5 * batch_s))) is not None:
            yield wait


def _writing(engine: LocalEngine, spec: ModelSpec) -> Iterator[float]:
    moments = np.random.default_rng(2)
    request = question(spec, STORY, _WRITTEN_TOKENS)
    while True:
        wait = _stop(engine, request, Token, moments.uniform(0, _WRITING_S))
        if wait is not None:
            yield wait


def _stop(engine: LocalEngine, request: Request, after: type, delay_s: float) -> float | None:
    """Stop so long after the first event of that kind; the seconds until idle. None: it ended before by itself."""
    pressed: list[float] = []

    def press() -> None:
        pressed.append(time.monotonic())
        engine.stop()

    timer = threading.Timer(delay_s, press)
    reason = None
    for event in engine.generate(request):
        if isinstance(event, after) and timer.ident is None:
            timer.start()
        if isinstance(event, Finished):
            reason = event.reason
    idle = time.monotonic()
    timer.cancel()
    timer.join()
    return idle - pressed[0] if reason is FinishReason.STOPPED else None
