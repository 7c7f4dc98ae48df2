"""The sockets under every request: stopped within milliseconds, one proxy, and the token for one host alone.

Imported with the first request, since the HTTP client takes a tenth of a second. `Network` is what others use.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
import threading
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar

import httpcore2
import httpx2
from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]  # public, but not marked so
from typing_extensions import override

from desktop.errors import HubUnreachable, Trouble
from desktop.hub.stop import ConnectionChanged, Stop

_PROXY_AUTHENTICATION_REQUIRED = 407
# At once from a socket. With httpcore2's 64 KiB a download over loopback has three quarters of this speed.
_READ_BYTES = 1 << 18
_UNUSABLE = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpcore2.UnsupportedProtocol,
)

# Of what the hub's interface says. The files of the largest repositories make one megabyte of JSON.
_LONGEST_ANSWER_BYTES = 32 << 20

_speaking: ContextVar[tuple[Transport, Stop, bool]] = ContextVar("speaking")

_SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


@contextmanager
def speaking(transport: Transport, stop: Stop, *, asking: bool = False) -> Iterator[None]:
    """Have the requests of this thread go through `transport`, until `stop` stops them.

    `asking` is for the hub's interface: answers come whole, and refusals as HfHubHTTPError at once.
    """
    token = _speaking.set((transport, stop, asking))
    try:
        yield
    finally:
        _speaking.reset(token)


def client() -> httpx2.Client:
    """The client for all requests of the process, `huggingface_hub`'s too. It sends nothing outside of `speaking`."""
    # Their messages hold whole addresses, and those of files are signed: whoever has one has the file.
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It would write to stderr by itself. What it warns of comes to us as an error too.
    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
    return httpx2.Client(transport=_Front(), follow_redirects=True, timeout=None)


class _Front(httpx2.BaseTransport):
    @override
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        transport, stop, asking = _speaking.get()
        answer = transport.send(request, stop)
        return _whole(answer, request) if asking else answer


def _whole(answer: httpx2.Response, request: httpx2.Request) -> httpx2.Response:
    """`answer` with its body, which has its limits even where it was compressed.

    Raises:
        HfHubHTTPError: it is a refusal. `huggingface_hub` would ask again some times before it said so, and wait in
            between for as long as the server likes, where nothing could stop it.
        HubUnreachable
    """
    content = bytearray()
    try:
        for piece in answer.iter_bytes():
            content += piece
            if len(content) > _LONGEST_ANSWER_BYTES:
                raise HubUnreachable(request.url.host, Trouble.NOT_A_HUB)
    finally:
        answer.close()
    headers = [(name, value) for name, value in answer.headers.raw if name.lower() != b"content-encoding"]
    whole = httpx2.Response(answer.status_code, headers=headers, content=bytes(content), request=request)
    hf_raise_for_status(whole)
    return whole


class Transport:
    """Sends requests until `ended` is set, which breaks those that are under way with `ConnectionChanged`."""

    def __init__(
        self, *, proxy: str | None, token_origin: str, connect_s: float, silence_s: float, ended: Stop
    ) -> None:
        self._proxy = proxy
        self._token_origin = _origin(httpx2.URL(token_origin))
        self._timeout = {"connect": connect_s, "read": silence_s, "write": silence_s, "pool": None}
        self._ended = ended
        self._lock = threading.Lock()
        self._pools: dict[str, httpcore2.ConnectionPool] = {}

    def send(self, request: httpx2.Request, stop: Stop) -> httpx2.Response:
        """The answer to `request`; its body is still to come.

        Raises:
            Stopped, ConnectionChanged
            HubUnreachable: no answer at all; also later, while the body is read.
        """
        if _origin(request.url) != self._token_origin:
            request.headers.pop("authorization", None)
        proxy = _system_proxy(request.url) if self._proxy is None else self._proxy
        to = _Way(request.url.host, bool(proxy), stop, self._ended)
        asked = httpcore2.Request(
            request.method,
            httpcore2.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions={"timeout": self._timeout},
        )
        with to.translating():
            answer = self._pool(proxy).handle_request(asked)
        if answer.status == _PROXY_AUTHENTICATION_REQUIRED:
            answer.close()
            raise HubUnreachable(request.url.host, Trouble.PROXY)
        if not _leads_somewhere(request.url, answer):
            answer.close()
            raise HubUnreachable(request.url.host, Trouble.NOT_A_HUB)
        # Nobody here needs to be recognised again by a cookie.
        headers = [(name, value) for name, value in answer.headers if name.lower() != b"set-cookie"]
        return httpx2.Response(answer.status, headers=headers, stream=_Body(answer, to))

    def close(self) -> None:
        """Let go of all connections. None is used any more: `ended` is set."""
        with self._lock:
            pools = list(self._pools.values())
        for pool in pools:
            pool.close()

    def _pool(self, proxy: str) -> httpcore2.ConnectionPool:
        with self._lock:
            if self._ended.is_set():
                raise ConnectionChanged
            if proxy not in self._pools:
                self._pools[proxy] = httpcore2.ConnectionPool(
                    ssl_context=httpx2.create_ssl_context(),
                    proxy=_parsed(proxy) if proxy else None,
                    max_connections=None,
                    max_keepalive_connections=8,
                    keepalive_expiry=30,
                    network_backend=_Backend(self._ended),
                )
            return self._pools[proxy]


