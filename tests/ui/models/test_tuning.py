"""The loaded model is measured while all is quiet, and whatever is asked goes first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot
from typing_extensions import override

from desktop.engine.api import ModelSpec, Tuning
from desktop.engine.scripted import ScriptedEngine
from desktop.errors import Crash, EngineCrashed
from desktop.ui.engine_thread import EngineThread, Job, Produced
from desktop.ui.models.choice import ModelState
from desktop.ui.models.tuning import QUIET_MS, QuietTuning
from tests.conftest import PATIENCE_S
from tests.ui.conftest import Desk

FOUND = Tuning(2, 2)


class Measured(ScriptedEngine):
    """Measuring ends when it is stopped, unless it has a result."""

    def __init__(self) -> None:
        super().__init__(["An answer."])
        self.tuned: list[ModelSpec] = []
        self.found: Tuning | None = None
        self.error: Exception | None = None
        self.busy = threading.Event()
        self._ended = threading.Event()

    @override
    def tune(self, model: ModelSpec) -> Tuning | None:
        self.tuned.append(model)
        if self.error is not None:
            raise self.error
        if self.found is None:
            self.busy.set()
            assert self._ended.wait(PATIENCE_S)
            self._ended.clear()
        self.busy.clear()
        return self.found

    @override
    def stop(self) -> None:
        super().stop()
        if self.busy.is_set():
            self._ended.set()


class Room:
    """A desk whose engine can be measured, and what has that done."""

    def __init__(self, desk: Desk, bot: QtBot) -> None:
        self.desk, self.bot = desk, bot
        self.engine = Measured()
        desk.thread._engine = self.engine
        desk.engine = self.engine
        self.calm = True
        self.tuning = QuietTuning(desk.models, desk.thread, lambda: self.calm)

    def load(self) -> None:
        self.desk.models.load()
        self.bot.waitUntil(lambda: self.desk.models.state is ModelState.READY and self.desk.thread.is_idle)

    def waits_ms(self) -> int | None:
        """How long it waits; None if nothing is to be done."""
        return self.tuning._timer.interval() if self.tuning._timer.isActive() else None

    def be_quiet(self) -> None:
        """As if that time was over."""
        assert self.waits_ms() is not None
        self.tuning._timer.stop()
        self.tuning._timer.timeout.emit()

    def settle(self) -> None:
        self.bot.waitUntil(lambda: self.desk.thread.is_idle)


@pytest.fixture
def room(sit: Callable[..., Desk], qtbot: QtBot) -> Iterator[Room]:
    room = Room(sit(), qtbot)
    yield room
    room.tuning.deleteLater()


def test_a_loaded_model_is_measured_once(room: Room) -> None:
    assert room.waits_ms() is None, "nothing is loaded"
    room.load()
    assert room.waits_ms() == QUIET_MS
    room.engine.found = FOUND
    room.be_quiet()
    room.settle()
    assert room.engine.tuned == [room.desk.models.spec()]
    assert room.waits_ms() is None
    room.desk.models.changed.emit()
    room.desk.session.send("Are you there?")
    room.desk.settle()
    assert room.waits_ms() is None
    # When it is loaded anew the engine is asked again: perhaps in another way.
    room.desk.models.unload()
    room.settle()
    room.load()
    assert room.waits_ms() == QUIET_MS


def test_a_question_ends_it_at_once_and_it_is_tried_again(room: Room) -> None:
    room.load()
    room.be_quiet()
    assert room.engine.busy.wait(PATIENCE_S)
    room.desk.session.send("Are you there?")
    room.desk.settle()
    assert room.desk.texts()[-1] == "An answer."
    room.settle()
    assert room.waits_ms() == QUIET_MS
    room.engine.found = FOUND
    room.be_quiet()
    room.settle()
    assert len(room.engine.tuned) == 2
    assert room.waits_ms() is None


def test_it_waits_while_something_runs_and_where_others_are_busy(room: Room) -> None:
    room.load()
    room.calm = False
    room.be_quiet()
    assert (room.waits_ms() or 0) > QUIET_MS
    room.calm = True
    room.desk.session.send("Are you there?")
    room.be_quiet()
    assert room.engine.tuned == []
    assert room.waits_ms() == QUIET_MS


def test_what_cannot_be_found_out_is_given_up(room: Room) -> None:
    room.load()
    for _ in range(3):
        room.be_quiet()
        assert room.engine.busy.wait(PATIENCE_S)
        room.engine.stop()  # as if other programs had been busy
        room.settle()
    assert len(room.engine.tuned) == 3
    assert room.waits_ms() is None


def test_another_load_has_all_its_tries(room: Room) -> None:
    for n_measured in (2, 2 + 3):
        room.load()
        while len(room.engine.tuned) < n_measured:
            room.be_quiet()
            assert room.engine.busy.wait(PATIENCE_S)
            room.engine.stop()
            room.settle()
        room.desk.models.unload()
        room.settle()


def test_a_model_that_crashes_of_it_is_left_alone(room: Room) -> None:
    room.load()
    room.engine.error = EngineCrashed(Crash.MEMORY_FAULT)
    room.be_quiet()
    room.settle()
    assert room.desk.models.state is ModelState.IDLE
    room.desk.models.load()
    room.bot.waitUntil(lambda: room.desk.models.state is ModelState.READY)
    assert room.waits_ms() is None
    assert len(room.engine.tuned) == 1


def test_a_bug_of_it_is_told_once(room: Room) -> None:
    room.load()
    room.engine.error = RuntimeError("a bug")
    with room.bot.captureExceptions() as told:
        room.be_quiet()
        room.settle()
        room.desk.models.changed.emit()
    assert [kind for kind, _, _ in told] == [RuntimeError]
    assert room.waits_ms() is None


def test_a_stop_before_the_engine_has_begun_is_asked_again(qtbot: QtBot) -> None:
    engine = Measured()
    thread = EngineThread(engine)
    entered, begins, done = threading.Event(), threading.Event(), list[object]()

    def work(_: object) -> Iterator[Produced]:
        entered.set()
        begins.wait()
        engine.tune(ModelSpec("m"))
        return iter(())

    job = Job(work, lambda _: None, done.append, gives_way=True)
    thread.submit(job)
    assert entered.wait(PATIENCE_S)
    thread.submit(Job(lambda _: iter(()), lambda _: None, done.append))
    assert job.cancelled.is_set()
    begins.set()
    qtbot.waitUntil(lambda: done == [None, None])
    thread.close()
