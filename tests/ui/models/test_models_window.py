"""The models' own window: how it opens, what it remembers, what is made for it, and idle models."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPlainTextEdit, QPushButton, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from desktop.errors import NoSuchModel
from desktop.hub.remote import Choice, RemoteFile
from desktop.hub.unfinished import Unfinished
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.background import Background, LongJob
from desktop.ui.main_window import MainWindow
from desktop.ui.models.choice import ModelState
from desktop.ui.models.idle import IdleUnload
from desktop.ui.models.library_page import LibraryPage
from desktop.ui.models.window import ModelsWindow
from tests.ui.conftest import Desk

OFFLINE = Settings(model="starter", language="en", theme="light", offline=True)


@pytest.fixture
def window(sit: Callable[..., Desk], tmp_path: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    # Measured while other programs compute, no model might run well enough to be recommended.
    (tmp_path / "machine.json").write_text('{"cpu_bytes_per_s": 3e10}')
    desk = sit()
    desk.supply.set_settings(OFFLINE)
    made = MainWindow(desk.session, desk.models, desk.supply, OFFLINE, Paths.under(tmp_path))
    made.settings_changed.connect(made.set_settings)
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()


def _own() -> ModelsWindow:
    (found,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, ModelsWindow) and each.isVisible()]
    return found


def _composer(window: QWidget) -> QPlainTextEdit:
    found = window.findChild(QPlainTextEdit, "composer")
    assert found is not None
    return found


def _open(window: MainWindow) -> ModelsWindow:
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(_composer(window), Qt.Key.Key_M, both)
    return _own()


def test_it_opens_by_key_and_closes_by_escape_and_remembers_its_size(window: MainWindow, qtbot: QtBot) -> None:
    own = _open(window)
    tabs = own.findChild(QTabBar, "modelsTabs")
    assert tabs is not None
    assert [tabs.tabText(index) for index in range(tabs.count())] == ["On this computer", "Discover", "Downloads"]
    own.resize(611, 487)
    kept: list[Settings] = []
    window.settings_changed.connect(kept.append)
    view = own.findChild(QWidget, "libraryList")
    assert view is not None
    qtbot.waitUntil(view.hasFocus)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not own.isVisible()
    again = ModelsWindow(str(kept[-1].window["models_geometry"]))
    qtbot.addWidget(again)
    assert (again.width(), again.height()) == (611, 487)
    # The main window is still there, and its own geometry was not lost.
    assert window.isVisible()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    assert _open(window) is own


def test_the_menu_of_the_button_leads_to_its_pages(window: MainWindow) -> None:
    for words, page in (("Manage models…", 0), ("Get models…", 1)):
        QTest.keyClick(_composer(window), Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        next(action for action in menu.actions() if action.text().startswith(words)).trigger()
        menu.close()
        tabs = _own().findChild(QTabBar, "modelsTabs")
        assert tabs is not None
        assert tabs.currentIndex() == page


def test_it_closes_with_the_main_window(window: MainWindow) -> None:
    own = _open(window)
    window.close()
    assert not own.isVisible()


def test_it_says_that_a_model_is_used_now_and_leads_to_the_chat(window: MainWindow, qtbot: QtBot) -> None:
    own = _open(window)
    qtbot.waitUntil(own.isActiveWindow)
    page = own.findChild(LibraryPage)
    assert page is not None
    page.use_requested.emit("starter")
    assert own.toast.accessibleName() == "Starter model answers in the open chat now."
    to_chat = own.toast.findChild(QPushButton, "toastAction")
    assert to_chat is not None
    QTest.mouseClick(to_chat, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(window.isActiveWindow)
    page.use_requested.emit("nothing")
    assert not own.toast.isVisible(), "what went wrong is said where the user looks"


def test_a_start_tells_of_downloads_that_are_not_finished(
    sit: Callable[..., Desk], tmp_path: Path, qtbot: QtBot
) -> None:
    choice = Choice("maker/large", "c" * 40, "Q8_0", (RemoteFile("large-Q8_0.gguf", 1 << 30, "0" * 64),))
    Unfinished(tmp_path / "models", choice).record()
    desk = sit()
    made = MainWindow(desk.session, desk.models, desk.supply, OFFLINE, Paths.under(tmp_path))
    qtbot.addWidget(made)
    made.show()
    show = made.findChild(QPushButton, "toastAction")
    assert show is not None
    qtbot.waitUntil(show.isVisible)
    QTest.mouseClick(show, Qt.MouseButton.LeftButton)
    tabs = _own().findChild(QTabBar, "modelsTabs")
    assert tabs is not None
    assert tabs.tabText(tabs.currentIndex()) == "Downloads (1)"
    made.close()


def test_with_nothing_but_the_starter_a_model_for_this_machine_is_recommended(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    get = window.findChild(QPushButton, "getRecommendedButton")
    assert get is not None
    qtbot.waitUntil(get.isVisible)
    known = json.loads((tmp_path / "machine.json").read_text())
    assert known["build"], "which GPUs there are is known before anything is advised"
    QTest.mouseClick(get, Qt.MouseButton.LeftButton)
    tabs = _own().findChild(QTabBar, "modelsTabs")
    assert tabs is not None
    assert tabs.tabText(tabs.currentIndex()) == "Discover"


def test_a_start_loads_nothing_of_the_hub() -> None:
    heavy = ("huggingface_hub", "httpx2", "keyring", "numpy", "send2trash")
    late = ("desktop.hub.network", "desktop.hub.downloads", "desktop.hub.catalogue", "desktop.ui.models.window")
    code = f"import sys, desktop.app; print([each for each in {heavy + late} if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_a_model_that_rests_gives_its_memory_back(sit: Callable[..., Desk], qtbot: QtBot) -> None:
    desk = sit("Yes.")
    idle = IdleUnload(desk.models, lambda: bool(desk.answers.chats()), Settings(model="starter", unload_after_min=5))
    assert not idle._timer.isActive()
    desk.models.load()
    qtbot.waitUntil(lambda: desk.models.state is ModelState.READY)
    assert idle._timer.isActive()
    assert idle._timer.interval() == 5 * 60_000
    idle._timer.timeout.emit()
    qtbot.waitUntil(lambda: desk.models.state is ModelState.IDLE)
    assert not idle._timer.isActive()
    # And it answers again when it is asked.
    desk.session.send("Are you there?")
    desk.settle()
    qtbot.waitUntil(lambda: desk.models.state is ModelState.READY)
    idle.set_settings(Settings(model="starter"))
    assert not idle._timer.isActive()


def test_long_jobs_do_not_hold_up_short_ones_and_are_stopped_at_the_end(qtbot: QtBot) -> None:
    background = Background()
    began, told, done = threading.Event(), list[float](), list[str]()

    def work(job: LongJob) -> None:
        job.tell(0.25)
        began.set()
        job.stop.wait()

    background.run_long(work, told.append, lambda _: done.append("long"), lambda error: done.append(str(error)))
    began.wait()
    background.run(lambda: "short", done.append)
    qtbot.waitUntil(lambda: done == ["short"] and told == [0.25])
    background.close()
    background.run(lambda: "late", done.append)
    assert done == ["short"]


def test_an_error_goes_to_who_waits_for_it_or_to_everybody(qtbot: QtBot) -> None:
    background = Background()
    waited: list[BaseException] = []

    def fail() -> None:
        raise NoSuchModel("x")

    background.run(fail, on_error=waited.append)
    with qtbot.waitSignal(background.failed):
        background.run(fail)
    assert [type(error) for error in waited] == [NoSuchModel]
    background.close()
