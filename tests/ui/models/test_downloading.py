"""Downloads as the window is told of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.errors import NotOnHub
from desktop.hub.job import Download, Phase
from desktop.ui.models.downloading import Wanted
from tests.hub.hub_server import HubServer
from tests.hub.origin import drop, status
from tests.ui.models.market import Q4, REPO, Market

LARGE = "maker/large-GGUF"
LARGE_FILE = "large-Q4_K_M.gguf"


@pytest.fixture
def large(server: HubServer) -> str:
    server.add(LARGE, {LARGE_FILE: bytes(24_000_000)})
    return LARGE


def _stall(market: Market, at: int, qtbot: QtBot) -> str:
    """A download that stands still with `at` bytes here."""
    market.server.cdn.faults.append(drop(at, "stall"))
    download_id = market.downloading.add(market.server.choice(LARGE, LARGE_FILE))
    qtbot.waitUntil(lambda: _only(market).done_bytes == at)
    return download_id


def _only(market: Market) -> Download:
    (download,) = market.downloading.downloads
    return download


def _parts(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_download_is_told_when_it_is_here(market: Market, qtbot: QtBot) -> None:
    wanted = Wanted(REPO, "", Q4)
    assert market.downloading.here(wanted) is None
    with qtbot.waitSignal(market.downloading.finished) as finished:
        market.downloading.add(market.server.choice(REPO, Q4))
    assert finished.args is not None
    assert market.downloading.here(wanted) == finished.args[0].path == market.folder / "models" / REPO / Q4
    assert market.downloading.here(Wanted(REPO, "Q4_K_M")) == finished.args[0].path
    assert market.downloading.here(Wanted(REPO, "Q8_0")) is None
    qtbot.waitUntil(lambda: _only(market).phase is Phase.DONE)
    assert market.downloading.unfinished() == 0


def test_progress_is_told_in_gulps(market: Market, qtbot: QtBot, large: str) -> None:
    told: list[int] = []
    market.downloading.changed.connect(lambda: told.append(_only(market).done_bytes))
    began = time.monotonic()
    with qtbot.waitSignal(market.downloading.finished):
        market.downloading.add(market.server.choice(large, LARGE_FILE))
    qtbot.waitUntil(lambda: _only(market).phase is Phase.DONE)
    # Bytes come hundreds of times a second. The timer may be a twentieth early; the answer to `add` comes beside it.
    assert len(told) <= 11 * (time.monotonic() - began) + 3


def test_a_cancelled_download_can_be_brought_back(market: Market, qtbot: QtBot, large: str) -> None:
    download_id = _stall(market, 21_000_000, qtbot)
    assert _only(market).choice.repo == large
    market.downloading.cancel(download_id)
    assert market.downloading.is_cancelled(download_id)
    assert market.downloading.unfinished() == 0
    assert _parts(market.folder / "models") != []
    with qtbot.waitSignal(market.downloading.finished):
        market.downloading.undo_cancel(download_id)
    assert not market.downloading.is_cancelled(download_id)
    assert market.server.cdn.asked[-1].headers["Range"] == "bytes=21000000-"


@pytest.mark.usefixtures("large")
def test_a_cancelled_download_is_deleted_when_the_program_ends(market: Market, qtbot: QtBot) -> None:
    market.downloading.cancel(_stall(market, 21_000_000, qtbot))
    market.downloading.close()
    assert _parts(market.folder / "models") == []


@pytest.mark.usefixtures("large")
def test_little_is_deleted_at_once(market: Market, qtbot: QtBot) -> None:
    market.downloading.cancel(_stall(market, 1_000_000, qtbot))
    assert market.downloading.downloads == []


@pytest.mark.usefixtures("large")
def test_unfinished_downloads_are_found_again_paused(open_market: Callable[..., Market], qtbot: QtBot) -> None:
    market = open_market()
    download_id = _stall(market, 1_000_000, qtbot)
    market.downloading.close()
    again = open_market()
    assert [(each.id, each.phase, each.done_bytes) for each in again.downloading.downloads] == [
        (download_id, Phase.PAUSED, 1_000_000)
    ]
    with qtbot.waitSignal(again.downloading.finished):
        again.downloading.resume(download_id)


def test_a_failure_is_told_once_and_can_be_tried_again(market: Market, qtbot: QtBot) -> None:
    market.server.hub.always = status(404, X_Error_Code="EntryNotFound")
    failures: list[object] = []
    market.downloading.failed.connect(failures.append)
    with qtbot.waitSignal(market.downloading.failed):
        download_id = market.downloading.add(market.server.choice(REPO, Q4))
    assert isinstance(_only(market).error, NotOnHub)
    market.server.hub.always = None
    with qtbot.waitSignal(market.downloading.finished):
        market.downloading.resume(download_id)
    assert len(failures) == 1
