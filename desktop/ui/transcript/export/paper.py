"""How a chat looks on paper: the page, its margins, and a style of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from PySide6.QtCore import QLocale
from PySide6.QtGui import QFont, QPageSize
from typing_extensions import override

from desktop.ui import theme
from desktop.ui.colours import LIGHT
from desktop.ui.transcript.style import Style

TEXT_PT = 11
MARGINS_MM = (20.0, 24.0, 20.0, 24.0)
"""Left, top, right, bottom. The chat's title and the number of the page stand in them."""

_ZOOM = 4.0
"""Pixels of the layout to one of the design: so fine that rounding to pixels cannot be seen on paper."""
_CODE_PX = 12
_POINTS_PER_INCH, _MM_PER_INCH = 72, 25.4


@dataclass(frozen=True)
class PaperStyle(Style):
    """Light on white, and letters at their exact widths.

    A PDF tells the letters of a glyph only where the font names one for it: with ligatures and with the glyphs that
    Noto has for digits between Latin letters, a search would find neither “office” nor “2 of 9”.
    """

    @cached_property
    @override
    def text_font(self) -> QFont:
        return _for_paper(theme.ui_font(self.zoom))

    @cached_property
    @override
    def code_font(self) -> QFont:
        font = _for_paper(theme.code_font(self.zoom))
        # A little smaller than on the screen: a page is narrower than a window.
        font.setPixelSize(self.px(_CODE_PX))
        return font


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page in pixels of the layout: the room for text, and how many of them are an inch."""

    width: float
    height: float
    per_inch: float

    @classmethod
    def of(cls, size: QPageSize) -> Sheet:
        """A page of this size with MARGINS_MM."""
        per_inch = theme.TEXT_PX * _ZOOM / TEXT_PT * _POINTS_PER_INCH
        left, top, right, bottom = MARGINS_MM
        whole = size.size(QPageSize.Unit.Millimeter)
        return cls(
            float(int((whole.width() - left - right) / _MM_PER_INCH * per_inch)),
            float(int((whole.height() - top - bottom) / _MM_PER_INCH * per_inch)),
            per_inch,
        )


def paper_style() -> PaperStyle:
    """The style of everything that is printed."""
    white = replace(LIGHT, bg="#FFFFFF")
    return PaperStyle(white, _ZOOM, on_paper=True)


def page_size() -> QPageSize:
    """What lies in printers here: Letter where lengths are measured in inches and in Canada, else A4."""
    locale = QLocale.system()
    in_letter = locale.territory() in (QLocale.Country.Canada, QLocale.Country.Mexico, QLocale.Country.Philippines)
    imperial = locale.measurementSystem() is QLocale.MeasurementSystem.ImperialUSSystem
    return QPageSize(QPageSize.PageSizeId.Letter if in_letter or imperial else QPageSize.PageSizeId.A4)


def _for_paper(font: QFont) -> QFont:
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    for feature in ("liga", "clig", "calt", "dlig", "locl"):
        font.setFeature(QFont.Tag(feature), 0)
    return font
