"""What can be clicked on a block, or chosen by keyboard."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from PySide6.QtCore import QPointF, QRectF


class Does(Enum):
    """What a target does. The first five leave the block as it is."""

    OPEN_LINK = auto()
    """`subject` is the address."""
    COPY = auto()
    """`subject` is the text."""
    SAVE = auto()
    """`subject` is the text, `language` what it is written in."""
    SHOW_NOTE = auto()
    """`subject` is the label of a footnote of the same message."""
    FOLD = auto()
    """Fold or unfold the reasoning."""
    WRAP = auto()
    """Wrap long lines, or scroll them."""
    NUMBER = auto()
    """Number the lines, or no more."""
    SHOW_SOURCE = auto()
    """Show what the picture was made from, or the picture."""


CHANGES_BLOCK = frozenset({Does.WRAP, Does.NUMBER, Does.SHOW_SOURCE})


@dataclass(frozen=True, slots=True)
class Target:
    """Something on the page that does something. `block` is its block's number in the flow that it stands in."""

    area: QRectF
    name: str
    does: Does
    subject: str = ""
    language: str = ""
    part: int = 0
    block: int = 0

    @property
    def link(self) -> str:
        """The address that it opens, if it opens one."""
        return self.subject if self.does is Does.OPEN_LINK else ""

    def translated(self, by: QPointF) -> Target:
        """The same elsewhere."""
        return replace(self, area=self.area.translated(by))
