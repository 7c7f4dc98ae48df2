"""One greedy answer of the starter model through the real window: DATA_DIR PROMPT_FILE."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from PySide6.QtWidgets import QApplication

from benchmarks.bare_answer import N_CTX, N_TOKENS, QUESTION
from desktop.app import Fireside
from desktop.chat.message import Role, Sampling, Turn
from desktop.engine.api import ModelSpec, Request
from desktop.engine.local import LocalEngine
from desktop.hub.model import STARTER
from desktop.loading import Loading
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.appearance import Appearance
from desktop.ui.models.choice import ModelState


def main(folder: Path, prompt: Path) -> None:
    application = QApplication(sys.argv[:1])
    paths = Paths.under(folder)
    paths.make()
    sampling = Sampling(temperature=0.0, max_tokens=N_TOKENS)
    settings = Settings(model=STARTER, sampling=sampling, n_ctx=N_CTX)
    loading = Loading(paths.machine)
    engine = LocalEngine(paths.engine_log, planner=loading)
    fireside = Fireside(paths, settings, engine, loading, Appearance(application))
    fireside.window.resize(1000, 700)
    fireside.window.show()
    fireside.models.load()
    while fireside.models.state is not ModelState.READY:
        application.processEvents()

    times: dict[str, float] = {}

    def on_row_changed(index: int) -> None:
        if fireside.session.rows[index].message.text:
            times.setdefault("first", time.monotonic())

    def on_ended(_: object) -> None:
        times["end"] = time.monotonic()
        application.quit()

    fireside.session.row_changed.connect(on_row_changed)
    fireside.answers.ended.connect(on_ended)
    started = time.monotonic()
    fireside.session.send(QUESTION)
    application.exec()
    statistics = fireside.session.rows[1].message.statistics
    assert statistics is not None
    assert statistics.generated_tokens == N_TOKENS, "the answer ended early: ask something longer"
    spec = ModelSpec(str(fireside.models.spec().path), n_ctx=N_CTX)
    prompt.write_text(engine.prompt(Request(spec, (Turn(Role.USER, QUESTION),))).text, encoding="utf-8")
    fireside.close()
    values = {
        "decode": (N_TOKENS - 1) / (times["end"] - times["first"]),
        "time_to_first_token": times["first"] - started,
    }
    print(json.dumps(values))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
