"""How wide the columns of a table are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtGui import QFont, QFontMetricsF

from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.inline import plain_inline

CELL_X = 14
"""Room beside the text of a cell, in the design's pixels."""
_LEAST_PX, _SQUEEZED_PX, _MOST_PX = 40, 150, 320
_STEP_PX = 8
"""Widths go in steps, so that a table that is being written does not move with every letter."""
_MAX_CHARS = 120
_MARKUP = re.compile(r"[\[<&$\\]")
_MARKS = re.compile(r"[*_~`]")


def wanted(rows: Sequence[Sequence[str]], style: Style) -> tuple[int, ...]:
    """What the texts of each column would take in one line, up to a limit."""
    columns = max(map(len, rows), default=1)
    bold = QFont(style.text_font)
    bold.setWeight(QFont.Weight.DemiBold)
    plain, head, code = QFontMetricsF(style.text_font), QFontMetricsF(bold), QFontMetricsF(style.code_font)
    least, most, step = style.px(_LEAST_PX), style.px(_MOST_PX), style.px(_STEP_PX)
    widths = [least] * columns
    for number, cells in enumerate(rows):
        for column, text in enumerate(cells):
            if widths[column] < most:
                metrics = head if number == 0 else plain
                width = metrics.horizontalAdvance(_shown(text))
                if "`" in text:
                    width = max(width, code.horizontalAdvance(_shown(text))) + style.px(8)
                steps = -int(-(width + style.px(CELL_X) * (2 if column else 1) + 1) // step)
                widths[column] = max(widths[column], min(most, steps * step))
    return tuple(widths)


def fitted(widths: Sequence[int], room: float, style: Style) -> list[int]:
    """`widths`, with the wide ones squeezed where that makes all fit into `room`. On paper they always fit."""
    over = sum(widths) - room
    if over <= 0:
        return list(widths)
    limit = style.px(_SQUEEZED_PX)
    spare = [max(0, width - limit) for width in widths]
    if sum(spare) < over:
        return _cut(widths, room) if style.is_still else list(widths)
    return [int(width - over * more / sum(spare)) for width, more in zip(widths, spare, strict=True)]


def _cut(widths: Sequence[int], room: float) -> list[int]:
    """The wide ones cut to one width, so that all fit into `room`: short words stay whole."""
    left, most = room, 0.0
    for number, width in enumerate(sorted(widths)):
        most = left / (len(widths) - number)
        if width > most:
            break
        left -= width
    return [min(width, int(most)) for width in widths]


def _shown(text: str) -> str:
    """About what a cell shows."""
    text = text[:_MAX_CHARS]
    return plain_inline(text) if _MARKUP.search(text) else _MARKS.sub("", text)
