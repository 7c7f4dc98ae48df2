"""A chat as a PDF: letters that can be marked and searched, links that lead where they led."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QPdfWriter

from desktop.ui.transcript.export.files import NewFile
from desktop.ui.transcript.export.pages import Pages
from desktop.ui.transcript.export.paper import lay_out_page
from desktop.ui.transcript.export.pdf_letters import with_words
from desktop.ui.transcript.export.printing import print_pages


def write_pdf(file: NewFile, pages: Pages, title: str) -> Iterator[float]:
    """Write `pages` into `file`, in small steps; yields how much is done, 0 to 1.

    Raises:
        CannotExport
    """
    # Qt would not say why a file cannot be written, nor that it could not. It only ever writes at the end.
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(title)
    writer.setCreator("Fireside")
    lay_out_page(writer)
    for done in print_pages(writer, pages, title):
        yield done
        _move(buffer, file)
    _move(buffer, file)


def _move(buffer: QBuffer, file: NewFile) -> None:
    """Write what has come to the file. The tables of letters come at the end, all at once."""
    if buffer.pos():
        file.write(with_words(bytes(buffer.data().data())))
        buffer.buffer().clear()
        buffer.seek(0)
