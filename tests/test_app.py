"""The whole program, with the real starter model, through the real window and across restarts."""

from __future__ import annotations

import gc
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFrame, QLabel, QListView, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.app import Fireside
from desktop.chat.message import Sampling, State
from desktop.engine.local import LocalEngine
from desktop.hub.model import STARTER
from desktop.loading import Loading
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.appearance import Appearance
from desktop.ui.models.choice import ModelState
from tests.conftest import PATIENCE_S

pytestmark = pytest.mark.model

Kind = TypeVar("Kind", bound=QWidget)
ANSWER_MS = 240_000
SHORT = Settings(model=STARTER, sampling=Sampling(temperature=0.0, max_tokens=24), n_ctx=2048)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths.under(tmp_path)
    made.make()
    return made


class Launcher:
    """Starts the program, on the same data each time."""

    def __init__(self, paths: Paths, app: QApplication, qtbot: QtBot) -> None:
        self._paths, self._app, self._qtbot = paths, app, qtbot
        self.running: list[Fireside] = []

    def __call__(self, settings: Settings = SHORT) -> Fireside:
        loading = Loading(self._paths.machine)
        engine = LocalEngine(self._paths.engine_log, planner=loading)
        fireside = Fireside(self._paths, settings, engine, loading, Appearance(self._app))
        self.running.append(fireside)
        fireside.window.resize(1000, 700)
        with self._qtbot.waitExposed(fireside.window):
            fireside.window.show()
        return fireside

    def end(self, fireside: Fireside) -> None:
        """As when the user closes the window."""
        self.running.remove(fireside)
        fireside.close()
        fireside.window.deleteLater()


@pytest.fixture
def launch(paths: Paths, qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Launcher]:
    # A question is typed as soon as the window is there: the list of models is waited for as long as it takes.
    monkeypatch.setattr("desktop.ui.models.shelf.PATIENCE_S", PATIENCE_S)
    gc.disable()
    hook = sys.excepthook
    launcher = Launcher(paths, qapp, qtbot)
    yield launcher
    for fireside in list(launcher.running):
        launcher.end(fireside)
    sys.excepthook = hook
    gc.collect()
    gc.enable()


def find(fireside: Fireside, kind: type[Kind], name: str) -> Kind:
    widget = fireside.window.findChild(kind, name)
    assert widget is not None, name
    return widget


def ask(fireside: Fireside, text: str) -> None:
    composer = find(fireside, QPlainTextEdit, "composer")
    QTest.keyClicks(composer, text)
    QTest.keyClick(composer, Qt.Key.Key_Return)


