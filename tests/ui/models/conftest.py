"""A market with two repositories, a keyring that is nobody's, and a shop with a library page."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.hub.hub_server import HubServer
from tests.ui.conftest import Desk
from tests.ui.models.market import CARD, GATED, Q4, Q8, REPO, Market, MemoryKeyring, keyring_is
from tests.ui.models.shop import Shop


@pytest.fixture(autouse=True)
def keys() -> Iterator[MemoryKeyring]:
    """The developer's own keyring stays out of it."""
    kept = MemoryKeyring()
    with keyring_is(kept):
        yield kept


@pytest.fixture
def server(tiny_model: Path) -> Iterator[HubServer]:
    model = tiny_model.read_bytes()
    with HubServer() as server:
        server.add(
            REPO,
            {Q4: model, Q8: model + bytes(32), "README.md": CARD.encode()},
            downloads=12_345,
            likes=67,
            tags=["gguf", "license:mit"],
            gguf={"total": 135_000_000},
        )
        server.add(GATED, {Q4: model}, gated=True)
        yield server


@pytest.fixture
def market(server: HubServer, tmp_path: Path) -> Iterator[Market]:
    made = Market(server, tmp_path)
    yield made
    made.close()


@pytest.fixture
def open_market(server: HubServer, tmp_path: Path) -> Iterator[Callable[..., Market]]:
    """Makes markets, one after another on the same data."""
    made: list[Market] = []

    def make(**choices: object) -> Market:
        made.append(Market(server, tmp_path, **choices))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for market in made:
        market.close()


@pytest.fixture
def shop(sit: Callable[..., Desk], tmp_path: Path, qtbot: QtBot) -> Shop:
    return Shop(sit(), tmp_path, qtbot)


@pytest.fixture
def files(tmp_path: Path, tiny_model: Path) -> Callable[..., list[Path]]:
    """Copies of the tiny model, by these names."""

    def make(*names: str, folder: str = "files") -> list[Path]:
        made = [tmp_path / folder / f"{name}.gguf" for name in names]
        for path in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tiny_model, path)
        return made

    return make
