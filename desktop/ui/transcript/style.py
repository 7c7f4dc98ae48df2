"""The measures, fonts and colours that a transcript is drawn with: one value for a theme and a zoom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import inf

from PySide6.QtGui import QFont, QFontDatabase, QFontInfo, QFontMetricsF

from desktop.ui import theme
from desktop.ui.colours import Tokens
from desktop.ui.transcript.diagrams.service import Diagrams
from desktop.ui.transcript.text.script import has_cjk

_SMALL_PX = 13


@dataclass(frozen=True)
class Style:
    """`zoom` multiplies every length. Without `diagrams` they are shown as their source.

    On a page that `is_still` nothing scrolls sideways and no colours come later: long lines wrap, wide tables are
    squeezed, and of code's buttons only Copy is left. `on_paper`, which is still as well, nothing can be clicked; a
    picture is no higher there than `page_height`.
    """

    tokens: Tokens
    zoom: float
    diagrams: Diagrams | None = None
    is_still: bool = False
    on_paper: bool = False
    page_height: float = inf

    def px(self, length: float) -> int:
        """`length` of the design in pixels of the window."""
        return round(length * self.zoom)

    @cached_property
    def text_font(self) -> QFont:
        """For running text."""
        return theme.ui_font(self.zoom)

    @cached_property
    def small_font(self) -> QFont:
        """For labels and statistics."""
        font = theme.latin(self.text_font)
        font.setPixelSize(self.px(12))
        return font

    @cached_property
    def leans(self) -> bool:
        """Whether the font has no slanted letters of its own, so that upright ones are slanted."""
        family = QFontInfo(self.text_font).family()
        return not any(QFontDatabase.italic(family, name) for name in QFontDatabase.styles(family))

    def small_font_for(self, text: str) -> QFont:
        """`small_font`, with Chinese punctuation as wide as its characters where `text` is Chinese."""
        if not has_cjk(text):
            return self.small_font
        font = QFont(self.text_font)
        font.setPixelSize(self.small_font.pixelSize())
        return font

    def suited(self, font: QFont, text: str) -> QFont:
        """`font` with punctuation as wide as the script of `text` has it."""
        return font if text.isascii() or has_cjk(text) else theme.latin(font)

    @cached_property
    def small(self) -> Style:
        """For text beside the text, such as reasoning: everything a little smaller."""
        return replace(self, zoom=self.zoom * _SMALL_PX / theme.TEXT_PX)

    @cached_property
    def code_font(self) -> QFont:
        """For code, in blocks and in lines."""
        return theme.code_font(self.zoom)

    def heading_font(self, level: int) -> QFont:
        """For a heading of `level` 1 to 6."""
        font = QFont(self.text_font)
        font.setPixelSize(self.px(theme.HEADING_PX[min(level, len(theme.HEADING_PX)) - 1]))
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def line_height(self, font_px: int, *, cjk: bool) -> int:
        """The distance of two baselines."""
        return round(font_px * (theme.LINE_HEIGHT_CJK if cjk else theme.LINE_HEIGHT_LATIN))

    @cached_property
    def code_line_height(self) -> int:
        """Closer than running text, so that code holds together."""
        return round(self.code_font.pixelSize() * 1.5)

    @cached_property
    def character_width(self) -> float:
        """Of an average Latin letter of running text, to estimate heights from."""
        return QFontMetricsF(self.text_font).horizontalAdvance("the quick brown fox") / 19

    def letters(self, width: float) -> float:
        """How many Latin letters stand in a line of `width` pixels, about."""
        return max(1.0, width / self.character_width)
