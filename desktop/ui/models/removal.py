"""Removes models: off the list with Undo, or into the trash after a question that says what it frees."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from desktop.hub.model import Model
from desktop.ui.i18n import tr
from desktop.ui.library_words import title_of
from desktop.ui.models.choice import Models
from desktop.ui.quantities import size
from desktop.ui.toast import Toast


class Removal(QObject):
    """Asks in `window`, and tells there what was done."""

    def __init__(self, window: QWidget, models: Models, toast: Toast) -> None:
        super().__init__(window)
        self._window, self._models, self._toast = window, models, toast

    def take_off(self, model: Model) -> None:
        """Take `model` off the list. Its file stays."""
        self._models.shelf.remove(model, to_trash=False, then=partial(self._on_taken_off, model))

    def trash(self, model: Model) -> None:
        """Ask whether the files of `model` are to go to the trash."""
        self._models.shelf.frees(model.name, partial(self._ask, model))

    def _on_taken_off(self, model: Model) -> None:
        def told() -> str:
            return tr("{name} is off the list. Its file stays where it is.", name=title_of(model))

        self._toast.show_message(told, lambda: tr("Undo"), partial(self._models.shelf.put_back, model))

    def _ask(self, model: Model, frees_bytes: int) -> None:
        dialog = QMessageBox(self._window)
        dialog.setObjectName("trashDialog")
        dialog.setWindowTitle(tr("Move to the trash"))
        dialog.setTextFormat(Qt.TextFormat.PlainText)
        dialog.setText(tr("Move {name} to the trash?", name=title_of(model)))
        dialog.setInformativeText(tr("It frees {size} once the trash is emptied.", size=size(frees_bytes)))
        move = dialog.addButton(tr("Move to the trash"), QMessageBox.ButtonRole.AcceptRole)
        move.setObjectName("moveToTrash")
        cancel = dialog.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        cancel.setObjectName("keepModel")
        dialog.setDefaultButton(cancel)
        dialog.accepted.connect(partial(self._trash, model, frees_bytes))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _trash(self, model: Model, frees_bytes: int) -> None:
        def told() -> str:
            return tr("{name} is in the trash ({size}).", name=title_of(model), size=size(frees_bytes))

        def move() -> None:
            self._models.shelf.remove(model, to_trash=True, then=partial(self._toast.show_message, told))

        if self._models.current is not None and self._models.current.name == model.name:
            # Some systems move no file that a process has mapped.
            self._models.unload(move)
        else:
            move()
