"""What a block is indented by: the bars of quotes, the markers of lists, and how much room they take."""

from __future__ import annotations

import re

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import BULLET, BULLET_INNER, INSIDE, NOTE, QUOTE, TASK_DONE, Block, Kind
from desktop.ui.transcript.text.script import is_right_to_left

_WRITTEN = frozenset({Kind.PARAGRAPH, Kind.HEADING, Kind.PLAIN})
_FORMULA = re.compile(r"\$[^$]*\$")
_LABEL_CHARS = 12
_SHARE_FOR_INDENTS = 0.5
"""However deep the nesting, this share of the width stays for text."""


class Markers:
    """The indents of `block` in a column of `width` pixels. `edges` says where the room of each ends.

    They count from the left; from the right where the text runs from right to left.
    """

    def __init__(self, block: Block, style: Style, width: float) -> None:
        self.is_mirrored = is_mirrored(block)
        self.edges = _indent_edges(block, style, width)
        self._block = block
        self._style = style
        self._width = width

    @property
    def indent(self) -> float:
        """How much room they take."""
        return self.edges[-1] if self.edges else 0.0

    @property
    def left(self) -> float:
        """Where the text begins."""
        return 0.0 if self.is_mirrored else self.indent

    def draw(self, painter: QPainter, height: float, baseline: float) -> None:
        """Paint all of them. The block is `height` high, `baseline` is that of its first line."""
        for depth, (indent, edge) in enumerate(zip(self._block.indents, self.edges, strict=True)):
            if indent == QUOTE:
                self.draw_quote_bar(painter, depth, 0, height)
            elif indent.startswith(NOTE):
                self._draw_note(painter, self.note_area(baseline), indent.removeprefix(NOTE))
            elif indent != INSIDE:
                self._draw_marker(painter, indent, edge, baseline)

    def draw_quote_bar(self, painter: QPainter, depth: int, y: float, height: float) -> None:
        """Paint the edge of the quote that is the block's indent number `depth`."""
        edge = self.edges[depth - 1] if depth else 0.0
        thick = self._style.px(3)
        painter.fillRect(QRectF(self._x(edge, thick), y, thick, height), QColor(self._style.tokens.line))

    def note_area(self, baseline: float) -> QRectF:
        """Where the number of the footnote stands that the block begins; empty if it begins none."""
        marker = next((indent for indent in self._block.indents if indent.startswith(NOTE)), None)
        if marker is None:
            return QRectF()
        font = self._style.small_font
        metrics = QFontMetricsF(font)
        width = metrics.horizontalAdvance(_shown_label(marker.removeprefix(NOTE)))
        edge = self.edges[self._block.indents.index(marker)]
        bottom = baseline - self._style.px(3) + metrics.descent()
        return QRectF(
            self._x(edge - self._style.px(6) - width, width), bottom - metrics.height(), width, metrics.height()
        )

    def _x(self, edge: float, width: float) -> float:
        """The left edge of what is `width` wide and begins at `edge`."""
        return self._width - edge - width if self.is_mirrored else edge

    def _draw_note(self, painter: QPainter, area: QRectF, label: str) -> None:
        painter.setFont(self._style.small_font)
        painter.setPen(QColor(self._style.tokens.accent))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip, _shown_label(label))

    def _draw_marker(self, painter: QPainter, marker: str, edge: float, baseline: float) -> None:
        px = self._style.px
        colours = self._style.tokens
        ink = QColor(colours.muted)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QPointF(self._x(edge - px(14), 0), baseline - px(5))
        match marker:
            case "•" | "◦":
                radius = self._style.zoom * 2.5
                painter.setBrush(ink if marker == BULLET else Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(ink, self._style.zoom) if marker == BULLET_INNER else Qt.PenStyle.NoPen)
                painter.drawEllipse(middle, radius, radius)
            case "☐" | "☑":
                aside = px(2) if self.is_mirrored else -px(2)
                self._draw_task(painter, middle + QPointF(aside, 0), done=marker == TASK_DONE)
            case _:
                painter.setFont(self._style.text_font)
                painter.setPen(ink)
                width = QFontMetricsF(self._style.text_font).horizontalAdvance(marker)
                # In text from right to left the point follows at the left.
                shown = f"\u200f{marker}\u200f" if self.is_mirrored else marker
                painter.drawText(QPointF(self._x(edge - px(6) - width, width), baseline), shown)

    def _draw_task(self, painter: QPainter, middle: QPointF, *, done: bool) -> None:
        px = self._style.px
        colours = self._style.tokens
        half = px(6.5)
        area = QRectF(middle.x() - half, middle.y() - half, 2 * half, 2 * half)
        painter.setPen(QPen(QColor(colours.accent if done else colours.muted), self._style.zoom))
        painter.setBrush(QColor(colours.accent) if done else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area, px(3), px(3))
        if done:
            tick = QPainterPath(middle + QPointF(-px(3), 0))
            tick.lineTo(middle + QPointF(-px(1), px(2.5)))
            tick.lineTo(middle + QPointF(px(3.5), -px(2.5)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.on_accent), 1.5 * self._style.zoom))
            painter.drawPath(tick)


def _shown_label(label: str) -> str:
    """The label of a footnote, cut where it is too long for the margin."""
    return label if len(label) <= _LABEL_CHARS else label[: _LABEL_CHARS - 1] + "…"


def is_mirrored(block: Block) -> bool:
    """Whether the block is text that runs from right to left."""
    return block.kind in _WRITTEN and not block.text.isascii() and is_right_to_left(_FORMULA.sub("", block.text))


def _indent_edges(block: Block, style: Style, width: float) -> list[float]:
    """Where the room of each of the block's indents ends, counted from the side that the text begins at."""
    steps = [float(style.px(16 if indent == QUOTE else 26)) for indent in block.indents]
    if block.note and steps:
        # Of the footnote, which is the outermost: its label may be a word.
        label = QFontMetricsF(style.small_font).horizontalAdvance(_shown_label(block.note))
        steps[0] = max(steps[0], label + style.px(10))
    total = sum(steps)
    room = width * _SHARE_FOR_INDENTS
    scale = min(1.0, room / total) if total else 1.0
    edges = []
    edge = 0.0
    for step in steps:
        edge += step * scale
        edges.append(float(round(edge)))
    return edges
