"""Has the loaded model measured while nobody needs the computer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer

from desktop.engine import computer
from desktop.engine.api import Engine, Loaded, ModelSpec, Tuning
from desktop.errors import AppError
from desktop.ui.engine_thread import EngineThread, Job, Produced
from desktop.ui.models.choice import Models, ModelState

QUIET_MS = 5000
_LATER_MS = 60_000
_MOST_TRIES = 3


class QuietTuning(QObject):
    """Has each model that is loaded measured once, when the user has asked for nothing for some seconds.

    Whatever is asked meanwhile ends it at once, and it is tried again later. `is_calm` says whether what is measured
    now would be worth something; asked twice, it speaks of the time between.
    """

    def __init__(
        self,
        models: Models,
        engine: EngineThread,
        is_calm: Callable[[], bool] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._models, self._engine, self._is_calm = models, engine, is_calm or _is_calm
        self._settled: Loaded | None = None
        """The load after which nothing is left to be found out."""
        self._tried: Loaded | None = None
        """The load that was measured last, so far in vain: `_tries` times."""
        self._tries = 0
        self._failed: set[ModelSpec] = set()
        """How models were loaded that ended the engine, or met a bug, when they were measured: never again."""
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_quiet)
        models.changed.connect(self._rest)
        engine.submitted.connect(self._rest)

    def _rest(self) -> None:
        """Count the quiet time from the start, if there is something to measure."""
        self._timer.stop()
        if self._is_wanted():
            self._is_calm()
            self._timer.start(QUIET_MS)

    def _is_wanted(self) -> bool:
        return (
            self._models.state is ModelState.READY
            and self._models.loaded is not self._settled
            and self._models.spec() not in self._failed
        )

    def _on_quiet(self) -> None:
        if not self._is_wanted():
            return
        if not self._engine.is_idle:
            self._rest()
        elif not self._is_calm():
            self._timer.start(_LATER_MS)
        else:
            self._tune(self._models.spec(), self._models.loaded)

    def _tune(self, spec: ModelSpec, loaded: Loaded | None) -> None:
        found: list[Tuning | None] = []

        def work(engine: Engine) -> Iterator[Produced]:
            found.append(engine.tune(spec))
            return iter(())

        def on_done(error: BaseException | None) -> None:
            if error is not None:
                self._failed.add(spec)
            if isinstance(error, AppError):
                self._models.on_load_error(error)
            elif error is not None:
                raise error
            elif job.cancelled.is_set():
                self._rest()
            else:
                self._on_tuned(loaded, found[0])

        job = Job(work, lambda _: None, on_done, gives_way=True)
        self._engine.submit(job)

    def _on_tuned(self, loaded: Loaded | None, tuning: Tuning | None) -> None:
        if loaded is not self._tried:
            self._tried, self._tries = loaded, 0
        self._tries += 1
        if tuning is not None or self._tries >= _MOST_TRIES:
            self._settled = loaded
        elif self._is_wanted():
            self._timer.start(_LATER_MS)


def _is_calm() -> bool:
    """Whether other programs leave the processor alone. On a battery it is slower, and what is left is for the user."""
    return computer.busy_cores() <= computer.CALM_CORES and not computer.on_battery()
