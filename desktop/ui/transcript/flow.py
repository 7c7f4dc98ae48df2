"""A text as a column of blocks, of which only those in sight are laid out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import ceil, inf

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.blocks.make import make_view
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.heights import Heights
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text import markdown
from desktop.ui.transcript.text.inline import References
from desktop.ui.transcript.text.markdown import QUOTE, Block, Kind
from desktop.ui.transcript.text.stream import MarkdownStream
from desktop.ui.transcript.text.whole import first_piece, joined, whole

_SAMPLE = 500


class Flow:
    """`muted` draws in the muted colour, `plain` shows the text as it is instead of as Markdown.

    `states` is what the reader has chosen for blocks, by number: given from outside, it outlives the flow.
    """

    def __init__(
        self,
        style: Style,
        width: float,
        states: dict[int, BlockState] | None = None,
        *,
        muted: bool = False,
        plain: bool = False,
    ) -> None:
        self.blocks: list[Block] = []
        self._style = style
        self._width = width
        self._muted = muted
        self._plain = plain
        self._stream: MarkdownStream | None = None
        self._text = ""
        self._references: References = {}
        self._states = {} if states is None else states
        self._views: dict[int, BlockView] = {}
        self._heights = Heights()
        self._gaps: list[float] = []
        """The room above each block."""
        self._changed_from = 0
        self._changed_below = 0.0
        """As above, in block `_changed_from`."""

    @property
    def height(self) -> float:
        """Of all blocks; those never seen count as estimated."""
        return self._heights.total

    @property
    def changed_below(self) -> float:
        """Above this height the last `set_text` has changed nothing."""
        return self._heights.top(self._changed_from) + self._changed_below

    @property
    def width(self) -> float:
        """What the flow is laid out for."""
        return self._width

    @property
    def references(self) -> References:
        """The text's link definitions."""
        return self._references

    def set_text(self, text: str, *, growing: bool = False) -> None:
        """Show `text`. While it is `growing`, only what is new is parsed."""
        if self._plain:
            self._show(markdown.plain(text) if text else [], {})
        elif len(text) > markdown.MAX_MARKDOWN_CHARS or not self._follows(text, growing=growing):
            self._stream = None
            self._show(*markdown.parse(text))
        self._text = text

    def _follows(self, text: str, *, growing: bool) -> bool:
        """Read on where the text before has ended. False where nothing was read before and `text` is complete."""
        if self._stream is None or not text.startswith(self._text):
            if not growing:
                return False
            self._stream = MarkdownStream()
        stream = self._stream
        stream.feed(text)
        if not growing:
            # That it is complete costs what its last lines cost.
            stream.finish()
            self._stream = None
        self._show(stream.blocks, stream.references)
        return True

    def restyle(self, style: Style) -> None:
        """Draw with `style`, which has other colours and the same measures. What is in sight wants to be realised."""
        self._style = style
        self._views.clear()

    def set_width(self, width: float) -> None:
        """Lay out for `width` pixels."""
        if width == self._width:
            return
        self._width = width
        self._heights = Heights(self._estimate(index) for index in range(len(self.blocks)))
        for index, view in self._views.items():
            view.set_width(width)
            self._heights.set(index, view.height + self._gaps[index])

    def shrink(self) -> float:
        """Become as narrow as the text allows, and return that width. Only for a few blocks that are in sight."""
        width = max((view.ideal_width for view in self._views.values()), default=0.0)
        if len(self._views) == len(self.blocks):
            self.set_width(min(self._width, float(int(width) + 2)))
        return self._width

    def realise(self, top: float, bottom: float) -> bool:
        """Lay out the blocks between two heights. True if the flow's height changed by that."""
        changed = False
        if not self.blocks:
            return False
        index = self._heights.at(top)
        while index < len(self.blocks) and self._heights.top(index) < bottom:
            if index not in self._views:
                self._views[index] = self._make_view(index)
                changed |= self._measure(index)
            index += 1
        return changed

    def release(self, top: float, bottom: float) -> None:
        """Forget the layout of blocks outside of two heights. Their heights stay."""
        if len(self._views) < 100:  # noqa: PLR2004  a screenful or two
            return
        first, last = self._heights.at(top), self._heights.at(bottom)
        self._views = {index: view for index, view in self._views.items() if first <= index <= last}

    def view(self, index: int) -> BlockView:
        """The view of block `index`, laid out if it was not."""
        if index not in self._views:
            self._views[index] = self._make_view(index)
            self._measure(index)
        return self._views[index]

    def top(self, index: int) -> float:
        """The upper edge of block `index`."""
        return self._heights.top(index) + self._gaps[index]

    def index_at(self, y: float) -> int:
        """The block at the height `y`, or the nearest."""
        return self._heights.at(y)

    def in_sight(self, top: float, bottom: float) -> Iterator[tuple[int, float, BlockView]]:
        """Index, upper edge and view of the blocks between two heights that are laid out."""
        if not self.blocks:
            return
        index = self._heights.at(top)
        while index < len(self.blocks) and self._heights.top(index) < bottom:
            if index in self._views:
                yield index, self.top(index), self._views[index]
            index += 1

    def change(self, index: int, does: Does) -> None:
        """Show block `index`, with all its pieces, as the reader wants it from now on."""
        first = first_piece(self.blocks, index)
        self.view(index).change(does)
        for piece in range(first, first + len(whole(self.blocks, index))):
            if self._views.pop(piece, None) is not None:
                self.view(piece)

    def refresh(self, changed: Callable[[Block], bool]) -> bool:
        """Lay out anew the blocks that `changed` tells, of those that are laid out. True if there were any."""
        found = [index for index in self._views if changed(self.blocks[index])]
        for index in found:
            self._views[index] = self._make_view(index)
            self._measure(index)
        return bool(found)

    def targets(self, index: int) -> list[Target]:
        """What can be activated in block `index`, relative to that block."""
        return [self._whole(index, target) for target in self.view(index).targets()]

    def target_at(self, index: int, point: QPointF) -> Target | None:
        """What a click on `point` of block `index` would do."""
        target = self.view(index).target_at(point)
        return None if target is None else self._whole(index, target)

    def draw(
        self, painter: QPainter, top: float, bottom: float, marks: dict[int, tuple[int, int]] | None = None
    ) -> None:
        """Paint what lies between two heights. `marks` are the selected ranges by block."""
        for index, y, view in self.in_sight(top, bottom):
            self._bridge_quotes(painter, index, y)
            painter.save()
            painter.translate(QPointF(0, y))
            view.draw(painter, marks.get(index) if marks else None)
            painter.restore()

    def _show(self, blocks: list[Block], references: References) -> None:
        old = self.blocks
        has_new_links = len(references) != len(self._references)
        if has_new_links:
            self._views.clear()
        self._references = references
        same = 0
        for before, after in zip(old, blocks, strict=False):
            if before is not after and before != after:
                break
            same += 1
        nothing_changed = same == len(old) == len(blocks)
        empty = self._empty_above(same)
        self.blocks = blocks
        self._gaps[same:] = [self._gap(index) for index in range(same, len(blocks))]
        self._changed_from = 0 if has_new_links else same
        self._changed_below = inf if nothing_changed else min(empty, self._empty_above(same))
        if has_new_links:
            self._changed_below = 0.0
        kept = {index: view for index, view in self._views.items() if index < same}
        grown = self._views.get(same)
        if grown is not None and same < len(blocks) and grown.grow(blocks[same]):
            kept[same] = grown
            self._changed_below = self._gaps[same] + grown.changed_below
        self._views = kept
        self._heights.replace(same, [self._estimate(index) for index in range(same, len(blocks))])
        if same in kept:
            self._measure(same)

    def _empty_above(self, index: int) -> float:
        """How much of the room above block `index` has nothing painted in it.

        Below the last there is something: a notice, the counter of versions, the ring.
        """
        if index >= len(self.blocks) or QUOTE in self.blocks[index].indents:
            return 0.0
        return self._gaps[index]

    def _make_view(self, index: int) -> BlockView:
        state = self._states.setdefault(first_piece(self.blocks, index), BlockState())
        state.pieces = self._pieces(index)
        return make_view(self.blocks[index], self._style, self._width, self._references, state, muted=self._muted)

    def _pieces(self, index: int) -> list[Block]:
        """All pieces of what block `index` is one of; none where it is in one piece."""
        pieces = whole(self.blocks, index)
        return list(pieces) if len(pieces) > 1 else []

    def _whole(self, index: int, target: Target) -> Target:
        """The target as one of this flow. A code block that was cut is copied whole."""
        target = replace(target, block=index)
        if target.does not in (Does.COPY, Does.SAVE) or self.blocks[index].last:
            return target
        return replace(target, subject=joined(whole(self.blocks, index)))

    def _measure(self, index: int) -> bool:
        # Whole pixels, so that frames and rules stay sharp.
        height = ceil(self._views[index].height) + self._gaps[index]
        if height == self._heights[index]:
            return False
        self._heights.set(index, height)
        return True

    def _estimate(self, index: int) -> float:
        block = self.blocks[index]
        style = self._style
        if block.kind is Kind.CODE:
            lines = block.text.count("\n") + 1
            frame = (36 if block.first else 0) + (14 if block.last else 0)
            return lines * style.code_line_height + style.px(frame) + self._gaps[index]
        if block.kind is Kind.TABLE:
            return len(block.rows) * style.px(34) + self._gaps[index]
        font = style.heading_font(block.level) if block.kind is Kind.HEADING else style.text_font
        line = style.line_height(font.pixelSize(), cjk=not block.text.isascii())
        return line * estimated_lines(block.text, style.letters(self._width)) + self._gaps[index]

    def _gap(self, index: int) -> float:
        """How much room there is to be above block `index`."""
        block = self.blocks[index]
        if index == 0 or not block.first:
            return 0.0
        return float(self._style.px(_gap(self.blocks[index - 1], block)))

    def _bridge_quotes(self, painter: QPainter, index: int, y: float) -> None:
        """Draw the quotes that go on from the block above through the gap."""
        gap = self._gaps[index]
        if not gap or QUOTE not in self.blocks[index].indents:
            return
        before = self.blocks[index - 1]
        view = self._views[index]
        for depth, (indent, above) in enumerate(zip(view.block.indents, before.indents, strict=False)):
            if indent != above and (indent or not above):
                break
            if indent == QUOTE:
                view.draw_quote_bar(painter, depth, y - gap, gap)


def _gap(before: Block, block: Block) -> int:
    """The room between two blocks, in the design's pixels."""
    if block.kind is Kind.HEADING:
        return 20 if before.kind is Kind.HEADING else 24
    if before.kind is Kind.HEADING:
        return 8
    if Kind.RULE in (block.kind, before.kind):
        return 16
    is_next_item = _begins_item(block) and _quotes(before) == _quotes(block) and len(before.indents) > _quotes(before)
    return 5 if is_next_item and Kind.CODE not in (block.kind, before.kind) else 12


def _begins_item(block: Block) -> bool:
    return any(indent not in (QUOTE, markdown.INSIDE) for indent in block.indents)


def _quotes(block: Block) -> int:
    return block.indents.count(QUOTE)


def estimated_lines(text: str, per_line: float) -> int:
    """How many lines `text` will about take, with so many Latin letters in a line."""
    units: float = len(text)
    if not text.isascii():
        # A Chinese character is two letters wide and has three bytes. The beginning speaks for the rest.
        sample = text[:_SAMPLE]
        units *= len(sample.encode("utf-8", "replace")) * 0.67 / len(sample)
    return int(units / per_line) + text.count("\n") + 1