def drop(fireside: Fireside, path: Path) -> None:
    """As when the user drops the file on the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    at, how, button, keys = QPoint(50, 50), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0)
    QApplication.sendEvent(fireside.window, QDragEnterEvent(at, how, data, button, keys))
    QApplication.sendEvent(fireside.window, QDropEvent(QPointF(at), how, data, button, keys))


def answered(fireside: Fireside) -> bool:
    rows = fireside.session.rows
    return bool(rows) and not fireside.answers.chats() and rows[-1].message.state is State.COMPLETE


def test_a_question_is_answered_and_the_chat_is_there_after_a_restart(launch: Launcher, qtbot: QtBot) -> None:
    fireside = launch()
    ask(fireside, "What is the capital of France?")
    qtbot.waitUntil(lambda: answered(fireside), timeout=ANSWER_MS)
    answer = fireside.session.rows[1].message
    assert answer.text.strip()
    assert answer.statistics is not None
    assert 0 < answer.statistics.generated_tokens <= 24
    assert find(fireside, QPlainTextEdit, "composer").toPlainText() == ""
    launch.end(fireside)

    again = launch()
    chats = find(again, QListView, "chatList")
    assert [chat.title for chat in again.session.chats()] == ["What is the capital of France?"]
    again.session.open_chat(again.session.chats()[0].id)
    assert [row.message.text for row in again.session.rows] == ["What is the capital of France?", answer.text]
    assert chats.isVisible()


def test_the_model_is_there_before_the_first_question_and_stays_between_chats(launch: Launcher, qtbot: QtBot) -> None:
    fireside = launch()
    fireside.warm_up()
    qtbot.waitUntil(lambda: fireside.models.state is ModelState.READY, timeout=ANSWER_MS)
    engine = fireside.engine_thread._engine
    assert isinstance(engine, LocalEngine)
    assert engine._process is not None
    first = engine._process.pid
    for question in ("One?", "Two?"):
        fireside.session.start_new()
        ask(fireside, question)
        qtbot.waitUntil(lambda: answered(fireside), timeout=ANSWER_MS)
    assert len(fireside.session.chats()) == 2
    assert engine._process.pid == first


def test_nothing_is_loaded_at_the_start_where_that_is_not_wanted(launch: Launcher, qtbot: QtBot) -> None:
    fireside = launch(replace(SHORT, loads_at_start=False))
    fireside.warm_up()
    assert not fireside.warm_start._timer.isActive()
    assert fireside.models.state is ModelState.IDLE
    # Taking all of the processor needs another process: what is loaded is loaded anew.
    fireside.models.load()
    qtbot.waitUntil(lambda: fireside.models.state is ModelState.READY, timeout=ANSWER_MS)
    fireside.window.settings_changed.emit(replace(SHORT, eager=True))
    qtbot.waitUntil(lambda: fireside.models.state is ModelState.IDLE)


def test_three_answers_are_tried_by_their_keys(launch: Launcher, qtbot: QtBot) -> None:
    sampling = Sampling(temperature=0.9, seed=3, max_tokens=16)
    fireside = launch(Settings(model=STARTER, sampling=sampling, n_ctx=2048))
    ask(fireside, "Write a line about a stove.")
    qtbot.waitUntil(lambda: answered(fireside), timeout=ANSWER_MS)
    composer = find(fireside, QPlainTextEdit, "composer")
    QTest.keyClick(composer, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert fireside.session.answering
    qtbot.waitUntil(lambda: answered(fireside), timeout=ANSWER_MS)
    versions = [row.message for row in fireside.session.versions(fireside.session.rows[1].message.id)]
    assert [message.state for message in versions] == [State.COMPLETE] * 4
    assert len({message.text for message in versions[1:]}) == 3
    assert [message.sampling.seed for message in versions[1:] if message.sampling] == [3, 4, 5]
    assert all(message.statistics and 0 < message.statistics.generated_tokens <= 16 for message in versions)


def test_killing_the_engine_in_the_middle_keeps_window_and_text_and_retry_works(launch: Launcher, qtbot: QtBot) -> None:
    fireside = launch(Settings(model=STARTER, sampling=Sampling(temperature=0.7, seed=1), n_ctx=2048))
    ask(fireside, "Write a very long story about a stove.")
    qtbot.waitUntil(lambda: len(fireside.session.rows[1].message.text) > 40, timeout=ANSWER_MS)
    engine = fireside.engine_thread._engine
    assert isinstance(engine, LocalEngine)
    assert engine._process is not None
    os.kill(engine._process.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: not fireside.answers.chats(), timeout=ANSWER_MS)
    row = fireside.session.rows[1]
    assert row.message.state is State.INTERRUPTED
    assert len(row.message.text) > 40
    assert row.notice
    assert fireside.window.isVisible()
    fireside.session.set_sampling(SHORT.sampling)
    fireside.session.retry(row.message.id)
    qtbot.waitUntil(lambda: answered(fireside), timeout=ANSWER_MS)
    assert fireside.session.rows[1].branches == 2


def test_stop_by_its_button_keeps_the_text(launch: Launcher, qtbot: QtBot) -> None:
    fireside = launch(Settings(model=STARTER, sampling=Sampling(temperature=0.7, seed=1), n_ctx=2048))
    ask(fireside, "Write a very long story about a stove.")
    qtbot.waitUntil(lambda: len(fireside.session.rows[1].message.text) > 20, timeout=ANSWER_MS)
    QTest.mouseClick(find(fireside, QAbstractButton, "stopButton"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not fireside.answers.chats(), timeout=ANSWER_MS)
    message = fireside.session.rows[1].message
    assert message.state is State.STOPPED
    assert len(message.text) > 20


def test_a_bad_file_is_refused_in_words_and_leaves_the_chats_alone(
    launch: Launcher, qtbot: QtBot, tmp_path: Path
) -> None:
    fireside = launch()
    ask(fireside, "Hello")
    qtbot.waitUntil(lambda: answered(fireside), timeout=ANSWER_MS)
    before = [row.message.text for row in fireside.session.rows]
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(os.urandom(5000))
    drop(fireside, bad)
    toast = find(fireside, QFrame, "toast")
    qtbot.waitUntil(toast.isVisible)
    assert any("bad.gguf" in label.text() for label in toast.findChildren(QLabel))
    assert [model.name for model in fireside.models.available()] == [STARTER]
    assert fireside.models.state is ModelState.READY
    assert [row.message.text for row in fireside.session.rows] == before


APP = """
import sys
from pathlib import Path
from desktop import app
sys.exit(app.main(Path(sys.argv[1])))
"""

CHOOSING_APP = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog
from desktop import app

begin = app.Fireside.__init__

def begin_and_choose_a_file(fireside, *arguments):
    begin(fireside, *arguments)

    def leave():
        fireside.window.findChild(QFileDialog).reject()
        QTimer.singleShot(0, fireside.window.close)

    QTimer.singleShot(0, fireside.window.actions_.open_model.trigger)
    QTimer.singleShot(0, leave)

app.Fireside.__init__ = begin_and_choose_a_file
sys.exit(app.main(Path(sys.argv[1])))
"""

ASKING_APP = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from desktop import app
from desktop.ui.models import shelf

shelf.PATIENCE_S = 60
begin = app.Fireside.__init__

