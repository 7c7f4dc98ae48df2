"""How long the window's event loop stands still while a download runs at full speed, beside the same window idle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, compare, run

_SIZE_BYTES = 1_000_000_000


def measure(pairs: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, _hub(Path(folder)) as hub:
        return compare(
            app=lambda: run("benchmarks.event_loop", hub["endpoint"], json.dumps(hub["choice"])),
            baseline=lambda: run("benchmarks.event_loop"),
            names=[("event_loop_gap_while_downloading", "ms p99"), ("longest_event_loop_gap_while_downloading", "ms")],
            pairs=pairs,
        )


@contextmanager
def _hub(folder: Path) -> Iterator[dict[str, Any]]:
    """A hub in a process of its own, so that it takes no time from the window's."""
    file = folder / "served.gguf"
    block = os.urandom(_SIZE_BYTES // 100)
    with file.open("wb") as writing:
        for _ in range(100):
            writing.write(block)
    command = [sys.executable, "-m", "benchmarks.hub", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.communicate()
