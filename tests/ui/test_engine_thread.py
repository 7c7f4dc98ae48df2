from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from desktop.engine.api import Engine, ModelSpec, Request, Token
from desktop.engine.scripted import ScriptedEngine
from desktop.errors import AppError, Crash, EngineCrashed
from desktop.ui.engine_thread import EngineThread, Job, Produced
from tests.conftest import PATIENCE_S

REQUEST = Request(ModelSpec("m"), ())


class Log:
    """What a job reported, and in which thread."""

    def __init__(self) -> None:
        self.batches: list[list[Produced]] = []
        self.done: list[BaseException | None] = []
        self.threads: set[int] = set()

    def job(self, work: Iterator[Produced] | None = None) -> Job:
        def events(batch: list[Produced]) -> None:
            self.batches.append(batch)
            self.threads.add(threading.get_ident())

        return Job(lambda engine: work or engine.generate(REQUEST), events, self.done.append)

    @property
    def text(self) -> str:
        return "".join(event.text for batch in self.batches for event in batch if isinstance(event, Token))


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine(["word " * 20_000])


@pytest.fixture
def thread(engine: Engine, qtbot: QtBot) -> Iterator[EngineThread]:  # noqa: ARG001  qtbot makes the application
    made = EngineThread(engine)
    yield made
    made.close()


def test_twenty_thousand_tokens_arrive_whole_in_few_batches_in_the_main_thread(
    thread: EngineThread, qtbot: QtBot
) -> None:
    log = Log()
    thread.submit(log.job())
    qtbot.waitUntil(lambda: log.done == [None])
    assert log.text == "word " * 20_000
    assert len(log.batches) < 1000
    assert log.threads == {threading.get_ident()}


def test_thousands_of_signals_do_not_kill_the_process(thread: EngineThread, qtbot: QtBot) -> None:
    # PySide6 6.12 on Python 3.11 lost a reference to True at each emit and died after some 580.
    logs = [Log() for _ in range(1500)]
    for log in logs:
        thread.submit(log.job(iter([Token("x", 0)])))
        thread._rung.emit()
        thread._rung.emit()
    qtbot.waitUntil(lambda: all(log.done == [None] for log in logs))


def test_an_error_arrives_after_the_events_before_it(thread: EngineThread, qtbot: QtBot) -> None:
    crash = EngineCrashed(Crash.KILLED)

    def work() -> Iterator[Produced]:
        yield Token("so far", 1)
        raise crash

    log = Log()
    thread.submit(log.job(work()))
    qtbot.waitUntil(lambda: bool(log.done))
    assert log.text == "so far"
    assert log.done == [crash]
    assert isinstance(log.done[0], AppError)


def test_a_cancelled_job_that_waits_is_skipped_and_others_are_not(thread: EngineThread, qtbot: QtBot) -> None:
    gate = threading.Event()

    def slow() -> Iterator[Produced]:
        gate.wait(PATIENCE_S)
        yield Token("slow", 0)

    first, second, third = Log(), Log(), Log()
    thread.submit(first.job(slow()))
    skipped = second.job(iter([Token("never", 0)]))
    thread.submit(skipped)
    thread.submit(third.job(iter([Token("third", 0)])))
    thread.cancel(skipped)
    gate.set()
    qtbot.waitUntil(lambda: third.done == [None])
    assert (first.text, second.text, third.text) == ("slow", "", "third")
    assert second.done == [None]


def test_a_bug_in_one_job_takes_nothing_from_the_others(qtbot: QtBot) -> None:  # noqa: ARG001  the application
    engine = ScriptedEngine(["word"])
    list(engine.load(REQUEST.model))
    thread = EngineThread(engine)

    def fails(_: object) -> None:
        raise ZeroDivisionError

    def last(_: Engine) -> Iterator[Produced]:
        all_ran.set()
        return iter(())

    log, failing = Log(), Log()
    all_ran = threading.Event()
    thread.submit(Job(lambda _: iter([Token("x", 0)]), fails, failing.done.append))
    thread.submit(Job(lambda _: iter(()), fails, fails))
    thread.submit(log.job(iter([Token("mine", 0)])))
    thread.submit(Job(last, lambda _: None, lambda _: None))
    # No event loop runs meanwhile: all of it arrives in one batch.
    assert all_ran.wait(PATIENCE_S)
    with pytest.raises(ZeroDivisionError):
        thread.close()
    assert (log.text, log.done) == ("mine", [None])
    assert failing.done == [None]
    assert engine._loaded is None, "the engine was not closed"


def test_close_delivers_what_has_arrived(qtbot: QtBot) -> None:
    gate = threading.Event()
    thread = EngineThread(ScriptedEngine([["half ", gate]]))
    log = Log()
    thread.submit(log.job())
    qtbot.waitUntil(lambda: log.text == "half ")
    thread.close()
    assert log.done == [None]
