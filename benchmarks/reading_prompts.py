"""A prompt of 2,000 tokens read by a new engine process, beside a new process of the bare loop with the same batch."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.answering import SAME_WAITING
from benchmarks.asking import N_CTX, ask, loaded, long_text, question
from benchmarks.figures import Figure, Values, compare, run
from benchmarks.models import models
from desktop.engine.api import ModelSpec, Request
from desktop.engine.llama.machine import default_n_threads

_PROMPT_TOKENS = 2000
_ANSWER_TOKENS = 2


def measure(pairs: int) -> list[Figure]:
    figures = []
    for name, path in models().items():
        spec = ModelSpec(str(path), n_ctx=N_CTX, n_threads=default_n_threads())
        request = question(spec, long_text(_PROMPT_TOKENS), _ANSWER_TOKENS)
        with tempfile.TemporaryDirectory() as folder:
            prompt = Path(folder) / "prompt.txt"
            [figure] = _compare(request, prompt, pairs)
        figures.append(replace(figure, name=f"prefill_{name}"))
    return figures


def _compare(request: Request, prompt: Path, pairs: int) -> list[Figure]:
    told = (request.model.path, str(prompt), str(_ANSWER_TOKENS))
    return compare(
        app=lambda: _read(request, prompt),
        baseline=lambda: run("benchmarks.bare_answer", *told, **SAME_WAITING),
        names=[("prefill", "tokens/s")],
        pairs=pairs,
    )


def _read(request: Request, prompt: Path) -> Values:
    """From the first word of its progress to the last. The bare loop is left the prompt."""
    with loaded(request.model) as engine:
        asked = ask(engine, request)
        prompt.write_text(engine.prompt(request).text, encoding="utf-8")
    return {"prefill": asked.prefill}
