"""Styled runs in a document, and what of them is more than letters: links, notes, formulas, and the boxes of code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import zip_longest

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)

from desktop.ui.i18n import language
from desktop.ui.transcript.blocks.formula_object import KIND, FormulaObject, InlineFormula, inline_formula
from desktop.ui.transcript.blocks.target import Does
from desktop.ui.transcript.blocks.text_lines import Stretch
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.inline import FORMULA_CHARACTER, ISOLATE, References, Span, source, spans
from desktop.ui.transcript.text.script import has_cjk, has_slanted_letters

_FIRST_COMBINING = "\u0300"
_MANY_CODES = 200
_NO_FORMULA = "\ufffd"
_LOST = "\ufeff"
"""What Qt takes for a mark of the bytes' order, and leaves out, where it is the first of what is inserted."""
_BELONGS_TO_FORMULA = re.compile(r"[-–,.;:!?)\]}»”’、。，；：！？）】」』》〉…%]{1,3}|(?:th|st|nd|rd|s|[’']s)\b")
_CODE_PADDING = 3
"""Room left and right of code in a line, inside its box."""
_SMALL, _LOW = frozenset("acegmnopqrsuvwxyz"), frozenset(".,\n\u2028")
_LEANS, _LEANS_TALL = 0.09, 0.15
"""How far a letter that is slanted by the computer leans over its width, as a share of the font's size."""

LinesBetween = Callable[[int, int], Iterable[Stretch]]
"""The lines between two positions."""


