"""What can be done about a notice, and where its buttons stand: in rows, as many as the column is wide."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetricsF

from desktop.ui.i18n import tr
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style

_HEIGHT, _GAP, _BELOW = 32, 8, 4
# Of a button: its icon, the space behind that, its paddings and frame.
_AROUND_WORDS = 14 + 8 + 2 * 15


@dataclass(frozen=True, slots=True)
class Deed:
    """One button: its object name, the name of its icon, its words. `is_quiet` asks for nothing to be done."""

    name: str
    icon: str
    words: str
    is_quiet: bool = False


def deeds_of(row: Row) -> list[Deed]:
    """What the notice of `row` offers."""
    deeds: list[Deed] = []
    if row.is_overflow:
        deeds.append(Deed("dropButton", "x", tr("Leave out the oldest")))
        deeds.append(Deed("summariseButton", "text-align-start", tr("Summarise the oldest")))
    if row.can_retry:
        deeds.append(Deed("retryButton", "refresh-cw", tr("Retry")))
    if row.offers_continue:
        deeds.append(Deed("continueButton", "step-forward", tr("Continue")))
    if row.summary:
        deeds.append(Deed("summaryButton", "text-align-start", tr("Show the summary"), is_quiet=True))
    return deeds if row.notice else []


def arranged(row: Row, style: Style, width: float) -> list[tuple[Deed, QRectF]]:
    """The buttons of `row` in a room of `width` pixels, from its upper left corner."""
    metrics = QFontMetricsF(style.text_font)
    placed: list[tuple[Deed, QRectF]] = []
    x = y = 0.0
    for deed in deeds_of(row):
        wide = min(metrics.horizontalAdvance(deed.words) + style.px(_AROUND_WORDS), width)
        if x and x + wide > width:
            x, y = 0.0, y + style.px(_HEIGHT + _GAP)
        placed.append((deed, QRectF(x, y, wide, style.px(_HEIGHT))))
        x += wide + style.px(_GAP)
    return placed


def height(row: Row, style: Style, width: float) -> float:
    """Of all buttons of `row`, with a little room below; 0 without any."""
    placed = arranged(row, style, width)
    return placed[-1][1].bottom() + style.px(_BELOW) if placed else 0.0
