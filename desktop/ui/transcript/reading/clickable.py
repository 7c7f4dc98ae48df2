"""Messages to be read and used by mouse: marked, copied, their links and buttons clicked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QMenu, QWidget
from typing_extensions import override

from desktop.ui.i18n import tr
from desktop.ui.transcript.blocks.target import CHANGES_BLOCK, Does, Target
from desktop.ui.transcript.colouring import Colouring
from desktop.ui.transcript.export.saving import Saving
from desktop.ui.transcript.reading import links
from desktop.ui.transcript.reading.address_label import AddressLabel
from desktop.ui.transcript.reading.context_menu import ChatDeeds, Deeds, Where, context_menu
from desktop.ui.transcript.reading.footnotes import Footnotes
from desktop.ui.transcript.reading.pointer import Pointer
from desktop.ui.transcript.reading.reader import Reader
from desktop.ui.transcript.reading.wheel import SidewaysScroll
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import Kind


class Clickable(Reader):
    """What is on the page does what it says. Diagrams appear as soon as they are drawn.

    Signals:
        link_activated(url: str): the reader clicked a link; it is http, https or mailto, and wholly encoded
        save_failed(CannotExport error): code could not be saved
        zoom_requested(steps: int): larger (1) or smaller (-1), by wheel
    """

    link_activated = Signal(str)
    save_failed = Signal(object)
    zoom_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewport().setMouseTracking(True)
        self.address = AddressLabel(self)
        self.colouring = Colouring(self)
        self.pointer = Pointer(self)
        self._sideways = SidewaysScroll(self)
        self._footnotes = Footnotes()
        self._saving = Saving(self)
        self.pointer.activated.connect(self.activate)
        self.pointer.link_hovered.connect(self.address.show_link)
        self._saving.saved.connect(lambda name: self.copied.emit(tr("Saved as {name}", name=name)))
        self._saving.failed.connect(self.save_failed)

    @override
    def set_rows(self, rows: Sequence[Row]) -> None:
        self._footnotes.forget()
        self.caret.is_on = False
        super().set_rows(rows)

    @override
    def restyle(self, style: Style) -> None:
        if style.diagrams is not None and style.diagrams is not self.column.style.diagrams:
            style.diagrams.drawn.connect(self._on_drawn)
        super().restyle(style)

    @Slot(str)
    def _on_drawn(self, source: str) -> None:
        self.refresh(lambda block: block.text == source)

    # What a click does.

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

    # What is copied, and the menu.

    def copy(self) -> None:
        """Copy what is marked; without a mark the chosen message."""
        if self.has_mark:
            self.copy_marked()
        elif self.focused is not None:
            self.copy_message(self.focused)

    def copy_message(self, row: int) -> None:
        """Copy the Markdown of a whole message."""
        QGuiApplication.clipboard().setText(self.column.rows[row].message.text)
        self.copied.emit(tr("Message copied"))

    @property
    def chat_deeds(self) -> ChatDeeds | None:
        """What can be done with the messages beyond reading them."""
        return None

    def chosen_point(self) -> QPoint:
        """Where the menu key opens the menu."""
        return QPoint(16, 16)

    def menu_at(self, where: QPoint) -> QMenu:
        """The menu for a point of the viewport."""
        point = QPointF(where)
        row = self.column.at(self.to_column(point).y())
        found = self.pointer.target_at(point)
        here = Where(row, found[1] if found is not None else None, self.to_column(point))
        return context_menu(self, here, Deeds(self.activate, self.copy_message, self.chat_deeds))

    # Events.

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.rows:
            return
        where = self.viewport().mapFromGlobal(event.globalPos())
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            where = self.chosen_point()
        self.menu_at(where).popup(self.viewport().mapToGlobal(where))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
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
        self.pointer.press(event)

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.pointer.double_click(event)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointer.move(event)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.pointer.release(event)
