"""Loads the chosen model when the program has started, so that the first question need not wait for it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from desktop.ui.models.choice import Models, ModelState

_AFTER_MS = 1000


class WarmStart(QObject):
    """Loads the model of the open chat once the window has rested, where it leaves the computer memory enough.

    Not while `is_choosing` says that the user is busy with models, and not a model that has crashed.
    """

    def __init__(self, models: Models, is_choosing: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._models, self._is_choosing = models, is_choosing
        self._timer = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self._timer.timeout.connect(self._on_rested)

    def begin(self) -> None:
        """The window is there. The list of models may come late."""
        self._models.changed.connect(self._timer.start)
        self._timer.start()

    def _on_rested(self) -> None:
        model = self._models.current
        if model is None:
            return
        if self._is_choosing():
            self._timer.start()
            return
        self._models.changed.disconnect(self._timer.start)
        fit = self._models.fit_of(model)
        loading = self._models.loading
        is_safe = fit is not None and loading.leaves_enough(fit) and not loading.has_failed(model.path)
        if self._models.state is ModelState.IDLE and is_safe:
            self._models.load()
