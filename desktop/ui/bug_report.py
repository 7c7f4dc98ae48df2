"""What happens to exceptions that nobody expected: logged, and one dialog that lets the user copy the report."""

from __future__ import annotations

import logging
import platform
import sys
import threading
import traceback
from types import TracebackType

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from desktop.ui.i18n import tr

_log = logging.getLogger(__name__)


class BugReporter(QObject):
    """Shows the first bug of a run in a dialog over `window`; all of them are logged.

    Signals:
        _met(text: str): for its own use: a bug that ended another thread
    """

    _met = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.window: QWidget | None = None
        self._shown = False
        self._before = threading.excepthook
        self._met.connect(self._tell)

    def install(self) -> None:
        """Take over what Python does with an exception that reaches the top, in whatever thread."""
        sys.excepthook = self.report
        self._before = threading.excepthook
        threading.excepthook = self._report_thread

    def uninstall(self) -> None:
        """Leave bugs of other threads to Python again: there is no window any more to tell them."""
        threading.excepthook = self._before

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log a bug, and show it if it is the first."""
        if issubclass(kind, KeyboardInterrupt):
            QGuiApplication.quit()
            return
        sys.__excepthook__(kind, error, trace)
        self._tell("".join(traceback.format_exception(kind, error, trace)))

    def _report_thread(self, args: threading.ExceptHookArgs) -> None:
        self._before(args)
        if args.exc_type is SystemExit:
            return
        # As text: the frames of the thread may hold what has to be let go of there.
        text = "".join(traceback.format_exception(args.exc_type, args.exc_value, args.exc_traceback))
        self._met.emit(text)

    def _tell(self, text: str) -> None:
        _log.error("a bug:\n%s", text)
        if self._shown:
            return
        self._shown = True
        from importlib.metadata import version

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
