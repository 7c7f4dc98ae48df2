"""Reading a chat of 5,000 messages: `app` in the transcript, `bare` in a plain text field. Prints what it cost."""

from __future__ import annotations

import json
import sys
from functools import partial
from statistics import median, quantiles

import psutil
from PySide6.QtWidgets import QAbstractSlider

from benchmarks import texts
from benchmarks.page import BETWEEN, SIZE, Page, clipboard, open_page
from desktop.ui.colours import DARK, LIGHT

_MANY, _SOME, _FEW = 5_000, 500, 50
_WHEEL_STEPS = 300
_RESIZE_STEPS = 30
_TIMES = 5


def main(kind: str, *, scrolls_through: bool) -> None:
    page = open_page(kind)
    many = texts.chat(_MANY)
    # Fonts and libraries are loaded: this is about chats, not about the start.
    page.until_painted(page.prepare(texts.chat(_FEW + 1)))
    measured = _memory(page, many) if scrolls_through else _shown(page, many)
    print(json.dumps(measured))


def _shown(page: Page, many: list[str]) -> dict[str, float]:
    return _opening(page, many) | _reading(page, many) | _changing(page)


def _opening(page: Page, many: list[str]) -> dict[str, float]:
    few = texts.chat(_FEW)
    opening_few, opening_many = [], []
    for _ in range(_TIMES):
        opening_few.append(page.until_painted(page.prepare(few)))
        opening_many.append(page.until_painted(page.prepare(many)))
    return {"open_50": 1000 * median(opening_few), "open_5000": 1000 * median(opening_many)}


def _reading(page: Page, many: list[str]) -> dict[str, float]:
    bar = page.area.verticalScrollBar()
    steps = [page.step(lambda: page.wheel(1)) for _ in range(_WHEEL_STEPS)]
    jump = page.step(lambda: bar.setValue(bar.maximum() // 2))
    steps += [page.step(lambda: page.wheel(-1)) for _ in range(_WHEEL_STEPS)]
    copies = [page.step(page.copy_all) for _ in range(_TIMES)]
    assert clipboard() == BETWEEN.join(many)
    return {
        "wheel_step_p95": 1000 * _p95(steps),
        "longest_wheel_step": 1000 * max(steps),
        "jump_to_the_middle": 1000 * jump,
        "copy_5000": 1000 * median(copies),
    }


def _changing(page: Page) -> dict[str, float]:
    page.until_painted(page.prepare(texts.chat(_SOME)))
    width, height = SIZE
    narrow = [partial(page.area.resize, width - 10 * step, height) for step in range(_RESIZE_STEPS)]
    steps = [page.step(change) for change in narrow + narrow[::-1]]
    wear = [partial(page.wear, tokens) for _ in range(_TIMES) for tokens in (DARK, LIGHT)]
    themes = [page.until_painted(change) for change in wear]
    return {"resize_step_p95": 1000 * _p95(steps), "theme_switch": 1000 * median(themes)}


def _memory(page: Page, many: list[str]) -> dict[str, float]:
    """Megabytes that the chat adds: opened, and after all of it has been seen."""
    opening = page.prepare(many)
    before = _resident_mb()
    page.until_painted(opening)
    opened = _resident_mb() - before
    bar = page.area.verticalScrollBar()
    page_up = partial(bar.triggerAction, QAbstractSlider.SliderAction.SliderPageStepSub)
    while bar.value() > 0:
        page.step(page_up)
    return {"memory_of_5000": opened, "memory_of_5000_seen": _resident_mb() - before}


def _resident_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[18]


if __name__ == "__main__":
    main(sys.argv[1], scrolls_through="memory" in sys.argv[2:])
