"""What the main window does with models: chooses one, adds files, opens the models' own window."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.errors import AppError
from desktop.hub.model import Model
from desktop.settings import Settings
from desktop.ui.error_text import one_line
from desktop.ui.i18n import tr, tr_count
from desktop.ui.library_words import title_of
from desktop.ui.models.choice import Models
from desktop.ui.models.shelf import Added
from desktop.ui.models.supply import Supply
from desktop.ui.toast import Toast

if TYPE_CHECKING:
    from desktop.hub.catalogue import Recommendation
    from desktop.hub.job import Download
    from desktop.loading import Loading
    from desktop.ui.models.downloading import Downloading
    from desktop.ui.models.window import ModelsWindow, Page

_GEOMETRY = "models_geometry"
# The window is drawn and can be used before its advice is thought out.
_ADVISE_MS = 600


class ModelsInWindow(QObject):
    """Connects the main window with the models and with their own window, which is made when it is first asked for.

    Signals:
        settings_changed(Settings settings): where the models' window was, or that the user goes online
        settings_requested(): the network page of the settings may help
        downloads_changed(int percent): of all that is being downloaded; -1 when nothing is
        recommended(Recommendation best): for this machine, where nothing but the starter model is here
    """

    settings_changed = Signal(object)
    settings_requested = Signal()
    downloads_changed = Signal(int)
    recommended = Signal(object)

    def __init__(
        self,
        window: QWidget,
        models: Models,
        supply: Supply,
        settings: Settings,
        toast: Toast,
        log: Path,
        set_model: Callable[[str], None],
    ) -> None:
        """`set_model` lets a model answer in the open chat; an engine process that is asked for GPUs logs to `log`."""
        super().__init__(window)
        self._window, self._models, self._supply, self._set_model = window, models, supply, set_model
        self._settings, self._toast, self._log = settings, toast, log
        self._own: ModelsWindow | None = None
        models.noticed.connect(toast.show_message)
        models.settings_changed.connect(toast.dismiss_error)
        models.shelf.failed.connect(self._on_failed)
        self._advising = QTimer(self, singleShot=True, interval=_ADVISE_MS)
        self._advising.timeout.connect(self._advise)
        if all(model.is_starter for model in models.available()):
            self._advising.start()
        models.shelf.background.run(partial(_count_unfinished, supply.folder), self._on_unfinished)

    def set_settings(self, settings: Settings) -> None:
        """The settings are now these."""
        self._settings = settings

    def choose(self, name: str) -> None:
        """Let the model called `name` answer in the open chat from now on."""
        try:
            self._set_model(name)
        except AppError as error:
            self._on_failed(error)
            return
        own = self._own
        model = self._models.current
        if own is not None and own.isActiveWindow() and model is not None and model.name == name:
            # The chat may lie behind this window.
            title = title_of(model)
            own.toast.show_message(
                lambda: tr("{name} answers in the open chat now.", name=title),
                lambda: tr("To the chat"),
                self._come_to_chat,
            )

    def choose_path(self, path: Path) -> None:
        """The same for the model whose file is at `path`; it is listed first if it is not yet."""
        model = next((each for each in self._models.available() if each.path == path), None)
        if model is not None:
            self.choose(model.name)
        else:
            self.add([path])

    def choose_file(self) -> None:
        """Let the user choose a model file, which answers then."""
        chosen, _ = QFileDialog.getOpenFileName(
            self._window, tr("Choose a model file"), "", tr("Model files (*.gguf)") + ";;" + tr("All files (*)")
        )
        if chosen:
            self.add([Path(chosen)])

    def add(self, paths: Iterable[Path]) -> None:
        """Add files and folders in place. A single model answers from now on, of several the user chooses later."""
        self._models.shelf.add(paths, self._on_added)

    def show_library(self) -> None:
        """Open the models' window at the models of this computer."""
        from desktop.ui.models.window import Page

        self._models_window().show_page(Page.LIBRARY)

    def show_downloads(self) -> None:
        """Open the models' window at what is being downloaded."""
        from desktop.ui.models.window import Page

        self._models_window().show_page(Page.DOWNLOADS)

    def show_discover(self, entry_id: str = "") -> None:
        """Open the models' window where more are found, at an entry of the catalogue if one is named."""
        from desktop.ui.models.discover_page import DiscoverPage
        from desktop.ui.models.window import Page

        own = self._models_window()
        own.show_page(Page.DISCOVER)
        if entry_id and (page := own.findChild(DiscoverPage)) is not None:
            page.show_entry(entry_id)

    def close(self) -> None:
        """Close the models' window, and think of nothing more."""
        self._advising.stop()
        if self._own is not None:
            self._own.close()
            self._own.deleteLater()
            self._own = None

    def _come_to_chat(self) -> None:
        self._window.raise_()
        self._window.activateWindow()

    def _advise(self) -> None:
        best_here = partial(_best_here, self._models.loading, self._log)
        self._models.shelf.background.run_long(lambda _: best_here(), lambda _: None, self._on_advised, _raise)

    def _on_advised(self, best: Recommendation | None) -> None:
        if best is not None:
            self.recommended.emit(best)

    def _on_unfinished(self, count: int) -> None:
        if count:
            # Who quit, or was cut off, would not look for it behind two buttons.
            self._toast.show_message(
                lambda: tr_count("{count} download is not finished.", "{count} downloads are not finished.", count),
                lambda: tr("Show"),
                self.show_downloads,
            )

    def _models_window(self) -> ModelsWindow:
        self._models.shelf.refresh()
        self._models.shelf.look_around()
        if self._own is None:
            self._own = self._make_window()
            study = partial(self._models.loading.study, self._log)
            shelf = self._models.shelf
            # How models fit may look different once the GPUs are known.
            shelf.background.run_long(lambda _: study(), lambda _: None, lambda _: shelf.refit.emit(), _raise)
        return self._own

    def _make_window(self) -> ModelsWindow:
        from desktop.ui.models.discover_page import DiscoverPage
        from desktop.ui.models.downloads_page import DownloadsPage
        from desktop.ui.models.library_page import LibraryPage
        from desktop.ui.models.window import ModelsWindow, Page

        geometry = self._settings.window.get(_GEOMETRY)
        own = ModelsWindow(geometry if isinstance(geometry, str) else "")
        supply, downloading = self._supply, self._supply.downloading
        library = LibraryPage(self._models, own.toast)
        discover = DiscoverPage(supply.hub, supply.getting, self._models.loading, supply.access)
        downloads = DownloadsPage(downloading)
        own.add_page(Page.LIBRARY, library, lambda: tr("On this computer"))
        own.add_page(Page.DISCOVER, discover, lambda: tr("Discover"))
        own.add_page(Page.DOWNLOADS, downloads, lambda: tr("Downloads"))
        own.closed.connect(self._on_closed)
        library.use_requested.connect(self.choose)
        library.discover_requested.connect(self.show_discover)
        discover.use_requested.connect(self.choose_path)
        self._models.shelf.refit.connect(discover.refit)
        discover.online_requested.connect(self._go_online)
        downloads.use_requested.connect(self.choose_path)
        downloads.online_requested.connect(self._go_online)
        downloads.discover_requested.connect(self.show_discover)
        discover.settings_requested.connect(self.settings_requested)
        downloads.settings_requested.connect(self.settings_requested)
        downloading.changed.connect(partial(self._on_downloads_changed, own, Page.DOWNLOADS, downloading))
        downloading.finished.connect(self._on_downloaded)
        self._on_downloads_changed(own, Page.DOWNLOADS, downloading)
        return own

    def _on_closed(self, geometry: str) -> None:
        window = {**self._settings.window, _GEOMETRY: geometry}
        self.settings_changed.emit(replace(self._settings, window=window))

    def _go_online(self) -> None:
        self.settings_changed.emit(replace(self._settings, offline=False))

    def _on_downloads_changed(self, own: ModelsWindow, page: Page, downloading: Downloading) -> None:
        from desktop.hub.job import Phase

        own.set_count(page, downloading.unfinished())
        running = [each for each in downloading.downloads if each.phase in (Phase.RUNNING, Phase.VERIFYING)]
        total = sum(each.total_bytes for each in running)
        percent = sum(each.done_bytes for each in running) * 100 // total if total else -1
        self.downloads_changed.emit(percent)

    def _on_downloaded(self, download: Download) -> None:
        self._models.shelf.record_origin(download.choice, self._on_arrived)

    def _on_arrived(self, model: Model) -> None:
        self._toast_in_sight().show_message(
            lambda: tr("{name} is here.", name=title_of(model)), lambda: tr("Use"), partial(self.choose, model.name)
        )

    def _on_added(self, added: Added) -> None:
        if len(added.models) == 1:
            self.choose(added.models[0].name)
        elif added.models:
            listed = len(added.models)
            self._toast.show_message(
                lambda: tr_count("{count} model is listed now.", "{count} models are listed now.", listed),
                lambda: tr("Show"),
                self.show_library,
            )
        for error in added.errors[:1]:
            self._on_failed(error)

    def _on_failed(self, error: AppError) -> None:
        self._toast_in_sight().show_error(partial(one_line, error))

    def _toast_in_sight(self) -> Toast:
        """Of the window where the user looks now."""
        own = self._own
        return own.toast if own is not None and own.isActiveWindow() else self._toast


def _raise(error: BaseException) -> None:
    raise error


def _count_unfinished(folder: Path) -> int:
    """How many downloads to `folder` earlier runs have left."""
    from desktop.hub.unfinished import unfinished_in

    return len(unfinished_in(folder))


def _best_here(loading: Loading, log: Path) -> Recommendation | None:
    """The catalogue's advice for talking on this machine. Takes seconds at the first start: for a thread of its own.

    None where only specialists run well: one for programming is no first model.
    """
    from desktop.hub.catalogue import Role, entries, fits_on, recommend

    # Without it, twenty gigabytes would be advised that answer at two tokens a second, or a GPU left unused.
    loading.study(log)
    found = recommend(entries(), fits_on(loading.machine()))
    return next((each for each in found if each.why in (Role.GENERAL, Role.FAST)), None)