def begin_and_ask(fireside, *arguments):
    begin(fireside, *arguments)
    QTimer.singleShot(0, lambda: fireside.session.send("Write a very long story about a stove."))

app.Fireside.__init__ = begin_and_ask
sys.exit(app.main(Path(sys.argv[1])))
"""

TRYING_APP = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from desktop import app
from desktop.ui.models import shelf

shelf.PATIENCE_S = 60
begin = app.Fireside.__init__

def begin_and_try_three(fireside, *arguments):
    begin(fireside, *arguments)

    def try_three(*_):
        if len(fireside.session.rows) == 2 and fireside.session.rows[1].branches == 1:
            fireside.session.try_several(fireside.session.rows[1].message.id, 3)

    fireside.session.answering_changed.connect(try_three)
    QTimer.singleShot(0, lambda: fireside.session.send("Write a very long story about a stove."))
    QTimer.singleShot(0, fireside.session.stop)

app.Fireside.__init__ = begin_and_try_three
sys.exit(app.main(Path(sys.argv[1])))
"""


def texts_on_disk(paths: Paths) -> list[str]:
    """The answers' texts, as another process sees them now."""
    database = sqlite3.connect(f"file:{paths.database}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT text FROM messages WHERE role = 'assistant' ORDER BY id").fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        database.close()
    return [row[0] for row in rows]


def text_on_disk(paths: Paths) -> str:
    return next(iter(texts_on_disk(paths)), "")


def test_killing_the_app_in_the_middle_loses_neither_chat_nor_text(
    launch: Launcher, paths: Paths, qtbot: QtBot
) -> None:
    from desktop import settings as settings_file

    settings_file.save(Settings(model=STARTER, sampling=Sampling(temperature=0.7, seed=1), n_ctx=2048), paths.settings)
    with subprocess.Popen([sys.executable, "-c", ASKING_APP, str(paths.data)]) as process:
        qtbot.waitUntil(lambda: paths.database.exists() and len(text_on_disk(paths)) > 40, timeout=ANSWER_MS)
        process.send_signal(signal.SIGKILL)
    saved = text_on_disk(paths)
    fireside = launch()
    fireside.session.open_chat(fireside.session.chats()[0].id)
    message = fireside.session.rows[1].message
    assert message.state is State.INTERRUPTED
    assert message.text == saved
    assert len(saved) > 40


def test_killing_the_app_while_it_tries_several_keeps_the_text_of_each(
    launch: Launcher, paths: Paths, qtbot: QtBot
) -> None:
    from desktop import settings as settings_file

    settings_file.save(Settings(model=STARTER, sampling=Sampling(temperature=0.7, seed=1), n_ctx=2048), paths.settings)
    with subprocess.Popen([sys.executable, "-c", TRYING_APP, str(paths.data)]) as process:

        def all_have_begun() -> bool:
            texts = texts_on_disk(paths) if paths.database.exists() else []
            return len(texts) == 4 and min(map(len, texts[1:])) > 40

        qtbot.waitUntil(all_have_begun, timeout=ANSWER_MS)
        process.send_signal(signal.SIGKILL)
    saved = texts_on_disk(paths)
    fireside = launch()
    fireside.session.open_chat(fireside.session.chats()[0].id)
    versions = [row.message for row in fireside.session.versions(fireside.session.rows[1].message.id)]
    assert [message.text for message in versions] == saved
    assert [message.state for message in versions[1:]] == [State.INTERRUPTED] * 3
    assert fireside.session.rows[1].branch == 1


@pytest.mark.skipif(os.name != "posix", reason="a process is sent a signal")
def test_the_end_of_the_session_closes_the_app_in_order(paths: Paths, qtbot: QtBot) -> None:
    from desktop import settings as settings_file

    settings_file.save(Settings(model=STARTER, sampling=Sampling(temperature=0.7, seed=1), n_ctx=2048), paths.settings)
    with subprocess.Popen([sys.executable, "-c", ASKING_APP, str(paths.data)]) as process:
        qtbot.waitUntil(lambda: paths.database.exists() and len(text_on_disk(paths)) > 40, timeout=ANSWER_MS)
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    assert len(text_on_disk(paths)) > 40


def test_nothing_is_written_outside_the_data_directory(paths: Paths, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    done = subprocess.run(
        [sys.executable, "-c", CHOOSING_APP, str(paths.data)],
        env=kept | {"HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert list(home.rglob("*")) == []


def test_a_second_window_calls_the_first_and_ends(launch: Launcher, paths: Paths) -> None:
    from desktop.ui.single_instance import SingleInstance

    launch()
    instance = SingleInstance(paths.data)
    assert instance.acquire()
    second = subprocess.run(
        [sys.executable, "-c", APP, str(paths.data)], capture_output=True, text=True, timeout=240, check=False
    )
    instance.release()
    assert second.returncode == 0
    assert "open" in second.stderr
    assert "Traceback" not in second.stderr
