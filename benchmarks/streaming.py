"""What a growing reply asks of the main thread, beside a plain text field that the same text is appended to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from benchmarks.figures import Figure, Values, beside, compare, run

_BLOCKS = ("code", "list", "table", "paragraph")
_BUSY = [("busy", "% of the main thread")]


def measure(pairs: int) -> list[Figure]:
    figures = [_fast(pairs), _slow(), *_gaps(pairs), _long_reply(pairs)]
    for block in _BLOCKS:
        # Faster than any model writes: that they are fast enough shows sooner.
        (figure,) = compare(*_both(block, "--per-s", "2000"), _BUSY, 1, warms_up=False)
        figures.append(_named(f"busy_while_a_long_{block}_streams", figure))
    return figures


def _fast(pairs: int) -> Figure:
    (figure,) = compare(*_both("reply", "--per-s", "1000"), [("per_token", "µs")], pairs, warms_up=False)
    return _named("main_thread_per_token_at_1000_per_s", figure)


def _slow() -> Figure:
    # Twenty seconds of a processor's time, which drifts less than a clock's: one pair will do.
    (figure,) = compare(*_both("reply", "--per-s", "200"), [("per_token", "µs")], 1, warms_up=False)
    return _named("main_thread_per_token_at_200_per_s", figure)


def _gaps(pairs: int) -> list[Figure]:
    names = [("gap_p99", "ms"), ("longest_gap", "ms")]
    p99, longest = compare(*_both("reply", "--per-s", "1000", "--clock"), names, pairs, warms_up=False)
    return [
        _named("event_loop_gap_p99_while_streaming", p99),
        _named("longest_event_loop_gap_while_streaming", longest),
    ]


def _long_reply(pairs: int) -> Figure:
    """The last quarter beside the first."""
    runs = [_run("app", "reply", "--per-s", "1000", "--length", "8000") for _ in range(max(1, pairs // 2))]
    quarters = [(each["last_quarter"], each["first_quarter"]) for each in runs]
    return beside("last_quarter_of_8000_tokens_beside_the_first", "µs", quarters)


def _both(*arguments: str) -> tuple[Callable[[], Values], Callable[[], Values]]:
    return lambda: _run("app", *arguments), lambda: _run("bare", *arguments)


def _run(*arguments: str) -> Values:
    return run("benchmarks.stream", *arguments)


def _named(name: str, figure: Figure) -> Figure:
    return replace(figure, name=name)
