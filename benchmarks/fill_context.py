"""Fill a model's context in a real engine process: MODEL N_CTX. Prints what was predicted and what was measured."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import psutil

from desktop.chat.message import Role, Sampling, Turn
from desktop.engine.api import Finished, ModelSpec, Request
from desktop.engine.local import LocalEngine
from desktop.hub.fit import Machine, Wishes, fit
from desktop.hub.header import read_header
from desktop.hub.speed import measure_bytes_per_s

_SENTENCE = "The stove was warm, the cat slept, and outside the snow fell. "
_SENTENCE_TOKENS = 16
_FULL = 0.8


def main(path: Path, n_ctx: int) -> None:
    header = read_header(path)
    memory = psutil.virtual_memory()
    machine = Machine(memory.total, memory.available, cpu_bytes_per_s=measure_bytes_per_s())
    predicted = fit(header, machine, Wishes(n_ctx=n_ctx))
    with tempfile.TemporaryDirectory() as folder:
        engine = LocalEngine(Path(folder) / "engine.log")
        spec = ModelSpec(str(path), n_ctx=n_ctx)
        long_text = _SENTENCE * int(n_ctx * _FULL / _SENTENCE_TOKENS)
        _answer(engine, spec, long_text, 8)
        [process] = psutil.Process().children()
        measured_bytes = process.memory_info().rss
        speed = _answer(engine, spec, _SENTENCE * 4, 60)  # a short question, as the prediction means it
        engine.close()
    assert predicted.tokens_per_s is not None
    values = {
        "predicted_memory": predicted.shares[0].resident / 1e6,
        "measured_memory": measured_bytes / 1e6,
        "predicted_speed": predicted.tokens_per_s,
        "measured_speed": speed,
    }
    print(json.dumps(values))


def _answer(engine: LocalEngine, spec: ModelSpec, text: str, max_tokens: int) -> float:
    """Tokens a second of a greedy answer."""
    sampling = replace(Sampling(), temperature=0.0, max_tokens=max_tokens)
    *_, last = engine.generate(Request(spec, (Turn(Role.USER, text),), sampling))
    assert isinstance(last, Finished)
    return last.statistics.decode_tokens_per_s


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
