"""Styled runs in a document, and what of them is more than letters: links, and the boxes of code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextLine,
)

from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.inline import References, Span, spans
from desktop.ui.transcript.text.script import has_cjk

_CODE_PADDING = 3
"""Room left and right of code in a line, inside its box."""

LinesBetween = Callable[[int, int], Iterable[tuple[QTextLine, float, float, float]]]
"""The lines between two positions, each with what of it is meant: from left to right, and its baseline."""


class InlineText:
    """What is inserted into `document`. `links` are ranges with their addresses."""

    def __init__(self, document: QTextDocument, style: Style, references: References) -> None:
        self.links: list[tuple[int, int, str]] = []
        self._document = document
        self._style = style
        self._references = references
        self._code_ranges: list[tuple[int, int]] = []

    def insert_markdown(self, cursor: QTextCursor, text: str, *, bold: bool = False, heading: bool = False) -> None:
        """Insert inline Markdown; `bold` as a whole, or as the text of a `heading`, which is bold by itself."""
        runs = spans(text, self._references)
        self.insert(cursor, [replace(run, bold=True) for run in runs] if bold else runs, heading=heading)

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
        for start, end in self._code_ranges:
            for _, left, right, baseline in lines_between(start, end):
                # What `_widen` made room for behind the last character is in `right`, all but a pixel.
                area = QRectF(left - px(_CODE_PADDING), baseline - above, right - left + px(_CODE_PADDING - 1), height)
                painter.drawRoundedRect(area, px(4), px(4))

    def insert(self, cursor: QTextCursor, runs: list[Span], *, heading: bool = False) -> None:
        """Insert styled text, and remember where links and code are."""
        colours = self._style.tokens
        for run in runs:
            look = QTextCharFormat()
            if run.bold:
                look.setFontWeight(QFont.Weight.Bold if heading else QFont.Weight.DemiBold)
            if run.italic and has_cjk(run.text):
                # Slanted Chinese is hard to read and no Chinese custom: dots below are.
                look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
            elif run.italic:
                look.setFontItalic(True)
            if run.strike:
                look.setFontStrikeOut(True)
            if run.code:
                look.setFontFamilies(self._style.code_font.families())
                size = self._document.defaultFont().pixelSize() / self._style.text_font.pixelSize()
                look.setProperty(
                    QTextCharFormat.Property.FontPixelSize, round(self._style.code_font.pixelSize() * size)
                )
            if run.muted:
                look.setForeground(QColor(colours.muted))
            start = cursor.position()
            if run.href:
                # Nothing follows it on the screen. On paper it makes the link one of the PDF.
                look.setAnchor(True)
                look.setAnchorHref(run.href)
                look.setForeground(QColor(colours.accent))
                look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
                look.setUnderlineColor(QColor(colours.accent))
            cursor.insertText(run.text, look)
            if run.code:
                self._code_ranges.append((start, cursor.position()))
                self._widen(start)
                self._widen(cursor.position())
            if run.href:
                self._add_link(start, cursor.position(), run.href)

    def _widen(self, position: int) -> None:
        """Leave room for the box of code before `position`, as part of the character there."""
        cursor = QTextCursor(self._document)
        cursor.setPosition(position)
        if not cursor.atBlockStart():
            cursor.movePosition(QTextCursor.MoveOperation.PreviousCharacter, QTextCursor.MoveMode.KeepAnchor)
            look = QTextCharFormat()
            look.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
            look.setFontLetterSpacing(self._style.px(_CODE_PADDING + 1))
            cursor.mergeCharFormat(look)

    def _add_link(self, start: int, end: int, address: str) -> None:
        if self.links and self.links[-1][1] == start and self.links[-1][2] == address:
            start = self.links.pop()[0]
        self.links.append((start, end, address))
