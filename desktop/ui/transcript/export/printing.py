"""Paints a chat's pages on whatever has pages, with the title and the number of the page in the margins."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPagedPaintDevice, QPainter

from desktop.errors import CannotPrint
from desktop.ui.i18n import tr
from desktop.ui.transcript.export.pages import Pages

_FINDING = 0.5
"""This share of the work is to find out where the pages end."""
_HEAD_PX, _FOOT_PX = 20, 34
"""How far above the text the title stands, and below it the number, in the design's pixels."""


def print_pages(
    device: QPagedPaintDevice, pages: Pages, title: str, wanted: Sequence[int] | None = None
) -> Iterator[float]:
    """Paint all of `pages`, or the `wanted` ones, counted from 0. Works in small steps; yields what is done, 0 to 1.

    Raises:
        CannotPrint
    """
    for done in pages.find():
        yield done * _FINDING
    count = len(pages.ends)
    numbers = [number for number in (range(count) if wanted is None else wanted) if 0 <= number < count]
    painter = QPainter()
    if not numbers:
        return
    if not painter.begin(device):
        raise CannotPrint
    try:
        scale = device.logicalDpiX() / pages.sheet.per_inch
        painter.scale(scale, scale)
        for index, number in enumerate(numbers):
            if index:
                device.newPage()
            _draw_margins(painter, pages, title, number)
            for _ in pages.draw(painter, number):
                yield _FINDING + index / len(numbers) * (1 - _FINDING)
    finally:
        painter.end()


def _draw_margins(painter: QPainter, pages: Pages, title: str, number: int) -> None:
    style, sheet = pages.style, pages.sheet
    painter.setPen(QColor(style.tokens.muted))
    bottom = sheet.height + style.px(_FOOT_PX)
    words = _page_words(number + 1, len(pages.ends))
    head = " ".join(title.split())
    today = time.strftime("%Y-%m-%d")
    for text, y, is_right in ((head, -style.px(_HEAD_PX), False), (today, bottom, False), (words, bottom, True)):
        font = style.small_font_for(text)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, sheet.width)
        painter.drawText(QPointF(sheet.width - metrics.horizontalAdvance(shown) if is_right else 0, y), shown)


def _page_words(number: int, count: int) -> str:
    return tr("Page {number} of {count}", number=f"{number:,}", count=f"{count:,}")
