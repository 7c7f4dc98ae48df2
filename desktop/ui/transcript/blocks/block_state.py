"""What the reader has chosen for one block. It outlives the block's view."""

from __future__ import annotations

from dataclasses import dataclass, field

from desktop.ui.transcript.code.highlight import Highlighter
from desktop.ui.transcript.text.markdown import Block


@dataclass(slots=True)
class BlockState:
    """`scrolled` is how far the block is scrolled sideways, `widest` how wide it is, both in the design's pixels.

    The pieces of one block share one state. `pieces` are all of them where a block was cut, and `highlighter` is what
    colours them, for `language`. `measured` is what the columns of a table want: of which rows, at which zoom.
    """

    wraps: bool = False
    is_numbered: bool = False
    shows_source: bool = False
    scrolled: float = 0.0
    widest: float = 0.0
    bar_hovered: bool = False
    pieces: list[Block] = field(default_factory=list)
    highlighter: Highlighter | None = None
    language: str = ""
    measured: tuple[Block, float, tuple[int, ...]] | None = None
