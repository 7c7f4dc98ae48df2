"""How long the window stands still for texts that want it to, beside a harmless reply.

A plain text field is no baseline here: ten megabytes in one line stop it for minutes.
"""

from __future__ import annotations

from benchmarks import texts
from benchmarks.figures import Figure, Values, beside, run


def measure(pairs: int) -> list[Figure]:
    runs: list[Values] = [run("benchmarks.hostile_text") for _ in range(min(pairs, 2))]
    return [
        beside(f"longest_gap_with_{kind}", "ms", [(each[kind], each["harmless"]) for each in runs])
        for kind in texts.HOSTILE_KINDS
    ]
