"""Opening, scrolling, resizing and copying long chats, beside a plain text field with the same text."""

from __future__ import annotations

from benchmarks.figures import Figure, Values, beside, compare, run

_NAMES = [
    ("open_5000", "ms"),
    ("wheel_step_p95", "ms"),
    ("longest_wheel_step", "ms"),
    ("jump_to_the_middle", "ms"),
    ("resize_step_p95", "ms"),
    ("theme_switch", "ms"),
    ("copy_5000", "ms"),
]


def measure(pairs: int) -> list[Figure]:
    opened: list[Values] = []

    def app() -> Values:
        opened.append(run("benchmarks.long_chat", "app"))
        return opened[-1]

    # Each run warms itself up: it opens a short chat before anything is measured.
    figures = compare(app, lambda: run("benchmarks.long_chat", "bare"), _NAMES, pairs, warms_up=False)
    against = beside("open_5000_beside_50", "ms", [(each["open_5000"], each["open_50"]) for each in opened])
    # It is always the same, and to see 5,000 messages takes its time.
    memory = compare(
        app=lambda: run("benchmarks.long_chat", "app", "memory"),
        baseline=lambda: run("benchmarks.long_chat", "bare", "memory"),
        names=[("memory_of_5000", "MB"), ("memory_of_5000_seen", "MB")],
        pairs=1,
        warms_up=False,
    )
    return [figures[0], against, *figures[1:], *memory]
