"""The list of chats: grouped by date, renamed in place, light with tens of thousands of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QContextMenuEvent, QFont, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from desktop.chat.message import Chat
from desktop.ui import controls
from desktop.ui.colours import Tokens
from desktop.ui.controls import paint_ground, paint_ring
from desktop.ui.dates import local_date, period
from desktop.ui.i18n import tr
from desktop.ui.icons import icon
from desktop.ui.painted_list import ITEM, Index, PaintedList
from desktop.ui.theme import TEXT_PX, scaled, tokens

CHAT = ITEM
"""The row's Chat; None where the row is a heading."""
IS_OPEN = Qt.ItemDataRole.UserRole + 1
IS_ANSWERING = Qt.ItemDataRole.UserRole + 2

_ROW_PX = 34


def title_of(chat: Chat) -> str:
    """What a chat is called where it is listed."""
    return chat.title or tr("New chat")


class ChatListModel(QAbstractListModel):
    """Chats, newest first, with a heading before each span of time.

    Signals:
        renamed(int chat_id, str title): the user wrote another title.
    """

    renamed = Signal(int, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[Chat | str] = []
        self._places: dict[int, int] = {}
        """The row of each chat by its id."""
        self._open: int | None = None
        self._answering: set[int] = set()

    def set_chats(self, chats: Iterable[Chat], today: date) -> None:
        """Show `chats`, which come newest first, as seen on the day `today`."""
        rows: list[Chat | str] = []
        headings: dict[date, str] = {}
        last = ""
        for chat in chats:
            day = local_date(chat.updated_at)
            if day not in headings:
                headings[day] = period(day, today)
            if headings[day] != last:
                last = headings[day]
                rows.append(last)
            rows.append(chat)
        self.beginResetModel()
        self._rows = rows
        self._places = {row.id: place for place, row in enumerate(rows) if isinstance(row, Chat)}
        self.endResetModel()

    def set_open(self, chat_id: int | None) -> None:
        """Mark the chat that the window shows."""
        old, self._open = self._open, chat_id
        self._touch({old, chat_id})

    def set_answering(self, chat_ids: set[int]) -> None:
        """Mark the chats that are being answered."""
        old, self._answering = self._answering, set(chat_ids)
        self._touch(old ^ self._answering)

    def index_of(self, chat_id: int | None) -> QModelIndex:
        """Where the chat stands; an invalid index if it does not."""
        row = self._places.get(chat_id) if chat_id is not None else None
        return self.index(row) if row is not None else QModelIndex()

    def neighbour(self, chat_id: int | None, step: int) -> int | None:
        """The id of the chat `step` places below the given one; of the first where that is not listed."""
        ids = [each.id for each in self._rows if isinstance(each, Chat)]
        if not ids:
            return None
        if chat_id not in ids:
            return ids[0]
        place = ids.index(chat_id) + step
        return ids[place] if 0 <= place < len(ids) else None

    @override
    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        chat = row if isinstance(row, Chat) else None
        if role == CHAT:
            return chat
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return title_of(chat) if chat else row
        if role == Qt.ItemDataRole.AccessibleTextRole and chat and chat.id in self._answering:
            return tr("{title}, is being answered", title=title_of(chat))
        if role == IS_OPEN:
            return chat is not None and chat.id == self._open
        if role == IS_ANSWERING:
            return chat is not None and chat.id in self._answering
        return None

    @override
    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        chat = self.data(index, CHAT)
        title = " ".join(str(value).split())
        if role != Qt.ItemDataRole.EditRole or chat is None or not title or title == chat.title:
            return False
        self.renamed.emit(chat.id, title)
        return True

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid() or not isinstance(self._rows[index.row()], Chat):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable

    def _touch(self, chat_ids: Iterable[int | None]) -> None:
        for chat_id in chat_ids:
            index = self.index_of(chat_id)
            if index.isValid():
                self.dataChanged.emit(index, index)


class ChatList(PaintedList):
    """The list itself.

    Signals:
        chosen(int chat_id): opened by click or Enter.
        renamed(int chat_id, str title)
        delete_requested(int chat_id)
    """

    chosen = Signal(int)
    renamed = Signal(int, str)
    delete_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chatList")
        self._model = ChatListModel(self)
        self.setModel(self._model)
        self.setItemDelegate(ChatDelegate(self))
        # Headings are as high as chats, so that ten thousand rows are laid out by one multiplication.
        self.setUniformItemSizes(True)
        self.clicked.connect(self._on_chosen)
        self.activated.connect(self._on_chosen)
        self._model.renamed.connect(self.renamed)

    def set_chats(self, chats: Iterable[Chat], today: date) -> None:
        """Show `chats`, which come newest first; the place in the list stays."""
        current = self.currentIndex().data(CHAT)
        place = self.verticalScrollBar().value()
        self._model.set_chats(chats, today)
        if current is not None:
            self.setCurrentIndex(self._model.index_of(current.id))
        self.verticalScrollBar().setValue(place)

    def set_open(self, chat_id: int | None) -> None:
        """Mark the chat that the window shows, and bring it into view."""
        self._model.set_open(chat_id)
        index = self._model.index_of(chat_id)
        # Where it is the current one already, the reader may have scrolled elsewhere: that stays.
        if index != self.currentIndex():
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def set_answering(self, chat_ids: set[int]) -> None:
        """Mark the chats that are being answered."""
        self._model.set_answering(chat_ids)

    def neighbour(self, chat_id: int | None, step: int) -> int | None:
        """The id of the chat `step` places below the given one; of the first where that is not listed."""
        return self._model.neighbour(chat_id, step)

    def rename(self, chat_id: int | None) -> None:
        """Let the user write another title in the chat's row."""
        index = self._model.index_of(chat_id)
        if index.isValid():
            self.scrollTo(index)
            self.setCurrentIndex(index)
            self.edit(index)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        chat = self.currentIndex().data(CHAT)
        if chat is not None and event.key() == Qt.Key.Key_F2:
            self.rename(chat.id)
        elif chat is not None and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_requested.emit(chat.id)
        elif chat is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            # Handled here because not every platform's style activates on Enter.
            self.chosen.emit(chat.id)
        else:
            super().keyPressEvent(event)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        chat = index.data(CHAT)
        if chat is not None and more_rect(self.visualRect(index)).contains(event.position().toPoint()):
            self._show_menu(chat, event.globalPosition().toPoint())
            return
        super().mousePressEvent(event)

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index, at = self.menu_place(event)
        chat = index.data(CHAT)
        if chat is not None:
            self._show_menu(chat, at)

    def _show_menu(self, chat: Chat, at: QPoint) -> None:
        menu = controls.menu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setObjectName("chatListMenu")
        menu.addAction(tr("Open"), lambda: self.chosen.emit(chat.id))
        menu.addAction(tr("Rename") + "\tF2", lambda: self.rename(chat.id))
        menu.addSeparator()
        menu.addAction(tr("Delete") + "\tDel", lambda: self.delete_requested.emit(chat.id))
        menu.popup(at)

    def _on_chosen(self, index: QModelIndex) -> None:
        chat = index.data(CHAT)
        if chat is not None:
            self.chosen.emit(chat.id)


def more_rect(row: QRect) -> QRect:
    """Where a row under the pointer shows its menu button."""
    side = scaled(24)
    return QRect(row.right() - scaled(14) - side, row.center().y() - side // 2, side, side)


class ChatDelegate(QStyledItemDelegate):
    """Paints a chat or a heading."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(scaled(100), scaled(_ROW_PX))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = tokens(option.palette)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if index.data(CHAT) is None:
            self._paint_heading(painter, option, str(index.data()), theme)
        else:
            self._paint_chat(painter, option, index, theme)
        painter.restore()

    def _paint_heading(self, painter: QPainter, option: QStyleOptionViewItem, text: str, theme: Tokens) -> None:
        font = QFont(option.font)
        font.setPixelSize(scaled(TEXT_PX - 2))
        painter.setFont(font)
        painter.setPen(QColor(theme.muted))
        area = option.rect.adjusted(scaled(20), 0, -scaled(12), -scaled(6))
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, text)

    def _paint_chat(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, theme: Tokens) -> None:
        row = option.rect.adjusted(scaled(8), 1, -scaled(8), -1)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if index.data(IS_OPEN):
            paint_ground(painter, row, theme.pressed)
            bar = QRect(row.left(), row.top() + scaled(8), scaled(3), row.height() - 2 * scaled(8))
            painter.setBrush(QColor(theme.accent))
            painter.drawRoundedRect(bar, bar.width() / 2, bar.width() / 2)
        elif hovered:
            paint_ground(painter, row, theme.hover)
        view = option.widget
        if view.hasFocus() and option.state & QStyle.StateFlag.State_HasFocus:
            paint_ring(painter, row, theme)
        text = row.adjusted(scaled(12), 0, -scaled(8), 0)
        if hovered:
            more = more_rect(option.rect)
            size = scaled(16)
            corner = more.center() - QPoint(size // 2, size // 2)
            icon("ellipsis", theme.muted, size).paint(painter, QRect(corner, QSize(size, size)))
            text.setRight(more.left() - scaled(4))
        elif index.data(IS_ANSWERING):
            dot = scaled(7)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.accent))
            painter.drawEllipse(row.right() - scaled(10) - dot, row.center().y() - dot // 2, dot, dot)
            text.setRight(row.right() - scaled(16) - dot)
        painter.setPen(QColor(theme.text))
        shown = option.fontMetrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    @override
    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        field = QLineEdit(parent)
        field.setObjectName("renameField")
        field.setAccessibleName(tr("Title of the chat"))
        field.setMaxLength(200)
        return field

    @override
    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QLineEdit):
            editor.setText(str(index.data()))
            editor.selectAll()

    @override
    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text())

    @override
    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        editor.setGeometry(option.rect.adjusted(scaled(8), 0, -scaled(8), 0))
