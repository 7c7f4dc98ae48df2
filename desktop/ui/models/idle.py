"""Gives the model's memory back when nobody has asked anything for a while."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from desktop.settings import Settings
from desktop.ui.models.choice import Models, ModelState

_MINUTE_MS = 60_000


class IdleUnload(QObject):
    """Unloads the model after `Settings.unload_after_min` without an answer or a load; never while `is_answering`."""

    def __init__(
        self, models: Models, is_answering: Callable[[], bool], settings: Settings, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._models, self._is_answering = models, is_answering
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_rested)
        self._after_min: int | None = None
        models.changed.connect(self._on_models_changed)
        self.set_settings(settings)

    def set_settings(self, settings: Settings) -> None:
        """The settings are now these."""
        if settings.unload_after_min != self._after_min:
            self._after_min = settings.unload_after_min
            self.rest()

    def _on_models_changed(self) -> None:
        # A change of something else, such as the list, is no use of the model: a timer that runs goes on.
        if self._models.state is not ModelState.READY:
            self._timer.stop()
        elif not self._timer.isActive():
            self.rest()

    def rest(self) -> None:
        """An answer has ended: count from the start."""
        self._timer.stop()
        if self._after_min is not None and self._models.state is ModelState.READY:
            self._timer.start(self._after_min * _MINUTE_MS)

    def _on_rested(self) -> None:
        if self._is_answering():
            self.rest()
        else:
            self._models.unload()
