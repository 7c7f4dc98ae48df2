"""What all blocks on the page share: a small document laid out in a width, hit by a pointer, marked and painted.

A view is made when its block comes into sight and dropped when it is far away. All coordinates are relative to the
block's upper left corner, in the window's pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QPainter,
    QPalette,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from typing_extensions import override

from desktop.ui.i18n import tr
from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.blocks.inline_text import InlineText
from desktop.ui.transcript.blocks.markers import Markers
from desktop.ui.transcript.blocks.sideways import Sideways
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.blocks.text_lines import Stretch, caret_x, draw_lines, line_bottoms, lines_between
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.inline import References, without_isolates
from desktop.ui.transcript.text.markdown import Block


class _Document(QTextDocument):
    """A document that never loads anything: whatever the text names stays where it is."""

    @override
    def loadResource(self, type: int, name: Any) -> Any:
        return None


class BlockView:
    """Base of all kinds. `state` is what the reader has chosen for this block."""

    def __init__(
        self, block: Block, style: Style, width: float, references: References, state: BlockState, *, muted: bool
    ) -> None:
        self.block = block
        self.height = 0.0
        self.changed_below = 0.0
        """Above this height the last `grow` has changed nothing."""
        self._style = style
        self._muted = muted
        self._state = state
        self._markers = Markers(block, style, width)
        self._sideways = Sideways(state, style)
        self._document = _Document()
        self._document.setUndoRedoEnabled(False)
        self._document.setDocumentMargin(0)
        self._inline = InlineText(self._document, style, references)
        # One step: else Qt breaks the paragraph into lines after each run, which takes the square of their number.
        filling = QTextCursor(self._document)
        filling.beginEditBlock()
        self._fill()
        filling.endEditBlock()
        self._inline.attach()
        self._width = 0.0
        self.set_width(width)

    @property
    def left(self) -> float:
        """Where the text begins, right of what it is indented by."""
        return self._markers.left

    @property
    def length(self) -> int:
        """How many positions a caret has in this block, less one."""
        return self._document.characterCount() - 1

    @property
    def ideal_width(self) -> float:
        """The width that the text would like, up to the one that it was given."""
        return self._markers.indent + self._document.idealWidth()

    def set_width(self, width: float) -> None:
        """Lay out anew for `width`."""
        if width != self._width:
            self._width = width
            self._markers = Markers(self.block, self._style, width)
            self._document.setTextWidth(max(1.0, width - self._markers.indent - self._padding()))
        self._measure()

    def grow(self, block: Block) -> bool:
        """Become `block` by adding what is new at the end. False where that is not possible."""
        return block == self.block

    def breaks(self) -> list[float]:
        """Where the block may be cut on paper: between two of its lines, from its upper edge."""
        return [self._top() + bottom for bottom in line_bottoms(self._document)][:-1]

    def text(self, start: int = 0, end: int | None = None) -> str:
        """The text between two positions."""
        cursor = QTextCursor(self._document)
        cursor.setPosition(min(start, self.length))
        cursor.setPosition(self.length if end is None else min(end, self.length), QTextCursor.MoveMode.KeepAnchor)
        text = cursor.selectedText().replace("\u2029", "\n").replace("\u2028", "\n").replace("\xa0", " ")
        return self._inline.with_sources(without_isolates(text), start)

    def position_at(self, point: QPointF) -> int:
        """The caret position nearest to `point`."""
        found = self._document.documentLayout().hitTest(point - self._origin(), Qt.HitTestAccuracy.FuzzyHit)
        return max(0, min(found, self.length))

    def word_at(self, position: int) -> tuple[int, int]:
        """The range of the word at `position`."""
        if self._inline.is_formula(position):
            return position, position + 1
        cursor = QTextCursor(self._document)
        cursor.setPosition(min(position, self.length))
        cursor.select(QTextCursor.SelectionType.WordUnderCursor)
        return cursor.selectionStart(), cursor.selectionEnd()

    def caret_moved(self, position: int, step: QTextCursor.MoveOperation) -> int:
        """The caret position one `step` from `position`; the same where the block ends."""
        cursor = QTextCursor(self._document)
        cursor.setPosition(min(position, self.length))
        cursor.movePosition(step)
        return min(cursor.position(), self.length)

    def caret_area(self, position: int) -> QRectF:
        """Where a caret at `position` stands; it has no width."""
        block = self._document.findBlock(min(position, self.length))
        line = block.layout().lineForTextPosition(min(position, self.length) - block.position())
        if not line.isValid():
            return QRectF(self.left, self._top(), 0, self.height - self._top() - self._bottom())
        corner = self._document.documentLayout().blockBoundingRect(block).topLeft() + self._origin()
        x = caret_x(line, min(position, self.length) - block.position())
        return QRectF(corner.x() + x, corner.y() + line.y(), 0, line.ascent() + line.descent())

    def areas(self, start: int, end: int) -> list[QRectF]:
        """Where the text between two positions can be seen, one rectangle a line."""
        room = QRectF(self.left, 0, self._width - self.left, self.height)
        found = [area.translated(self._origin()) & room for area in self._rectangles(start, min(end, self.length))]
        return [area for area in found if not area.isEmpty()]

    def target_at(self, point: QPointF) -> Target | None:
        """What a click on `point` would do."""
        found = next((target for target in self.targets() if target.area.contains(point)), None) or self._link_at(point)
        hidden = found is not None and found.link and not self.room().contains(point)
        return None if hidden else found

    def targets(self) -> list[Target]:
        """Everything in the block that can be activated, in reading order."""
        found = [self._text_target(*subject) for subject in self._inline.subjects]
        note = self._markers.note_area(self._baseline())
        if not note.isEmpty():
            found.insert(0, Target(note, tr("Note {label}", label=self.block.note), Does.SHOW_NOTE, self.block.note))
        return found

    def draw(self, painter: QPainter, selection: tuple[int, int] | None = None) -> None:
        """Paint at the painter's origin, with the range `selection` marked."""
        self._markers.draw(painter, self.height, self._baseline())
        self._draw_ground(painter)
        painter.save()
        if self._sideways.farthest:
            painter.setClipRect(self.room(), Qt.ClipOperation.IntersectClip)
        painter.translate(self._origin())
        self._inline.draw_code_boxes(painter, self._lines)
        context = QAbstractTextDocumentLayout.PaintContext()
        if painter.hasClipping():
            # Else Qt draws all lines, also those that nobody sees. Accents reach out of their lines.
            room = self._style.px(4)
            context.clip = painter.clipBoundingRect().adjusted(-room, -room, room, room)
        colours = self._style.tokens
        context.palette.setColor(QPalette.ColorRole.Text, QColor(colours.muted if self._muted else colours.text))
        if selection is not None:
            if self._inline.has_formulas:
                self._draw_marks(painter, *selection)
            else:
                context.selections = [self._marked(*selection)]
        if self._style.on_paper:
            painter.setPen(context.palette.color(QPalette.ColorRole.Text))
            draw_lines(painter, self._document)
        else:
            self._document.documentLayout().draw(painter, context)
        painter.restore()
        if self.block.last:
            self._sideways.draw_bar(painter, self._bar())

    def draw_quote_bar(self, painter: QPainter, depth: int, y: float, height: float) -> None:
        """Paint the edge of the quote that is the block's indent number `depth`."""
        self._markers.draw_quote_bar(painter, depth, y, height)

    # Sideways, where the content is wider than its room.

    @property
    def scrolls_sideways(self) -> bool:
        """Whether some of the content is out of sight, left or right."""
        return self._sideways.farthest > 0

    def scroll_sideways(self, dx: float) -> bool:
        """Move the content by `dx` pixels to the left, with all pieces of the block. False where it cannot move."""
        return self._sideways.scroll(dx)

    def reveal(self, start: int, end: int) -> bool:
        """Bring the text between two positions of one line into the room. False where it was there already."""
        found = self._rectangles(start, max(end, start + 1)) or self._rectangles(max(0, start - 1), start)
        return bool(found) and self.reveal_area(found[0].translated(self._origin()))

    def reveal_area(self, area: QRectF) -> bool:
        """Bring an area of the content, such as a target's, into the room. False where it was there already."""
        shift = self._sideways.offset - self.room().left()
        return self.scrolls_sideways and self._sideways.reveal(area.left() + shift, area.right() + shift)

    def grip(self) -> QRectF:
        """Where the bar that scrolls sideways can be gripped; empty where there is none."""
        return self._sideways.grip(self._bar()) if self.block.last else QRectF()

    def drag_bar(self, dx: float) -> bool:
        """Move the bar's handle by `dx` pixels. False where it cannot move there."""
        return self._sideways.drag(self._bar(), dx)

    def hover_bar(self, *, hovered: bool) -> bool:
        """The pointer is over the bar, or no more. False where it was so already."""
        before, self._state.bar_hovered = self._state.bar_hovered, hovered
        return before != hovered

    # What the kinds do differently.

    def change(self, does: Does) -> None:
        """Remember a choice of the reader for this block. A view that is made anew shows it."""
        state = self._state
        match does:
            case Does.WRAP:
                state.wraps = not state.wraps
                state.scrolled = state.widest = 0.0
            case Does.NUMBER:
                state.is_numbered = not state.is_numbered
            case Does.SHOW_SOURCE:
                state.shows_source = not state.shows_source

    def _fill(self) -> None:
        """Fill the document, once."""
        raise NotImplementedError

    def _top(self) -> float:
        return 0.0

    def _bottom(self) -> float:
        return 0.0

    def _padding(self) -> float:
        return 0.0

    def _content_width(self) -> float:
        """How much room the content wants, margins inside of the room included. 0: it always fits."""
        return 0.0

    def room(self) -> QRectF:
        """Where the content is seen: what lies left and right of it is clipped."""
        return QRectF(self.left, 0, max(1.0, self._width - self._markers.indent), self.height)

    def _bar(self) -> QRectF:
        """The area whose lower edge has the bar that scrolls sideways."""
        return self.room()

    def _inset(self) -> float:
        """Left of the text, inside of the room."""
        return 0.0

    def _draw_ground(self, painter: QPainter) -> None:
        """Paint what lies behind the text."""

    # Shared.

    def _measure(self) -> None:
        """Take over how large the document is laid out."""
        self._sideways.fit(self.room().width(), self._content_width())
        self.height = self._document.size().height() + self._top() + self._bottom()

    def _origin(self) -> QPointF:
        """The document's upper left corner, scrolled sideways as it is."""
        return QPointF(self.room().left() + self._inset() - self._sideways.offset, self._top())

    def _link_at(self, point: QPointF) -> Target | None:
        position = self._document.documentLayout().hitTest(point - self._origin(), Qt.HitTestAccuracy.ExactHit)
        for start, end, does, subject in self._inline.subjects:
            if start <= position < end:
                return self._text_target(start, end, does, subject)
        return None

    def _text_target(self, start: int, end: int, does: Does, subject: str) -> Target:
        rectangles = self._rectangles(start, end)
        area = rectangles[0].translated(self._origin()) if rectangles else QRectF()
        text = self.text(start, end)
        return Target(area, tr("Note {label}", label=text) if does is Does.SHOW_NOTE else text, does, subject)

    def _rectangles(self, start: int, end: int) -> list[QRectF]:
        """Where the text between two positions stands, one rectangle a line, in the document's coordinates."""
        return [
            QRectF(left, baseline - line.ascent(), right - left, line.ascent() + line.descent())
            for line, left, right, baseline in self._lines(start, end)
        ]

    def _lines(self, start: int, end: int) -> Iterator[Stretch]:
        """The lines between two positions, each with what of it is meant: from left to right, and its baseline."""
        return lines_between(self._document, start, end)

    def _draw_marks(self, painter: QPainter, start: int, end: int) -> None:
        """Mark the text between two positions. Qt would mark each formula in it twice."""
        colour = QColor(self._style.tokens.selection)
        height = self._document.findBlock(start).blockFormat().lineHeight()
        before = QRectF()
        for line, left, right, baseline in self._lines(start, end):
            bottom = baseline + max(line.descent(), height / 5)
            area = QRectF(QPointF(left, round(min(baseline - line.ascent(), bottom - height))), QPointF(right, bottom))
            if area.intersects(before):
                area.setTop(before.bottom())
            area.setBottom(round(bottom))
            painter.fillRect(area, colour)
            before = area

    def _marked(self, start: int, end: int) -> QAbstractTextDocumentLayout.Selection:
        selection = QAbstractTextDocumentLayout.Selection()
        cursor = QTextCursor(self._document)
        cursor.setPosition(min(start, self.length))
        cursor.setPosition(min(end, self.length), QTextCursor.MoveMode.KeepAnchor)
        look = QTextCharFormat()
        look.setBackground(QColor(self._style.tokens.selection))
        selection.cursor = cursor
        selection.format = look
        return selection

    def _baseline(self) -> float:
        """Of the first line, from the block's upper edge."""
        block = self._document.firstBlock()
        line = block.layout().lineAt(0)
        if not line.isValid():
            return self._style.px(16)
        return self._top() + self._document.documentLayout().blockBoundingRect(block).y() + line.y() + line.ascent()


def line_height(height: int) -> QTextBlockFormat:
    """Paragraphs whose lines are `height` pixels high, whatever fonts they mix."""
    look = QTextBlockFormat()
    look.setLineHeight(height, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
    return look
