"""Diagrams for the transcript: asked for by source, drawn elsewhere, kept while there is room."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn diagram, or why there is none. `width` and `height` are in the design's pixels, at zoom 1."""

    image: QImage
    width: float = 0.0
    height: float = 0.0
    problem: str = ""
    """In words of the interface; empty where the diagram was drawn."""


class Diagrams(QObject):
    """Draws diagrams in the background.

    Signals:
        drawn(source): a picture of `source` can be had from now on, or why there is none
    """

    drawn = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pictures: dict[tuple[str, bool, float], Picture] = {}
        self._drawings: dict[tuple[str, bool], str] = {}

    def picture(self, source: str, dark: bool, scale: float) -> Picture | None:
        """The picture of `source` with `scale` device pixels to one of the design. None while it is being drawn."""
        return self._pictures.get((source, dark, scale))

    def svg(self, source: str, dark: bool) -> str:
        """A self-contained picture of `source` for a file; empty where there is none. Waits for it."""
        return self._drawings.get((source, dark), "")
