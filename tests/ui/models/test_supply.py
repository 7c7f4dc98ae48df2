"""Settings that act on what is being downloaded, through the parts as the app puts them together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pytestqt.qtbot import QtBot

from desktop.errors import OfflineMode
from desktop.hub.job import Phase
from desktop.hub.library import Library
from desktop.settings import Settings
from desktop.ui.models.supply import Supply
from tests.hub.hub_server import HubServer
from tests.hub.origin import drop
from tests.ui.models.market import Q4, REPO


def test_offline_and_back_a_download_goes_on_by_itself(server: HubServer, tmp_path: Path, qtbot: QtBot) -> None:
    library = Library(tmp_path / "library.json", tmp_path / "models")
    settings = Settings(endpoint=server.endpoint)
    supply = Supply(tmp_path / "models", settings, library.record_origin)
    assert supply.access.host == "127.0.0.1"
    downloading = supply.downloading
    server.cdn.faults.append(drop(1000, "stall"))
    choice = server.choice(REPO, Q4)
    downloading.add(choice)
    qtbot.waitUntil(lambda: downloading.downloads[0].done_bytes == 1000)
    supply.set_settings(replace(settings, offline=True))
    qtbot.waitUntil(lambda: downloading.downloads[0].phase is Phase.PAUSED)
    assert isinstance(downloading.downloads[0].error, OfflineMode)
    supply.set_settings(settings)
    qtbot.waitUntil(lambda: downloading.downloads[0].phase is Phase.DONE)
    assert [asked.start for asked in server.cdn.requests()] == [0, 1000]
    assert [model.origin for model in library.models() if not model.is_starter] == [choice]
    supply.close()
