"""One message on the page: where its parts stand, and how they are painted.

From above: who says it and when (not over a question), the reasoning (one line, or unfolded), the text (a question in
a bubble), what happens before the first token, the notice with room for its buttons, and the room for the actions,
which is always there so that nothing moves when they appear. Coordinates are relative to the upper left corner of the
message in the text column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from desktop.chat.message import Role, State
from desktop.ui import theme
from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.blocks.target import Target
from desktop.ui.transcript.flow import Flow, estimated_lines
from desktop.ui.transcript.message import header_line, reasoning_line
from desktop.ui.transcript.message.header_line import HeaderLine
from desktop.ui.transcript.message.notice import Notice
from desktop.ui.transcript.place import REASONING, TEXT, Place
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import Block
from desktop.ui.transcript.words import reasoning_title

BUBBLE_SHARE = 0.8

_ABOVE_QUESTION, _ABOVE_ANSWER = 20, 6
"""An answer stands nearer to its question than to the next one: the room for the actions is below both."""
_ACTIONS = 24
_BUBBLE_X, _BUBBLE_Y = 16, 9
_LINE = 28
_FEW_BLOCKS = 4


@dataclass(slots=True)
class MessageState:
    """What the reader has chosen for one message. It outlives the message's view.

    `unfolded` says whether the reasoning is open; None leaves it open while it is being written.
    """

    unfolded: bool | None = None
    reasoning: dict[int, BlockState] = field(default_factory=dict)
    text: dict[int, BlockState] = field(default_factory=dict)


class MessageView:
    """`row` as the reader wants it (`state`), in a text column of `width` pixels."""

    def __init__(self, row: Row, style: Style, width: float, state: MessageState) -> None:
        self.row = row
        self.state = state
        self.changed_below = 0.0
        """Above this height the last `set_row` has changed nothing."""
        self._style = style
        self._width = width
        self._is_question = row.message.role is not Role.ASSISTANT
        self._text = Flow(style, self._text_width(), state.text, plain=self._is_question)
        self._reasoning = Flow(style.small, self._reasoning_width(), state.reasoning, muted=True)
        self._header = HeaderLine(row, style)
        self._notice = Notice(row, style, width)
        self._bubble = QRectF()
        self.set_row(row)

    def set_row(self, row: Row, *, is_read: bool = False) -> None:
        """Show `row`, whose text may have grown.

        Reasoning that `is_read` just now stays open when the answer begins: it would be pulled away under the eyes.
        """
        was_reasoning = self.is_reasoning
        before, self.row = self.row, row
        if is_read and was_reasoning and not self.is_reasoning and self.state.unfolded is None:
            self.state.unfolded = True
        message = row.message
        growing = message.state is State.STREAMING
        self._text.set_text(message.text, growing=growing)
        # Parsed only when it can be seen.
        self._reasoning.set_text(message.reasoning if self.is_unfolded else "", growing=growing)
        if _notice_of(before) != _notice_of(row):
            self._notice = Notice(row, self._style, self._width)
        if before.message.statistics is not message.statistics or before.model_title != row.model_title:
            self._header = HeaderLine(row, self._style)
        self._arrange()
        self.changed_below = (
            self._text_corner.y() + self._text.changed_below if _frame_of(before) == _frame_of(row) else 0.0
        )

    def restyle(self, style: Style) -> None:
        """Draw with `style`, which has other colours and the same measures."""
        self._style = style
        self._text.restyle(style)
        self._reasoning.restyle(style.small)
        self._notice.restyle(style)
        self._header = HeaderLine(self.row, style)

    def set_width(self, width: float) -> None:
        """Lay out for a text column of `width` pixels."""
        self._width = width
        self._text.set_width(self._text_width())
        self._reasoning.set_width(self._reasoning_width())
        self._notice.set_width(self._width)
        self._arrange()

    @property
    def height(self) -> float:
        """Of the whole message, actions included."""
        return self._actions_top + self._style.px(_ACTIONS)

    @property
    def is_unfolded(self) -> bool:
        """Whether the reasoning can be read."""
        if self.state.unfolded is not None:
            return self.state.unfolded
        return self.is_reasoning

    @property
    def is_reasoning(self) -> bool:
        """Whether the model is reasoning now."""
        message = self.row.message
        return message.state is State.STREAMING and bool(message.reasoning) and not message.text

    @property
    def reasoning_line(self) -> QRectF | None:
        """The line that folds and unfolds the reasoning."""
        if not self.row.message.reasoning:
            return None
        top = self._style.px(_ABOVE_ANSWER + header_line.HEIGHT)
        return reasoning_line.area(self._reasoning_title, self._style, top, self._width)

    @property
    def actions(self) -> QRectF:
        """The room for the actions."""
        return QRectF(0, self._actions_top, self._width, self._style.px(_ACTIONS))

    @property
    def notice_buttons(self) -> QRectF | None:
        """The room of the buttons under the notice."""
        room = self._notice.buttons
        return None if room is None else room.translated(0, self._notice_top)

    @property
    def ring(self) -> QRectF:
        """What the focus ring encloses: what can be read of the message."""
        px = self._style.px
        if self._is_question:
            return self._bubble.adjusted(-px(4), -px(4), px(4), px(4))
        return QRectF(-px(10), -px(4), self._width + px(20), self.actions.bottom() + px(8))

    @property
    def indicator(self) -> QRectF | None:
        """The dot that breathes while nothing can be read yet."""
        if not self.row.progress and not self._is_waiting:
            return None
        px = self._style.px
        return QRectF(px(2), self._progress_top + px(_LINE) / 2 - px(4), px(8), px(8))

    def parts(self) -> Iterator[tuple[int, QPointF, Flow]]:
        """The texts that can be selected: part, upper left corner, flow."""
        if self.is_unfolded and self.row.message.reasoning:
            yield REASONING, QPointF(self._style.px(16), self._reasoning_top), self._reasoning
        yield TEXT, self._text_corner, self._text

    def flow(self, part: int) -> Flow:
        """The text of `part`."""
        return self._reasoning if part == REASONING else self._text

    def change_block(self, target: Target) -> None:
        """Show a block as `target` says."""
        self.flow(target.part).change(target.block, target.does)
        self._arrange()

    def refresh(self, changed: Callable[[Block], bool]) -> bool:
        """Lay out anew the blocks that `changed` tells, of those that are laid out. True if there were any."""
        found = [flow.refresh(changed) for flow in (self._text, self._reasoning)]
        if any(found):
            self._arrange()
        return any(found)

    def realise(self, top: float, bottom: float) -> bool:
        """Lay out what lies between two heights. True if the message's height changed by that."""
        before = self.height
        for _, corner, flow in self.parts():
            if flow.realise(top - corner.y(), bottom - corner.y()):
                self._arrange()
        if self._notice.realise(bottom):
            self._arrange()
        return self.height != before

    def release(self, top: float, bottom: float) -> None:
        """Forget the layout of what is far from two heights."""
        for _, corner, flow in self.parts():
            if flow.blocks:
                flow.release(top - corner.y(), bottom - corner.y())

    def place_at(self, point: QPointF) -> Place:
        """The caret position nearest to `point`."""
        place = Place(TEXT, 0, 0)
        for part, corner, flow in self.parts():
            inner = point - corner
            if not flow.blocks or (inner.y() < 0 and part == TEXT and place.part == REASONING):
                continue
            index = flow.index_at(inner.y())
            if inner.y() >= flow.height:
                place = Place(part, len(flow.blocks) - 1, flow.view(len(flow.blocks) - 1).length)
            else:
                offset = flow.view(index).position_at(inner - QPointF(0, flow.top(index)))
                place = Place(part, index, offset)
        return place

    def block_at(self, point: QPointF) -> tuple[Place, QPointF] | None:
        """The block under `point`, as the place of its start and its upper left corner."""
        for part, corner, flow in self.parts():
            inner = point - corner
            if flow.blocks and 0 <= inner.y() < flow.height:
                index = flow.index_at(inner.y())
                return Place(part, index, 0), corner + QPointF(0, flow.top(index))
        return None

    @property
    def end(self) -> Place:
        """Behind the last character."""
        last = len(self._text.blocks) - 1
        return Place(TEXT, last, self._text.view(last).length) if last >= 0 else Place(TEXT, 0, 0)

    def draw(self, painter: QPainter, top: float, bottom: float, selection: tuple[Place, Place] | None) -> None:
        """Paint what lies between two heights, with the text between two places marked."""
        if self._is_question:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._style.tokens.user))
            radius = self._style.px(theme.RADIUS_BUBBLE)
            painter.drawRoundedRect(self._bubble, radius, radius)
        elif top < self._style.px(_ABOVE_ANSWER + header_line.HEIGHT):
            self._draw_header(painter)
        if (line := self.reasoning_line) is not None and line.bottom() > top:
            reasoning_line.draw(painter, self._reasoning_title, self._style, line, is_unfolded=self.is_unfolded)
        for part, corner, flow in self.parts():
            if part == REASONING:
                edge = QRectF(0, corner.y(), self._style.px(2), flow.height)
                painter.fillRect(edge, QColor(self._style.tokens.line))
            painter.save()
            painter.translate(corner)
            flow.draw(painter, top - corner.y(), bottom - corner.y(), _marks(flow, part, selection))
            painter.restore()
        if self.indicator is not None and self.row.progress:
            self._draw_progress(painter)
        if self._notice_top < bottom:
            painter.save()
            painter.translate(QPointF(0, self._notice_top))
            self._notice.draw(painter)
            painter.restore()

    # Where the parts stand.

    @property
    def _reasoning_title(self) -> str:
        return reasoning_title(self.row.message, is_now=self.is_reasoning)

    @property
    def _is_waiting(self) -> bool:
        message = self.row.message
        return message.state is State.STREAMING and not message.text and not message.reasoning

    def _text_width(self) -> float:
        if not self._is_question:
            return self._width
        return max(1.0, self._width * BUBBLE_SHARE - 2 * self._style.px(_BUBBLE_X))

    def _reasoning_width(self) -> float:
        return max(1.0, self._width - self._style.px(16))

    def _arrange(self) -> None:
        px = self._style.px
        y = self._arrange_bubble(px(_ABOVE_QUESTION)) if self._is_question else self._arrange_answer(px(_ABOVE_ANSWER))
        self._notice_top = y
        self._actions_top = y + self._notice.height

    def _arrange_bubble(self, y: float) -> float:
        px = self._style.px
        if 0 < len(self._text.blocks) <= _FEW_BLOCKS:
            self._text.set_width(self._text_width())
            self._text.realise(0, float("inf"))
            self._text.shrink()
        width = self._text.width + 2 * px(_BUBBLE_X)
        self._bubble = QRectF(self._width - width, y, width, self._text.height + 2 * px(_BUBBLE_Y))
        # Qt sets a line's text 2 px low in its height: the bubble looks even when it is moved up as much.
        self._text_corner = QPointF(self._bubble.left() + px(_BUBBLE_X), y + px(_BUBBLE_Y) - px(1))
        return self._bubble.bottom() + px(6)  # below the ring

    def _arrange_answer(self, y: float) -> float:
        px = self._style.px
        y += px(header_line.HEIGHT)
        if self.row.message.reasoning:
            y += px(reasoning_line.HEIGHT)
            if self.is_unfolded:
                self._reasoning_top = y + px(4)
                y = self._reasoning_top + self._reasoning.height
            y += px(12 if self.is_unfolded else 8)
        self._text_corner = QPointF(0, y)
        y += self._text.height
        self._progress_top = y
        if self.row.progress or self._is_waiting:
            y += px(_LINE)
        return y

    # Painting.

    def _draw_header(self, painter: QPainter) -> None:
        painter.save()
        painter.translate(QPointF(0, self._style.px(_ABOVE_ANSWER)))
        self._header.draw(painter, self._width)
        painter.restore()

    def _draw_progress(self, painter: QPainter) -> None:
        px = self._style.px
        painter.setFont(self._style.text_font)
        painter.setPen(QColor(self._style.tokens.muted))
        area = QRectF(px(20), self._progress_top, self._width - px(20), px(_LINE))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.row.progress)