class _Way:
    """The way to `host`: what stops it, and how its failures are told."""

    def __init__(self, host: str, proxied: bool, stop: Stop, ended: Stop) -> None:
        self._host = host
        self._proxied = proxied
        self._stop = stop
        self._ended = ended

    @contextmanager
    def translating(self) -> Iterator[None]:
        try:
            yield
        except (*_UNUSABLE, ImportError, ValueError) as error:
            _check(self._stop, self._ended)
            raise HubUnreachable(self._host, self._trouble(error)) from error

    def _trouble(self, error: BaseException) -> Trouble:
        causes = list(_causes(error))
        if isinstance(error, httpcore2.UnsupportedProtocol):
            return Trouble.NOT_A_HUB
        connecting = isinstance(error, httpcore2.ConnectError | httpcore2.ConnectTimeout)
        # Not those that end too early: they may be whole another time.
        forged = [
            cause for cause in causes if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError)
        ]
        if connecting and forged:
            return Trouble.NOT_SECURE
        # ImportError: a SOCKS proxy without the library for it. ValueError: an address that is none.
        if isinstance(error, httpcore2.ProxyError | ImportError | ValueError) or (connecting and self._proxied):
            return Trouble.PROXY
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return Trouble.NO_SUCH_HOST
        if isinstance(error, httpcore2.TimeoutException):
            return Trouble.TIMED_OUT
        return Trouble.REFUSED if connecting else Trouble.BROKEN


class _Body(httpx2.SyncByteStream):
    """An answer's body, whose failures are told like its head's."""

    def __init__(self, answer: httpcore2.Response, way: _Way) -> None:
        self._answer = answer
        self._way = way

    @override
    def __iter__(self) -> Iterator[bytes]:
        with self._way.translating():
            yield from self._answer.iter_stream()

    @override
    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore2.NetworkBackend):
    """Makes connections that can be stopped in every phase, from looking up the name on."""

    def __init__(self, ended: Stop) -> None:
        self._ended = ended

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore2.NetworkStream:
        stop = _speaking.get()[1]
        attempt = _Attempt(host, port, timeout)
        with stop.calling(attempt.over.set), self._ended.calling(attempt.over.set):
            attempt.over.wait(timeout)
        stream = attempt.take()
        try:
            _check(stop, self._ended)
        except BaseException:
            if isinstance(stream, httpcore2.NetworkStream):
                stream.close()
            raise
        if stream is None:
            raise httpcore2.ConnectTimeout
        if isinstance(stream, Exception):
            raise stream
        return _Stream(stream, self._ended)


