"""A column of messages, scrolled and painted: lays out what is in sight, and keeps the reader's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget
from typing_extensions import override

from desktop.ui import theme
from desktop.ui.i18n import tr
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.column import Anchor, Column, column_width
from desktop.ui.transcript.message import branch_counter
from desktop.ui.transcript.place import TEXT
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.selection import Selection
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import Block

_AT_END_PX = 4
_LINE_PX = 24
_BREATH_MS = 80
_BREATHS = 24
_SETTLE_ROUNDS = 8
_OVERHANG_PX = 4
"""So far a block may paint above its upper edge."""


class Canvas(QAbstractScrollArea):
    """`follows` says whether the end stays in sight when the text grows, `focused` which row was chosen.

    Signals:
        settled(): what is in sight is laid out and stands where it belongs
        restyled(): it is drawn with another style now, or in another language
    """

    settled = Signal()
    restyled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Every pixel is painted, so that Qt may move the picture when it is scrolled.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.column = Column(Style(theme.tokens(self.palette()), 1.0), 320.0)
        self.selection: Selection | None = None
        self.focused: int | None = None
        self.follows = True
        self._is_settling = False
        self._room_above = 0
        self._seen = (0.0, 0.0)
        self._painted_at = 0
        self._painted_end = 0.0
        self._breath = 0
        # No QBasicTimer: Python may hold one for longer than its widget lives, and it would wake what is gone.
        self._breathing = QTimer(self, interval=_BREATH_MS)
        self._breathing.timeout.connect(self._on_breath)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    @property
    def rows(self) -> Sequence[Row]:
        """The rows, as they were last given."""
        return self.column.rows

    def set_selection(self, selection: Selection | None) -> None:
        """Mark this and nothing else."""
        self.selection = selection
        self.viewport().update()

    # Geometry.

    @property
    def _sight(self) -> tuple[float, float]:
        top = self.verticalScrollBar().value()
        return float(top), float(top + self.viewport().height())

    @property
    def _end(self) -> int:
        """The scroll bar's value where the end is in sight."""
        return max(-self._room_above, round(self.column.height) - self.viewport().height())

    @property
    def _left(self) -> int:
        # In the middle of the whole page, scroll bar included, where the composer's middle is too.
        return (self.width() - round(self.column.width)) // 2

    def to_column(self, point: QPointF) -> QPointF:
        """A point of the viewport in the column's coordinates."""
        return point + QPointF(-self._left, self.verticalScrollBar().value())

    def area_of(self, row: int) -> QRect:
        """Where a row stands in the viewport."""
        height = self.column.top(row + 1) - self.column.top(row)
        y = self.column.top(row) - self.verticalScrollBar().value()
        return QRectF(self._left, y, self.column.width, height).toAlignedRect()

    def rows_in_sight(self) -> range:
        """The rows that can be seen now."""
        if not self.column.rows:
            return range(0)
        top, bottom = self._sight
        return range(self.column.at(top), self.column.at(bottom - 1) + 1)

    def targets(self, row: int) -> list[Target]:
        """What can be activated in the part of `row` that is in sight, in reading order; areas as in the viewport."""
        view = self.column.view(row)
        top, bottom = self._sight
        start = self.column.top(row)
        corner = QPointF(self._left, start - top)
        found = []
        line = view.reasoning_line
        # Who reads far down in the reasoning can fold it too.
        ends = [origin.y() for part, origin, _ in view.parts() if part == TEXT and view.is_unfolded]
        if line is not None and max([line.bottom(), *ends]) > top - start and line.top() < bottom - start:
            found.append(Target(line.translated(corner), tr("Reasoning"), Does.FOLD))
        for part, origin, flow in view.parts():
            y = start + origin.y()
            for index, block_top, _ in flow.in_sight(top - y, bottom - y):
                shift = corner + origin + QPointF(0, block_top)
                found.extend(replace(target.translated(shift), part=part) for target in flow.targets(index))
        return found

    def blocks_in_sight(self) -> Iterator[BlockView]:
        """The blocks that can be seen now, as they are laid out."""
        top, bottom = self._sight
        for row in self.rows_in_sight():
            for _, origin, flow in self.column.view(row).parts():
                y = self.column.top(row) + origin.y()
                yield from (view for _, _, view in flow.in_sight(top - y, bottom - y))

    # Layout.

    def settle(self, changed_below: float = 0.0) -> None:
        """Lay out what is in sight. The reader's place stays, or the end where it is followed.

        Above the height `changed_below` the messages look as before.
        """
        if self._is_settling:
            return
        self._is_settling = True
        bar = self.verticalScrollBar()
        height = self.viewport().height()
        before = bar.value()
        anchor = None if self.follows else self._place_to_keep(before, before + height)
        value = before
        for _ in range(_SETTLE_ROUNDS):
            top = self._end if self.follows else value
            changed = self.column.realise(top, top + height)
            value = self._end if self.follows else round(before + self.column.moved(anchor))
            value = max(-self._room_above, min(value, self._end))
            if not changed and value == top:
                break
        # Once: whatever changes of the scroll bar, Qt lays out the whole area anew.
        self._set_range(value)
        self._is_settling = False
        # What the reader saw keeps its place when heights above are corrected: it moves by what was scrolled only.
        self._repaint((bar.value() if self.follows else before) - self._painted_at, changed_below)
        self._seen = self._sight
        self._painted_at = bar.value()
        self._breathe()
        self.settled.emit()

    def _repaint(self, scrolled: int, changed_below: float) -> None:
        """Move what is painted already, and paint the rest."""
        end, self._painted_end = max(self._painted_end, self.column.height), self.column.height
        if changed_below <= 0 or abs(scrolled) >= self.viewport().height():
            self.viewport().update()
            return
        if scrolled:
            self.viewport().scroll(0, -scrolled)
        top, bottom = self._sight
        if changed_below < bottom:
            y = changed_below - self.column.style.px(_OVERHANG_PX)
            # From edge to edge: the ring and long numbers of lists are painted beside the column.
            changed = QRectF(0, y - top, self.viewport().width(), min(end, bottom) - y)
            self.viewport().update(changed.toAlignedRect())

    def _place_to_keep(self, top: float, bottom: float) -> Anchor | None:
        """What the reader sees and has seen before, if there is such a thing between two heights."""
        first, last = max(top, self._seen[0]), min(bottom, self._seen[1])
        return self.column.anchor(first, last) if first < last else self.column.anchor(top, bottom)

    def _set_range(self, value: int) -> None:
        bar = self.verticalScrollBar()
        line = self.column.style.px(_LINE_PX)
        # A line of the page before is the first of the next.
        bar.setPageStep(max(line, self.viewport().height() - line))
        bar.setSingleStep(line)
        bar.setRange(-self._room_above, self._end)
        bar.setValue(value)

    def leave_room_above(self, room: int) -> None:
        """Let the chat begin `room` px lower: what floats there would cover its beginning. Less than 0 is higher."""
        bar = self.verticalScrollBar()
        value = -room if bar.value() <= self.column.top(0) else bar.value()
        self._room_above = room
        self._is_settling = True
        self._set_range(value)
        self._is_settling = False
        self.settle()

    def reveal(self, row: int, *, to_top: bool) -> None:
        """Scroll so that `row` can be read; with `to_top` so that it begins at the top.

        Whoever reads one that is higher than the page stays where they are in it.
        """
        bar, height = self.verticalScrollBar(), self.viewport().height()
        margin = self.column.style.px(12)
        area = self.area_of(row)
        is_read = area.height() > height and (area & self.viewport().rect()).height() > height / 2
        if to_top or (not is_read and (area.top() < 0 or area.height() > height)):
            bar.setValue(round(self.column.top(row)) - margin)
        elif not is_read and area.bottom() > height:
            bar.setValue(bar.value() + area.bottom() - height + margin)
        self.settle()

    def _on_scrolled(self) -> None:
        if self._is_settling:
            return
        bar = self.verticalScrollBar()
        self.follows = bar.value() >= bar.maximum() - _AT_END_PX
        self.settle(changed_below=self.column.height)

    def restyle(self, style: Style) -> None:
        """Draw with `style` from now on, with what is being read in its place."""
        anchor = self.column.anchor(*self._sight)
        self.column.restyle(style)
        self.column.set_width(column_width(self.width(), style.zoom))
        self._keep_place(anchor)
        self.restyled.emit()

    def refresh(self, changed: Callable[[Block], bool]) -> None:
        """Lay out anew the blocks that `changed` tells: what they show has come or is another now.

        The reader's place stays. What is not laid out costs nothing.
        """
        anchor = self.column.anchor(*self._sight)
        if self.column.refresh(changed):
            self._keep_place(anchor)

    def _keep_place(self, anchor: Anchor | None) -> None:
        """Lay out what is in sight after heights have changed, with what `anchor` names where it was."""
        bar = self.verticalScrollBar()
        value = bar.value()
        for _ in range(_SETTLE_ROUNDS):
            self._is_settling = True
            self._set_range(round(value + self.column.moved(anchor)))
            self._is_settling = False
            self._seen = self._sight
            self.settle()
            # What reaches into sight from above has its real height only now.
            if self.follows or bar.value() in (0, bar.maximum(), round(value + self.column.moved(anchor))):
                break

    def _breathe(self) -> None:
        """Let the dot of an answer that has not begun breathe while it is in sight, and only then."""
        waits = any(self.column.view(row).indicator is not None for row in self.rows_in_sight())
        if waits and self.isVisible():
            if not self._breathing.isActive():
                self._breathing.start()
        else:
            self._breathing.stop()

    def _on_breath(self) -> None:
        self._breath = (self._breath + 1) % _BREATHS
        for row in self.rows_in_sight():
            indicator = self.column.view(row).indicator
            if indicator is not None:
                y = self.column.top(row) - self._sight[0]
                self.viewport().update(indicator.translated(self._left, y).toAlignedRect())

    # Painting.

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), QColor(self.column.style.tokens.bg))
        # The blocks ask for it: of a long one only the lines that are asked for are drawn.
        painter.setClipRect(event.rect())
        top, _ = self._sight
        for row in self.rows_in_sight():
            if not self.area_of(row).adjusted(-9999, 0, 9999, 0).intersects(event.rect()):
                continue
            start = self.column.top(row)
            painter.save()
            painter.translate(self._left, start - top)
            clip_top = top - start + event.rect().top()
            self.draw_row(painter, row, clip_top, clip_top + event.rect().height())
            painter.restore()

    def draw_row(self, painter: QPainter, row: int, top: float, bottom: float) -> None:
        """Paint what lies between two heights of `row`, at the painter's origin."""
        view = self.column.view(row)
        marks = self.selection.in_row(row, view) if self.selection is not None else None
        view.draw(painter, top, bottom, marks)
        self._draw_indicator(painter, view.indicator)
        if view.row.branches > 1:
            branch_counter.draw(painter, view.row, self.column.style, view.actions)

    def _draw_indicator(self, painter: QPainter, area: QRectF | None) -> None:
        if area is None:
            return
        colour = QColor(self.column.style.tokens.accent)
        # From 0.35 to 1 and back, as a breath goes.
        phase = abs(self._breath - _BREATHS / 2) / (_BREATHS / 2)
        colour.setAlphaF(0.35 + 0.65 * phase * phase * (3 - 2 * phase))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(area)

    def draw_ring(self, painter: QPainter, area: QRectF, radius: int) -> None:
        """Paint the focus ring around `area`, its corners of `radius` px of the design."""
        style = self.column.style
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(style.tokens.accent), style.px(2)))
        painter.drawRoundedRect(area, style.px(radius), style.px(radius))

    # Events.

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Only what is in sight is laid out anew at each step of a window that is being resized.
        self.column.keep_in_sight(*self._sight)
        anchor = self.column.anchor(*self._sight)
        self.column.set_width(column_width(self.width(), self.column.style.zoom))
        self._keep_place(anchor)

    @override
    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Nothing: `settle` moves the picture, once it knows by how much."""