def estimated_heights(rows: Sequence[Row], width: float, style: Style) -> list[float]:
    """About how high the messages will be, without a look at their Markdown."""
    frame = style.px(_ABOVE_ANSWER + header_line.HEIGHT + _ACTIONS)
    bubble = style.px(_ABOVE_QUESTION + _ACTIONS) + 2 * style.px(_BUBBLE_Y)
    in_answer, in_question = style.letters(width), style.letters(width * BUBBLE_SHARE - 2 * style.px(_BUBBLE_X))
    line = style.line_height(style.text_font.pixelSize(), cjk=False)
    return [
        estimated_lines(row.message.text, in_question) * line + bubble
        if row.message.role is Role.USER
        else estimated_lines(row.message.text, in_answer) * line + frame
        for row in rows
    ]


def _notice_of(row: Row) -> tuple[object, ...]:
    """What of the row is said under its text, and offered."""
    return row.notice, row.is_error, row.can_retry, row.offers_continue, row.is_overflow, bool(row.summary)


def _frame_of(row: Row) -> tuple[object, ...]:
    """What of the row is drawn around its text."""
    message = row.message
    return (
        *(message.state, message.statistics, message.reasoning, bool(message.text)),
        *(*_notice_of(row), row.progress, row.model_title),
    )


def _marks(flow: Flow, part: int, selection: tuple[Place, Place] | None) -> dict[int, tuple[int, int]] | None:
    """The selected range of each block of `flow`."""
    if selection is None:
        return None
    start, end = selection
    if end.part < part or start.part > part:
        return None
    first = start.block if start.part == part else 0
    last = end.block if end.part == part else len(flow.blocks) - 1
    everything = 1 << 30
    return {
        index: (
            start.offset if (part, index) == (start.part, start.block) else 0,
            end.offset if (part, index) == (end.part, end.block) else everything,
        )
        for index in range(first, last + 1)
    }
