"""Formulas in running text: one character each, as wide and as high as the formula, on the line's baseline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QFontMetricsF,
    QPainter,
    QPyTextObject,
    QTextCharFormat,
    QTextDocument,
    QTextFormat,
    QTextLayout,
    QTextOption,
)
from typing_extensions import override

from desktop.ui.transcript.blocks import formula_picture
from desktop.ui.transcript.formulas.typeset import Formula, typeset

KIND = QTextFormat.ObjectTypes.UserObject.value + 1
_NUMBER = QTextFormat.Property.UserProperty.value + 1

EM = 1.1
"""The em of formulas in that of the text around: the small letters of both are equally high."""
_LEAST_SCALE = 0.6
_AIR = 2
_UNLIMITED = 1e6
_MAX_SOURCE = 6_000
"""So much of a source that cannot be set is shown in a line."""


@dataclass(frozen=True, slots=True)
class InlineFormula:
    """One formula in a document: `source` has its delimiters, `font` is that of the text around.

    Without `formula` the source is shown, in `code_font`. Where it `shrinks`, it gets smaller before it gets too wide.
    """

    source: str
    formula: Formula | None
    font: QFont
    code_font: QFont
    shrinks: bool = True

    @property
    def em(self) -> float:
        """Of the formula, in pixels."""
        return self.font.pixelSize() * EM

    @property
    def least_width(self) -> float:
        """It can be drawn so narrow; a source can be broken into lines."""
        return self.formula.width * self.em * _LEAST_SCALE if self.formula else 0.0

    def is_tall(self, line_height: float) -> bool:
        """Whether lines of a fixed height, with the baseline at four fifths, have no room for it."""
        if self.formula is None:
            return True
        above, below = 0.8 * line_height, 0.2 * line_height + 2
        return self.formula.ascent * self.em > above or self.formula.descent * self.em > below

    def scale(self, room: float) -> float:
        """How much smaller it is drawn where it is wider than a line."""
        if self.formula is None or not self.shrinks or room <= 0:
            return 1.0
        return max(_LEAST_SCALE, min(1.0, room / max(1.0, self.formula.width * self.em)))


def inline_formula(
    source: str, delimited: str, language: str, *, bold: bool, font: QFont, code: QFont
) -> InlineFormula:
    """`source` set in a line; `bold` as in a heading, where all letters are."""
    formula = typeset(rf"\boldsymbol{{{source}}}", display=False, language=language) if bold else None
    return InlineFormula(delimited, formula or typeset(source, display=False, language=language), font, code)


class FormulaObject(QPyTextObject):
    """What a document asks for the size and the picture of its `formulas`."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self.formulas: list[InlineFormula] = []
        self._depths: list[int] = []
        self._tails: dict[int, tuple[str, QFont]] = {}
        self._coloured: set[int] = set()
        self._room = 0.0
        self._sizes: dict[int, QSizeF] = {}
        self._layouts: dict[int, QTextLayout] = {}

    def add(self, formula: InlineFormula, look: QTextCharFormat) -> QTextCharFormat:
        """The look of the character that stands for `formula`, from that of the text around."""
        look = QTextCharFormat(look)
        look.setObjectType(KIND)
        look.setProperty(_NUMBER, len(self.formulas))
        look.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignBaseline)
        # Qt takes the descent of such a character from its font: one whose descent is the formula's.
        family = formula.font.families()[0]
        size, depth = _size_with_descent(family, self._depth(formula))
        look.setFontFamilies([family])
        look.setProperty(QTextFormat.Property.FontPixelSize, size)
        if look.hasProperty(_FOREGROUND):
            self._coloured.add(len(self.formulas))
        self.formulas.append(formula)
        self._depths.append(depth)
        return look

    def set_tail(self, text: str, font: QFont) -> bool:
        """Draw `text` right behind the last formula, which no line's end may part from it. False where it cannot."""
        number = len(self.formulas) - 1
        if self.formulas[number].formula is None or number in self._coloured:
            return False
        self._tails[number] = text, font
        return True

    @override
    def intrinsicSize(self, doc: QTextDocument, posInDocument: int, format: QTextFormat) -> QSizeF:
        # Asked for many times a layout.
        room = doc.textWidth()
        if room != self._room:
            self._room = room
            self._sizes.clear()
            self._layouts.clear()
        number = format.intProperty(_NUMBER)
        size = self._sizes.get(number)
        if size is None:
            size = self._sizes[number] = self._size(number, room)
        return size

    @override
    def drawObject(
        self, painter: QPainter, rect: QRectF | QRect, doc: QTextDocument, posInDocument: int, format: QTextFormat
    ) -> None:
        number = format.intProperty(_NUMBER)
        formula = self.formulas[number]
        brush = format.brushProperty(_FOREGROUND) if format.hasProperty(_FOREGROUND) else painter.pen().brush()
        room = doc.textWidth()
        corner = QRectF(rect).bottomLeft() - QPointF(0, self._depths[number])
        if formula.formula is None:
            painter.setPen(brush.color())
            self._layouts[number].draw(painter, QRectF(rect).topLeft())
            return
        em = formula.em * formula.scale(room)
        formula_picture.draw(painter, formula.formula, corner, em, brush.color(), formula.font)
        if number in self._tails:
            tail, font = self._tails[number]
            painter.setFont(font)
            painter.setPen(brush.color())
            painter.drawText(corner + QPointF(formula.formula.width * em, 0), tail)

    def _size(self, number: int, room: float) -> QSizeF:
        formula = self.formulas[number]
        if formula.formula is None:
            layout = self._layouts[number] = _source_layout(formula, room)
            last = layout.lineAt(layout.lineCount() - 1)
            width = last.naturalTextWidth() if layout.lineCount() == 1 else room
            return QSizeF(width, last.y() + last.ascent() + self._depths[number])
        em = formula.em * formula.scale(room)
        width = formula.formula.width * em
        if number in self._tails:
            tail, font = self._tails[number]
            width += QFontMetricsF(font).horizontalAdvance(tail)
        return QSizeF(width, ceil(formula.formula.ascent * em) + _AIR + self._depths[number])

    def _depth(self, formula: InlineFormula) -> int:
        if formula.formula is None:
            return ceil(QFontMetricsF(formula.code_font).descent())
        return ceil(formula.formula.descent * formula.em) + (_AIR if formula.formula.descent else 0)


_FOREGROUND = QTextFormat.Property.ForegroundBrush.value


@lru_cache(maxsize=256)
def _size_with_descent(family: str, descent: int) -> tuple[int, int]:
    """How large a font is that reaches `descent` pixels below the baseline, or hardly more, and how far it reaches."""
    font = QFont(family)
    size = max(1, 2 * descent)
    font.setPixelSize(size)
    while (found := QFontMetrics(font).descent()) < descent:
        size += max(1, size // 20)
        font.setPixelSize(size)
    return size, found


def _source_layout(formula: InlineFormula, room: float) -> QTextLayout:
    """The source, broken into lines of at most `room` pixels."""
    source = formula.source
    text = (source if len(source) <= _MAX_SOURCE else source[:_MAX_SOURCE] + "…").replace("\n", "\u2028")
    layout = QTextLayout(text, formula.code_font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    room = room if room > 0 else _UNLIMITED
    layout.beginLayout()
    y = 0.0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(room)
        line.setPosition(QPointF(0, y))
        y += line.height()
    layout.endLayout()
    return layout
