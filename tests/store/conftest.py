"""Fixtures of the store's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.store.chats import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store at tmp_path/chats.db."""
    store = Store.open(tmp_path / "chats.db", tmp_path / "backups")
    yield store
    store.close()
