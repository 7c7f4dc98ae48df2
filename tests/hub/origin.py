"""A web server on the loopback address that does to its answers what networks do to them."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from typing_extensions import override


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    """With its query."""
    headers: Message

    @property
    def start(self) -> int:
        """Where the range begins that was asked for."""
        given = self.headers.get("Range", "bytes=0-")
        return int(given.removeprefix("bytes=").split("-")[0])


@dataclass
class Answer:
    """What is about to be sent for a request. A fault changes it."""

    status: int
    headers: dict[str, str]
    body: bytes | Path = b""
    start: int = 0
    """Where in `body` the answer begins; a Path is sent from there to its end."""
    cut_at: int | None = None
    """After how many bytes of the body the connection ends, or stands still."""
    how: str = "fin"
    """"fin", "rst" or "stall": how it ends there."""
    wait_first: bool = False
    """Say nothing at all before the server's `release`."""
    is_file: bool = False
    """Faults are for answers to requests for files."""


Fault = Callable[[Answer], None]


def drop(at: int, how: str = "fin") -> Fault:
    """End the connection after `at` bytes of the body: with a "fin", a "rst", or by standing still ("stall")."""

    def apply(answer: Answer) -> None:
        answer.cut_at, answer.how = at, how

    return apply


def silence(answer: Answer) -> None:
    """Accept the request and say nothing."""
    answer.wait_first = True


def flip(at: int) -> Fault:
    """One wrong bit in byte `at` of the file, if the answer has it."""

    def apply(answer: Answer) -> None:
        body = bytearray(read_body(answer.body))
        if at < len(body):
            body[at] ^= 1
        answer.body = bytes(body)

    return apply


def ignore_range(answer: Answer) -> None:
    """The whole file, as many simple servers do."""
    answer.status, answer.start = 200, 0
    answer.headers.pop("Content-Range", None)
    answer.headers["Content-Length"] = str(len(read_body(answer.body)))


def wrong_range(answer: Answer) -> None:
    """A partial answer from elsewhere in the file, which says so."""
    size = len(read_body(answer.body))
    answer.start = 1
    answer.status = 206
    answer.headers["Content-Range"] = f"bytes 1-{size - 1}/{size}"
    answer.headers["Content-Length"] = str(size - 1)


def wrong_bytes(answer: Answer) -> None:
    """The right headers for the wrong part of the file."""
    body = read_body(answer.body)
    answer.body = body[answer.start :][::-1].rjust(len(body))


def body_of(change: Callable[[bytes], bytes]) -> Fault:
    """Another body, honestly announced: longer, shorter, anything."""

    def apply(answer: Answer) -> None:
        answer.body = change(read_body(answer.body)[answer.start :])
        answer.start = 0
        answer.headers["Content-Length"] = str(len(answer.body))

    return apply


def chunked(answer: Answer) -> None:
    """No length announced: the body ends with the connection."""
    del answer.headers["Content-Length"]
    answer.headers["Connection"] = "close"


def status(code: int, *, body: bytes = b"no", **headers: str) -> Fault:
    """Another status; header names with underscores for hyphens."""

    def apply(answer: Answer) -> None:
        answer.status, answer.body, answer.start = code, body, 0
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer.headers = {"Content-Length": str(len(body)), "Content-Type": "text/plain"} | named

    return apply


def portal(answer: Answer) -> None:
    """The login page of a network, in place of everything."""
    status(200, body=b"<html>Please log in</html>", Content_Type="text/html")(answer)


def read_body(body: bytes | Path) -> bytes:
    """All of it."""
    return body.read_bytes() if isinstance(body, Path) else body


def size_of(body: bytes | Path) -> int:
    """In bytes."""
    return body.stat().st_size if isinstance(body, Path) else len(body)


class Origin:
    """Answers what `answer` says, on a port of its own. A context manager."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.asked: list[Asked] = []
        self.sent = 0
        """Bytes of bodies that were sent."""
        self.faults: deque[Fault] = deque()
        """For the next requests for files, one each."""
        self.always: Fault | None = None
        """For every request for a file that has no fault of its own."""
        self.stalled = threading.Semaphore(0)
        """Released whenever an answer stands still."""
        self.answered = threading.Semaphore(0)
        """Released whenever the head of an answer was sent."""
        self.release = threading.Event()
        """Set it and what stands still goes on."""
        self.problems: list[BaseException] = []
        self._answer = answer
        self._server = _Server(self)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()
        assert self.problems == []

    def requests(self, method: str = "GET") -> list[Asked]:
        """What was asked with this method."""
        return [asked for asked in self.asked if asked.method == method]

    def answer(self, asked: Asked) -> Answer:
        """What is sent: what should be, after the next fault."""
        self.asked.append(asked)
        answer = self._answer(asked)
        if answer.is_file:
            fault = self.faults.popleft() if self.faults else self.always
            if fault is not None:
                fault(answer)
        return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    # Many connections of a proxy or of several downloads at once.
    request_queue_size = 64

    def __init__(self, origin: Origin) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.origin = origin
        self.open: set[socket.socket] = set()
        self.lock = threading.Lock()

    def hang_up(self) -> None:
        """End all connections: those that are kept alive would keep their threads."""
        with self.lock:
            for connection in self.open:
                with suppress(OSError):  # The client may have hung up.
                    connection.shutdown(socket.SHUT_RDWR)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        # That the client hangs up is what many tests are about.
        if error is not None and not isinstance(error, ConnectionError):
            self.origin.problems.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    connection: socket.socket
    # A head and a body in two packets would wait for each other.
    disable_nagle_algorithm = True

    @override
    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.open.add(self.connection)

    @override
    def finish(self) -> None:
        with self.server.lock:
            self.server.open.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        self._respond()

    def do_HEAD(self) -> None:
        self._respond()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _respond(self) -> None:
        answer = self.server.origin.answer(Asked(self.command, self.path, self.headers))
        if answer.wait_first:
            self._stand_still()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.headers.get("Connection") == "close":
            self.close_connection = True
        self.server.origin.answered.release()
        if self.command == "HEAD":
            return
        rest = size_of(answer.body) - answer.start
        count = rest if answer.cut_at is None else min(rest, answer.cut_at)
        self._send(answer, answer.start, count)
        if answer.cut_at is None:
            return
        if answer.how == "stall":
            self._stand_still()
            self._send(answer, answer.start + count, rest - count)
            return
        if answer.how == "rst":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _send(self, answer: Answer, start: int, count: int) -> None:
        if isinstance(answer.body, Path):
            with answer.body.open("rb") as file:
                sent = self.connection.sendfile(file, start, count) if count else 0
        else:
            self.wfile.write(memoryview(answer.body)[start : start + count])
            sent = count
        self.server.origin.sent += sent

    def _stand_still(self) -> None:
        self.server.origin.stalled.release()
        self.server.origin.release.wait()
