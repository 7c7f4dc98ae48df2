"""The conversation with what its reader has marked in it: the selection, the caret, the hits of a search."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QClipboard, QColor, QGuiApplication, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from desktop.ui.i18n import tr
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.feed import Feed
from desktop.ui.transcript.place import REASONING, START, Spot
from desktop.ui.transcript.reading.caret import Caret, Step, has_text, spot_area
from desktop.ui.transcript.reading.copying import markdown_of
from desktop.ui.transcript.reading.find import Hit, shown, spans
from desktop.ui.transcript.selection import Selection, everything, selected_text
from desktop.ui.transcript.text.inline import References
from desktop.ui.transcript.text.markdown import Block

_PRIMARY_MS = 200
_ROUNDS = 4
_CARET_PX = 2
_ROOM_BELOW = 64
"""The way to the end floats there."""
_MAX_SPANS = 1000
_FEW, _A_LINE_PX, _FAR_RIGHT = 50, 80, 1e6
"""More hits in one block than that are not asked where they stand, if they are farther than a line out of sight."""


class Reader(Feed):
    """`needle` is the folded text whose hits are marked, `hit` the row and the place of the one that is visited.

    Signals:
        copied(what: str): something was copied, worded
    """

    copied = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caret = Caret(self)
        self.needle = ""
        self.hit: tuple[int, Hit] | None = None
        self._spans: dict[tuple[int, int, int], tuple[Block, list[tuple[int, int]]]] = {}
        self._primary_timer = QTimer(self, singleShot=True, interval=_PRIMARY_MS)
        self._primary_timer.timeout.connect(self._offer_primary)

    # Marked text.

    @property
    def has_mark(self) -> bool:
        """Whether some text is marked."""
        return self.selection is not None and not self.selection.is_empty

    @override
    def set_selection(self, selection: Selection | None) -> None:
        super().set_selection(selection)
        if self.has_mark and QGuiApplication.clipboard().supportsSelection():
            self._primary_timer.start()

    def select_all(self) -> None:
        """Mark all messages."""
        self.set_selection(everything(self.column))

    def copy_marked(self) -> None:
        """Copy what is marked, as it is shown."""
        if self.selection is not None and self.has_mark:
            QGuiApplication.clipboard().setText(selected_text(self.column, self.selection))
            self.copied.emit(tr("Copied"))

    def copy_markdown(self) -> None:
        """Copy what is marked, as it was written."""
        if self.selection is not None and self.has_mark:
            QGuiApplication.clipboard().setText(markdown_of(self.column, self.selection))
            self.copied.emit(tr("Copied as Markdown"))

    def give_up_mark(self) -> bool:
        """Mark nothing, and show no caret. False where there was neither."""
        had_any = self.has_mark or self.caret.is_on
        self.caret.is_on = False
        if had_any:
            self.set_selection(None)
        return had_any

    def _offer_primary(self) -> None:
        """What is marked can be pasted with the middle button, where the system has that."""
        if self.selection is not None and self.has_mark:
            text = selected_text(self.column, self.selection)
            QGuiApplication.clipboard().setText(text, QClipboard.Mode.Selection)

    # The caret.

    def toggle_caret(self) -> None:
        """Show the caret, or no more."""
        if self.caret.is_on:
            self.caret.is_on = False
            self.viewport().update()
        elif self.caret.begin():
            self._follow_caret()

    def move_caret(self, step: Step, *, marks: bool) -> None:
        """Move the caret, and mark what it passes."""
        self.caret.move(step, marks=marks)
        self._follow_caret()

    def caret_in_sight(self) -> QRectF | None:
        """Where the caret stands in the viewport, if it is shown."""
        spot = self.caret.spot
        if not self.caret.is_on or spot is None or not has_text(self.column, spot):
            return None
        return spot_area(self.column, spot).translated(-self.to_column(QPointF(0, 0)))

    def _follow_caret(self) -> None:
        spot = self.caret.spot
        if spot is not None:
            self.focused = spot.row
            self.show_spot(spot)
        self.viewport().update()

    # Where to read.

    def show_spot(self, spot: Spot, end: int | None = None, *, room_above: int = 0) -> None:
        """Scroll so that a place, or the text from it to `end`, can be read; `room_above` px at the top are covered."""
        self.follows = False
        bar, height = self.verticalScrollBar(), self.viewport().height()
        margin, room_below = self.column.style.px(12), self.column.style.px(_ROOM_BELOW)
        for _ in range(_ROUNDS):  # heights above are estimates until they are in sight
            area = spot_area(self.column, spot)
            top = area.top() - bar.value()
            if room_above + margin <= top and top + area.height() <= height - room_below:
                break
            is_near = -height < top < 2 * height
            above = top < room_above + margin
            edge = room_above + margin if above else height - room_below - area.height()
            bar.setValue(round(area.top() - (edge if is_near else height / 3)))
            self.follows = False
            self.settle()
        view = self.column.view(spot.row).flow(spot.place.part).view(spot.place.block)
        view.reveal(spot.place.offset, spot.place.offset if end is None else end)
        self.viewport().update()

    def visit(self, row: int, hit: Hit, *, room_above: int) -> None:
        """Show one hit of the search, more strongly than the others."""
        self.hit = (row, hit)
        if hit.part == REASONING and not self.column.view(row).is_unfolded:
            self.column.toggle_reasoning(row)
        spot = Spot(row, hit.place)
        if has_text(self.column, spot):
            self.show_spot(spot, hit.end, room_above=room_above)

    def mark_hits(self, needle: str) -> None:
        """Mark every place where `needle`, which is folded, stands; "" none."""
        self.needle = needle
        self.hit = None
        self._spans.clear()
        self.viewport().update()

    def top_spot(self) -> Spot:
        """Where what is in sight begins."""
        return self.column.spot_at(self.to_column(QPointF(0, 0))) if self.rows else START

    # Painting.

    @override
    def draw_row(self, painter: QPainter, row: int, top: float, bottom: float) -> None:
        super().draw_row(painter, row, top, bottom)
        if self.needle:
            self._draw_hits(painter, row, top, bottom)
        spot = self.caret.spot
        if (
            self.caret.is_on
            and self.hasFocus()
            and spot is not None
            and spot.row == row
            and has_text(self.column, spot)
        ):
            self._draw_caret(painter, spot)

    def _draw_caret(self, painter: QPainter, spot: Spot) -> None:
        area = spot_area(self.column, spot).translated(0, -self.column.top(spot.row))
        area.setWidth(max(1, self.column.style.px(_CARET_PX)))
        painter.fillRect(area, QColor(self.column.style.tokens.text))

    def _draw_hits(self, painter: QPainter, row: int, top: float, bottom: float) -> None:
        visited = self.hit[1] if self.hit is not None and self.hit[0] == row else None
        px = self.column.style.px
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for part, corner, flow in self.column.view(row).parts():
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
                            self._draw_visited(painter, place)
                        else:
                            others.addRoundedRect(place, px(3), px(3))
                self._mark(painter, others, self.column.style.tokens.hit)
        painter.restore()

    def _spans_of(self, place: tuple[int, int, int], block: Block, references: References) -> list[tuple[int, int]]:
        """Where hits stand in one block, kept from one painting to the next."""
        kept = self._spans.get(place)
        if kept is None or kept[0] is not block:
            if len(self._spans) > _MAX_SPANS:
                self._spans.clear()
            kept = self._spans[place] = (block, spans(shown(block, references), self.needle))
        return kept[1]

    def _draw_visited(self, painter: QPainter, area: QRectF) -> None:
        """Mark the hit that is visited, more strongly than the others."""
        tokens, px = self.column.style.tokens, self.column.style.px
        path = QPainterPath()
        path.addRoundedRect(area, px(3), px(3))
        self._mark(painter, path, tokens.hit_visited)
        painter.strokePath(path, QPen(QColor(tokens.accent), px(1.5)))

    def _mark(self, painter: QPainter, path: QPainterPath, pen: str) -> None:
        """Go over hits as with a marker pen, whatever is painted there already."""
        tokens = self.column.style.tokens
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
