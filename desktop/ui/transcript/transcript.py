"""The conversation that the reader works with: chosen, marked, copied, and asked to be written anew."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractSlider, QMenu, QWidget
from typing_extensions import override

from desktop.ui import theme
from desktop.ui.i18n import tr
from desktop.ui.transcript.blocks.target import CHANGES_BLOCK, Does, Target
from desktop.ui.transcript.colouring import Colouring
from desktop.ui.transcript.diagrams.service import Diagrams
from desktop.ui.transcript.export.saving import Saving
from desktop.ui.transcript.floating.overlay import Overlay, Scene
from desktop.ui.transcript.floating.several_menu import several_menu
from desktop.ui.transcript.reading import keyboard, links
from desktop.ui.transcript.reading.caret import step_of
from desktop.ui.transcript.reading.context_menu import Deeds, Where, context_menu
from desktop.ui.transcript.reading.finding import Finding
from desktop.ui.transcript.reading.footnotes import Footnotes
from desktop.ui.transcript.reading.keyboard import Press
from desktop.ui.transcript.reading.noticing import Noticing
from desktop.ui.transcript.reading.pointer import Pointer
from desktop.ui.transcript.reading.wheel import SidewaysScroll
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.speech import accessible
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import Kind

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
        link_activated(url: str): the reader clicked a link; it is http, https or mailto, and wholly encoded
        save_failed(CannotExport error): code could not be saved
        zoom_requested(steps: int): larger (1) or smaller (-1), by wheel
    """

    edit_requested = Signal(int)
    regenerate_requested = Signal(int)
    several_requested = Signal(int, int)
    compare_requested = Signal(int)
    branch_requested = Signal(int, int)
    link_activated = Signal(str)
    save_failed = Signal(object)
    zoom_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transcript")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self._hovered: int | None = None
        self._has_new = False
        self._footnotes = Footnotes()
        self._confirmed_timer = QTimer(self, singleShot=True, interval=_CONFIRMED_MS)
        self._pointer = Pointer(self)
        self._overlay = Overlay(self.viewport())
        self._sideways = SidewaysScroll(self)
        self.colouring = Colouring(self)
        self._saving = Saving(self)
        self.finding = Finding(self)
        self._diagrams = Diagrams(self)
        self._connect()
        self._restyle()
        accessible.install()

    def _connect(self) -> None:
        self.replaced.connect(self._on_replaced)
        self._diagrams.drawn.connect(lambda source: self.refresh(lambda block: block.text == source))
        self._confirmed_timer.timeout.connect(lambda: self._overlay.confirm_copied(-1, confirmed=False))
        self.settled.connect(self._place_overlay)
        self._pointer.activated.connect(self.activate)
        self._pointer.hovered.connect(self._on_hovered)
        self._pointer.link_hovered.connect(self.address.show_link)
        self._saving.saved.connect(lambda name: self.copied.emit(tr("Saved as {name}", name=name)))
        self._saving.failed.connect(self.save_failed)
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

    def copy(self) -> None:
        """Copy what is marked; without a mark the chosen message."""
        if self.has_mark:
            self.copy_marked()
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
            case Does.OPEN_LINK if url := links.opened(target.subject):
                self.link_activated.emit(url)
            case Does.COPY:
                QGuiApplication.clipboard().setText(target.subject)
                kind = self.column.view(row).flow(target.part).blocks[target.block].kind
                self.copied.emit(tr("Code copied") if kind is Kind.CODE else tr("Copied"))
            case Does.SAVE:
                self._saving.ask(target.subject, target.language)
            case Does.SHOW_NOTE:
                if spot := self._footnotes.other_end(self.column, row, target):
                    self.show_spot(spot)
            case Does.FOLD:
                self._fold(row)

    def _fold(self, row: int) -> None:
        """Fold or unfold the reasoning, with its line in sight. Who follows the end goes on to, if it is folded."""
        self.column.toggle_reasoning(row)
        view = self.column.view(row)
        self.follows = self.follows and not view.is_unfolded
        self.settle()
        line = view.reasoning_line
        if line is not None and self.area_of(row).top() + line.top() < 0:
            self.reveal(row, to_top=True)

    def scroll_page(self, step: int) -> None:
        """Scroll by a page, down (1) or up (-1)."""
        self.verticalScrollBar().triggerAction(_SCROLLS[Press.PAGE_DOWN if step > 0 else Press.PAGE_UP])

    def give_up(self) -> bool:
        """Close the find bar; or else mark nothing, and show no caret. False where there was none of these."""
        return self.finding.close() or self.give_up_mark()

    @override
    def set_rows(self, rows: Sequence[Row]) -> None:
        self._has_new = False
        self._footnotes.forget()
        self.caret.is_on = False
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
        self.address.place()

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if event.angleDelta().y():
                self.zoom_requested.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._shows_ring = False
        self._target = None
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
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.rows:
            return
        where = self.viewport().mapFromGlobal(event.globalPos())
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            where = self.chosen_point()
        self.menu_at(where).popup(self.viewport().mapToGlobal(where))

    def menu_at(self, where: QPoint) -> QMenu:
        """The menu for a point of the viewport."""
        point = QPointF(where)
        row = self.column.at(self.to_column(point).y())
        found = self._pointer.target_at(point)
        here = Where(row, found[1] if found is not None else None, self.to_column(point))
        asks = (self.edit_requested.emit, self.regenerate_requested.emit, self.several_requested.emit)
        return context_menu(self, here, Deeds(self.activate, self.finding.open, self.copy_message, *asks))

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
        found = self._pointer.target_at(area.center() + QPointF(1, 0)) if area is not None else None
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
