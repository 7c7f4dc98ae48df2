"""A reply streams into a chat of 500 messages. Prints what the main thread had to do.

New tokens are shown once a frame, as they are in the window. The two are never measured in one run: a clock that ticks
costs about as much as the plain text field does.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import pairwise
from statistics import quantiles

from PySide6.QtCore import QCoreApplication, Qt, QTimer

from benchmarks import texts
from benchmarks.page import Page, open_page
from desktop.ui.engine_thread import FRAME_MS

_MESSAGES = 500
_TICK_MS = 2
_AFTER_MS = 300


class Stream:
    """Feeds `tokens` to `page`, `per_s` a second, and takes the time that the main thread spends on it."""

    def __init__(self, page: Page, tokens: list[str], per_s: float) -> None:
        self._page = page
        self._tokens = tokens
        self._per_s = per_s
        self._shown = 0
        self._cpu: list[tuple[int, float]] = []
        """The main thread's seconds when so many tokens had been shown."""
        self._begun = self._ended = 0.0
        self._frames = QTimer(interval=FRAME_MS, timerType=Qt.TimerType.PreciseTimer)
        self._frames.timeout.connect(self._on_frame)

    def run(self) -> None:
        """All of it, and what remains to be done at its end."""
        self._begun = time.perf_counter()
        self._frames.start()
        QCoreApplication.exec()
        self._cpu.append((self._shown, time.thread_time()))

    def _on_frame(self) -> None:
        self._cpu.append((self._shown, time.thread_time()))
        due = min(len(self._tokens), int((time.perf_counter() - self._begun) * self._per_s))
        if due > self._shown:
            self._page.grow("".join(self._tokens[self._shown : due]))
            self._shown = due
        elif due == len(self._tokens):
            self._frames.stop()
            self._ended = time.perf_counter()
            self._page.end()
            QTimer.singleShot(_AFTER_MS, QCoreApplication.quit)

    def values(self) -> dict[str, float]:
        """Microseconds a token, and the share of the main thread in percent."""
        total = len(self._tokens)
        spent = self._cpu[-1][1] - self._cpu[0][1]
        return {
            "per_token": 1e6 * spent / total,
            "busy": 100 * spent / (self._ended - self._begun),
            "first_quarter": self._per_token(0, total // 4),
            "last_quarter": self._per_token(total - total // 4, total),
        }

    def _per_token(self, first: int, last: int) -> float:
        (start, at_start), *_ = [each for each in self._cpu if each[0] >= first]
        *_, (end, at_end) = [each for each in self._cpu[:-1] if each[0] <= last]
        return 1e6 * (at_end - at_start) / (end - start)


class Clock:
    """Sees how long the event loop stands still."""

    def __init__(self) -> None:
        self._ticks: list[float] = []
        self._timer = QTimer(interval=_TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self._ticks.append(time.perf_counter()))
        self._timer.start()

    def values(self) -> dict[str, float]:
        """Milliseconds between two ticks."""
        gaps_ms = [1000 * (after - before) for before, after in pairwise(self._ticks)]
        return {"gap_p99": quantiles(gaps_ms, n=100)[98], "longest_gap": max(gaps_ms)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream", description=__doc__)
    parser.add_argument("page", choices=("app", "bare"))
    parser.add_argument("what", help="'reply', or a long block: code, list, table, paragraph")
    parser.add_argument("--per-s", type=float, default=200.0, help="tokens a second")
    parser.add_argument("--length", type=int, default=4_000, help="tokens of a reply")
    parser.add_argument("--clock", action="store_true", help="measure the gaps between the event loop's turns instead")
    args = parser.parse_args()
    page = open_page(args.page)
    page.until_painted(page.prepare([*texts.chat(_MESSAGES - 1), ""]))
    tokens = texts.reply(args.length) if args.what == "reply" else texts.long_block(args.what)
    stream = Stream(page, tokens, args.per_s)
    clock = Clock() if args.clock else None
    stream.run()
    print(json.dumps(stream.values() if clock is None else clock.values()))


if __name__ == "__main__":
    main()
