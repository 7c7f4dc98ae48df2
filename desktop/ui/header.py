"""The line above the transcript: the chat's title, the model, the chat's menu."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QStackedWidget, QWidget
from typing_extensions import override

from desktop.ui import controls
from desktop.ui.controls import DRESS_CHANGES, ElidedButton, IconButton, describe
from desktop.ui.i18n import tr
from desktop.ui.model_button import ModelButton
from desktop.ui.theme import scaled

_HEIGHT_PX = 48


class Header(QWidget):
    """All of the header. `model` is its model button.

    Signals:
        renamed(str title): the user wrote another title for the open chat
        rename_ended(): with another title or without
        sidebar_requested(), new_requested()
        chat_settings_requested(), delete_requested(), print_requested(): from the chat's menu
        export_requested(str kind): there too; "pdf", "html" or "md"
    """

    renamed = Signal(str)
    rename_ended = Signal()
    sidebar_requested = Signal()
    new_requested = Signal()
    chat_settings_requested = Signal()
    delete_requested = Signal()
    print_requested = Signal()
    export_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("header")
        self._text = ""
        self._on_disk = False
        self._sidebar = IconButton("sidebarButton", "panel-left", size=18)
        self._new = IconButton("headerNewChatButton", "square-pen", size=18)
        self._title = ElidedButton()
        self._title.setObjectName("titleButton")
        self._title.setProperty("look", "row")
        self._title.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._field = _TitleField()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._title)
        self._stack.addWidget(self._field)
        # Where there is little room, the title gives way first: it stands in the sidebar too.
        self._stack.setMinimumWidth(1)
        self.model = ModelButton()
        self._more = IconButton("chatMenuButton", "ellipsis", size=18)
        row = QHBoxLayout(self)
        for button in (self._sidebar, self._new):
            row.addWidget(button)
        row.addWidget(self._stack, 1)
        row.addWidget(self.model)
        row.addWidget(self._more)
        self._new.hide()
        self._sidebar.clicked.connect(self.sidebar_requested)
        self._new.clicked.connect(self.new_requested)
        self._title.clicked.connect(self.rename)
        self._field.finished.connect(self._on_finished)
        self._more.clicked.connect(self.open_menu)
        self._dress()
        self._retranslate()

    def set_chat(self, title: str, *, on_disk: bool) -> None:
        """The open chat's title. A new chat that is not on disk yet can be neither renamed nor deleted."""
        self._text, self._on_disk = title, on_disk
        self._stack.setCurrentWidget(self._title)
        self._say()

    def set_sidebar_open(self, is_open: bool) -> None:
        """While the sidebar is hidden, its button for a new chat stands here."""
        self._new.setVisible(not is_open)

    def rename(self) -> None:
        """Let the user write another title in place."""
        if not self._on_disk:
            return
        self._stack.setCurrentWidget(self._field)
        self._field.begin(self._text)

    def open_menu(self) -> QMenu:
        """Show what can be done with the chat."""
        menu = controls.menu(self)
        menu.setObjectName("chatMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Chat settings…"), self.chat_settings_requested.emit)
        rename = menu.addAction(tr("Rename") + "\tF2", self.rename)
        menu.addSeparator()
        self._add_exports(menu)
        menu.addSeparator()
        delete = menu.addAction(tr("Delete"), self.delete_requested.emit)
        rename.setEnabled(self._on_disk)
        delete.setEnabled(self._on_disk)
        corner = QPoint(self._more.width() - menu.sizeHint().width(), self._more.height() + scaled(4))
        menu.popup(self._more.mapToGlobal(corner))
        return menu

    def _add_exports(self, menu: QMenu) -> None:
        names = {
            "pdf": tr("Export as PDF…"),
            "html": tr("Export as HTML…"),
            "md": tr("Export as Markdown…"),
        }
        added = [menu.addAction(name, partial(self.export_requested.emit, kind)) for kind, name in names.items()]
        keys = QKeySequence(QKeySequence.StandardKey.Print).toString(QKeySequence.SequenceFormat.NativeText)
        added.append(menu.addAction(f"{tr('Print…')}\t{keys}", self.print_requested.emit))
        for action in added:
            action.setEnabled(self._on_disk)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _on_finished(self, title: str) -> None:
        self._stack.setCurrentWidget(self._title)
        title = " ".join(title.split())
        if title and title != self._text:
            self.renamed.emit(title)
        self.rename_ended.emit()

    def _say(self) -> None:
        self._title.setText((self._text or tr("New chat")).replace("&", "&&"))
        self._title.setEnabled(self._on_disk)
        describe(self._title, tr("Rename this chat"), QKeySequence(Qt.Key.Key_F2))
        self._title.setAccessibleDescription(self._text)

    def _retranslate(self) -> None:
        describe(self._sidebar, tr("Show or hide the sidebar"), QKeySequence("Ctrl+B"))
        describe(self._new, tr("New chat"), QKeySequence(QKeySequence.StandardKey.New))
        describe(self._more, tr("Chat menu"))
        self._field.setAccessibleName(tr("Title of the chat"))
        self._say()

    def _dress(self) -> None:
        self.setFixedHeight(scaled(_HEIGHT_PX))
        layout = self.layout()
        if layout is not None:
            layout.setContentsMargins(scaled(8), 0, scaled(8), 0)
            layout.setSpacing(scaled(4))


class _TitleField(QLineEdit):
    """The title while it is rewritten.

    Signals:
        finished(str title): Enter or the focus went elsewhere; Esc gives "".
    """

    finished = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("titleField")
        self.setMaxLength(200)
        self._is_open = False
        self.returnPressed.connect(lambda: self._finish(self.text()))

    def begin(self, title: str) -> None:
        """Let the user rewrite `title`."""
        self._is_open = True
        self.setText(title)
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.selectAll()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._finish("")
        else:
            super().keyPressEvent(event)

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() is not Qt.FocusReason.PopupFocusReason:
            self._finish(self.text())

    def _finish(self, title: str) -> None:
        # Once: the field loses the focus because it is finished, too.
        if self._is_open:
            self._is_open = False
            self.finished.emit(title)
