"""How a chat looks on paper: the page, its margins, and a style of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from PySide6.QtCore import QLocale, QMarginsF, QSizeF
from PySide6.QtGui import QFont, QPagedPaintDevice, QPageLayout, QPageSize
from typing_extensions import override

from desktop.ui import theme
from desktop.ui.colours import LIGHT
from desktop.ui.transcript.diagrams.service import Diagrams
from desktop.ui.transcript.style import Style

TEXT_PT = 11
MARGINS_MM = (20.0, 24.0, 20.0, 24.0)
"""Left, top, right, bottom. The chat's title and the number of the page stand in them."""

_ZOOM = 4.0
"""Pixels of the layout to one of the design: so fine that rounding to pixels cannot be seen on paper."""
_CODE_PX = 12
_ABOVE_PICTURE_PX = 80
"""Room for what stands above the first block of an answer, on the same page."""
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
        left, top, right, bottom = MARGINS_MM
        whole = size.size(QPageSize.Unit.Millimeter)
        return cls.with_room(QSizeF(whole.width() - left - right, whole.height() - top - bottom))

    @classmethod
    def with_room(cls, millimetres: QSizeF) -> Sheet:
        """A page with this much room for text."""
        per_inch = theme.TEXT_PX * _ZOOM / TEXT_PT * _POINTS_PER_INCH
        width, height = (
            float(int(length / _MM_PER_INCH * per_inch)) for length in (millimetres.width(), millimetres.height())
        )
        return cls(width, height, per_inch)


def paper_style(sheet: Sheet, diagrams: Diagrams | None = None) -> PaperStyle:
    """The style of everything that is printed on `sheet`."""
    white = replace(LIGHT, bg="#FFFFFF")
    highest = sheet.height - _ABOVE_PICTURE_PX * _ZOOM
    return PaperStyle(white, _ZOOM, diagrams, is_still=True, on_paper=True, page_height=highest)


def lay_out_page(device: QPagedPaintDevice) -> None:
    """Give `device` upright pages as they are usual here, with MARGINS_MM."""
    upright, margins = QPageLayout.Orientation.Portrait, QMarginsF(*MARGINS_MM)
    device.setPageLayout(QPageLayout(page_size(), upright, margins, QPageLayout.Unit.Millimeter))


def sheet_of(device: QPagedPaintDevice) -> Sheet:
    """The pages of `device` as the user has set them."""
    return Sheet.with_room(device.pageLayout().paintRect(QPageLayout.Unit.Millimeter).size())


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
