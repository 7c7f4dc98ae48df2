"""The icon set (Lucide, ISC licence): outlines in `resources/icons/`, coloured when they are drawn."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from desktop.paths import resources

_STROKE_PX = 1.5
_BOX = 24
"""Lucide draws on a square of 24 units with strokes of 2."""

_DISABLED = 0.7
"""Three to one against the page remain of what is muted."""

_DEVICE_PIXEL_RATIOS = (1.0, 1.25, 1.5, 2.0, 3.0)
"""Screens' usual scales: an icon is drawn for each, so that none is stretched."""


@cache
def icon(name: str, colour: str, size: int) -> QIcon:
    """The icon called `name` in `colour` (`#RRGGBB`), `size` logical pixels square, sharp on every screen."""
    renderer = _outline(name, colour, size)
    made = QIcon()
    for ratio in _DEVICE_PIXEL_RATIOS:
        drawn = _rendered(renderer, size, ratio)
        made.addPixmap(drawn)
        made.addPixmap(_faded(drawn), QIcon.Mode.Disabled)
    return made


def app_icon() -> QIcon:
    """The program's own icon, for windows and task bars."""
    renderer = QSvgRenderer(str(_path("app")))
    made = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        made.addPixmap(_rendered(renderer, size, 1.0))
    return made


def _outline(name: str, colour: str, size: int) -> QSvgRenderer:
    # Strokes stay 1.5 px on small icons and grow with the icon above 20 px (zoomed windows).
    stroke = _STROKE_PX * max(1.0, size / 20) * _BOX / size
    outline = _path(name).read_text(encoding="utf-8")
    outline = outline.replace("currentColor", colour).replace('stroke-width="2"', f'stroke-width="{stroke:.3f}"')
    return QSvgRenderer(QByteArray(outline.encode()))


def _rendered(renderer: QSvgRenderer, size: int, ratio: float) -> QPixmap:
    pixels = round(size * ratio)
    image = QImage(QSize(pixels, pixels), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    pixmap = QPixmap.fromImage(image)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _faded(pixmap: QPixmap) -> QPixmap:
    """For what cannot be pressed. Qt's own way makes a light icon on a dark ground lighter, not fainter."""
    made = QPixmap(pixmap.size())
    made.setDevicePixelRatio(pixmap.devicePixelRatio())
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setOpacity(_DISABLED)
    painter.drawPixmap(0, 0, pixmap)
    painter.end()
    return made


def _path(name: str) -> Path:
    return resources() / "icons" / f"{name}.svg"
