"""A formula on a painter: as pixels that are kept for the screen, as outlines for paper."""

from __future__ import annotations

import re
from collections import OrderedDict
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QPaintEngine, QPainter, QPixmap

from desktop.ui.transcript.formulas.typeset import Formula

if TYPE_CHECKING:
    from PySide6.QtSvg import QSvgRenderer

_MAX_PIXELS = 1_000_000
"""A larger picture is painted anew each time."""
_KEPT_PIXELS = 8_000_000
_LIGHT = 0.55
_TEXT = re.compile(r"<text .*?</text>")
_GROUND = re.compile(r'<rect x="[-\d.]+" y="[-\d.]+" width="\d{3,}[\d.]*" height="\d{3,}[\d.]*" fill="[^"]*"')
"""Of \\colorbox: wider and higher than any rule."""
_COLOUR = re.compile(r'(fill|stroke)="(#?\w+)"')

_Key = tuple[str, int, str, float, float]
_kept: OrderedDict[_Key, QPixmap] = OrderedDict()


def draw(painter: QPainter, formula: Formula, origin: QPointF, em: float, colour: QColor, font: QFont) -> None:
    """Paint `formula` with its baseline's left end at `origin`, `em` pixels large. `font` is for what is no formula."""
    is_screen = painter.paintEngine().type() == QPaintEngine.Type.Raster
    plain = not painter.worldTransform().isScaling()
    ratio = painter.device().devicePixelRatio()
    size = _size(formula, em)
    if not (is_screen and plain) or size.width() * size.height() * ratio * ratio > _MAX_PIXELS:
        _paint(painter, formula, origin, em, colour, font)
        return
    key = (formula.svg, colour.rgba(), font.key() if formula.texts else "", em, ratio)
    pixels = _kept.get(key)
    if pixels is None:
        pixels = _pixels(formula, em, colour, font, ratio)
        _keep(key, pixels)
    else:
        _kept.move_to_end(key)
    # On whole pixels of the screen, as letters stand: between two of them it would be blurred.
    shift = painter.worldTransform()
    x = round((origin.x() + shift.dx()) * ratio) / ratio - shift.dx()
    y = round((origin.y() + shift.dy()) * ratio) / ratio - shift.dy()
    painter.drawPixmap(QPointF(x - _margin(ratio), y + size.top()), pixels)


def _margin(ratio: float) -> float:
    """Left and right of a formula: slanted letters lean out of their room."""
    return ceil(2 * ratio) / ratio


def _size(formula: Formula, em: float) -> QRectF:
    """Whole pixels around the formula, seen from its baseline's left end."""
    above, below = ceil(formula.ascent * em) + 1, ceil(formula.descent * em) + 1
    return QRectF(0, -above, ceil(formula.width * em), above + below)


def _pixels(formula: Formula, em: float, colour: QColor, font: QFont, ratio: float) -> QPixmap:
    size = _size(formula, em)
    margin = _margin(ratio)
    pixels = QPixmap(ceil((size.width() + 2 * margin) * ratio), ceil(size.height() * ratio))
    pixels.setDevicePixelRatio(ratio)
    pixels.fill(QColor(0, 0, 0, 0))
    painter = QPainter(pixels)
    _paint(painter, formula, QPointF(margin, -size.top()), em, colour, font)
    painter.end()
    return pixels


def _keep(key: _Key, pixels: QPixmap) -> None:
    _kept[key] = pixels
    total = sum(kept.width() * kept.height() for kept in _kept.values()) if len(_kept) % 16 == 0 else 0
    while total > _KEPT_PIXELS:
        _, old = _kept.popitem(last=False)
        total -= old.width() * old.height()


def _paint(painter: QPainter, formula: Formula, origin: QPointF, em: float, colour: QColor, font: QFont) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    area = QRectF(
        origin.x(), origin.y() - formula.ascent * em, formula.width * em, (formula.ascent + formula.descent) * em
    )
    _renderer(formula.svg, colour.name()).render(painter, area)
    for text in formula.texts:
        small = QFont(font)
        small.setPixelSize(max(1, round(text.size * em)))
        # Where English is spoken the application's font wants narrow punctuation; here it is Chinese.
        small.setFeature(QFont.Tag("pwid"), 0)
        small.setFeature(QFont.Tag("palt"), 0)
        painter.setFont(small)
        painter.setPen(_readable(text.colour, colour) if text.colour else colour)
        painter.drawText(area.topLeft() + QPointF(text.x, text.baseline) * em, text.text)
    painter.restore()


@lru_cache(maxsize=32)
def _renderer(svg: str, colour: str) -> QSvgRenderer:
    from PySide6.QtSvg import QSvgRenderer

    ink = QColor(colour)

    def readable(match: re.Match[str]) -> str:
        return match[0] if match[2] == "none" else f'{match[1]}="{_readable(match[2], ink).name()}"'

    if ink.lightnessF() > _LIGHT:
        # Light letters stand on it.
        svg = _GROUND.sub(r'\g<0> fill-opacity="0.35"', svg)
    svg = _TEXT.sub("", svg).replace("currentColor", colour)
    return QSvgRenderer(QByteArray(_COLOUR.sub(readable, svg).encode()))


def _readable(name: str, ink: QColor) -> QColor:
    """The colour that a formula names; its counterpart where text is light and the colour too dark to be read."""
    colour = QColor(name)
    if not colour.isValid():
        return ink
    if ink.lightnessF() > _LIGHT > colour.lightnessF():
        return QColor.fromHslF(max(0.0, colour.hueF()), colour.saturationF(), 1 - colour.lightnessF() * 0.6)
    return colour
