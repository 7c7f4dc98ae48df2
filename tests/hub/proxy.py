"""A proxy on the loopback address: forwards `http`, and opens tunnels by CONNECT."""

from __future__ import annotations

import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from typing_extensions import override


class Proxy:
    """A proxy at `address`. A context manager."""

    def __init__(self, *, refuses: int = 0) -> None:
        self.asked: list[str] = []
        """The address of each request."""
        self.refuses = refuses
        """A status that everything is answered with."""
        self._server = _Server(self)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.ended.set()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy
        self.ended = threading.Event()

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asks sees what went wrong."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    connection: socket.socket

    @override
    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_CONNECT(self) -> None:
        host, port = self.path.split(":")
        if self._refused():
            return
        with socket.create_connection((host, int(port))) as far:
            self.send_response(200)
            self.end_headers()
            self._relay(far)

    def do_GET(self) -> None:
        self._forward()

    def do_HEAD(self) -> None:
        self._forward()

    def _forward(self) -> None:
        if self._refused():
            return
        url = urlsplit(self.path)
        assert url.hostname is not None
        with socket.create_connection((url.hostname, url.port or 80)) as far:
            target = url.path + (f"?{url.query}" if url.query else "")
            headers = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            # One request a connection: what comes back needs no understanding.
            headers = headers.replace("keep-alive", "close")
            far.sendall(f"{self.command} {target} HTTP/1.1\r\n{headers}\r\n".encode())
            self._relay(far)
        self.close_connection = True

    def _refused(self) -> bool:
        self.server.proxy.asked.append(self.path)
        if self.server.proxy.refuses:
            self.send_error(self.server.proxy.refuses)
        return bool(self.server.proxy.refuses)

    def _relay(self, far: socket.socket) -> None:
        while not self.server.ended.is_set():
            ready, _, _ = select.select([self.connection, far], [], [], 0.05)
            for source in ready:
                data = source.recv(1 << 16)
                if not data:
                    return
                (far if source is self.connection else self.connection).sendall(data)
