"""A hub with a model, and a queue that downloads from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.fetching import BODY, FILE, GRANTED, IMPATIENT, REPO, Fetching
from tests.hub.hub_server import HubServer


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        server.add(REPO, {FILE: BODY, "README.md": b"# A model"})
        server.add("maker/gated-GGUF", {FILE: BODY}, gated=True)
        server.tokens = {GRANTED: {"maker/gated-GGUF"}, "hf_other": set()}
        yield server


@pytest.fixture
def fetching(hub: HubServer, tmp_path: Path) -> Iterator[Fetching]:
    made = Fetching(hub, tmp_path / "models")
    yield made
    made.close()


@pytest.fixture
def impatient(hub: HubServer, tmp_path: Path) -> Iterator[Fetching]:
    """As `fetching`, but it does not wait for a hub that says nothing."""
    made = Fetching(hub, tmp_path / "models", patience=IMPATIENT)
    yield made
    made.close()
