"""Gaps between the turns of Fireside's event loop: `[ENDPOINT CHOICE]` is downloaded meanwhile, else the window idles.

The models' window shows the download as it does for a user, so its painting counts too.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from desktop.app import Fireside
from desktop.engine.local import LocalEngine
from desktop.hub.remote import Choice, choice_from
from desktop.loading import Loading
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.appearance import Appearance
from desktop.ui.models.downloads_page import DownloadsPage
from desktop.ui.models.window import ModelsWindow, Page

_TICK_MS = 2
_SETTLE_MS = 2000
_IDLE_MS = 4000


def main(endpoint: str, choice: Choice | None) -> None:
    application = QApplication(sys.argv[:1])
    ticks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths.under(Path(folder))
        paths.make()
        settings = Settings(endpoint=endpoint or None)
        loading = Loading(paths.machine)
        fireside = Fireside(paths, settings, LocalEngine(paths.engine_log), loading, Appearance(application))
        # The connection as the settings say.
        assert fireside.supply.access is not None
        downloading = fireside.supply.downloading
        models = ModelsWindow()
        models.add_page(Page.DOWNLOADS, DownloadsPage(downloading), lambda: "Downloads")
        fireside.window.show()
        models.show_page(Page.DOWNLOADS)
        downloading.finished.connect(lambda _: application.quit())
        downloading.failed.connect(lambda failed: sys.exit(repr(failed.error)))
        timer = QTimer(interval=_TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        timer.timeout.connect(lambda: ticks.append(time.perf_counter()))

        def begin() -> None:
            timer.start()
            if choice is not None:
                downloading.add(choice)
            else:
                QTimer.singleShot(_IDLE_MS, application.quit)

        QTimer.singleShot(_SETTLE_MS, begin)
        application.exec()
        models.close()
        fireside.close()
    gaps_ms = [1000 * (after - before) for before, after in pairwise(ticks)]
    print(
        json.dumps(
            {
                "event_loop_gap_while_downloading": quantiles(gaps_ms, n=100)[98],
                "longest_event_loop_gap_while_downloading": max(gaps_ms),
            }
        )
    )


if __name__ == "__main__":
    told = sys.argv[1:]
    main(told[0] if told else "", choice_from(json.loads(told[1])) if told else None)
