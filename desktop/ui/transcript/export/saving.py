"""Saving a block of code as a file of its own."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop.errors import CannotExport
from desktop.ui.controls import save_dialog
from desktop.ui.i18n import tr
from desktop.ui.transcript.code.languages import language
from desktop.ui.transcript.export.files import NewFile


class Saving(QObject):
    """Asks where, and writes there. The window goes on meanwhile.

    Signals:
        saved(name: str): the file stands there, whole
        failed(CannotExport error): nothing was changed
    """

    saved = Signal(str)
    failed = Signal(object)

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self._page = page

    def ask(self, text: str, written: str) -> None:
        """Ask where to save `text`, whose language is `written` behind its fence."""
        dialog = save_dialog(self._page, tr("Save code"))
        dialog.setObjectName("saveCode")
        dialog.selectFile(file_name(written))
        dialog.fileSelected.connect(lambda path: self.write(Path(path), text))
        dialog.open()

    def write(self, path: Path, text: str) -> None:
        """Write `text` to `path`, all of it or nothing."""
        try:
            with NewFile(path) as file:
                file.write((text.removesuffix("\n") + "\n").encode("utf-8", "replace"))
                file.keep()
        except CannotExport as error:
            self.failed.emit(error)
        else:
            self.saved.emit(path.name)


def file_name(written: str) -> str:
    """The name that is suggested. Of what the answer wrote, only a known language has a say in it."""
    return f"code.{language(written).suffix}"
