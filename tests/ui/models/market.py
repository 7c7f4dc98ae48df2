"""A hub on the loopback address with everything of the window that speaks to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keyring.backend import KeyringBackend
from typing_extensions import override

from desktop.hub.network import Network, Patience
from desktop.hub.search import Hub
from desktop.loading import Loading
from desktop.settings import Settings
from desktop.ui.hub_access import HubAccess
from desktop.ui.models.downloading import Downloading
from desktop.ui.models.getting import Getting
from desktop.ui.models.hub_work import HubWork
from tests.hub.hub_server import HubServer

REPO = "maker/small-GGUF"
GATED = "maker/gated-GGUF"
Q4, Q8 = "small-Q4_K_M.gguf", "small-Q8_0.gguf"
CARD = """---
license: mit
---
# A small model

It [writes](https://example.com/paper) and [steals](file:///etc/passwd).

![a tracker](https://example.com/pixel.png)
"""
# What fails is not tried again, and nothing fails because the computer is busy.
PATIENT = Patience(connect_s=60, silence_s=60, waits_s=())
IMPATIENT = Patience(connect_s=60, silence_s=0.3, waits_s=())


class Market:
    """The real parts, as the app puts them together. `settings` name the server as the hub."""

    def __init__(self, server: HubServer, folder: Path, *, offline: bool = False, patience: Patience = PATIENT) -> None:
        self.server, self.folder = server, folder
        self.settings = Settings(endpoint=server.endpoint, offline=offline)
        self.network = Network(patience=patience)
        self.access = HubAccess(self.network, self.settings)
        self.hub = HubWork(Hub(self.network))
        self.downloading = Downloading(folder / "models", self.network, 2)
        self.getting = Getting(self.hub, self.downloading, self.access)
        self.loading = Loading(folder / "machine.json")

    def asked(self) -> list[str]:
        """Every address that the hub or its CDN was asked for."""
        return [asked.path for origin in (self.server.hub, self.server.cdn) for asked in origin.asked]

    def close(self) -> None:
        self.downloading.close()
        self.hub.close()
        self.access.close()
        self.network.close()


class MemoryKeyring(KeyringBackend):
    """Keeps secrets as long as the process lives."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    @override
    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    @override
    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@contextmanager
def keyring_is(backend: KeyringBackend) -> Iterator[None]:
    """Have the system's keyring be this one."""
    import keyring

    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    yield
    keyring.set_keyring(before)
