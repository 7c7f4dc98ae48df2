"""What happens to exceptions that nobody expected: logged, and one dialog that lets the user copy the report."""

from __future__ import annotations

import logging
import platform
import sys
import traceback
from types import TracebackType

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from desktop.ui.i18n import tr

_log = logging.getLogger(__name__)


class BugReporter:
    """Shows the first bug of a run in a dialog over `window`; all of them are logged."""

    def __init__(self) -> None:
        self.window: QWidget | None = None
        self._shown = False

    def install(self) -> None:
        """Take over what Python does with an exception that reaches the top."""
        sys.excepthook = self.report

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log a bug, and show it if it is the first."""
        if issubclass(kind, KeyboardInterrupt):
            QGuiApplication.quit()
            return
        from importlib.metadata import version

        text = "".join(traceback.format_exception(kind, error, trace))
        _log.error("a bug:\n%s", text)
        sys.__excepthook__(kind, error, trace)
        if self._shown:
            return
        self._shown = True
        dialog = QMessageBox(self.window)
        dialog.setObjectName("bugDialog")
        dialog.setIcon(QMessageBox.Icon.Warning)
        dialog.setWindowTitle(tr("Fireside"))
        dialog.setText(tr("Something in Fireside went wrong. This is a bug, and your chats are safe on disk."))
        dialog.setInformativeText(tr("The report below holds no text of your chats. Copy it to tell the developers."))
        dialog.setDetailedText(
            f"Fireside {version('fireside')}, Python {platform.python_version()}, {platform.platform()}\n\n{text}"
        )
        copy = dialog.addButton(tr("Copy the report"), QMessageBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(dialog.detailedText()))
        dialog.addButton(tr("Go on"), QMessageBox.ButtonRole.AcceptRole)
        dialog.open()
