"""One start of a window: `app DATA_DIR` is Fireside's, `bare` is an empty one. Prints what it cost."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import psutil
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QPlainTextEdit, QWidget
from typing_extensions import override

from benchmarks.figures import since_start_s

_SETTLE_MS = 2000
_IDLE_MS = 8000


class FirstPaint(QObject):
    """Measures once the first window has been painted and the event loop has nothing left to do."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._values: dict[str, float] = {}
        self._cpu_s = self._wall_s = 0.0
        app.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint and isinstance(watched, QWidget) and watched.isWindow():
            self._app.removeEventFilter(self)
            QTimer.singleShot(0, self._on_usable)
        return False

    def _on_usable(self) -> None:
        self._values["start_to_usable_window"] = since_start_s()
        QTimer.singleShot(_SETTLE_MS, self._on_settled)

    def _on_settled(self) -> None:
        self._values["window_memory"] = psutil.Process().memory_info().rss / 1e6
        self._cpu_s, self._wall_s = time.process_time(), time.monotonic()
        QTimer.singleShot(_IDLE_MS, self._on_rested)

    def _on_rested(self) -> None:
        cpu_s, wall_s = time.process_time() - self._cpu_s, time.monotonic() - self._wall_s
        self._values["idle_cpu"] = 100 * cpu_s / wall_s
        print(json.dumps(self._values), flush=True)
        self._app.quit()


def app(data: Path) -> None:
    from desktop import app as fireside

    exec_app = QApplication.exec

    def measured(application: QApplication) -> int:
        FirstPaint(application)
        return exec_app()

    QApplication.exec = measured  # type: ignore[assignment, method-assign]
    fireside.main(data)


def bare() -> None:
    application = QApplication(sys.argv[:1])
    FirstPaint(application)
    window = QMainWindow()
    window.setCentralWidget(QPlainTextEdit())
    window.resize(1000, 700)
    window.show()
    application.exec()


if __name__ == "__main__":
    if sys.argv[1] == "app":
        app(Path(sys.argv[2]))
    else:
        bare()
