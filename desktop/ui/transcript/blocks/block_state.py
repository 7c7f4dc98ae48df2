"""What the reader has chosen for one block. It outlives the block's view."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class BlockState:
    """`scrolled` is how far the block is scrolled sideways, in pixels. The pieces of one block share one state."""

    wraps: bool = False
    is_numbered: bool = False
    shows_source: bool = False
    scrolled: float = 0.0
