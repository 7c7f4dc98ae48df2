"""One window a data directory: a second one asks the first to come to the front."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDeadlineTimer, QLockFile, QObject, QThread, QTimer, Signal

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer

_TIMEOUT_MS = 2000
_RETRY_MS = 50


class SingleInstance(QObject):
    """Holds the lock on a data directory, and listens for other windows that wanted it.

    Signals:
        called(): a second window was started on the same data
    """

    called = Signal()

    def __init__(self, data: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = data / "window.lock"
        self._lock = QLockFile(str(self._file))
        # A lock whose process is gone is broken at once; one whose process lives is never too old.
        self._lock.setStaleLockTime(0)
        # A local socket's name is short everywhere: on Unix the whole path may have about 100 bytes.
        digest = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:24]
        self._name = f"fireside-{digest}"
        self._server: QLocalServer | None = None

    def acquire(self) -> bool:
        """Whether this is the only window on the data. If not, the other one has been called to the front."""
        if not self._lock.tryLock(0):
            self._call_the_other()
            return False
        self._file.chmod(0o600)
        # The window need not wait for this: loading QtNetwork takes a while.
        QTimer.singleShot(0, self, self._listen)
        return True

    def release(self) -> None:
        """Let another window have the data."""
        if self._server is not None:
            self._server.close()
        self._lock.unlock()

    def _listen(self) -> None:
        from PySide6.QtNetwork import QLocalServer

        # A process that was killed leaves its socket behind; the lock is ours, so nobody else listens there.
        QLocalServer.removeServer(self._name)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_new_connection)
        self._server.listen(self._name)

    def _call_the_other(self) -> None:
        from PySide6.QtNetwork import QLocalSocket

        # It may have the lock and not listen yet.
        patience = QDeadlineTimer(_TIMEOUT_MS)
        while not patience.hasExpired():
            socket = QLocalSocket()
            socket.connectToServer(self._name)
            if socket.waitForConnected(_TIMEOUT_MS):
                socket.disconnectFromServer()
                return
            QThread.msleep(_RETRY_MS)

    def _on_new_connection(self) -> None:
        while self._server is not None and (socket := self._server.nextPendingConnection()) is not None:
            socket.close()
            socket.deleteLater()
            self.called.emit()
