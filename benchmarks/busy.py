"""The whole window while another program keeps half of the processor's cores busy, beside the window alone.

The speed of its answer, and the gaps between the turns of its event loop meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.answering import N_TOKENS
from benchmarks.figures import Figure, Values, compare, run
from benchmarks.models import models

_NAMES = {
    "decode": ("decode_on_a_busy_processor", "tokens/s"),
    "gap_p99": ("event_loop_gap_p99_on_a_busy_processor", "ms"),
}
# Where a program cannot choose its core, the system's scheduler moves it about.
_SPIN = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[int(sys.argv[1])]})
while True:
    pass
"""


def measure(pairs: int) -> list[Figure]:
    figures = []
    for name, path in models().items():
        with tempfile.TemporaryDirectory() as folder:
            names = [(key, unit) for key, (_, unit) in _NAMES.items()]
            found = compare(partial(_busy, path, folder), partial(_answer, path, folder), names, pairs)
        figures += [replace(figure, name=f"{_NAMES[figure.name][0]}_{name}") for figure in found]
    return figures


def _busy(path: Path, folder: str) -> Values:
    with _other_programs():
        return _answer(path, folder)


def _answer(path: Path, folder: str) -> Values:
    prompt = str(Path(folder) / "prompt.txt")
    return run("benchmarks.app_answer", folder, str(path), prompt, str(N_TOKENS), "--clock")


@contextlib.contextmanager
def _other_programs() -> Iterator[None]:
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    command = [sys.executable, "-c", _SPIN]
    spinning = [subprocess.Popen([*command, str(i)]) for i in range(max(1, n_cores // 2))]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()
