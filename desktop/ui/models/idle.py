"""Gives the model's memory back when nobody has asked anything for a while."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from desktop.settings import Settings
from desktop.ui.answers import Answers
from desktop.ui.models.choice import Models, ModelState

_MINUTE_MS = 60_000


class IdleUnload(QObject):
    """Unloads the model after `Settings.unload_after_min` without an answer or a load; never while it answers."""

    def __init__(self, models: Models, answers: Answers, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._models, self._answers = models, answers
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_rested)
        self._after_min: int | None = None
        models.changed.connect(self._on_models_changed)
        answers.ended.connect(self._rest)
        self.set_settings(settings)

    def set_settings(self, settings: Settings) -> None:
        """The settings are now these."""
        if settings.unload_after_min != self._after_min:
            self._after_min = settings.unload_after_min
            self._rest()

    def _on_models_changed(self) -> None:
        # A change of something else, such as the list, is no use of the model: a timer that runs goes on.
        if self._models.state is not ModelState.READY:
            self._timer.stop()
        elif not self._timer.isActive():
            self._rest()

    def _rest(self) -> None:
        """Count from the start."""
        self._timer.stop()
        if self._after_min is not None and self._models.state is ModelState.READY:
            self._timer.start(self._after_min * _MINUTE_MS)

    def _on_rested(self) -> None:
        if self._answers.chats():
            self._rest()
        else:
            self._models.unload()
