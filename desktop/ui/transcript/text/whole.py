"""Long blocks come in pieces (`markdown.pieces`): which of them are one block, and what it says as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from desktop.ui.transcript.text.markdown import Block


def first_piece(blocks: Sequence[Block], index: int) -> int:
    """The number of the first piece of what block `index` is a piece of."""
    while not blocks[index].first:
        index -= 1
    return index


def whole(blocks: Sequence[Block], index: int) -> Sequence[Block]:
    """All pieces of what block `index` is a piece of; while it is written, those that are there."""
    first = first_piece(blocks, index)
    end = next((end for end in range(index + 1, len(blocks)) if blocks[end].first), len(blocks))
    return blocks[first:end]


def wholes(blocks: Sequence[Block]) -> Iterator[Sequence[Block]]:
    """The pieces of each block."""
    index = 0
    while index < len(blocks):
        yield (pieces := whole(blocks, index))
        index += len(pieces)


def joined(pieces: Sequence[Block]) -> str:
    """The text of all pieces of a block."""
    return pieces[0].text + "".join(piece.joint + piece.text for piece in pieces[1:])
