"""A transcript on the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from typing_extensions import override

from desktop.ui import appearance
from desktop.ui.colours import LIGHT
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.transcript import Transcript


@pytest.fixture
def show(qtbot: QtBot, qapp: QApplication) -> Iterator[Callable[..., Transcript]]:
    """Shows rows in a window of 800 × 600."""
    style, palette, font, sheet = qapp.style().objectName(), qapp.palette(), qapp.font(), qapp.styleSheet()
    appearance.apply(qapp, LIGHT, 1.0)

    def make(rows: Sequence[Row], *, width: int = 800, height: int = 600) -> Transcript:
        transcript = Transcript()
        qtbot.addWidget(transcript)
        transcript.resize(width, height)
        transcript.set_rows(rows)
        transcript.show()
        transcript.activateWindow()
        transcript.setFocus(Qt.FocusReason.OtherFocusReason)
        qtbot.waitUntil(transcript.hasFocus)
        QGuiApplication.clipboard().clear()
        return transcript

    yield make
    qapp.setStyleSheet(sheet)
    qapp.setStyle(style)
    qapp.setPalette(palette)
    qapp.setFont(font)


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A web server's address and the requests that it gets."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{web.server_port}", asked
    web.shutdown()
    thread.join()
    web.server_close()
