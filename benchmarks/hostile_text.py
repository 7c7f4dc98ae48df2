"""Texts that want the window to stand still, each as an answer and as one that streams.

Prints the longest time in milliseconds for which the event loop stood still with each, and with a harmless reply.
"""

from __future__ import annotations

import json
import time
from functools import partial

from PySide6.QtCore import QCoreApplication, QTimer

from benchmarks import texts
from benchmarks.page import Page, open_page
from desktop.ui.engine_thread import FRAME_MS

_HARMLESS_TOKENS = 8_000
_FRAMES = 40
_TICK_MS = 2
_AFTER_MS = 300


def main() -> None:
    page = open_page("app")
    page.until_painted(page.prepare(texts.chat(51)))
    values = {"harmless": _longest_ms(page, "".join(texts.reply(_HARMLESS_TOKENS)))}
    values |= {kind: _longest_ms(page, texts.hostile(kind)) for kind in texts.HOSTILE_KINDS}
    print(json.dumps(values))


def _longest_ms(page: Page, text: str) -> float:
    bar = page.area.verticalScrollBar()
    steps = [page.step(page.prepare(["", text]))]
    steps += [page.step(partial(bar.setValue, value)) for value in (0, bar.maximum() // 2)]
    steps.append(page.step(page.copy_all))
    page.until_painted(page.prepare(["", ""]))
    return 1000 * max(*steps, _while_streaming_s(page, text))


def _while_streaming_s(page: Page, text: str) -> float:
    longest, last = 0.0, time.perf_counter()
    size = len(text) // _FRAMES + 1
    parts = [text[start : start + size] for start in range(0, len(text), size)]

    def tick() -> None:
        nonlocal longest, last
        now = time.perf_counter()
        longest, last = max(longest, now - last), now

    def frame() -> None:
        if parts:
            page.grow(parts.pop(0))
        else:
            frames.stop()
            page.end()
            # Not `quit`: it would close the window.
            QTimer.singleShot(_AFTER_MS, lambda: QCoreApplication.exit(0))

    frames, ticks = QTimer(interval=FRAME_MS), QTimer(interval=_TICK_MS)
    frames.timeout.connect(frame)
    ticks.timeout.connect(tick)
    frames.start()
    ticks.start()
    QCoreApplication.exec()
    return longest


if __name__ == "__main__":
    main()
