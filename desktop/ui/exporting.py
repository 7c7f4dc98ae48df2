"""Takes the open chat out of the window: into a file, or onto paper. The window goes on meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, QTimer
from PySide6.QtWidgets import QDialog, QWidget

from desktop.errors import AppError
from desktop.ui.controls import save_dialog
from desktop.ui.error_text import one_line
from desktop.ui.i18n import tr
from desktop.ui.reveal import reveal
from desktop.ui.session import Session
from desktop.ui.toast import Toast
from desktop.ui.transcript.export.files import NewFile, file_name
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.transcript import Transcript

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrintDialog, QPrinter

    from desktop.ui.transcript.export.pages import Pages
    from desktop.ui.transcript.export.paper import Sheet

_STEP_S = 0.012
"""So long the window may wait for a part of the work: less than a frame."""
_QUIET_S = 0.5
"""What is done sooner shows no progress."""


class Format(StrEnum):
    """What a chat can be written as; its value is the file's ending."""

    PDF = "pdf"
    HTML = "html"
    MARKDOWN = "md"


class Exporting(QObject):
    """Exports and prints what `transcript` shows. One at a time; what is shown then is what is written."""

    def __init__(self, window: QWidget, session: Session, transcript: Transcript, toast: Toast) -> None:
        super().__init__(window)
        self._window, self._session, self._transcript, self._toast = window, session, transcript, toast
        self._folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        self._work: Generator[float] | None = None
        self._ended: Callable[[], object] = _nothing
        self._began = 0.0
        self._percent = -1
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)

    def ask(self, kind: str) -> None:
        """Ask where the open chat is to be written as a Format, and write it there."""
        if not self._may_begin():
            return
        dialog = save_dialog(self._window, tr("Export the chat"), self._folder)
        dialog.setObjectName("exportDialog")
        dialog.setNameFilters([f"{kind.upper()} (*.{kind})"])
        dialog.setDefaultSuffix(kind)
        dialog.selectFile(f"{file_name(self._session.shown.title)}.{kind}")
        dialog.fileSelected.connect(lambda path: self.write(Format(kind), Path(path)))
        dialog.open()

    def write(self, kind: Format, path: Path) -> None:
        """Write the open chat to `path`."""
        self._folder = str(path.parent)
        self._begin(
            self._writing(kind, path),
            lambda: self._toast.show_afterwards(
                lambda: tr("Exported to {name}", name=path.name), lambda: tr("Show in folder"), lambda: reveal(path)
            ),
        )

    def print(self) -> QPrintDialog | None:
        """Ask on which printer, and print the open chat."""
        if not self._may_begin():
            return None
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        from desktop.ui.transcript.export.paper import lay_out_page

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setDocName(self._session.shown.title)
        printer.setCreator("Fireside")
        lay_out_page(printer)
        dialog = QPrintDialog(printer, self._window)
        dialog.setObjectName("printDialog")
        # The dialog does not keep the printer that it is about: this does.
        dialog.accepted.connect(lambda: self._begin(self._printing(printer), _nothing))
        dialog.finished.connect(dialog.deleteLater)
        QDialog.open(dialog)
        return dialog

    def cancel(self) -> None:
        """Stop what is going on. Nothing is left of a file that is not whole."""
        self._timer.stop()
        work, self._work = self._work, None
        if work is not None:
            # What it has opened is closed with it.
            work.close()

    # What is done, in small steps.

    def _writing(self, kind: Format, path: Path) -> Generator[float]:
        title, rows = self._session.shown.title, list(self._session.rows)
        with NewFile(path) as file:
            if kind is Format.PDF:
                from desktop.ui.transcript.export.pdf import write_pdf

                yield from write_pdf(file, self._pages(rows), title)
            else:
                yield from _write_text(file, self._texts(kind, title), rows)
            file.keep()

    def _texts(self, kind: Format, title: str) -> Callable[[Iterable[Row]], Iterator[str]]:
        state_of = self._transcript.column.state_of
        if kind is Format.MARKDOWN:
            from desktop.ui.transcript.export.plain_files import markdown_file

            return lambda rows: markdown_file(title, rows, state_of)
        from desktop.ui.transcript.export.html import html_page
        from desktop.ui.transcript.export.html_blocks import no_drawing

        diagrams = self._transcript.column.style.diagrams
        return lambda rows: html_page(title, rows, state_of, diagrams.svg if diagrams is not None else no_drawing)

    def _printing(self, printer: QPrinter) -> Generator[float]:
        from desktop.ui.transcript.export.paper import sheet_of
        from desktop.ui.transcript.export.printing import print_pages

        first, last = printer.fromPage(), printer.toPage()
        wanted = range(first - 1, last) if first else None
        pages = self._pages(list(self._session.rows), sheet_of(printer))
        yield from print_pages(printer, pages, self._session.shown.title, wanted)

    def _pages(self, rows: list[Row], sheet: Sheet | None = None) -> Pages:
        from desktop.ui.transcript.export.pages import Pages
        from desktop.ui.transcript.export.paper import Sheet, page_size, paper_style

        sheet = sheet or Sheet.of(page_size())
        style = paper_style(sheet, self._transcript.column.style.diagrams)
        return Pages(rows, self._transcript.column.state_of, style, sheet)

    # How it goes on.

    def _may_begin(self) -> bool:
        if self._work is not None:
            self._toast.show_message(lambda: tr("Another export is still being written."))
        return self._work is None and bool(self._session.rows)

    def _begin(self, work: Generator[float], ended: Callable[[], object]) -> None:
        if self._work is not None:
            return
        self._work, self._ended = work, ended
        self._began, self._percent = time.monotonic(), -1
        self._timer.start()

    def _go_on(self) -> None:
        work = self._work
        if work is None:
            return
        due = time.monotonic() + _STEP_S
        done = 0.0
        try:
            while time.monotonic() < due:
                done = next(work)
        except StopIteration:
            self._end()
            self._ended()
        except AppError as error:
            self._end()
            self._toast.show_error(partial(one_line, error))
        except BaseException:
            # A bug. What goes wrong here must not be tried again, nor look like the end.
            self._end()
            raise
        else:
            self._tell(done)

    def _end(self) -> None:
        self._timer.stop()
        self._work = None
        self._toast.end_progress()

    def _tell(self, done: float) -> None:
        percent = int(done * 100)
        if percent != self._percent and time.monotonic() - self._began > _QUIET_S:
            self._percent = percent
            self._toast.show_progress(
                lambda: tr("Exporting… {percent} %", percent=percent), lambda: tr("Cancel"), self.cancel
            )


def _write_text(file: NewFile, text: Callable[[Iterable[Row]], Iterator[str]], rows: list[Row]) -> Iterator[float]:
    done = 0

    def counted() -> Iterator[Row]:
        nonlocal done
        for done, row in enumerate(rows):  # noqa: B007  it is read below
            yield row

    for part in text(counted()):
        # Half a character of an emoji, as a broken answer may have, is no UTF-8.
        file.write(part.encode("utf-8", "replace"))
        yield done / max(1, len(rows))


def _nothing() -> None:
    """Nothing follows."""
