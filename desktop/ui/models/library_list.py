"""The list of models on this computer: drawn, not built of widgets, so that 500 of them cost no more than ten."""

from __future__ import annotations

from enum import StrEnum
from functools import partial

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFont, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from desktop.hub.model import Neighbour, Source
from desktop.ui import controls
from desktop.ui.colours import Tokens
from desktop.ui.controls import paint_ground, paint_ring
from desktop.ui.i18n import tr
from desktop.ui.icons import icon
from desktop.ui.models.library_rows import (
    BADGES,
    FACTS,
    FRACTION,
    IN_USE,
    INK,
    PROBLEM,
    STATUS,
    LibraryRows,
    Row,
    row_of,
)
from desktop.ui.painted_list import Index, PaintedList
from desktop.ui.theme import RADIUS_CONTROL, TEXT_PX, scaled, tokens

_SMALL_PX = TEXT_PX - 1


class Act(StrEnum):
    """What can be done with a row."""

    USE = "use"
    DETAILS = "details"
    VERIFY = "verify"
    STOP_VERIFYING = "stop_verifying"
    REVEAL = "reveal"
    LOCATE = "locate"
    TAKE_OFF = "take_off"
    TRASH = "trash"
    ADD = "add"
    ADD_ALL = "add_all"
    MENU = "menu"


def act_words(act: Act) -> str:
    """What a button or a menu's row is called."""
    return {
        Act.USE: tr("Use"),
        Act.DETAILS: tr("Details"),
        Act.VERIFY: tr("Verify the files"),
        Act.STOP_VERIFYING: tr("Stop verifying"),
        Act.REVEAL: tr("Show in the file manager"),
        Act.LOCATE: tr("Locate…"),
        Act.TAKE_OFF: tr("Take off the list"),
        Act.TRASH: tr("Move to the trash…"),
        Act.ADD: tr("Add"),
        Act.ADD_ALL: tr("Add all"),
        Act.MENU: "",
    }[act]


def possible(row: Row | None, *, verifying: bool, in_use: bool) -> list[Act]:
    """What can be done with a row, the likeliest first."""
    if isinstance(row, str):
        return [Act.ADD_ALL]
    if isinstance(row, Neighbour):
        return [Act.ADD, Act.ADD_ALL]
    if row is None:
        return []
    acts = [Act.LOCATE] if row.missing else [Act.USE] if row.is_usable and not in_use else []
    acts.append(Act.DETAILS)
    if row.is_usable:
        acts.append(Act.STOP_VERIFYING if verifying else Act.VERIFY)
    if not row.missing:
        acts.append(Act.REVEAL)
    if row.source is Source.ADDED or row.missing:
        acts.append(Act.TAKE_OFF)
    # A download is not taken off the list: its file would fill the disk where nobody looks.
    if row.source is not Source.STARTER and not row.missing:
        acts.append(Act.TRASH)
    return acts


