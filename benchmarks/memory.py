"""The memory that all processes have to themselves after a model was unloaded, beside before it was loaded.

It has answered a question in between.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import psutil

from benchmarks.asking import N_CTX, ask, long_text, question
from benchmarks.figures import Figure, beside, run
from benchmarks.models import models
from desktop.engine.api import ModelSpec
from desktop.engine.local import LocalEngine

_PROMPT_TOKENS = 1000
_ANSWER_TOKENS = 32


def measure(pairs: int) -> list[Figure]:
    figures = []
    for name, path in models().items():
        runs = [run("benchmarks.memory", str(path)) for _ in range(pairs)]
        for figure, of in (("memory_after_unload", "after"), ("memory_while_loaded", "loaded")):
            figures.append(beside(f"{figure}_{name}", "MB", [(each[of], each["before"]) for each in runs]))
    return figures


def main(path: Path) -> None:
    spec = ModelSpec(str(path), n_ctx=N_CTX)
    with tempfile.TemporaryDirectory() as folder:
        engine = LocalEngine(Path(folder) / "engine.log")
        figures = {"before": _own_mb()}
        ask(engine, question(spec, long_text(_PROMPT_TOKENS), _ANSWER_TOKENS))
        figures["loaded"] = _own_mb()
        engine.unload()
        figures["after"] = _own_mb()
        engine.close()
    print(json.dumps(figures))


def _own_mb() -> float:
    """Of this process and its children, without what they share with others."""
    process = psutil.Process()
    return float(sum(each.memory_full_info().uss for each in (process, *process.children(recursive=True))) / 1e6)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