class _Attempt:
    """A connection being made in a thread of its own, since nothing wakes a thread that looks up a name."""

    def __init__(self, host: str, port: int, timeout: float | None) -> None:
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._outcome: httpcore2.NetworkStream | Exception | None = None
        self._taken = False
        threading.Thread(target=self._connect, args=(host, port, timeout), name="connect", daemon=True).start()

    def take(self) -> httpcore2.NetworkStream | Exception | None:
        """What came of it; None if it is not over, and then whatever comes is closed."""
        with self._lock:
            self._taken = True
            return self._outcome

    def _connect(self, host: str, port: int, timeout: float | None) -> None:
        outcome: httpcore2.NetworkStream | Exception
        try:
            # A third of the time for each address: the first of several is often an IPv6 one that leads nowhere.
            outcome = httpcore2.SyncBackend().connect_tcp(
                host, port, timeout and timeout / 3, socket_options=[(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
            )
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            outcome = error
        except (UnicodeError, OverflowError) as error:
            # A host name that is none, such as "a..b", or a port beyond 65535.
            outcome = httpcore2.ConnectError(error)
        with self._lock:
            if self._taken and isinstance(outcome, httpcore2.NetworkStream):
                outcome.close()
            self._outcome = outcome
        self.over.set()


class _Stream(httpcore2.NetworkStream):
    """A connection that wakes whoever reads or writes when it is stopped."""

    def __init__(self, inner: httpcore2.NetworkStream, ended: Stop) -> None:
        self._inner = inner
        self._ended = ended

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._stoppable(self._socket):
            return self._inner.read(max(max_bytes, _READ_BYTES), timeout)

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._stoppable(self._socket):
            self._inner.write(buffer, timeout)

    @override
    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        # The handshake takes the socket's number away from the object that we know: a second one shuts both down.
        inside = nullcontext(self._socket) if isinstance(self._socket, ssl.SSLSocket) else self._socket.dup()
        with inside as handle, self._stoppable(handle):
            return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._ended)

    @override
    def close(self) -> None:
        self._inner.close()

    @override
    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)

    @property
    def _socket(self) -> socket.socket:
        found: socket.socket = self._inner.get_extra_info("socket")
        return found

    @contextmanager
    def _stoppable(self, connected: socket.socket) -> Iterator[None]:
        def shut_down() -> None:
            with suppress(OSError):  # It may be closed already.
                # Not SSLSocket's own, which would have the reading thread take what is encrypted for plain text.
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

        stop = _speaking.get()[1]
        try:
            try:
                with stop.calling(shut_down), self._ended.calling(shut_down):
                    yield
            finally:
                # A socket that was shut down looks like an answer that ended: neither is to be taken for it.
                _check(stop, self._ended)
        except BaseException:
            # Whoever speaks SOCKS there would leave it open.
            self.close()
            raise


def _check(stop: Stop, ended: Stop) -> None:
    stop.check()
    if ended.is_set():
        raise ConnectionChanged


def _leads_somewhere(url: httpx2.URL, answer: httpcore2.Response) -> bool:
    """Whether `answer` is no redirect, or one to a web address. Of others the client says that the network failed."""
    location = next((value for name, value in answer.headers if name.lower() == b"location"), b"")
    try:
        return url.join(location.decode("latin-1")).scheme in ("http", "https")
    except httpx2.InvalidURL:
        return False


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, port


def _system_proxy(url: httpx2.URL) -> str:
    """The proxy that the system or its environment variables name for this address; "" for none."""
    if urllib.request.proxy_bypass(url.host):
        return ""
    proxies = urllib.request.getproxies()
    return proxies.get(url.scheme) or proxies.get("all") or ""


def _parsed(proxy: str) -> httpcore2.Proxy:
    """Raises ValueError: it is no address of a proxy."""
    # "socks://" is what GNOME puts into ALL_PROXY.
    address = re.sub(r"^socks(?=:)", "socks5", proxy, flags=re.IGNORECASE)
    try:
        parsed = httpx2.Proxy(address if "://" in address else f"http://{address}")
    except httpx2.InvalidURL as error:
        raise ValueError(proxy) from error
    url = httpcore2.URL(
        scheme=parsed.url.raw_scheme, host=parsed.url.raw_host, port=parsed.url.port, target=parsed.url.raw_path
    )
    return httpcore2.Proxy(url, auth=parsed.raw_auth, headers=parsed.headers.raw)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
