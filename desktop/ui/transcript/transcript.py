"""The conversation as it is drawn: one scrolled canvas on which each message is painted block by block."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import QBasicTimer, QEvent, QPoint, QPointF, QRect, QRectF, Qt, QTimer, QTimerEvent, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget
from typing_extensions import override

from desktop.chat.message import State
from desktop.ui import theme
from desktop.ui.i18n import tr
from desktop.ui.transcript import accessible, keyboard, menu
from desktop.ui.transcript.block_view import Target
from desktop.ui.transcript.column import Anchor, Column, column_width
from desktop.ui.transcript.inline import may_open
from desktop.ui.transcript.overlay import Overlay, Scene
from desktop.ui.transcript.pointer import Pointer
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.selection import Selection, everything, selected_text
from desktop.ui.transcript.style import Style

_AT_END_PX = 4
_BREATH_MS = 80
_BREATHS = 24
_CONFIRMED_MS = 1200
_BACK_OFF = 3
"""A streamed step waits this many times as long as the last one took, so that it never takes all of the main thread."""
_NOTICED_S = 0.008
_SETTLE_ROUNDS = 8
_FAR_FROM_END_PX = 80
_OVERHANG_PX = 4
"""So far a block may paint above its upper edge."""


class Transcript(QAbstractScrollArea):
    """Shows the messages of the open path, and reports what the reader wants done with them.

    Signals:
        edit_requested(message_id: int), regenerate_requested(message_id: int), continue_requested(message_id: int),
        retry_requested(message_id: int)
        branch_requested(message_id: int, step: int): -1 for the sibling before, 1 for the one behind
        link_activated(url: str): the reader clicked a link; it is http, https or mailto
        copied(what: str): something was copied, worded
    """

    edit_requested = Signal(int)
    regenerate_requested = Signal(int)
    continue_requested = Signal(int)
    retry_requested = Signal(int)
    branch_requested = Signal(int, int)
    link_activated = Signal(str)
    copied = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transcript")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        # Every pixel is painted, so that Qt may move the picture when it is scrolled.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.selection: Selection | None = None
        self.focused: int | None = None
        self._target: int | None = None
        self._hovered: int | None = None
        self._shows_ring = False
        self._follows = True
        self._is_settling = False
        self._seen = (0.0, 0.0)
        self._painted_at = 0
        self._late: set[int] = set()
        self._due_s = 0.0
        self._breath = 0
        self._breathing = QBasicTimer()
        self._late_timer = QTimer(self, singleShot=True)
        self._confirmed_timer = QTimer(self, singleShot=True, interval=_CONFIRMED_MS)
        self.column = Column(Style(theme.tokens(self.palette()), 1.0), 320.0)
        self._pointer = Pointer(self)
        self._overlay = Overlay(self.viewport())
        self._connect()
        self._restyle()
        accessible.install()

    def _connect(self) -> None:
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self._late_timer.timeout.connect(self._show_late)
        self._confirmed_timer.timeout.connect(lambda: self._overlay.confirm_copied(-1, confirmed=False))
        overlay = self._overlay
        overlay.copy_requested.connect(self.copy_message)
        overlay.edit_requested.connect(lambda row: self.edit_requested.emit(self._id(row)))
        overlay.regenerate_requested.connect(lambda row: self.regenerate_requested.emit(self._id(row)))
        overlay.continue_requested.connect(lambda row: self.continue_requested.emit(self._id(row)))
        overlay.retry_requested.connect(lambda row: self.retry_requested.emit(self._id(row)))
        overlay.branch_requested.connect(lambda row, step: self.branch_requested.emit(self._id(row), step))
        overlay.end_requested.connect(self.scroll_to_end)
        overlay.focus_left.connect(self._place_overlay, Qt.ConnectionType.QueuedConnection)

    # What is shown.

    @property
    def rows(self) -> Sequence[Row]:
        """The rows, as they were last given."""
        return self.column.rows

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show another chat, from its end."""
        self.column = Column(self.column.style, self.column.width)
        self.column.replace(0, rows)
        self._late.clear()
        self.selection = self.focused = self._target = self._hovered = None
        self._follows = True
        self._settle()
        accessible.rows_changed(self)

    def replace_rows(self, first: int, rows: Sequence[Row]) -> None:
        """The rows from `first` on are now these. The reader stays where they read, or at the end."""
        self.column.replace(first, rows)
        self._late = {index for index in self._late if index < first}
        if self.selection is not None and self.selection.end.row >= first:
            self.selection = None
        if self.focused is not None and self.focused >= len(self.column.rows):
            self.focused = None
        self._target = None
        self._settle()
        accessible.rows_changed(self)

    def update_row(self, index: int, row: Row) -> None:
        """Row `index` is now `row`: its text has grown, or its state has changed."""
        ended = self.column.rows[index].message.state is State.STREAMING and row.message.state is not State.STREAMING
        self.column.rows[index] = row
        self._late.add(index)
        if row.message.state is not State.STREAMING or time.perf_counter() >= self._due_s:
            self._show_late()
        elif not self._late_timer.isActive():
            self._late_timer.start(max(1, round((self._due_s - time.perf_counter()) * 1000)))
        if ended:
            accessible.row_finished(self, index)

    def set_zoom(self, zoom: float) -> None:
        """Draw everything `zoom` times as large."""
        if zoom != self.column.style.zoom:
            self._restyle(zoom)

    def scroll_to_end(self) -> None:
        """Show the end, and follow it."""
        self._follows = True
        self._settle()

    def scroll_to_message(self, message_id: int) -> None:
        """Show the beginning of this message, and mark it as the chosen one."""
        row = self.column.row_of(message_id)
        if row is not None:
            self._follows = False
            self.focus_row(row, to_top=True)

    def select_all(self) -> None:
        """Mark all messages."""
        self.set_selection(everything(self.column))

    def set_selection(self, selection: Selection | None) -> None:
        """Mark this and nothing else."""
        self.selection = selection
        self.viewport().update()

    def copy(self) -> None:
        """Copy what is marked; without a mark the chosen message."""
        if self.selection is not None and not self.selection.is_empty:
            QGuiApplication.clipboard().setText(selected_text(self.column, self.selection))
            self.copied.emit(tr("Copied"))
        elif self.focused is not None:
            self.copy_message(self.focused)

    def copy_message(self, row: int) -> None:
        """Copy the Markdown of a whole message."""
        QGuiApplication.clipboard().setText(self.column.rows[row].message.text)
        self._overlay.confirm_copied(row, confirmed=True)
        self._confirmed_timer.start()
        self.copied.emit(tr("Message copied"))

    def activate(self, row: int, target: Target) -> None:
        """Do what a click on `target` in `row` does."""
        if target.link:
            if may_open(target.link):
                self.link_activated.emit(target.link)
        elif target.code is not None:
            QGuiApplication.clipboard().setText(target.code)
            self.copied.emit(tr("Code copied"))
        else:
            self.column.toggle_reasoning(row)
            self._follows = False
            self._settle()

    # Choosing messages by keyboard.

    def focus_row(self, row: int, *, to_top: bool = False) -> None:
        """Choose a message: show its ring and its actions, and bring it into sight."""
        self.focused = row
        self._target = None
        self._shows_ring = True
        self._reveal(row, to_top=to_top)
        accessible.row_focused(self, row)

    def focus_actions(self) -> None:
        """Move the focus to the actions of the chosen message."""
        self._place_overlay()
        self._overlay.focus_bar.focus_first()

    def targets(self, row: int) -> list[Target]:
        """What can be activated in the part of `row` that is in sight, in reading order; areas as in the viewport."""
        view = self.column.view(row)
        top, bottom = self._sight
        start = self.column.top(row)
        corner = QPointF(self._left, start - top)
        found = []
        if view.reasoning_line is not None:
            found.append(Target(view.reasoning_line.translated(corner), tr("Reasoning")))
        for _, origin, flow in view.parts():
            y = start + origin.y()
            for index, block_top, _ in flow.in_sight(top - y, bottom - y):
                shift = corner + origin + QPointF(0, block_top)
                found.extend(target.translated(shift) for target in flow.targets(index))
        return found

    def move_target(self, step: int) -> bool:
        """Choose the next or the previous target of the chosen message. False where there is none."""
        if self.focused is None:
            return False
        chosen = step - 1 if self._target is None and step > 0 else (self._target or 0) + step
        if self._target is None and step < 0:
            return False
        count = len(self.targets(self.focused))
        self._target = chosen if 0 <= chosen < count else None
        self.viewport().update()
        return self._target is not None

    def activate_target(self) -> bool:
        """Activate the chosen target. False where none is chosen."""
        if self.focused is None or self._target is None:
            return False
        targets = self.targets(self.focused)
        if self._target >= len(targets):
            return False
        self.activate(self.focused, targets[self._target])
        return True

    def target_at(self, position: QPointF) -> tuple[int, Target] | None:
        """The row and the target under a point of the viewport."""
        return self._pointer.target_at(position)

    # Geometry.

    @property
    def _sight(self) -> tuple[float, float]:
        top = self.verticalScrollBar().value()
        return float(top), float(top + self.viewport().height())

    @property
    def _left(self) -> int:
        return round((self.viewport().width() - self.column.width) / 2)

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

    def hover(self, row: int | None) -> None:
        """The pointer is over this row."""
        if row != self._hovered:
            self._hovered = row
            self._place_overlay()

    # Layout.

    def _settle(self, changed_below: float = 0.0) -> None:
        """Lay out what is in sight. The reader's place stays, or the end where it is followed.

        Above the height `changed_below` the messages look as before.
        """
        if self._is_settling:
            return
        self._is_settling = True
        bar = self.verticalScrollBar()
        height = self.viewport().height()
        before = bar.value()
        anchor = None if self._follows else self._place_to_keep(before, before + height)
        for _ in range(_SETTLE_ROUNDS):
            if self._follows:
                self._set_range(bar.maximum())
                bar.setValue(bar.maximum())
            top = bar.value()
            changed = self.column.realise(top, top + height)
            self._set_range(top)
            bar.setValue(bar.maximum() if self._follows else round(before + self.column.moved(anchor)))
            if not changed and bar.value() == top:
                break
        self._is_settling = False
        # What the reader saw keeps its place when heights above are corrected: it moves by what was scrolled only.
        self._repaint((bar.value() if self._follows else before) - self._painted_at, changed_below)
        self._seen = self._sight
        self._painted_at = bar.value()
        self._breathe()
        self._place_overlay()

    def _repaint(self, scrolled: int, changed_below: float) -> None:
        """Move what is painted already, and paint the rest."""
        height = self.viewport().height()
        if changed_below <= 0 or abs(scrolled) >= height:
            self.viewport().update()
            return
        if scrolled:
            self.viewport().scroll(0, -scrolled)
        if changed_below < self._sight[1]:
            y = int(changed_below - self._sight[0]) - self.column.style.px(_OVERHANG_PX)
            self.viewport().update(0, y, self.viewport().width(), height - y)

    def _place_to_keep(self, top: float, bottom: float) -> Anchor | None:
        """What the reader sees and has seen before, if there is such a thing between two heights."""
        first, last = max(top, self._seen[0]), min(bottom, self._seen[1])
        return self.column.anchor(first, last) if first < last else self.column.anchor(top, bottom)

    def _set_range(self, value: int) -> None:
        bar = self.verticalScrollBar()
        height = self.viewport().height()
        bar.setPageStep(height)
        bar.setSingleStep(self.column.style.px(24))
        bar.setRange(0, max(0, round(self.column.height) - height))
        bar.setValue(value)

    def _reveal(self, row: int, *, to_top: bool) -> None:
        bar = self.verticalScrollBar()
        margin = self.column.style.px(12)
        area = self.area_of(row)
        if to_top or area.top() < 0 or area.height() > self.viewport().height():
            bar.setValue(round(self.column.top(row)) - margin)
        elif area.bottom() > self.viewport().height():
            bar.setValue(bar.value() + area.bottom() - self.viewport().height() + margin)
        self._settle()

    def _place_overlay(self) -> None:
        in_bar = self._overlay.focus_bar.has_focus()
        corner = QPoint(self._left, -self.verticalScrollBar().value())
        focused = self.focused if in_bar or (self.hasFocus() and self._shows_ring) else None
        bar = self.verticalScrollBar()
        far = bar.maximum() - bar.value() > self.column.style.px(_FAR_FROM_END_PX)
        scene = Scene(self.column, corner, self.rows_in_sight(), self._hovered, focused)
        self._overlay.place(scene, show_jump=far and not self._follows)

    def _show_late(self) -> None:
        """Bring to the page what has come since the last step."""
        self._late_timer.stop()
        start = time.perf_counter()
        changed_below = min((self.column.show(index) for index in self._late), default=self.column.height)
        self._late.clear()
        self._settle(changed_below)
        took = time.perf_counter() - start
        self._due_s = start + took * (1 + _BACK_OFF) if took > _NOTICED_S else 0.0

    def _on_scrolled(self) -> None:
        if self._is_settling:
            return
        bar = self.verticalScrollBar()
        self._follows = bar.value() >= bar.maximum() - _AT_END_PX
        self._settle(changed_below=self.column.height)

    def _restyle(self, zoom: float | None = None) -> None:
        style = Style(theme.tokens(self.palette()), zoom or self.column.style.zoom)
        self.column.restyle(style)
        self._overlay.restyle(style)
        self.setAccessibleName(tr("Conversation"))
        self._resize()

    def _resize(self) -> None:
        self.column.keep_in_sight(*self._sight)
        anchor = self.column.anchor(*self._sight)
        self.column.set_width(column_width(self.viewport().width(), self.column.style.zoom))
        value = self.verticalScrollBar().value()
        self._set_range(round(value + self.column.moved(anchor)))
        self._seen = self._sight
        self._settle()

    def _breathe(self) -> None:
        """Let the dot of an answer that has not begun breathe while it is in sight, and only then."""
        waits = any(self.column.view(row).indicator is not None for row in self.rows_in_sight())
        if waits and self.isVisible():
            if not self._breathing.isActive():
                self._breathing.start(_BREATH_MS, self)
        else:
            self._breathing.stop()

    def _id(self, row: int) -> int:
        return self.column.rows[row].message.id

    # Painting.

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), QColor(self.column.style.tokens.bg))
        top, _ = self._sight
        for row in self.rows_in_sight():
            if not self.area_of(row).adjusted(-9999, 0, 9999, 0).intersects(event.rect()):
                continue
            view = self.column.view(row)
            start = self.column.top(row)
            painter.save()
            painter.translate(self._left, start - top)
            clip_top = top - start + event.rect().top()
            marks = self.selection.in_row(row, view) if self.selection is not None else None
            view.draw(painter, clip_top, clip_top + event.rect().height(), marks)
            self._draw_indicator(painter, view.indicator)
            if row == self.focused and self._shows_ring and self.hasFocus():
                self._draw_ring(painter, row, view.ring)
            painter.restore()

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

    def _draw_ring(self, painter: QPainter, row: int, area: QRectF) -> None:
        px = self.column.style.px
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self.column.style.tokens.accent), px(2)))
        targets = self.targets(row) if self._target is not None else []
        if self._target is not None and self._target < len(targets):
            corner = QPointF(self._left, self.column.top(row) - self._sight[0])
            area = targets[self._target].area.translated(-corner).adjusted(-px(3), -px(1), px(3), px(1))
            painter.drawRoundedRect(area, px(theme.RADIUS_CONTROL), px(theme.RADIUS_CONTROL))
        else:
            painter.drawRoundedRect(area, px(theme.RADIUS_BUBBLE), px(theme.RADIUS_BUBBLE))

    # Events.

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._resize()

    @override
    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Nothing: `_settle` moves the picture, once it knows by how much."""

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        kinds = (QEvent.Type.PaletteChange, QEvent.Type.LanguageChange)
        # Qt tells of a palette before the constructor has run to its end.
        if event.type() in kinds and hasattr(self, "_overlay"):
            self._restyle()

    @override
    def timerEvent(self, event: QTimerEvent) -> None:
        if event.timerId() != self._breathing.timerId():
            super().timerEvent(event)
            return
        self._breath = (self._breath + 1) % _BREATHS
        for row in self.rows_in_sight():
            indicator = self.column.view(row).indicator
            if indicator is not None:
                y = self.column.top(row) - self._sight[0]
                self.viewport().update(indicator.translated(self._left, y).toAlignedRect())

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._shows_ring = False
        self._pointer.press(event)
        self._place_overlay()

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pointer.double_click(event)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer.move(event)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pointer.release(event)

    @override
    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.hover(None)
        return super().viewportEvent(event)

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu.show(self, event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not keyboard.press(self, event):
            super().keyPressEvent(event)

    @override
    def focusNextPrevChild(self, next: bool) -> bool:
        if self.hasFocus() and self._shows_ring and self.move_target(1 if next else -1):
            return True
        return super().focusNextPrevChild(next)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        by_keyboard = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if by_keyboard and self.column.rows:
            in_sight = self.rows_in_sight()
            kept = self.focused is not None and self.focused in in_sight
            self.focus_row(self.focused if kept and self.focused is not None else in_sight[-1])
        self.viewport().update()
        self._place_overlay()

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()
        self._place_overlay()
