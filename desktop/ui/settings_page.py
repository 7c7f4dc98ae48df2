"""What the pages of the settings have in common: they show settings, and report each change at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from desktop.settings import Settings


class SettingsPage(QWidget):
    """Fields for some of the settings.

    A page fills them in `_fill`, connects them with `_change`, and puts what says its words into `_says`.

    Signals:
        changed(settings: Settings)
    """

    changed = Signal(object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._filling = False
        self._says: list[Callable[[], object]] = []

    def set_settings(self, settings: Settings) -> None:
        """The settings are now these, whoever changed them."""
        self._settings = settings
        self._filling = True
        self._fill(settings)
        self._filling = False

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()

    def _fill(self, settings: Settings) -> None:
        """Have the fields show `settings`."""
        raise NotImplementedError

    def _change(self, **values: Any) -> None:
        settings = replace(self._settings, **values)
        if not self._filling and settings != self._settings:
            self._settings = settings
            self.changed.emit(settings)

    def _retranslate(self) -> None:
        for say in self._says:
            say()
