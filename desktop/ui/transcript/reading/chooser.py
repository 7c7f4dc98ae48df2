"""The conversation with one message of it chosen, and in that one of its links and buttons: by keyboard."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from desktop.chat.message import Role
from desktop.ui import theme
from desktop.ui.transcript.blocks.target import Target
from desktop.ui.transcript.reading.clickable import Clickable
from desktop.ui.transcript.reading.wheel import scroll_target, show_target
from desktop.ui.transcript.speech import accessible

_ROUNDS = 4


class Chooser(Clickable):
    """Shows a ring around what is chosen by keyboard, and says where a chosen link leads."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._target: int | None = None
        self._shows_ring = False

    def show_question(self, step: int) -> None:
        """Show the next question (1) or the one before (-1); behind the last comes the end."""
        if not self.rows:
            return
        margin = self.column.style.px(20)
        top = self.verticalScrollBar().value() + margin
        in_sight = self.rows_in_sight()
        base = self.focused if self.focused is not None and self.focused in in_sight else self.column.at(top)
        rows = range(base + 1, len(self.rows)) if step > 0 else range(base - 1, -1, -1)
        if step < 0 and self.column.top(base) < top - 2 * margin:
            rows = range(base, -1, -1)
        found = next((row for row in rows if self.rows[row].message.role is Role.USER), None)
        if found is not None:
            self.follows = False
            self.focus_row(found, to_top=True)
        elif step > 0:
            self.scroll_to_end()

    def focus_last(self) -> None:
        """Choose the last message, for the keys that work on one."""
        if self.rows:
            self.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.focus_row(len(self.rows) - 1)

    def focus_row(self, row: int, *, to_top: bool = False) -> None:
        """Choose a message: show its ring and its actions, and bring it into sight."""
        self.focused = row
        self._target = None
        self._shows_ring = True
        self._show_address()
        self.reveal(row, to_top=to_top)
        accessible.row_focused(self, row)

    def move_target(self, step: int) -> bool:
        """Choose the next or the previous target of the chosen message. False where there is none."""
        if self.focused is None:
            return False
        chosen = step - 1 if self._target is None and step > 0 else (self._target or 0) + step
        if self._target is None and step < 0:
            return False
        count = len(self.targets(self.focused))
        self._target = chosen if 0 <= chosen < count else None
        if (target := self.chosen_target()) is not None:
            show_target(self, self.focused, target)
        self._show_address()
        self.viewport().update()
        return self._target is not None

    def chosen_target(self) -> Target | None:
        """The link or button of the chosen message that is chosen too."""
        if self.focused is None or self._target is None:
            return None
        targets = self.targets(self.focused)
        return targets[self._target] if self._target < len(targets) else None

    @override
    def chosen_point(self) -> QPoint:
        """At the chosen target, or at the chosen message."""
        if self.focused is None:
            return super().chosen_point()
        if (target := self.chosen_target()) is not None:
            return target.area.center().toPoint()
        area = self.area_of(self.focused) & self.viewport().rect()
        return area.topLeft() + QPoint(16, 16)

    def scroll_chosen(self, event: QKeyEvent) -> bool:
        """Left and Right scroll the block that the chosen target stands in. False where they mean something else."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        target = self.chosen_target()
        if step is None or modifiers or self.focused is None or target is None or not self._shows_ring:
            return False
        return scroll_target(self, self.focused, target, step)

    def keep_counter(self, row: int, show_version: Callable[[], object]) -> None:
        """Let `show_version` put another version in the place of `row`, its counter where that of this one was.

        So the next click finds it. Where it is out of sight, the beginning of the message stays.
        """
        bar = self.verticalScrollBar()

        def place() -> float:
            start = self.column.top(row) - bar.value()
            return start + self.column.view(row).actions.top() if by_counter else start

        by_counter = True
        before = place()
        if not 0 <= before < self.viewport().height():
            by_counter = False
            before = place()
        show_version()
        for _ in range(_ROUNDS):
            moved = round(place() - before)
            if not moved:
                break
            bar.setValue(bar.value() + moved)

    def show_actions(self, bar: QWidget) -> None:
        """Scroll so that `bar`, which has the focus, is in sight: it stands below its message."""
        scroll_bar, margin = self.verticalScrollBar(), self.column.style.px(12)
        for _ in range(_ROUNDS):  # heights are estimates until they are in sight
            hidden = bar.geometry().bottom() + margin - self.viewport().height()
            hidden = hidden if hidden > 0 else min(0, bar.geometry().top() - margin)
            if not hidden:
                break
            scroll_bar.setValue(scroll_bar.value() + hidden)

    def _show_address(self) -> None:
        """Say where the link leads that Tab has chosen."""
        target = self.chosen_target() if self.hasFocus() else None
        self.address.show_link(target.link if target is not None else "")

    def _choose(self, step: int) -> bool:
        """Move the choice to the next or the previous message; begin with one that is in sight."""
        if not self.rows:
            return False
        in_sight = self.rows_in_sight()
        if self.focused is None or self.focused not in in_sight:
            self.focus_row(in_sight[-1 if step < 0 else 0])
        elif not self._shows_ring:
            self.focus_row(self.focused)  # a click has chosen it, which nobody could see
        elif 0 <= self.focused + step < len(self.rows):
            self.focus_row(self.focused + step)
        return True

    # Painting.

    @override
    def draw_row(self, painter: QPainter, row: int, top: float, bottom: float) -> None:
        super().draw_row(painter, row, top, bottom)
        if row == self.focused and self._shows_ring and self.hasFocus():
            self.draw_ring(painter, *self._ring(row))

    def _ring(self, row: int) -> tuple[QRectF, int]:
        """Around what is chosen of `row`, which is the chosen one, and how round."""
        target = self.chosen_target()
        if target is None:
            return self.column.view(row).ring, theme.RADIUS_BUBBLE
        px = self.column.style.px
        corner = QPointF(self._left, self.column.top(row) - self._sight[0])
        area = target.area.translated(-corner).adjusted(-px(3), -px(1), px(3), px(1))
        return area, theme.RADIUS_CONTROL

    # Focus.

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

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()
