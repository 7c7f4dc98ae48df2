"""The conversation with what its reader has marked in it: the selection, the caret, the hits of a search."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QTimer, Signal
from PySide6.QtGui import QClipboard, QColor, QGuiApplication, QPainter
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from desktop.ui.i18n import tr
from desktop.ui.transcript.feed import Feed
from desktop.ui.transcript.place import REASONING, START, Spot
from desktop.ui.transcript.reading.caret import Caret, Step, has_text, spot_area
from desktop.ui.transcript.reading.copying import markdown_of
from desktop.ui.transcript.reading.find import Hit
from desktop.ui.transcript.reading.hit_marks import HitMarks
from desktop.ui.transcript.selection import Selection, everything, selected_text

_PRIMARY_MS = 200
_ROUNDS = 4
_CARET_PX = 2
_ROOM_BELOW = 64
"""The way to the end floats there."""


class Reader(Feed):
    """`hit` is the row and the place of the hit that is visited, `marks` are those of all.

    Signals:
        copied(what: str): something was copied, worded
    """

    copied = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caret = Caret(self)
        self.marks = HitMarks()
        self.hit: tuple[int, Hit] | None = None
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
        self.marks.begin(needle)
        self.hit = None
        self.viewport().update()

    def top_spot(self) -> Spot:
        """Where what is in sight begins."""
        return self.column.spot_at(self.to_column(QPointF(0, 0))) if self.rows else START

    # Painting.

    @override
    def draw_row(self, painter: QPainter, row: int, top: float, bottom: float) -> None:
        super().draw_row(painter, row, top, bottom)
        visited = self.hit[1] if self.hit is not None and self.hit[0] == row else None
        self.marks.draw(painter, row, self.column.view(row), self.column.style, (top, bottom), visited)
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