class InlineText:
    """What is inserted into `document`. `subjects` are ranges, what a click on each does, and with what.

    `least_width` is how wide the widest formula is at least.
    """

    def __init__(self, document: QTextDocument, style: Style, references: References) -> None:
        self.subjects: list[tuple[int, int, Does, str]] = []
        self.least_width = 0.0
        self._document = document
        self._style = style
        self._references = references
        self._code_ranges: list[tuple[int, int]] = []
        self._formulas: FormulaObject | None = None
        self._sources: list[tuple[int, str]] = []
        self._runs: list[Span] = []
        """What was inserted last."""

    def insert_markdown(self, cursor: QTextCursor, text: str, *, bold: bool = False, heading: bool = False) -> None:
        """Insert inline Markdown; `bold` as a whole, or as the text of a `heading`, which is bold by itself."""
        self._runs = runs = spans(text, self._references)
        self.insert(cursor, [replace(run, bold=True) for run in runs] if bold else runs, heading=heading)

    def grow(self, cursor: QTextCursor, text: str, *, heading: bool = False) -> bool:
        """Show inline Markdown that is `text` now, by adding to the end what is new in it.

        False where that would not look as if all had been inserted at once.
        """
        before, runs = self._runs, spans(text, self._references)
        last = len(before) - 1
        if last < 0 or len(runs) <= last or runs[:last] != before[:last] or any(run.formula for run in runs):
            return False
        added = runs[last].text.removeprefix(before[last].text)
        shown = replace(runs[last], text=before[last].text)
        if shown != before[last] or before[last].text + added != runs[last].text or not _is_plain(shown):
            return False
        if added.startswith(_LOST):
            return False
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        self.insert(cursor, [replace(shown, text=added), *runs[last + 1 :]], heading=heading)
        cursor.endEditBlock()
        self._runs = runs
        return True

    def draw_code_boxes(self, painter: QPainter, lines_between: LinesBetween) -> None:
        """Paint what lies behind code."""
        if not self._code_ranges:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        colours = self._style.tokens
        painter.setBrush(QColor(colours.hover))
        px = self._style.px
        metrics = QFontMetricsF(self._style.code_font)
        above, height = metrics.ascent() + px(1), metrics.height() + px(2)
        for start, end in self._code_in_sight(painter):
            # What `_widen` made room for behind the last character is in `right`, all but a pixel; an isolated one's
            # room before is in `left` as well.
            before = -px(1) if self._is_isolated(start) else px(_CODE_PADDING)
            for _, left, right, baseline in lines_between(start, end):
                area = QRectF(left - before, baseline - above, right - px(1) - left + before, height)
                painter.drawRoundedRect(area, px(4), px(4))

    def _code_in_sight(self, painter: QPainter) -> list[tuple[int, int]]:
        """The code that the painter's clip shows, and some around it. Where there is little code it is all."""
        if len(self._code_ranges) <= _MANY_CODES or not painter.hasClipping():
            return self._code_ranges
        clip, around = painter.clipBoundingRect(), 4 * QFontMetricsF(self._document.defaultFont()).height()
        corners = QPointF(0, clip.top() - around), QPointF(self._document.size().width(), clip.bottom() + around)
        hit = self._document.documentLayout().hitTest
        first, last = (hit(corner, Qt.HitTestAccuracy.FuzzyHit) for corner in corners)
        return [code for code in self._code_ranges if code[1] >= first and code[0] <= last]

    def insert(self, cursor: QTextCursor, runs: list[Span], *, heading: bool = False) -> None:
        """Insert styled text, and remember where links, notes, formulas and code are."""
        for run, following in zip_longest(runs, runs[1:]):
            look = self._look(run, heading=heading)
            start = cursor.position()
            if run.formula:
                self._insert_formula(cursor, run, look, bold=heading)
            else:
                # The character that stands for a formula stands for nothing else.
                text = run.text.replace(FORMULA_CHARACTER, _NO_FORMULA)
                text = self._with_tail(cursor, text, look) if not run.note and not run.code and not run.href else text
                cursor.insertText(text, look)
            if look.fontItalic() and following is not None and not following.italic:
                self._make_room_for_slant(cursor.position(), following)
            if run.code:
                self._code_ranges.append((start, cursor.position()))
                # In text from right to left, the room before would be at the wrong side of the character before.
                self._widen(start + 1 if self._is_isolated(start) else start)
                self._widen(cursor.position())
            if run.note:
                self.subjects.append((start, cursor.position(), Does.SHOW_NOTE, run.note))
            if run.href:
                self._add_link(start, cursor.position(), run.href)

    def _is_isolated(self, position: int) -> bool:
        """Whether what begins at `position` keeps its direction whatever stands around it."""
        return str(self._document.characterAt(position)) == ISOLATE

    def attach(self) -> None:
        """Have the document ask for the formulas' sizes, once all is inserted: each insertion would lay out anew."""
        if self._formulas is not None:
            self._document.documentLayout().registerHandler(KIND, self._formulas)

    def with_sources(self, text: str, start: int) -> str:
        """`text`, which stands in the document from `start` on, with the formulas' sources in their places."""
        if FORMULA_CHARACTER not in text:
            return text
        sources = iter([source for position, source in self._sources if position >= start])
        return "".join(next(sources, part) if part == FORMULA_CHARACTER else part for part in text)

    def forget_from(self, position: int) -> None:
        """What was inserted from `position` on is taken out again."""
        self.subjects[:] = [subject for subject in self.subjects if subject[0] < position]
        self._code_ranges[:] = [code for code in self._code_ranges if code[0] < position]
        self._sources[:] = [formula for formula in self._sources if formula[0] < position]

    @property
    def has_formulas(self) -> bool:
        """Whether any character stands for a formula."""
        return bool(self._sources)

    def is_formula(self, position: int) -> bool:
        """Whether the character at `position` stands for a formula."""
        return any(position == at for at, _ in reversed(self._sources))

    def _look(self, run: Span, *, heading: bool) -> QTextCharFormat:
        colours = self._style.tokens
        look = QTextCharFormat()
        if run.bold:
            look.setFontWeight(QFont.Weight.Bold if heading else QFont.Weight.DemiBold)
        if run.italic and not has_slanted_letters(run.text):
            # Slanted Chinese is hard to read and no Chinese custom: dots below are. Slanted Arabic is found in no font.
            look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
        elif run.italic:
            look.setFontItalic(True)
        if run.strike:
            look.setFontStrikeOut(True)
        if run.code:
            look.setFontFamilies(self._style.code_font.families())
            look.setProperty(QTextCharFormat.Property.FontPixelSize, self._code_px)
        if run.muted:
            look.setForeground(QColor(colours.muted))
        if run.note:
            look.setForeground(QColor(colours.accent))
            look.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
        if run.href:
            # Nothing follows it on the screen. On paper it makes the link one of the PDF.
            look.setAnchor(True)
            look.setAnchorHref(run.href)
            look.setForeground(QColor(colours.accent))
            look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
            look.setUnderlineColor(QColor(colours.accent))
        return look

    @property
    def _code_px(self) -> int:
        """Of code, in the proportion of the text around."""
        size = self._document.defaultFont().pixelSize() / self._style.text_font.pixelSize()
        return round(self._style.code_font.pixelSize() * size)

    def insert_object(self, cursor: QTextCursor, formula: InlineFormula, look: QTextCharFormat) -> None:
        """Insert the one character that stands for `formula`."""
        if self._formulas is None:
            self._formulas = FormulaObject(self._document)
        self._sources.append((cursor.position(), formula.source))
        cursor.insertText(FORMULA_CHARACTER, self._formulas.add(formula, look))

    def _with_tail(self, cursor: QTextCursor, text: str, look: QTextCharFormat) -> str:
        """What is left of `text` when what belongs to the formula before it has been given to that.

        Qt ends lines behind an object even before a comma. So the formula makes room for the comma and draws it; the
        letter itself has no width and is not seen.
        """
        match = _BELONGS_TO_FORMULA.match(text)
        mirrored = cursor.blockFormat().layoutDirection() == Qt.LayoutDirection.RightToLeft
        if match is None or mirrored or self._formulas is None or not self.is_formula(cursor.position() - 1):
            return text
        tail = match[0]
        font = _whole(look.font().resolve(self._document.defaultFont()))
        if not self._formulas.set_tail(tail, font):
            return text
        hidden = QTextCharFormat(look)
        hidden.setForeground(QColor(0, 0, 0, 0))
        hidden.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
        hidden.setFontLetterSpacing(-QFontMetricsF(font).horizontalAdvance(tail) / len(tail))
        cursor.insertText(tail, hidden)
        return text[len(tail) :]

    def _insert_formula(self, cursor: QTextCursor, run: Span, look: QTextCharFormat, *, bold: bool) -> None:
        code = QFont(self._style.code_font)
        code.setPixelSize(self._code_px)
        formula = inline_formula(
            run.text, source(run), language(), bold=bold, font=self._document.defaultFont(), code=code
        )
        if formula.formula is None and not run.href:
            look.setForeground(QColor(self._style.tokens.muted))
        self.insert_object(cursor, formula, look)
        self.least_width = max(self.least_width, formula.least_width)
        height = cursor.blockFormat().lineHeight()
        if formula.is_tall(height):
            # Lines grow with what stands in them; what of them is as high as ever stays as high.
            lines = QTextBlockFormat()
            lines.setLineHeight(height, QTextBlockFormat.LineHeightTypes.MinimumHeight.value)
            cursor.mergeBlockFormat(lines)

    def _widen(self, position: int) -> None:
        """Leave room for the box of code before `position`, as part of the character there."""
        cursor = QTextCursor(self._document)
        cursor.setPosition(position)
        if not cursor.atBlockStart():
            before = str(self._document.characterAt(position - 1))
            if before < _FIRST_COMBINING or has_cjk(before):
                cursor.setPosition(position - 1, QTextCursor.MoveMode.KeepAnchor)
            elif len(self._code_ranges) > _MANY_CODES:
                return
            else:
                # A character of several code points. Qt looks for its start from the paragraph's.
                cursor.movePosition(QTextCursor.MoveOperation.PreviousCharacter, QTextCursor.MoveMode.KeepAnchor)
            look = QTextCharFormat()
            look.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
            look.setFontLetterSpacing(self._style.px(_CODE_PADDING + 1))
            cursor.mergeCharFormat(look)

    def _make_room_for_slant(self, position: int, following: Span) -> None:
        """Keep the slanted letter before `position` off what is upright behind it, where it leans over its width."""
        last = str(self._document.characterAt(position - 1))
        if not self._style.leans or not last.isascii() or last == " " or following.text[:1] in _LOW:
            return
        look = QTextCharFormat()
        look.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
        share = _LEANS if last in _SMALL else _LEANS_TALL
        look.setFontLetterSpacing(share * self._document.defaultFont().pixelSize())
        cursor = QTextCursor(self._document)
        cursor.setPosition(position - 1)
        cursor.setPosition(position, QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(look)

    def _add_link(self, start: int, end: int, address: str) -> None:
        if self.subjects and self.subjects[-1][1:] == (start, Does.OPEN_LINK, address):
            start = self.subjects.pop()[0]
        self.subjects.append((start, end, Does.OPEN_LINK, address))


def _is_plain(run: Span) -> bool:
    """Whether nothing is done at the end of `run`, so that its text may go on."""
    return not (run.code or run.note or run.href or run.italic or run.formula)


def _whole(font: QFont) -> QFont:
    """`font` with nothing left open that a painter would take from the font it has: the application's, or paper's."""
    font = QFont(font)
    font.setFamilies(font.families())
    font.setPixelSize(font.pixelSize())
    font.setWeight(font.weight())
    font.setItalic(font.italic())
    for tag in map(QFont.Tag, ("pwid", "palt")):
        font.setFeature(tag, font.featureValue(tag) if font.isFeatureSet(tag) else 0)
    return font
