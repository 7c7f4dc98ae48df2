"""The window app: puts the floors together, and takes them apart again in order."""

from __future__ import annotations

import gc
import signal
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop import logs
from desktop import settings as settings_file
from desktop.chat.prompt import conversation_of
from desktop.engine.api import Engine
from desktop.engine.kept import forget_all_but
from desktop.engine.local import LocalEngine
from desktop.errors import AppError, CannotWrite
from desktop.hub.library import Library
from desktop.loading import Loading
from desktop.paths import Paths
from desktop.settings import GB, Settings
from desktop.store.chats import Store
from desktop.store.writers import nobody_writing, writing
from desktop.ui.answers import Answers
from desktop.ui.appearance import Appearance
from desktop.ui.background import Background
from desktop.ui.bug_report import BugReporter
from desktop.ui.context import ContextMeter
from desktop.ui.engine_thread import EngineThread
from desktop.ui.error_text import explain
from desktop.ui.i18n import tr
from desktop.ui.main_window import MainWindow
from desktop.ui.models.choice import Models
from desktop.ui.models.idle import IdleUnload
from desktop.ui.models.shelf import Shelf
from desktop.ui.models.supply import Supply
from desktop.ui.models.tuning import QuietTuning
from desktop.ui.models.warm_start import WarmStart
from desktop.ui.session import Session
from desktop.ui.single_instance import SingleInstance

_COLLECT_MS = 5000
# Below so many new objects a collection is not worth its milliseconds: an idle window does nothing.
_COLLECT_ALLOCATIONS = 5000


def main(data_dir: Path | None = None) -> int:
    """Run the window on the data under `data_dir`, by default the user's own, until it is closed.

    Returns:
        The exit code.
    """
    app = QApplication(sys.argv[:1])
    app.setApplicationName("fireside")
    app.setDesktopFileName("fireside")
    paths = Paths.under(data_dir) if data_dir else Paths.default()
    # Qt's file dialog remembers where the user was: with the rest of the app, not in the home directory.
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(paths.config))
    settings = settings_file.load(paths.settings)
    appearance = Appearance(app)
    appearance.apply(settings)
    try:
        try:
            paths.make()
            logs.start(paths.logs)
        except OSError as error:
            raise CannotWrite(error.filename or str(paths.data)) from error
        instance = SingleInstance(paths.data)
        if not instance.acquire():
            print(tr("Fireside is open already: its window comes to the front."), file=sys.stderr)  # noqa: T201
            return 0
        app.aboutToQuit.connect(instance.release)
        loading = Loading(paths.machine)
        engine = LocalEngine(
            paths.engine_log, planner=loading, states=paths.states, states_bytes=settings.states_gb * GB
        )
        fireside = Fireside(paths, settings, engine, loading, appearance)
    except AppError as error:
        _tell(error)
        return 1
    instance.called.connect(fireside.window.come_to_front)
    app.aboutToQuit.connect(fireside.close)
    # A session that ends: as if the window was closed. Python hears of it with its next timer, within seconds.
    signal.signal(signal.SIGTERM, lambda *_: app.quit())
    _collect_in_main_thread(app)
    fireside.window.show()
    fireside.warm_up()
    return app.exec()


