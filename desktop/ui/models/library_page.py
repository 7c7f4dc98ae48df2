"""The models on this computer: the list, the page of each, and what is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QShortcut,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from desktop.errors import AppError
from desktop.hub.model import Model, Neighbour
from desktop.ui import controls
from desktop.ui.controls import DRESS_CHANGES, describe, hairline, set_look
from desktop.ui.error_text import one_line
from desktop.ui.i18n import tr, tr_count
from desktop.ui.icons import icon
from desktop.ui.models.choice import Models
from desktop.ui.models.details import Details
from desktop.ui.models.dropping import model_paths
from desktop.ui.models.library_list import Act, LibraryList
from desktop.ui.models.library_rows import LibraryRows, Row, row_of
from desktop.ui.models.removal import Removal
from desktop.ui.models.shelf import Added
from desktop.ui.quantities import size
from desktop.ui.reveal import reveal
from desktop.ui.theme import COLUMN_PX, scaled, tokens
from desktop.ui.toast import Toast


class LibraryPage(QStackedWidget):
    """The list with its filter, or the details of one model in its place.

    Signals:
        use_requested(str name): this model shall answer
        discover_requested(): the user wants more models
    """

    use_requested = Signal(str)
    discover_requested = Signal()

    def __init__(self, models: Models, toast: Toast) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self._models, self._shelf, self._toast = models, models.shelf, toast
        self._removal = Removal(self, models, toast)
        self._search = QLineEdit()
        self._search.setObjectName("libraryFilter")
        self._search.setClearButtonEnabled(False)
        self._glass = QAction(self._search)
        self._search.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._add = QPushButton()
        self._add.setObjectName("addModelsButton")
        self._rows = LibraryRows(models, models.fit_of, self)
        self._list = LibraryList(self._rows)
        self._empty, self._summary = QLabel(), QLabel()
        self._discover = QPushButton()
        self._discover.setObjectName("discoverButton")
        self._details = Details(models)
        self._lay_out()
        self._connect()
        self._retranslate()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self.currentWidget() is self._details:
            self._details.setFocus(event.reason())
            return
        if not self._list.currentIndex().isValid() and self._rows.rowCount():
            current = self._models.current
            self._list.setCurrentIndex(self._rows.index_of(current.name) if current else self._rows.first())
        self._list.setFocus(event.reason())

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Only what no part of the page had a use for arrives here.
        if event.key() == Qt.Key.Key_Escape and self._search.text():
            self._search.clear()
            self._list.setFocus()
        elif event.key() == Qt.Key.Key_Down and self._search.hasFocus():
            self.setFocus()
        else:
            super().keyPressEvent(event)

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if model_paths(event.mimeData()):
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.add(model_paths(event.mimeData()))

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._dress()

    def add(self, paths: list[Path]) -> None:
        """Add files and folders in place, and say what came of it."""
        self._shelf.add(paths, self._on_added)

    def _lay_out(self) -> None:
        page = QWidget()
        self._top = QHBoxLayout()
        self._top.addWidget(self._search, 1)
        self._top.addWidget(self._add)
        self._bottom = QHBoxLayout()
        self._bottom.addWidget(self._summary, 1)
        self._bottom.addWidget(self._discover)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for label, look in ((self._empty, "muted"), (self._summary, "small")):
            label.setProperty("look", look)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._top)
        self._middle = QVBoxLayout()
        self._middle.addWidget(self._list)
        column.addLayout(self._middle, 1)
        column.addWidget(self._empty, 1)
        column.addWidget(hairline())
        column.addLayout(self._bottom)
        self.addWidget(page)
        self.addWidget(self._details)
        self._dress()

    def _connect(self) -> None:
        self._search.textChanged.connect(self._on_filter)
        self._search.returnPressed.connect(self.setFocus)
        self._add.clicked.connect(self._show_add_menu)
        self._discover.clicked.connect(self.discover_requested)
        self._list.acted.connect(self._on_act)
        self._details.acted.connect(self._on_act)
        self._details.left.connect(self._on_left)
        # The choice and the list; the shelf tells the models, which tell everybody.
        self._models.changed.connect(self._on_changed)
        self._shelf.refit.connect(self._on_changed)
        for keys, do in (("Ctrl+F", self._search.setFocus), ("Ctrl+O", self._choose_files)):
            shortcut = QShortcut(QKeySequence(keys), self, do)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    # What the shelf tells.

    def _on_changed(self) -> None:
        chosen = row_of(self._list.currentIndex())
        place = self._list.verticalScrollBar().value()
        self._rows.refresh()
        if isinstance(chosen, Model):
            self._list.setCurrentIndex(self._rows.index_of(chosen.name))
        self._list.verticalScrollBar().setValue(place)
        if self._details.model is not None:
            model = self._shelf.find(self._details.model.name)
            if model is not None:
                self._details.show_model(model)
            elif self.currentWidget() is self._details:
                self._on_left()
        self._say()

    def _on_added(self, added: Added) -> None:
        if added.models:
            self._search.clear()
            self._list.setCurrentIndex(self._rows.index_of(added.models[0].name))
            self._list.scrollTo(self._list.currentIndex())
            listed = len(added.models)
            self._toast.show_message(
                lambda: tr_count("{count} model is listed now.", "{count} models are listed now.", listed)
            )
        if added.errors:
            self._toast.show_error(partial(_not_added, added.errors))

    # What the user does.

    def _on_filter(self, text: str) -> None:
        self._rows.set_filter(text)
        if self._rows.rowCount():
            self._list.setCurrentIndex(self._rows.first())
        self._say()

    def _on_act(self, row: Row, act: Act) -> None:
        if isinstance(row, Model):
            self._on_model_act(row, act)
        elif act is Act.ADD_ALL:
            self._shelf.add_neighbours(self._rows.neighbours, self._on_added)
        elif isinstance(row, Neighbour):
            self._shelf.add_neighbours([row], self._on_added)

    def _on_model_act(self, model: Model, act: Act) -> None:
        match act:
            case Act.USE:
                self.use_requested.emit(model.name)
            case Act.DETAILS:
                self._details.show_model(model)
                self.setCurrentWidget(self._details)
                self._details.setFocus()
            case Act.VERIFY:
                self._shelf.verify(model.name)
            case Act.STOP_VERIFYING:
                self._shelf.cancel_verifying(model.name)
            case Act.REVEAL:
                if not reveal(model.path):
                    folder = model.path.parent
                    self._toast.show_error(lambda: tr("The folder cannot be opened here: {path}", path=folder))
            case Act.LOCATE:
                self._locate(model)
            case Act.TAKE_OFF:
                self._removal.take_off(model)
            case Act.TRASH:
                self._removal.trash(model)

    def _on_left(self) -> None:
        self.setCurrentIndex(0)
        if self._details.model is not None:
            index = self._rows.index_of(self._details.model.name)
            if index.isValid():
                self._list.setCurrentIndex(index)
        self._list.setFocus()

    def _locate(self, model: Model) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, tr("Where is {name} now?", name=model.title), str(model.path.parent), _file_kinds()
        )
        if chosen:
            self._shelf.move(model, Path(chosen))

    def _choose_files(self) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(self, tr("Choose model files"), "", _file_kinds())
        if chosen:
            self.add([Path(each) for each in chosen])

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, tr("Choose a folder with models"))
        if chosen:
            self.add([Path(chosen)])

    def _show_add_menu(self) -> None:
        menu = controls.menu(self)
        menu.setObjectName("addModelsMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        keys = QKeySequence("Ctrl+O").toString(QKeySequence.SequenceFormat.NativeText)
        menu.addAction(f"{tr('Files…')}\t{keys}", self._choose_files)
        menu.addAction(tr("Folder…"), self._choose_folder)
        corner = QPoint(self._add.width() - menu.sizeHint().width(), self._add.height() + scaled(4))
        menu.popup(self._add.mapToGlobal(corner))

    # How it looks and what it says.

    def _say(self) -> None:
        models = self._shelf.models
        found = self._rows.rowCount() > 0
        self._list.setVisible(found)
        self._empty.setVisible(not found)
        if self._search.text():
            self._empty.setText(tr("No model has “{words}” in its name or its facts.", words=self._search.text()[:80]))
        else:
            self._empty.setText(tr("There are no models here yet. Drop model files (GGUF) or a folder here."))
        total = size(sum(model.size_bytes for model in models))
        only_starter = all(model.is_starter for model in models)
        set_look(self._discover, "primary" if only_starter else "link")
        if only_starter:
            self._summary.setText(tr("Only the tiny starter model is here. A larger one answers better."))
        else:
            self._summary.setText(tr_count("{count} model, {size}", "{count} models, {size}", len(models), size=total))

    def _retranslate(self) -> None:
        self._search.setPlaceholderText(tr("Filter models"))
        describe(self._search, tr("Filter models"), QKeySequence("Ctrl+F"))
        self._list.setAccessibleName(tr("Models on this computer"))
        self._add.setText(tr("Add…"))
        describe(self._add, tr("Add model files or a folder; they stay where they are"))
        self._discover.setText(tr("Get more models"))
        describe(self._discover, self._discover.text())
        self._rows.refresh()
        self._say()

    def _dress(self) -> None:
        side = max(scaled(16), (self.width() - scaled(COLUMN_PX)) // 2)
        self._top.setContentsMargins(side, scaled(12), side, scaled(8))
        self._top.setSpacing(scaled(8))
        self._middle.setContentsMargins(side - scaled(16), 0, side - scaled(16), 0)
        self._bottom.setContentsMargins(side + scaled(8), scaled(6), side, scaled(6))
        self._empty.setMargin(scaled(24))
        self._glass.setIcon(icon("search", tokens(self.palette()).muted, scaled(16)))
        self._search.setMinimumSize(QSize(scaled(120), 0))


def _not_added(errors: Sequence[AppError]) -> str:
    """Why the first file was not added, and how many more were not."""
    said, more = one_line(errors[0]), len(errors) - 1
    if more:
        said += " " + tr_count("({count} more could not be added.)", "({count} more could not be added.)", more)
    return said


def _file_kinds() -> str:
    return tr("Model files (*.gguf)") + ";;" + tr("All files (*)")
