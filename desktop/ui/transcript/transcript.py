"""The conversation that the reader works with: chosen, marked, copied, and asked to be written anew."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QGuiApplication, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QAbstractSlider, QMenu, QWidget
from typing_extensions import override

from desktop.ui import theme
from desktop.ui.i18n import tr
from desktop.ui.transcript import accessible, keyboard
from desktop.ui.transcript.blocks.target import CHANGES_BLOCK, Does, Target
from desktop.ui.transcript.context_menu import context_menu
from desktop.ui.transcript.feed import Feed
from desktop.ui.transcript.keyboard import Press
from desktop.ui.transcript.overlay import Overlay, Scene
from desktop.ui.transcript.pointer import Pointer
from desktop.ui.transcript.selection import everything, selected_text
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.inline import may_open

_CONFIRMED_MS = 1200
_FAR_FROM_END_PX = 80
_SCROLLS = {
    Press.PAGE_UP: QAbstractSlider.SliderAction.SliderPageStepSub,
    Press.PAGE_DOWN: QAbstractSlider.SliderAction.SliderPageStepAdd,
    Press.START: QAbstractSlider.SliderAction.SliderToMinimum,
    Press.END: QAbstractSlider.SliderAction.SliderToMaximum,
}


class Transcript(Feed):
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
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self._target: int | None = None
        self._hovered: int | None = None
        self._shows_ring = False
        self._confirmed_timer = QTimer(self, singleShot=True, interval=_CONFIRMED_MS)
        self._pointer = Pointer(self)
        self._overlay = Overlay(self.viewport())
        self._connect()
        self._restyle()
        accessible.install()

    def _connect(self) -> None:
        self.replaced.connect(self._on_replaced)
        self._confirmed_timer.timeout.connect(lambda: self._overlay.confirm_copied(-1, confirmed=False))
        self.settled.connect(self._place_overlay)
        self._pointer.activated.connect(self.activate)
        self._pointer.hovered.connect(self._on_hovered)
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

    def set_zoom(self, zoom: float) -> None:
        """Draw everything `zoom` times as large."""
        if zoom != self.column.style.zoom:
            self._restyle(zoom)

    def scroll_to_message(self, message_id: int) -> None:
        """Show the beginning of this message, and mark it as the chosen one."""
        row = self.column.row_of(message_id)
        if row is not None:
            self.follows = False
            self.focus_row(row, to_top=True)

    def select_all(self) -> None:
        """Mark all messages."""
        self.set_selection(everything(self.column))

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
        if target.does in CHANGES_BLOCK:
            self.column.change_block(row, target)
            self.follows = False
            self.settle()
            return
        match target.does:
            case Does.OPEN_LINK if may_open(target.subject):
                self.link_activated.emit(target.subject)
            case Does.COPY:
                QGuiApplication.clipboard().setText(target.subject)
                self.copied.emit(tr("Code copied"))
            case Does.FOLD:
                self.column.toggle_reasoning(row)
                self.follows = False
                self.settle()

    # Choosing messages by keyboard.

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
        self.reveal(row, to_top=to_top)
        accessible.row_focused(self, row)

    def focus_actions(self) -> None:
        """Move the focus to the actions of the chosen message."""
        self._place_overlay()
        self._overlay.focus_bar.focus_first()

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

    def _on_replaced(self, first: int) -> None:
        self._target = None
        if first == 0:
            self._hovered = None

    def _on_hovered(self, row: int | None) -> None:
        if row != self._hovered:
            self._hovered = row
            self._place_overlay()

    # Layout.

    def _place_overlay(self) -> None:
        in_bar = self._overlay.focus_bar.has_focus()
        corner = QPoint(self._left, -self.verticalScrollBar().value())
        focused = self.focused if in_bar or (self.hasFocus() and self._shows_ring) else None
        bar = self.verticalScrollBar()
        far = bar.maximum() - bar.value() > self.column.style.px(_FAR_FROM_END_PX)
        scene = Scene(self.column, corner, self.rows_in_sight(), self._hovered, focused)
        self._overlay.place(scene, show_jump=far and not self.follows)

    def _restyle(self, zoom: float | None = None) -> None:
        style = Style(theme.tokens(self.palette()), zoom or self.column.style.zoom)
        self.column.restyle(style)
        self._overlay.restyle(style)
        self.setAccessibleName(tr("Conversation"))
        self.fit()

    def _id(self, row: int) -> int:
        return self.column.rows[row].message.id

    # Painting.

    @override
    def draw_row(self, painter: QPainter, row: int, top: float, bottom: float) -> None:
        super().draw_row(painter, row, top, bottom)
        if row == self.focused and self._shows_ring and self.hasFocus():
            self.draw_ring(painter, *self._ring(row))

    def _ring(self, row: int) -> tuple[QRectF, int]:
        """Around what is chosen of `row`, and how round."""
        targets = self.targets(row) if self._target is not None else []
        if self._target is None or self._target >= len(targets):
            return self.column.view(row).ring, theme.RADIUS_BUBBLE
        px = self.column.style.px
        corner = QPointF(self._left, self.column.top(row) - self._sight[0])
        area = targets[self._target].area.translated(-corner).adjusted(-px(3), -px(1), px(3), px(1))
        return area, theme.RADIUS_CONTROL

    # Events.

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        kinds = (QEvent.Type.PaletteChange, QEvent.Type.LanguageChange)
        # Qt tells of a palette before the constructor has run to its end.
        if event.type() in kinds and hasattr(self, "_overlay"):
            self._restyle()

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
            self._pointer.leave()
        return super().viewportEvent(event)

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.rows:
            return
        where = self.viewport().mapFromGlobal(event.globalPos())
        if event.reason() is QContextMenuEvent.Reason.Keyboard and self.focused is not None:
            where = self.area_of(self.focused).topLeft() + QPoint(16, 16)
        self.menu_at(where).popup(self.viewport().mapToGlobal(where))

    def menu_at(self, where: QPoint) -> QMenu:
        """The menu for a point of the viewport."""
        row = self.column.at(self.to_column(QPointF(where)).y())
        found = self._pointer.target_at(QPointF(where))
        link = found[1].link if found is not None else ""
        return context_menu(self, link, self.copy, lambda: self.copy_message(row), self.select_all)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = None if self.focused is None else self.rows[self.focused]
        press = keyboard.meaning(event, row)
        if press is None or not self._press(press):
            super().keyPressEvent(event)

    def _press(self, press: Press) -> bool:
        """Do what a key means. False where there is nothing to do it with."""
        match press:
            case Press.COPY:
                self.copy()
            case Press.SELECT_ALL:
                self.select_all()
            case Press.PREVIOUS_MESSAGE | Press.NEXT_MESSAGE:
                return self._choose(1 if press is Press.NEXT_MESSAGE else -1)
            case Press.PAGE_UP | Press.PAGE_DOWN | Press.START | Press.END:
                self.verticalScrollBar().triggerAction(_SCROLLS[press])
            case _:
                return self.focused is not None and self._press_on(press, self.focused)
        return True

    def _press_on(self, press: Press, row: int) -> bool:
        match press:
            case Press.ACTIVATE:
                if not self.activate_target():
                    self.focus_actions()
            case Press.ACTIONS:
                self.focus_actions()
            case Press.PREVIOUS_BRANCH:
                self.branch_requested.emit(self._id(row), -1)
            case Press.NEXT_BRANCH:
                self.branch_requested.emit(self._id(row), 1)
            case Press.COPY_MESSAGE:
                self.copy_message(row)
            case Press.EDIT:
                self.edit_requested.emit(self._id(row))
            case Press.REGENERATE:
                self.regenerate_requested.emit(self._id(row))
        return True

    def _choose(self, step: int) -> bool:
        """Move the choice to the next or the previous message; begin with one that is in sight."""
        if not self.rows:
            return False
        in_sight = self.rows_in_sight()
        if self.focused is None or self.focused not in in_sight:
            self.focus_row(in_sight[-1 if step < 0 else 0])
        elif 0 <= self.focused + step < len(self.rows):
            self.focus_row(self.focused + step)
        return True

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
