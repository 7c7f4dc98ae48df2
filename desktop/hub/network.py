"""The way to the hub: where it is, through which proxy, and the switch that cuts everything off.

Every request of the program goes through one `Network`. It is light to import: the HTTP client comes with the first
request.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from desktop.errors import HubUnreachable, NotOnHub, OfflineMode, Trouble
from desktop.hub.stop import ConnectionChanged, Stop, wait

if TYPE_CHECKING:
    import httpx2
    from huggingface_hub import HfApi

    from desktop.hub.transport import Transport

DEFAULT_ENDPOINT = "https://huggingface.co"

_T = TypeVar("_T")

_log = logging.getLogger(__name__)

_preparing = threading.Lock()
_prepared = False


@dataclass(frozen=True, slots=True)
class Connection:
    """How the hub is reached, as the user's settings say."""

    endpoint: str = DEFAULT_ENDPOINT
    """The hub's address, or a mirror's. Without a scheme, https is meant."""
    proxy: str | None = None
    """A proxy's address; None for what the system and its environment variables say, "" for none at all."""
    offline: bool = False
    token: str | None = None
    """An access token. It is sent to `token_origin` and to nobody else, whatever the endpoint is."""
    token_origin: str = DEFAULT_ENDPOINT

    def __post_init__(self) -> None:
        address = self.endpoint.strip().rstrip("/")
        object.__setattr__(self, "endpoint", address if "://" in address else f"https://{address}")

    @property
    def withholds_token(self) -> bool:
        """Whether there is a token that the endpoint does not get."""
        return bool(self.token) and urlsplit(self.endpoint)[:2] != urlsplit(self.token_origin)[:2]

    @property
    def host(self) -> str:
        """The endpoint's host, as errors name it."""
        try:
            return urlsplit(self.endpoint).hostname or self.endpoint
        except ValueError:
            return self.endpoint


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for an answer, and how often an answer is asked for again."""

    connect_s: float = 10
    silence_s: float = 30
    """For the next bytes of an answer."""
    waits_s: tuple[float, ...] = (0.5, 1, 2, 4, 8, 15)
    """Before each new attempt of a download; they begin anew whenever bytes have come."""
    longest_wait_s: float = 300
    """That a server may ask for (Retry-After)."""


class Network:
    """The program's way to the hub, for any thread. `apply` changes it while requests are under way."""

    def __init__(self, connection: Connection | None = None, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self._lock = threading.Lock()
        self._line = _Line(connection or Connection(), self.patience)

    @property
    def connection(self) -> Connection:
        """How the hub is reached now."""
        return self._line.connection

    def apply(self, connection: Connection) -> None:
        """Reach the hub like this from now on. Requests under way are cut off within milliseconds and asked again."""
        with self._lock:
            old = self._line
            if connection == old.connection:
                return
            self._line = _Line(connection, self.patience)
        old.close()

    def close(self) -> None:
        """Cut everything off. As offline from now on."""
        self.apply(replace(self.connection, offline=True))
        self._line.close()

    def ask(self, question: Callable[[HfApi], _T], stop: Stop | None = None, *, repo: str = "", file: str = "") -> _T:
        """What `question` finds out from the hub's interface: all of it, so nothing is asked after it has returned.

        `repo` and `file` say in errors what it was about.

        Raises:
            Stopped: by `stop`.
            HubError: OfflineMode before anything is asked, Gated, BadToken, NotOnHub, HubRefused, HubUnreachable …
        """
        _prepare()
        from httpx2 import HTTPError, InvalidURL
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError

        from desktop.hub.refusal import meaning

        while True:
            with self._speaking(stop, asking=True) as connection:
                try:
                    return question(HfApi(connection.endpoint, token=connection.token or False))
                except ConnectionChanged:
                    continue
                except HfHubHTTPError as error:
                    raise meaning(error, repo, file, withheld=connection.withholds_token) from error
                except HFValidationError as error:
                    raise NotOnHub(repo, file) from error
                except (
                    ValueError, TypeError, KeyError, AttributeError, RecursionError, HTTPError, InvalidURL
                ) as error:  # fmt: skip
                    # An answer that is no JSON, or some other JSON, or leads nowhere: a login page, or no hub at all.
                    _log.warning("the hub's answer makes no sense", exc_info=True)
                    raise HubUnreachable(connection.host, Trouble.NOT_A_HUB) from error

    @contextmanager
    def opened(self, url: str, headers: dict[str, str], stop: Stop | None = None) -> Iterator[httpx2.Response]:
        """The answer to a GET, whatever its status; its body comes while the context lasts.

        Raises:
            Stopped, OfflineMode, HubUnreachable
            ConnectionChanged: ask again, from the beginning: the hub may be another one.
        """
        _prepare()
        from httpx2 import HTTPError, InvalidURL
        from huggingface_hub import get_session

        with self._speaking(stop) as connection:
            try:
                with get_session().stream("GET", url, headers=headers) as response:
                    yield response
            except (HTTPError, InvalidURL) as error:
                # It leads nowhere, or in a circle, or is not compressed as it says.
                raise HubUnreachable(connection.host, Trouble.NOT_A_HUB) from error

    def wait(self, seconds: float, stop: Stop) -> None:
        """Wait, or until `stop` is set or the connection changes."""
        wait(seconds, stop, self._line.ended)

    @contextmanager
    def _speaking(self, stop: Stop | None, *, asking: bool = False) -> Iterator[Connection]:
        from desktop.hub.transport import speaking

        line = self._line
        if line.connection.offline:
            raise OfflineMode
        with speaking(line.transport(), stop or Stop(), asking=asking):
            yield line.connection


class _Line:
    """One connection, from its `apply` to the next."""

    def __init__(self, connection: Connection, patience: Patience) -> None:
        self.connection = connection
        self._patience = patience
        self.ended = Stop()
        self._lock = threading.Lock()
        self._transport: Transport | None = None

    def transport(self) -> Transport:
        from desktop.hub.transport import Transport

        with self._lock:
            if self._transport is None:
                self._transport = Transport(
                    proxy=self.connection.proxy,
                    token_origin=self.connection.token_origin,
                    connect_s=self._patience.connect_s,
                    silence_s=self._patience.silence_s,
                    ended=self.ended,
                )
            return self._transport

    def close(self) -> None:
        self.ended.set()
        with self._lock:
            if self._transport is not None:
                self._transport.close()


def _prepare() -> None:
    """Import `huggingface_hub`, once, and have it speak through our transport."""
    global _prepared  # noqa: PLW0603  the library's own state is global too
    with _preparing:
        if _prepared:
            return
        # Read while it is imported. It would call home with the first request; send a token that it finds on the disk;
        # and load a downloader that cannot be stopped, where somebody installed it.
        for name in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_HUB_DISABLE_XET"):
            os.environ[name] = "1"
        from huggingface_hub import set_client_factory

        from desktop.hub.transport import client

        set_client_factory(client)
        _prepared = True
