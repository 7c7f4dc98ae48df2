"""The conversation that the reader works with: chosen, marked, copied, and asked to be written anew."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractSlider, QWidget
from typing_extensions import override

from desktop.ui import theme
from desktop.ui.i18n import tr
from desktop.ui.transcript.diagrams.service import Diagrams
from desktop.ui.transcript.floating.overlay import Overlay, Scene
from desktop.ui.transcript.floating.several_menu import several_menu
from desktop.ui.transcript.reading import keyboard
from desktop.ui.transcript.reading.caret import step_of
from desktop.ui.transcript.reading.context_menu import ChatDeeds
from desktop.ui.transcript.reading.finding import Finding
from desktop.ui.transcript.reading.keyboard import Press
from desktop.ui.transcript.reading.noticing import Noticing
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.speech import accessible
from desktop.ui.transcript.style import Style

_CONFIRMED_MS = 1200
_FAR_FROM_END_PX = 80
_SCROLLS = {
    Press.PAGE_UP: QAbstractSlider.SliderAction.SliderPageStepSub,
    Press.PAGE_DOWN: QAbstractSlider.SliderAction.SliderPageStepAdd,
    Press.START: QAbstractSlider.SliderAction.SliderToMinimum,
    Press.END: QAbstractSlider.SliderAction.SliderToMaximum,
}


class Transcript(Noticing):
    """Shows the messages of the open path, and reports what the reader wants done with them.

    Signals:
        edit_requested(message_id: int), regenerate_requested(message_id: int), compare_requested(message_id: int)
        several_requested(message_id: int, count: int)
        branch_requested(message_id: int, step: int): -1 for the sibling before, 1 for the one behind
    """

    edit_requested = Signal(int)
    regenerate_requested = Signal(int)
    several_requested = Signal(int, int)
    compare_requested = Signal(int)
    branch_requested = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transcript")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._hovered: int | None = None
        self._has_new = False
        self._confirmed_timer = QTimer(self, singleShot=True, interval=_CONFIRMED_MS)
        self._overlay = Overlay(self.viewport())
        self.finding = Finding(self)
        self._diagrams = Diagrams(self)
        self._connect()
        self._restyle()
        accessible.install()

    def _connect(self) -> None:
        self.replaced.connect(self._on_replaced)
        self._confirmed_timer.timeout.connect(lambda: self._overlay.confirm_copied(-1, confirmed=False))
        self.settled.connect(self._place_overlay)
        self.pointer.hovered.connect(self._on_hovered)
        overlay = self._overlay
        overlay.copy_requested.connect(self.copy_message)
        overlay.edit_requested.connect(lambda row: self.edit_requested.emit(self._id(row)))
        overlay.regenerate_requested.connect(lambda row: self.regenerate_requested.emit(self._id(row)))
        overlay.several_requested.connect(self._ask_how_many)
        overlay.compare_requested.connect(lambda row: self.compare_requested.emit(self._id(row)))
        self.listen_to_notices(overlay)
        overlay.branch_requested.connect(self._ask_for_version)
        overlay.end_requested.connect(self.scroll_to_end)
        overlay.focus_bar.focus_came.connect(lambda: self.show_actions(overlay.focus_bar))
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

    @override
    def copy_message(self, row: int) -> None:
        super().copy_message(row)
        self._overlay.confirm_copied(row, confirmed=True)
        self._confirmed_timer.start()

    def scroll_page(self, step: int) -> None:
        """Scroll by a page, down (1) or up (-1)."""
        self.verticalScrollBar().triggerAction(_SCROLLS[Press.PAGE_DOWN if step > 0 else Press.PAGE_UP])

    def give_up(self) -> bool:
        """Close the find bar; or else mark nothing, and show no caret. False where there was none of these."""
        return self.finding.close() or self.give_up_mark()

    @override
    def set_rows(self, rows: Sequence[Row]) -> None:
        self._has_new = False
        super().set_rows(rows)

    @override
    def replace_rows(self, first: int, rows: Sequence[Row]) -> None:
        self._has_new |= not self.follows and first + len(rows) > len(self.rows)
        super().replace_rows(first, rows)

    @override
    def update_row(self, index: int, row: Row) -> None:
        grown = len(row.message.text) > len(self.rows[index].message.text)
        self._has_new |= not self.follows and grown and index >= self.rows_in_sight().stop - 1
        super().update_row(index, row)
        self.finding.row_changed(index)

    @property
    @override
    def chat_deeds(self) -> ChatDeeds:
        asks = (self.edit_requested.emit, self.regenerate_requested.emit, self.several_requested.emit)
        return ChatDeeds(self.finding.open, *asks)

    def focus_actions(self) -> None:
        """Move the focus to the actions of the chosen message."""
        self._place_overlay()
        self._overlay.focus_bar.focus_first()

    def activate_target(self) -> bool:
        """Activate the chosen target. False where none is chosen."""
        target = self.chosen_target()
        if self.focused is None or target is None:
            return False
        self.activate(self.focused, target)
        return True

    def _on_replaced(self, first: int) -> None:
        self._target = None
        if first == 0:
            self._hovered = None

    def _ask_how_many(self, row: int, corner: QPoint) -> None:
        message_id = self._id(row)
        menu = several_menu(self, lambda count: self.several_requested.emit(message_id, count))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(corner)

    def _ask_for_version(self, row: int, step: int) -> None:
        self.keep_counter(row, lambda: self.branch_requested.emit(self._id(row), step))

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
        self._has_new &= not self.follows
        self._overlay.place(scene, show_jump=far and not self.follows, has_new=self._has_new)

    def _restyle(self, zoom: float | None = None) -> None:
        style = Style(theme.tokens(self.palette()), zoom or self.column.style.zoom, self._diagrams)
        # First what floats: it is put in its place again when what is below it is.
        self._overlay.restyle(style)
        self.restyle(style)
        self.setAccessibleName(tr("Conversation"))

    def _id(self, row: int) -> int:
        return self.column.rows[row].message.id

    # Events.

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        kinds = (QEvent.Type.PaletteChange, QEvent.Type.LanguageChange)
        # Qt tells of a palette before the constructor has run to its end.
        if event.type() in kinds and hasattr(self, "_overlay"):
            self._restyle()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.finding.bar.place()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._shows_ring = False
        self._target = None
        super().mousePressEvent(event)
        self._place_overlay()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = step_of(event)
        # The caret takes all that moves; without one, Shift calls it.
        if step is not None and (self.caret.is_on or step[1]) and self.rows:
            self._shows_ring = False
            self._target = None
            self.move_caret(step[0], marks=step[1])
            self._place_overlay()
            return
        row = self.rows[self.focused] if self.focused is not None and self._shows_ring else None
        press = keyboard.meaning(event, row)
        if event.key() == Qt.Key.Key_Escape and self.give_up():
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._activate_at_caret():
            return
        if self.scroll_chosen(event):
            return
        if press is None or not self._press(press):
            super().keyPressEvent(event)

    def _activate_at_caret(self) -> bool:
        """Activate the link behind the caret. False where there is none."""
        area = self.caret_in_sight()
        found = self.pointer.target_at(area.center() + QPointF(1, 0)) if area is not None else None
        if found is not None:
            self.activate(*found)
        return found is not None

    def _press(self, press: Press) -> bool:
        """Do what a key means. False where there is nothing to do it with."""
        match press:
            case Press.COPY:
                self.copy()
            case Press.COPY_MARKDOWN:
                self.copy_markdown()
            case Press.SELECT_ALL:
                self.select_all()
            case Press.CARET:
                self.toggle_caret()
                self._shows_ring = not self.caret.is_on
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
                self._ask_for_version(row, -1)
            case Press.NEXT_BRANCH:
                self._ask_for_version(row, 1)
            case Press.COPY_MESSAGE:
                self.copy_message(row)
            case Press.EDIT:
                self.edit_requested.emit(self._id(row))
            case Press.REGENERATE:
                self.regenerate_requested.emit(self._id(row))
            case Press.SEVERAL:
                chosen = self.viewport().mapToGlobal(self.chosen_point())
                self._ask_how_many(row, self._overlay.several_corner(chosen))
            case Press.COMPARE:
                self.compare_requested.emit(self._id(row))
        return True

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._place_overlay()

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._show_address()
        self._place_overlay()
