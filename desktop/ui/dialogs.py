"""Opens the window's dialogs, the settings only once. Their code is loaded when the first of them opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop.chat.message import Sampling
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.models.choice import Models
from desktop.ui.models.supply import Supply
from desktop.ui.session import Session

if TYPE_CHECKING:
    from desktop.ui.settings_dialog import SettingsDialog


class Dialogs(QObject):
    """The dialogs of one window.

    Signals:
        settings_changed(Settings settings): in the settings dialog
    """

    settings_changed = Signal(object)

    def __init__(
        self, window: QWidget, session: Session, models: Models, supply: Supply, settings: Settings, paths: Paths
    ) -> None:
        super().__init__(window)
        self._window, self._session, self._models, self._supply = window, session, models, supply
        self._settings, self._paths = settings, paths
        self._open_settings: SettingsDialog | None = None

    def set_settings(self, settings: Settings) -> None:
        """The settings are now these."""
        self._settings = settings
        if self._open_settings is not None:
            self._open_settings.set_settings(settings)

    def show_settings(self) -> None:
        """Show the settings, which stay open beside the window."""
        from desktop.ui.settings_dialog import SettingsDialog

        if self._open_settings is None:
            self._open_settings = SettingsDialog(
                self._settings, self._paths, self._models, self._supply.access, self._window
            )
            self._open_settings.changed.connect(self.settings_changed)
            self._open_settings.finished.connect(self._on_settings_closed)
        self._open_settings.show()
        self._open_settings.activateWindow()

    def show_network_settings(self) -> None:
        """Show the settings at their page on the network."""
        self.show_settings()
        if self._open_settings is not None:
            self._open_settings.show_network_page()

    def show_chat_settings(self) -> None:
        """Edit the open chat's system prompt and sampling."""
        from desktop.ui.chat_settings import ChatSettingsDialog

        shown = self._session.shown
        dialog = ChatSettingsDialog(shown.system, shown.sampling, self._settings.sampling, self._window)
        dialog.saved.connect(self._on_chat_settings_saved)
        dialog.open()

    def show_shortcuts(self, listed: list[tuple[str, str]]) -> None:
        """Show what the keyboard can do."""
        from desktop.ui.shortcuts_sheet import ShortcutsSheet

        ShortcutsSheet(listed, self._window).open()

    def _on_settings_closed(self) -> None:
        self._open_settings = None

    def _on_chat_settings_saved(self, system: str, sampling: Sampling | None) -> None:
        self._session.set_system(system)
        self._session.set_sampling(sampling)