class LibraryList(PaintedList):
    """The list itself. Enter does the likeliest thing, Del removes, the right arrow shows the details.

    Signals:
        acted(row: Model | Neighbour | str, act: Act): the user wants this done
    """

    acted = Signal(object, object)

    def __init__(self, rows: LibraryRows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("libraryList")
        self.setModel(rows)
        self.setItemDelegate(LibraryDelegate(self))
        self.doubleClicked.connect(self._on_double_clicked)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = row_of(self.currentIndex())
        acts = self._acts(self.currentIndex())
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and acts:
            self.acted.emit(row, acts[0])
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            for act in (Act.TAKE_OFF, Act.TRASH):
                if act in acts:
                    self.acted.emit(row, act)
                    return
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Space) and Act.DETAILS in acts:
            self.acted.emit(row, Act.DETAILS)
        else:
            super().keyPressEvent(event)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        index = self.indexAt(at)
        act = self._act_at(index, at) if event.button() is Qt.MouseButton.LeftButton else None
        if act is None:
            super().mousePressEvent(event)
            return
        self.setCurrentIndex(index)
        if act is Act.MENU:
            self._show_menu(index, event.globalPosition().toPoint())
        else:
            self.acted.emit(row_of(index), act)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        at = event.position().toPoint()
        over = self._act_at(self.indexAt(at), at) is not None
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
        self.viewport().update()

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._show_menu(*self.menu_place(event))

    def buttons_at(self, index: Index) -> list[Act]:
        """What the row at `index` offers as buttons, from right to left."""
        acts = self._acts(index)
        if acts[:1] == [Act.ADD_ALL]:
            return acts
        if Act.STOP_VERIFYING in acts:
            return [Act.MENU, Act.STOP_VERIFYING]
        if acts and acts[0] in (Act.ADD, Act.LOCATE):
            return [Act.MENU, acts[0]]
        under_pointer = self.viewport().underMouse() and self.indexAt(self._pointer()) == index
        shown = bool(acts) and (
            under_pointer or (index == self.currentIndex() and self.selectionModel().hasSelection())
        )
        return [Act.MENU, Act.DETAILS, *([Act.USE] if Act.USE in acts else [])] if shown else []

    def button_rects(self, index: Index, area: QRect) -> list[tuple[Act, QRect]]:
        """Where these buttons stand in the row that covers `area`."""
        right = area.right() - scaled(16)
        height = scaled(28)
        rects = []
        for act in self.buttons_at(index):
            words = act_words(act)
            width = self.fontMetrics().horizontalAdvance(words) + scaled(22) if words else height
            middle = area.bottom() - scaled(16) if isinstance(row_of(index), str) else area.center().y()
            rects.append((act, QRect(right - width, middle - height // 2, width, height)))
            right -= width + scaled(4)
        return rects

    def hot(self, area: QRect) -> bool:
        """Whether the pointer is over `area`."""
        return self.viewport().underMouse() and area.contains(self._pointer())

    def _pointer(self) -> QPoint:
        return self.viewport().mapFromGlobal(self.cursor().pos())

    def _acts(self, index: Index) -> list[Act]:
        verifying = index.isValid() and index.data(FRACTION) is not None
        in_use = index.isValid() and bool(index.data(IN_USE))
        return possible(row_of(index), verifying=verifying, in_use=in_use)

    def _act_at(self, index: Index, at: QPoint) -> Act | None:
        if not index.isValid():
            return None
        return next((act for act, area in self.button_rects(index, self.visualRect(index)) if area.contains(at)), None)

    def _show_menu(self, index: Index, at: QPoint) -> None:
        row, acts = row_of(index), self._acts(index)
        if not acts:
            return
        removal = next((act for act in (Act.TAKE_OFF, Act.TRASH) if act in acts), None)
        keys = {removal: "Del", Act.DETAILS: "→", acts[0]: "Enter"}
        menu = controls.menu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setObjectName("libraryMenu")
        for act in acts:
            if act is removal:
                menu.addSeparator()
            key = f"\t{keys[act]}" if act in keys else ""
            menu.addAction(act_words(act) + key, partial(self.acted.emit, row, act))
        menu.popup(at)

    def _on_double_clicked(self, index: Index) -> None:
        acts = self._acts(index)
        if acts and not isinstance(row_of(index), str):
            self.acted.emit(row_of(index), acts[0])


class LibraryDelegate(QStyledItemDelegate):
    """Paints a model in three lines, or a heading."""

    def __init__(self, view: LibraryList) -> None:
        super().__init__(view)
        self._view = view

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        if isinstance(row_of(index), str):
            return QSize(scaled(100), scaled(48))
        return QSize(scaled(100), self._title_height() + 2 * self._small_height() + scaled(12 + 12 + 4))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = tokens(option.palette)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(row_of(index), str):
            self._paint_heading(painter, option.rect, str(index.data()), theme)
            self._paint_focus(painter, option, theme)
        else:
            self._paint_ground(painter, option, theme)
            self._paint_words(painter, option.rect, index, theme)
        self._paint_buttons(painter, option.rect, index, theme)
        painter.restore()

    def _title_height(self) -> int:
        return self._view.fontMetrics().height()

    def _small_height(self) -> int:
        return scaled(_SMALL_PX * 1.45)

    def _paint_heading(self, painter: QPainter, area: QRect, text: str, theme: Tokens) -> None:
        font = QFont(self._view.font())
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        words = area.adjusted(scaled(24), 0, -scaled(120), -scaled(8))
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, text)

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, theme: Tokens) -> None:
        painter.setPen(QPen(QColor(theme.line), 1))
        bottom = option.rect.bottom()
        painter.drawLine(option.rect.left() + scaled(24), bottom, option.rect.right() - scaled(24), bottom)
        row = option.rect.adjusted(scaled(8), scaled(2), -scaled(8), -scaled(3))
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected or option.state & QStyle.StateFlag.State_MouseOver:
            paint_ground(painter, row, theme.hover)
        self._paint_focus(painter, option, theme)

    def _paint_focus(self, painter: QPainter, option: QStyleOptionViewItem, theme: Tokens) -> None:
        row = option.rect.adjusted(scaled(8), scaled(2), -scaled(8), -scaled(3))
        if self._view.hasFocus() and option.state & QStyle.StateFlag.State_HasFocus:
            paint_ring(painter, row, theme)

    def _paint_words(self, painter: QPainter, area: QRect, index: Index, theme: Tokens) -> None:
        buttons = [rect for _, rect in self._view.button_rects(index, area)]
        right = (buttons[-1].left() if buttons else area.right() - scaled(16)) - scaled(8)
        left, top = area.left() + scaled(24), area.top() + scaled(12)
        font = QFont(self._view.font())
        font.setWeight(QFont.Weight.DemiBold)
        line = QRect(left, top, right - left, self._title_height())
        room = line.width() - self._badges_width(index)
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        title = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, max(room, scaled(60)))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        self._paint_badges(painter, line, painter.fontMetrics().horizontalAdvance(title), index, theme)
        font = QFont(self._view.font())
        font.setPixelSize(scaled(_SMALL_PX))
        painter.setFont(font)
        for text, ink in ((index.data(FACTS), "muted"), (index.data(STATUS), index.data(INK))):
            line = QRect(left, line.bottom() + scaled(2), right - left, self._small_height())
            painter.setPen(QColor(getattr(theme, ink)))
            shown = painter.fontMetrics().elidedText(str(text or ""), Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        if (fraction := index.data(FRACTION)) is not None:
            self._paint_progress(
                painter, QRect(left, area.bottom() - scaled(4), right - left, scaled(3)), fraction, theme
            )

    def _badges_width(self, index: Index) -> int:
        metrics = self._view.fontMetrics()
        return sum(metrics.horizontalAdvance(word) + scaled(18) for word in index.data(BADGES) or [])

    def _paint_badges(self, painter: QPainter, line: QRect, after: int, index: Index, theme: Tokens) -> None:
        font = QFont(self._view.font())
        font.setPixelSize(scaled(TEXT_PX - 3))
        painter.setFont(font)
        left = line.left() + after + scaled(8)
        for word in index.data(BADGES) or []:
            badge = QRect(left, 0, painter.fontMetrics().horizontalAdvance(word) + scaled(12), scaled(18))
            badge.moveTop(line.center().y() - badge.height() // 2)
            ink = theme.accent if word == tr("in use") else theme.muted
            if word == index.data(PROBLEM):
                ink = theme.danger
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(ink), 1))
            painter.drawRoundedRect(badge, badge.height() / 2, badge.height() / 2)
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, word)
            left = badge.right() + scaled(6)

    def _paint_progress(self, painter: QPainter, area: QRect, fraction: float, theme: Tokens) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.line))
        painter.drawRoundedRect(area, area.height() / 2, area.height() / 2)
        done = QRect(area)
        done.setWidth(round(area.width() * fraction))
        painter.setBrush(QColor(theme.accent))
        painter.drawRoundedRect(done, area.height() / 2, area.height() / 2)

    def _paint_buttons(self, painter: QPainter, area: QRect, index: Index, theme: Tokens) -> None:
        painter.setFont(self._view.font())
        for act, place in self._view.button_rects(index, area):
            hot = self._view.hot(place)
            primary = act in (Act.USE, Act.ADD, Act.LOCATE)
            painter.setPen(QPen(QColor(theme.line), 1) if primary else Qt.PenStyle.NoPen)
            painter.setBrush(
                QColor(theme.pressed if hot else theme.surface) if primary or hot else Qt.BrushStyle.NoBrush
            )
            painter.drawRoundedRect(place, scaled(RADIUS_CONTROL), scaled(RADIUS_CONTROL))
            if act is Act.MENU:
                side = scaled(16)
                corner = place.center() - QPoint(side // 2, side // 2)
                icon("ellipsis", theme.muted, side).paint(painter, QRect(corner, QSize(side, side)))
            else:
                painter.setPen(QColor(theme.accent if act in (Act.ADD_ALL, Act.USE, Act.ADD) else theme.text))
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, act_words(act))
