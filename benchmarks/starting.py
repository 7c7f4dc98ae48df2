"""Start, memory and idle CPU of the window, beside a bare PySide6 window with a text field."""

from __future__ import annotations

import tempfile

from benchmarks.figures import Figure, compare, run


def measure(pairs: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as data:
        return compare(
            app=lambda: run("benchmarks.window", "app", data),
            baseline=lambda: run("benchmarks.window", "bare"),
            names=[("start_to_usable_window", "s"), ("window_memory", "MB"), ("idle_cpu", "% of a core")],
            pairs=pairs,
        )
