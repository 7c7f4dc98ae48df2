"""What was read of a conversation, in memory while the cache has another one.

Where the disk does not take it, since it is full or nothing is to be kept there, all of it would be read again. A copy
is made only of memory that is free anyway, and there is one at a time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from desktop.engine.llama.batch import SEQUENCE
from desktop.engine.llama.checkpoints import Copy
from desktop.engine.llama.library import llama_cpp
from desktop.engine.llama.model import Model
from desktop.engine.llama.states import common_length

_SHARE = 1 / 8
"""Of the memory that is left, what a copy may take: nobody shall miss it."""


@dataclass(frozen=True, slots=True)
class Aside:
    """The `tokens` that were read of `conversation`, and the cache as it was after them.

    `oldest` is the oldest position that a sliding window still holds, `n_kept` how many of the tokens are on the disk,
    `checkpoints` are those of the cache, by the number of tokens.
    """

    conversation: str
    tokens: tuple[int, ...]
    oldest: int
    n_kept: int
    copy: Copy
    checkpoints: Mapping[int, Copy]

    @property
    def places(self) -> tuple[int, ...]:
        """The numbers of tokens that there are checkpoints for."""
        return tuple(self.checkpoints)

    @property
    def size_bytes(self) -> int:
        """What it takes."""
        return len(self.copy) + sum(map(len, self.checkpoints.values()))

    def in_common(self, prompt: Sequence[int]) -> int:
        """How many tokens it begins with as `prompt` does."""
        return common_length(self.tokens, prompt)


def put_aside(
    model: Model,
    conversation: str,
    tokens: Sequence[int],
    *,
    oldest: int,
    n_kept: int,
    checkpoints: Mapping[int, Copy],
) -> Aside | None:
    """Copy what is in the cache of `model`: these `tokens`. None where that takes too much memory."""
    size: int = llama_cpp.llama_state_seq_get_size(model.context, SEQUENCE)
    if size + sum(map(len, checkpoints.values())) > model.left_bytes() * _SHARE:
        return None
    copy = (ctypes.c_uint8 * size)()
    if llama_cpp.llama_state_seq_get_data(model.context, copy, size, SEQUENCE) != size:
        return None
    return Aside(conversation, tuple(tokens), oldest, n_kept, copy, checkpoints)


def put_back(model: Model, aside: Aside) -> bool:
    """Have it in the cache of `model`, which is empty; False where that fails, and the cache is to be emptied."""
    size = len(aside.copy)
    read: int = llama_cpp.llama_state_seq_set_data(model.context, aside.copy, size, SEQUENCE)
    return read == size
