"""One greedy answer through the real window, its threads as by default: DATA_DIR MODEL PROMPT N_TOKENS [--clock].

What the model was given is written to the file PROMPT.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from PySide6.QtWidgets import QApplication

from benchmarks.asking import N_CTX, STORY
from benchmarks.stream import Clock
from desktop.app import Fireside
from desktop.chat.message import Role, Sampling, Turn
from desktop.engine.api import Request
from desktop.engine.llama.machine import default_n_threads
from desktop.engine.local import LocalEngine
from desktop.hub.library import Library
from desktop.loading import Loading
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.appearance import Appearance
from desktop.ui.models.choice import ModelState


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.app_answer", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("prompt", type=Path)
    parser.add_argument("n_tokens", type=int)
    parser.add_argument("--clock", action="store_true", help="measure the gaps between the event loop's turns too")
    args = parser.parse_args()
    application = QApplication(sys.argv[:1])
    engine, fireside = _open(application, args.folder, args.model, args.n_tokens)
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
    clock = Clock() if args.clock else None
    started = time.monotonic()
    fireside.session.send(STORY)
    application.exec()
    figures = {} if clock is None else clock.values()
    statistics = fireside.session.rows[1].message.statistics
    assert statistics is not None
    assert statistics.generated_tokens == args.n_tokens, "the answer ended early: ask something longer"
    prompt = engine.prompt(Request(fireside.models.spec(), (Turn(Role.USER, STORY),)))
    args.prompt.write_text(prompt.text, encoding="utf-8")
    fireside.close()
    figures["decode"] = (args.n_tokens - 1) / (times["end"] - times["first"])
    figures["time_to_first_token"] = times["first"] - started
    print(json.dumps(figures))


def _open(application: QApplication, folder: Path, model: Path, n_tokens: int) -> tuple[LocalEngine, Fireside]:
    """The window on the data in `folder`, with the model chosen, and its engine."""
    paths = Paths.under(folder)
    paths.make()
    [added] = Library(paths.library, paths.models).add(model)
    sampling = Sampling(temperature=0.0, max_tokens=n_tokens)
    settings = Settings(model=added.name, sampling=sampling, n_ctx=N_CTX, n_threads=default_n_threads())
    loading = Loading(paths.machine)
    engine = LocalEngine(paths.engine_log, planner=loading)
    fireside = Fireside(paths, settings, engine, loading, Appearance(application))
    fireside.window.resize(1000, 700)
    fireside.window.show()
    return engine, fireside


if __name__ == "__main__":
    main()
