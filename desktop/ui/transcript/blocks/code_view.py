"""A code block."""

from __future__ import annotations

from math import inf

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QPainter,
    QPen,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextLayout,
    QTextOption,
)
from typing_extensions import override

from desktop.ui.transcript.blocks import code_head
from desktop.ui.transcript.blocks.block_view import BlockView, line_height
from desktop.ui.transcript.blocks.target import Target
from desktop.ui.transcript.code import highlight
from desktop.ui.transcript.code.languages import language
from desktop.ui.transcript.code.lexing import Ink, Range
from desktop.ui.transcript.text.markdown import Block

_AT_ONCE = 3
"""So many stretches are coloured when a view is made. The rest is coloured in slices: see `colour_more`."""
_MARGIN_PX = 16
_DIGITS, _DIGITS_OF_PIECES = 3, 4
"""Room for line numbers. Pieces of one block leave the same."""


class CodeView(BlockView):
    """A code block: framed, with its language and what can be done with it in a head line, and coloured.

    Long lines are scrolled, or wrapped where the reader or the paper wants it. Line numbers are no part of the text.
    """

    @override
    def grow(self, block: Block) -> bool:
        old = self.block
        same_frame = (old.kind, old.language, old.indents, old.first, old.joint) == (
            block.kind,
            block.language,
            block.indents,
            block.first,
            block.joint,
        )
        if not same_frame or not block.text.startswith(old.text):
            return False
        last, gutter = self._document.lastBlock().blockNumber(), self._gutter
        cursor = QTextCursor(self._document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(block.text[len(old.text) :])
        if self._place < len(self._state.pieces):
            self._state.pieces[self._place] = block
        self.block = block
        self.colour_more()
        if self._state.highlighter is not None:
            last = min(last, self._state.highlighter.changed_from - self._first_line)
        self._measure()
        self.changed_below = self._line_top(last) if gutter == self._gutter else 0.0
        return True

    @override
    def text(self, start: int = 0, end: int | None = None) -> str:
        # Exactly as it was written, also where Qt would show another kind of space. Qt counts in UTF-16.
        units = self.block.text.encode("utf-16-le", "surrogatepass")
        return units[2 * start : None if end is None else 2 * end].decode("utf-16-le", "replace")

    @override
    def targets(self) -> list[Target]:
        return code_head.targets(self.block, self._state, self._style, self._frame)

    @property
    def awaits_colours(self) -> bool:
        """Whether `colour_more` would do something."""
        state = self._state
        if state.highlighter is None:
            return self._may_be_coloured
        return not state.highlighter.is_done or len(self._inks) < self._document.blockCount()

    @property
    def is_being_read(self) -> bool:
        """Whether its language is known, so that more is coloured at each `colour_more`."""
        return self._state.highlighter is not None

    def colour_more(self, stretches: int | None = _AT_ONCE) -> bool:
        """Colour what is not coloured yet, up to so many stretches of lines. True if it looks different now."""
        if not self._may_be_coloured:
            return False
        # On a page that is still there is no later.
        if not (self._style.is_still or highlight.is_prepared(self.block.language)):
            return False
        if self._state.highlighter is None or self._state.language != self.block.language:
            self._state.highlighter = highlight.highlighter(self.block.language)
            self._state.language = self.block.language
        if self._state.highlighter is None:
            return False
        before, after = self._around()
        self._state.highlighter.feed(before + self.block.text + after, None if self._style.is_still else stretches)
        return self._show_colours()

    @override
    def draw(self, painter: QPainter, selection: tuple[int, int] | None = None) -> None:
        # Another piece of the same block may have shown what this one is.
        self._show_colours()
        super().draw(painter, selection)

    @override
    def _fill(self) -> None:
        self._inks: list[list[Range]] = []
        pieces = self._state.pieces
        self._place = next((place for place, piece in enumerate(pieces) if piece is self.block), 0)
        self._document.setDefaultFont(self._style.code_font)
        option = QTextOption()
        wrap = QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere
        option.setWrapMode(wrap if self._wraps else QTextOption.WrapMode.NoWrap)
        option.setTabStopDistance(4 * self._letter)
        option.setTextDirection(Qt.LayoutDirection.LeftToRight)
        self._document.setDefaultTextOption(option)
        cursor = QTextCursor(self._document)
        cursor.setBlockFormat(line_height(self._style.code_line_height))
        cursor.insertText(self.block.text)
        self._first_line = self._around()[0].count("\n")
        self.colour_more()

    def _line_top(self, number: int) -> float:
        """Where a line begins; for one of an earlier piece, above everything."""
        line = self._document.findBlockByNumber(number)
        return self._top() + self._document.documentLayout().blockBoundingRect(line).top() if number >= 0 else -inf

    @property
    def _may_be_coloured(self) -> bool:
        return bool(language(self.block.language).lexer)

    @property
    def _wraps(self) -> bool:
        return self._state.wraps or self._style.is_still

    @property
    def _letter(self) -> float:
        return QFontMetricsF(self._style.code_font).horizontalAdvance("0")

    @override
    def _top(self) -> float:
        return self._style.px(36) if self.block.first else 0.0

    @override
    def _bottom(self) -> float:
        return self._style.px(14) if self.block.last else 0.0

    @override
    def _padding(self) -> float:
        return self._gutter + 2.0 * self._style.px(_MARGIN_PX)

    @override
    def _inset(self) -> float:
        return 0.0 if self._gutter else self._style.px(_MARGIN_PX)

    @override
    def _content_width(self) -> float:
        return 0.0 if self._wraps else self._document.idealWidth() + self._inset() + self._style.px(_MARGIN_PX)

    @override
    def room(self) -> QRectF:
        frame = self._frame
        return frame.adjusted(self._gutter or 1, 0, -1, 0)

    @override
    def _bar(self) -> QRectF:
        return self._frame.adjusted(self._style.px(6), 0, -self._style.px(6), -1)

    @property
    def _frame(self) -> QRectF:
        return QRectF(self.left, 0, max(1.0, self._width - self.left), self.height)

    @property
    def _gutter(self) -> float:
        """The room for line numbers and the margins around them."""
        if not self._state.is_numbered:
            return 0.0
        least = _DIGITS if self.block.first and self.block.last else _DIGITS_OF_PIECES
        digits = max(least, len(str(self._first_line + self._document.blockCount())))
        return float(round(digits * self._letter + 2 * self._style.px(_MARGIN_PX - 4)))

    def _around(self) -> tuple[str, str]:
        """The text of the pieces before this one, up to where this one begins, and of those behind it."""
        pieces = self._state.pieces
        if len(pieces) <= self._place:
            return "", ""
        before = "".join(piece.joint + piece.text for piece in pieces[: self._place])
        after = "".join(piece.joint + piece.text for piece in pieces[self._place + 1 :])
        return before + self.block.joint, after

    # Colours.

    def _show_colours(self) -> bool:
        """Bring to the document what the highlighter knows. True if it looks different now."""
        if self._state.highlighter is None:
            return False
        count = self._document.blockCount()
        known = self._state.highlighter.lines[self._first_line : self._first_line + count]
        if known and self.block.joint == "" and not self.block.first:
            # A line that was cut: its colours are counted from where it begins, in another piece.
            known[0] = []
        old, self._inks = self._inks, known
        changed = [
            number
            for number, inks in enumerate(known)
            if (inks if number >= len(old) else inks is not old[number] and inks != old[number])
        ]
        if not changed:
            return False
        for number in changed:
            self._paint_line(self._document.findBlockByNumber(number), known[number])
        # Qt forgets the layout of a line whose formats change.
        start = self._document.findBlockByNumber(changed[0]).position()
        last = self._document.findBlockByNumber(changed[-1])
        self._document.markContentsDirty(start, last.position() + last.length() - start)
        return True

    def _paint_line(self, line: QTextBlock, inks: list[Range]) -> None:
        text = line.text()
        wide = [0]
        if any(ord(letter) > 0xFFFF for letter in text):  # noqa: PLR2004  Qt counts those twice
            for letter in text:
                wide.append(wide[-1] + (2 if ord(letter) > 0xFFFF else 1))  # noqa: PLR2004
        ranges = []
        for start, end, ink in inks:
            look = QTextLayout.FormatRange()
            look.start, last = (wide[start], wide[end]) if len(wide) > 1 else (start, end)
            look.length = last - look.start
            look.format = self._look(ink)
            ranges.append(look)
        line.layout().setFormats(ranges)

    def _look(self, ink: Ink) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setForeground(QColor(self._style.tokens.ink(ink)))
        return look

    # Painting.

    @override
    def _draw_ground(self, painter: QPainter) -> None:
        px = self._style.px
        colours = self._style.tokens
        radius = px(8)
        # The edges of inner pieces lie outside of the clip.
        above = 0 if self.block.first else 2 * radius
        below = 0 if self.block.last else 2 * radius
        frame = self._frame
        painter.save()
        painter.setClipRect(frame, Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.setBrush(QColor(colours.code))
        painter.drawRoundedRect(frame.adjusted(0.5, 0.5 - above, -0.5, below - 0.5), radius, radius)
        self._draw_lines(painter)
        painter.restore()
        if self.block.first and (not painter.hasClipping() or painter.clipBoundingRect().top() < self._top()):
            code_head.draw(painter, self.block, self._style, frame, self.targets())

    def _draw_lines(self, painter: QPainter) -> None:
        """Paint what belongs to lines and is no text: their numbers, and the ground of those added or removed."""
        tints = {Ink.ADDED: self._style.tokens.added_ground, Ink.REMOVED: self._style.tokens.removed_ground}
        tinted = {number: inks[0][2] for number, inks in enumerate(self._inks) if inks and inks[0][2] in tints}
        if not tinted and not self._gutter:
            return
        seen = painter.clipBoundingRect()
        layout = self._document.documentLayout()
        painter.setFont(self._style.code_font)
        painter.setPen(QColor(self._style.tokens.muted))
        line = self._document.firstBlock()
        while line.isValid():
            number = line.blockNumber()
            area = layout.blockBoundingRect(line).translated(0, self._top())
            area.setHeight(line.lineCount() * self._style.code_line_height)
            if area.top() > seen.bottom():
                break
            if area.bottom() >= seen.top():
                if tinted.get(number) and self._inks[number][0][0] == 0:
                    whole = QRectF(self.left + 1, area.top(), self._frame.width() - 2, area.height())
                    painter.fillRect(whole, QColor(tints[tinted[number]]))
                self._draw_number(painter, line, area.top())
            line = line.next()

    def _draw_number(self, painter: QPainter, line: QTextBlock, top: float) -> None:
        first = line.layout().lineAt(0)
        goes_on = line.blockNumber() == 0 and self.block.joint == "" and not self.block.first
        if self._gutter and first.isValid() and not goes_on:
            number = str(self._first_line + line.blockNumber() + 1)
            right = self.left + self._gutter - self._style.px(_MARGIN_PX - 4)
            width = QFontMetricsF(self._style.code_font).horizontalAdvance(number)
            painter.drawText(QPointF(right - width, top + first.y() + first.ascent()), number)
