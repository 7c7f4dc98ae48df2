"""Keeps the way to the hub as the settings and the access token say."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future

from PySide6.QtCore import QObject, Signal, Slot

from desktop.errors import AppError
from desktop.hub import token as keyring_token
from desktop.hub.network import DEFAULT_ENDPOINT, Connection, Network
from desktop.settings import Settings
from desktop.ui.daemon_pool import DaemonPool

# A keyring that is locked asks the user for a password, who may quit instead of giving it.
_PATIENCE_S = 1.0

_log = logging.getLogger(__name__)


class HubAccess(QObject):
    """The program's connection: a change of the settings or of the token acts at once, on running transfers too.

    Signals:
        changed(): the hub is reached in another way now, or not at all
        token_changed(): there is one now, or there is none any more
        token_failed(error: AppError): the keyring did not take it (it is used until the program ends), or kept it
    """

    changed = Signal()
    token_changed = Signal()
    token_failed = Signal(object)
    _ended = Signal(int, object)

    def __init__(self, network: Network, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._network = network
        self._settings = settings
        self._token: str | None = None
        self._known = False
        self._pool = DaemonPool("keyring", 1)
        self._numbers = 0
        self._then: dict[int, Callable[[object], None]] = {}
        self._ended.connect(self._on_ended)
        self._apply()

    @property
    def has_token(self) -> bool:
        """Whether there is an access token."""
        return self._token is not None

    @property
    def host(self) -> str:
        """The hub's name, as the user knows it."""
        return self._network.connection.host

    def page(self, repo: str) -> str:
        """The address of a repository's page, for a browser."""
        return f"{self._network.connection.endpoint.rstrip('/')}/{repo}"

    def terms(self, repo: str) -> str:
        """The address where the terms of a gated repository are accepted: no mirror lets anybody log in."""
        return f"{self._network.connection.token_origin}/{repo}"

    def set_settings(self, settings: Settings) -> None:
        """The settings are now these."""
        self._settings = settings
        self._apply()

    def load_token(self) -> None:
        """Fetch the token from the keyring, the first time that this is called: the user may have to unlock it."""
        if not self._known:
            self._known = True
            self._run(keyring_token.load, self._on_loaded)

    def set_token(self, token: str) -> None:
        """Use `token` from now on, and keep it in the keyring."""
        self._known = True
        self._become(token)
        self._run(lambda: keyring_token.save(token))

    def forget_token(self) -> None:
        """Use no token any more, and take it out of the keyring."""
        self._known = True
        self._become(None)
        self._run(keyring_token.forget)

    def close(self) -> None:
        """Wait until the keyring has what was given to it, but not for a keyring that waits for the user."""
        self._pool.close(_PATIENCE_S, drop=False)
        self._then.clear()

    def _apply(self) -> None:
        settings = self._settings
        connection = Connection(
            endpoint=settings.endpoint or DEFAULT_ENDPOINT,
            proxy=settings.proxy,
            offline=settings.offline,
            token=self._token,
        )
        if connection != self._network.connection:
            self._network.apply(connection)
            self.changed.emit()

    def _become(self, token: str | None) -> None:
        self._token = token
        self._apply()
        self.token_changed.emit()

    def _on_loaded(self, token: object) -> None:
        if isinstance(token, str) and self._token is None:
            self._become(token)

    def _run(self, work: Callable[[], object], then: Callable[[object], None] = lambda _: None) -> None:
        self._numbers += 1
        number = self._numbers
        self._then[number] = then
        self._pool.submit(work, lambda future: self._ended.emit(number, future))

    @Slot(int, object)
    def _on_ended(self, number: int, future: Future[object]) -> None:
        then = self._then.pop(number, None)
        if then is None:
            return
        error = future.exception()
        if error is None:
            then(future.result())
        elif isinstance(error, AppError):
            _log.info("the keyring: %r", error)
            self.token_failed.emit(error)
        else:
            raise error
