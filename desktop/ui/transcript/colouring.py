"""Colours long code a little at a time, and code in a language that was never seen before once it is known."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from desktop.ui.transcript.blocks.code_view import CodeView
from desktop.ui.transcript.canvas import Canvas

_SLICE_MS = 1
_PREPARING_MS = 40


class Colouring(QObject):
    """Goes on while anything in sight of `canvas` awaits its colours, and no longer."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_timeout)
        canvas.settled.connect(self._on_settled)

    @property
    def is_done(self) -> bool:
        """Whether everything in sight has its colours."""
        return self._next() is None

    def _on_settled(self) -> None:
        if not self._timer.isActive() and not self.is_done:
            self._timer.start(_SLICE_MS)

    def _on_timeout(self) -> None:
        view = self._next()
        if view is None:
            return
        changed = view.colour_more()
        if changed:
            self._canvas.viewport().update()
        self._timer.start(_SLICE_MS if changed or view.is_being_read else _PREPARING_MS)

    def _next(self) -> CodeView | None:
        """The first block in sight that is not coloured yet."""
        for view in self._canvas.blocks_in_sight():
            if isinstance(view, CodeView) and view.awaits_colours:
                return view
        return None
