"""The marker pen over what a search has found, as it is painted."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.message.message_view import MessageView
from desktop.ui.transcript.reading.find import Hit, shown, spans
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.inline import References
from desktop.ui.transcript.text.markdown import Block

_MAX_SPANS = 1000
_FEW, _A_LINE_PX, _FAR_RIGHT = 50, 80, 1e6
"""More hits in one block than that are not asked where they stand, if they are farther than a line out of sight."""


class HitMarks:
    """Marks every place where `needle` stands, which is folded; "" none."""

    def __init__(self) -> None:
        self.needle = ""
        self._spans: dict[tuple[int, int, int], tuple[Block, list[tuple[int, int]]]] = {}

    def begin(self, needle: str) -> None:
        """Mark this from now on."""
        self.needle = needle
        self._spans.clear()

    def draw(
        self,
        painter: QPainter,
        row: int,
        message: MessageView,
        style: Style,
        sight: tuple[float, float],
        visited: Hit | None,
    ) -> None:
        """Mark the hits of `message`, which stands in `row`, between the two heights of `sight`."""
        if not self.needle:
            return
        px = style.px
        top, bottom = sight
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for part, corner, flow in message.parts():
            for index, y, view in flow.in_sight(top - corner.y(), bottom - corner.y()):
                found = self._spans_of((row, part, index), view.block, flow.references)
                shift = corner + QPointF(0, y)
                others = QPainterPath()
                others.setFillRule(Qt.FillRule.WindingFill)
                for start, end in _in_sight(view, found, top - shift.y(), bottom - shift.y(), px(_A_LINE_PX)):
                    is_visited = visited == Hit(part, index, start, end)
                    for area in view.areas(start, end):
                        place = area.translated(shift).adjusted(-px(1), 0, px(1), 0)
                        if is_visited:
                            self._draw_visited(painter, place, style)
                        else:
                            others.addRoundedRect(place, px(3), px(3))
                self._mark(painter, others, style.tokens.hit, style)
        painter.restore()

    def _spans_of(self, place: tuple[int, int, int], block: Block, references: References) -> list[tuple[int, int]]:
        """Where hits stand in one block, kept from one painting to the next."""
        kept = self._spans.get(place)
        if kept is None or kept[0] is not block:
            if len(self._spans) > _MAX_SPANS:
                self._spans.clear()
            kept = self._spans[place] = (block, spans(shown(block, references), self.needle))
        return kept[1]

    def _draw_visited(self, painter: QPainter, area: QRectF, style: Style) -> None:
        """Mark the hit that is visited, more strongly than the others."""
        tokens, px = style.tokens, style.px
        path = QPainterPath()
        path.addRoundedRect(area, px(3), px(3))
        self._mark(painter, path, tokens.hit_visited, style)
        painter.strokePath(path, QPen(QColor(tokens.accent), px(1.5)))

    def _mark(self, painter: QPainter, path: QPainterPath, pen: str, style: Style) -> None:
        """Go over hits as with a marker pen, whatever is painted there already."""
        tokens = style.tokens
        modes = QPainter.CompositionMode
        deepen, tint = modes.CompositionMode_ColorBurn, modes.CompositionMode_Multiply
        if tokens.dark:
            deepen, tint = modes.CompositionMode_ColorDodge, modes.CompositionMode_Screen
        for mode, colour in ((deepen, tokens.hit_depth), (tint, pen)):
            painter.setCompositionMode(mode)
            painter.fillPath(path, QColor(colour))
        painter.setCompositionMode(modes.CompositionMode_SourceOver)


def _in_sight(
    view: BlockView, found: list[tuple[int, int]], top: float, bottom: float, margin: int
) -> list[tuple[int, int]]:
    """Those of the ranges `found` that may be seen between two heights."""
    if len(found) < _FEW:
        return found
    first = view.position_at(QPointF(0, top - margin))
    last = view.position_at(QPointF(_FAR_RIGHT, bottom + margin))
    return found[bisect_left(found, first, key=itemgetter(1)) : bisect_right(found, last, key=itemgetter(0))]
