"""Proxies on the loopback address: one forwards `http` and opens tunnels by CONNECT, one speaks SOCKS5."""

from __future__ import annotations

import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
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
            _relay(self.connection, far, self.server.ended)

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
            _relay(self.connection, far, self.server.ended)
        self.close_connection = True

    def _refused(self) -> bool:
        self.server.proxy.asked.append(self.path)
        if self.server.proxy.refuses:
            self.send_error(self.server.proxy.refuses)
        return bool(self.server.proxy.refuses)


class SocksProxy:
    """A SOCKS5 proxy at `address` (RFC 1928) that wants no name and no password. A context manager."""

    def __init__(self, scheme: str = "socks5") -> None:
        self.asked: list[str] = []
        """Host and port of each connection."""
        self._server = _SocksServer(self)
        self.address = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.ended.set()
        self._server.server_close()
        self._thread.join()


class _SocksServer(ThreadingTCPServer):
    daemon_threads = False

    def __init__(self, proxy: SocksProxy) -> None:
        super().__init__(("127.0.0.1", 0), _SocksHandler)
        self.proxy = proxy
        self.ended = threading.Event()


class _SocksHandler(StreamRequestHandler):
    server: _SocksServer

    @override
    def handle(self) -> None:
        version, n_methods = self.rfile.read(2)
        assert (version, 0 in self.rfile.read(n_methods)) == (5, True)
        self.wfile.write(b"\x05\x00")
        assert self.rfile.read(3) == b"\x05\x01\x00"  # connect
        kind = self.rfile.read(1)[0]
        host = socket.inet_ntoa(self.rfile.read(4)) if kind == 1 else self.rfile.read(self.rfile.read(1)[0]).decode()
        port = int.from_bytes(self.rfile.read(2), "big")
        self.server.proxy.asked.append(f"{host}:{port}")
        with socket.create_connection((host, port)) as far:
            self.wfile.write(b"\x05\x00\x00\x01" + bytes(6))
            _relay(self.connection, far, self.server.ended)


def _relay(near: socket.socket, far: socket.socket, ended: threading.Event) -> None:
    """Pass on what comes from either side, until one ends."""
    while not ended.is_set():
        ready, _, _ = select.select([near, far], [], [], 0.05)
        for source in ready:
            data = source.recv(1 << 16)
            if not data:
                return
            (far if source is near else near).sendall(data)
