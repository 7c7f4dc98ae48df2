"""Running text: paragraphs, headings and plain text."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QTextCursor, QTextOption
from typing_extensions import override

from desktop.ui.transcript.blocks.block_view import BlockView, line_height
from desktop.ui.transcript.blocks.markers import is_mirrored
from desktop.ui.transcript.text.inline import Span
from desktop.ui.transcript.text.markdown import Block, Kind
from desktop.ui.transcript.text.script import has_cjk, has_right_to_left

_BAR = 8
"""Room for the bar that scrolls sideways."""


class TextView(BlockView):
    """A paragraph, a heading, or text that is shown as it is."""

    @override
    def grow(self, block: Block) -> bool:
        old = self.block
        if replace(old, text=block.text) != block or self._script_of(block) != self._script_of(old):
            return False
        lines = self._document.firstBlock().layout()
        last = lines.lineCount() - 1
        start = lines.lineAt(last).textStart()
        if not self._inline.grow(QTextCursor(self._document), block.text, heading=block.kind is Kind.HEADING):
            return False
        self.block = block
        self._measure()
        # Where the line that was the last begins as before, so do all above it. But what stands between words that are
        # written from right to left turns round when the second of them comes.
        line = lines.lineAt(last)
        stays = line.isValid() and line.textStart() == start and not has_right_to_left(block.text)
        self.changed_below = self._top() + line.y() if stays else 0.0
        return True

    def _script_of(self, block: Block) -> tuple[bool, bool, bool]:
        """What of the text the font, the lines' height and their direction depend on."""
        return block.text.isascii(), has_cjk(block.text), is_mirrored(block)

    @override
    def _fill(self) -> None:
        block = self.block
        is_heading = block.kind is Kind.HEADING
        font = self._style.heading_font(block.level) if is_heading else self._style.text_font
        if block.note:
            font = QFont(font)
            font.setPixelSize(self._style.small_font.pixelSize())
            self._muted = True
        self._document.setDefaultFont(self._style.suited(font, block.text))
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._document.setDefaultTextOption(option)
        cursor = QTextCursor(self._document)
        lines = line_height(self._style.line_height(font.pixelSize(), cjk=has_cjk(block.text)))
        if is_mirrored(block):
            lines.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        cursor.setBlockFormat(lines)
        if block.kind is Kind.PLAIN:
            self._inline.insert(cursor, [Span(block.text)])
        else:
            self._inline.insert_markdown(cursor, block.text, heading=is_heading)
        # Each step of a growing text paints its last lines, and each turn of the wheel all that come into sight.
        self._document.firstBlock().layout().setCacheEnabled(True)

    @override
    def _content_width(self) -> float:
        # Text is broken into lines; a formula that is wider than a line is not.
        return self._inline.least_width

    @override
    def _bottom(self) -> float:
        return self._style.px(_BAR) if self.scrolls_sideways else 0.0
