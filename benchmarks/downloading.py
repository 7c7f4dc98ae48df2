"""A download of 1 GB over the loopback address, with its sha256, beside curl without; and how soon one is cancelled."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import Figure, Values, compare, run

_SIZE_BYTES = 1_000_000_000
_CANCELS = 3
_CURL = shutil.which("curl") or "curl"


def measure(pairs: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, _hub(Path(folder)) as hub:
        told = (hub["endpoint"], json.dumps(hub["choice"]))
        figures = compare(
            app=lambda: run("benchmarks.download", "fetch", *told),
            baseline=lambda: _curl(hub["url"], Path(folder)),
            names=[("download_throughput", "MB/s"), ("download_memory", "MB above idle")],
            pairs=pairs,
        )
        cancels = [run("benchmarks.download", "cancel", *told)["cancel_download"] for _ in range(_CANCELS)]
        return [*figures, Figure("cancel_download", median(cancels), "ms p95", 0, None)]


@contextmanager
def _hub(folder: Path) -> Iterator[dict[str, Any]]:
    file = folder / "served.gguf"
    with file.open("wb") as writing:
        block = os.urandom(_SIZE_BYTES // 100)
        for _ in range(100):
            writing.write(block)
    command = [sys.executable, "-m", "benchmarks.hub", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.communicate()


def _curl(url: str, folder: Path) -> Values:
    target = folder / "fetched"
    started = time.perf_counter()
    subprocess.run([_CURL, "-s", "-f", "-L", "-o", str(target), url], check=True)
    seconds = time.perf_counter() - started
    assert target.stat().st_size == _SIZE_BYTES
    target.unlink()
    return {"download_throughput": _SIZE_BYTES / 1e6 / seconds, "download_memory": 0}