class Fireside:
    """The whole program behind one window. `close` takes it apart in the order that loses nothing.

    Raises:
        StoreError: the chats cannot be opened.
    """

    def __init__(
        self, paths: Paths, settings: Settings, engine: Engine, loading: Loading, appearance: Appearance
    ) -> None:
        self._paths = paths
        self._settings = settings
        self._appearance = appearance
        appearance.apply(settings)
        self.bugs = BugReporter()
        self.background = Background()
        self.store = Store.open(paths.database, paths.backups)
        with nobody_writing(paths.writers) as nobody:
            if nobody:
                self.store.recover()
        self._open = ExitStack()
        self._open.enter_context(writing(paths.writers))
        self.engine_thread = EngineThread(engine)
        library = Library(paths.library, paths.models)
        self.shelf = Shelf(library, self.background)
        self.models = Models(self.shelf, self.engine_thread, loading, settings)
        self.supply = Supply(paths.models, settings, library.record_origin)
        self.answers = Answers(self.store, self.engine_thread, self.models)
        self.meter = ContextMeter(self.engine_thread, self.models)
        self.session = Session(
            self.store, self.models, self.answers, self.meter, settings, erase_deleted=self._erase_deleted
        )
        self.idle = IdleUnload(self.models, lambda: bool(self.answers.chats()), settings)
        self.answers.ended.connect(self.idle.rest)
        self.tuning = QuietTuning(self.models, self.engine_thread)
        self.window = MainWindow(self.session, self.models, self.supply, settings, paths)
        self.warm_start = WarmStart(self.models, self._is_choosing)
        self.bugs.window = self.window
        self.bugs.install()
        self.background.failed.connect(self._on_background_failed)
        self.window.settings_changed.connect(self._on_settings_changed)
        self.models.settings_changed.connect(self._on_settings_changed)
        self._erase_deleted()

    def warm_up(self) -> None:
        """The window is shown: make ready for the first question, if that is wanted."""
        if self._settings.loads_at_start:
            self.warm_start.begin()

    def close(self) -> None:
        """Stop what is being written, keep its text, and give everything back."""
        self.window.close()
        self.supply.close()
        self.answers.interrupt()
        self.engine_thread.close()
        self.answers.save()
        self._erase_deleted()
        self.background.close()
        self.store.close()
        self._open.close()
        self.bugs.uninstall()

    def _erase_deleted(self) -> None:
        """What was deleted and can no longer be undone leaves the disk. The whole file is written anew for it."""
        self.background.run(partial(_purge, self._paths, keeps_states=self._settings.states_gb > 0))

    def _is_choosing(self) -> bool:
        """Whether the user is in a menu, in a dialog or in the models' window."""
        return QApplication.activePopupWidget() is not None or QApplication.activeWindow() not in (None, self.window)

    def _on_background_failed(self, error: BaseException) -> None:
        if not isinstance(error, AppError):
            raise error
        self.session.failed.emit(error)

    def _on_settings_changed(self, settings: Settings) -> None:
        forgets = self._settings.states_gb != settings.states_gb == 0
        self._settings = settings
        self._appearance.apply(settings)
        self.models.set_settings(settings)
        self.supply.set_settings(settings)
        self.idle.set_settings(settings)
        self.session.set_settings(settings)
        self.window.set_settings(settings)
        if forgets:
            self._erase_deleted()
        try:
            settings_file.save(settings, self._paths.settings)
        except OSError as error:
            self.session.failed.emit(CannotWrite(error.filename or str(self._paths.settings)))


def _collect_in_main_thread(owner: QObject) -> None:
    """Python's cycle collector destroys what it finds in whichever thread it runs, QObjects of the window included."""
    gc.disable()
    # What the start made stays for good: later collections need not walk it.
    gc.freeze()

    def collect() -> None:
        if gc.get_count()[0] > _COLLECT_ALLOCATIONS:
            gc.collect()

    timer = QTimer(owner)
    timer.timeout.connect(collect)
    timer.start(_COLLECT_MS)


def _purge(paths: Paths, *, keeps_states: bool) -> None:
    """Runs in the background, so on a connection of its own."""
    store = Store.open(paths.database, paths.backups)
    try:
        store.purge()
        chats = {conversation_of(chat.id) for chat in store.chats()} if keeps_states else set()
        forget_all_but(paths.states, chats)
    finally:
        store.close()


def _tell(error: AppError) -> None:
    """Show why the window cannot open."""
    explanation = explain(error)
    dialog = QMessageBox()
    dialog.setObjectName("cannotStartDialog")
    dialog.setIcon(QMessageBox.Icon.Warning)
    dialog.setWindowTitle("Fireside")
    dialog.setText(explanation.what)
    dialog.setInformativeText("\n\n".join(part for part in (explanation.why, explanation.next) if part))
    dialog.exec()
