"""The quiet line that an answer begins with: who says it, when, and how fast once that is known."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from desktop.ui.dates import stamp
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.words import speaker, speed, when

HEIGHT = 24
"""In the design's pixels. It is there from the start, so that nothing moves when the speed arrives."""

_BASELINE = 14


class HeaderLine:
    """The line of `row`."""

    def __init__(self, row: Row, style: Style) -> None:
        self._style = style
        self._who = speaker(row)
        told = row.message.statistics
        said = stamp(row.message.created_at) if style.on_paper else when(row)
        facts = [said] + ([speed(told)] if told is not None and told.decode_tokens_per_s >= 1 else [])
        self._facts = " · ".join(facts)
        self._who_font = QFont(style.small_font)
        self._who_font.setWeight(QFont.Weight.DemiBold)

    def draw(self, painter: QPainter, width: float) -> None:
        """Paint at the painter's origin. A name that is too long for `width` is cut."""
        gap = self._style.px(8)
        metrics = QFontMetricsF(self._who_font)
        room = width - gap - QFontMetricsF(self._style.small_font).horizontalAdvance(self._facts)
        who = metrics.elidedText(self._who, Qt.TextElideMode.ElideRight, max(0.0, room))
        painter.setPen(QColor(self._style.tokens.muted))
        painter.setFont(self._who_font)
        baseline = self._style.px(_BASELINE)
        painter.drawText(QPointF(0, baseline), who)
        painter.setFont(self._style.small_font)
        painter.drawText(QPointF(metrics.horizontalAdvance(who) + gap, baseline), self._facts)
