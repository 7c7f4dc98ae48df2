"""Places in a conversation that a cache which cannot be cut can go back to.

A sliding window forgets what lies behind it, and a recurrent state is one for all that was read: neither can be cut at
an earlier token. So that part of the cache is copied shortly before each prompt ends: an answer can be asked for again,
and the question edited, without reading what came before.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

from desktop.engine.llama.batch import SEQUENCE
from desktop.engine.llama.library import llama_cpp
from desktop.engine.llama.model import Model

TAIL = 8
"""Tokens of a prompt behind its checkpoint. One at least has to be read again for its logits. The others are what
templates end a prompt with, such as the opening of reasoning: in the next prompt that may be gone."""
_MOST_BYTES = 256 << 20
_MOST_ON_DISK = 3

Copy = ctypes.Array[ctypes.c_uint8]
"""What llama.cpp has written of a cache; never changed."""


class Checkpoints:
    """Copies of what cannot be cut, by the number of tokens that had been read. Other models need none and have none.

    llama.cpp calls it the partial state of a sequence (`LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY`).
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._copies: dict[int, Copy] = {}

    @property
    def are_needed(self) -> bool:
        """Whether the cache cannot be cut anywhere."""
        return bool(self._model.n_swa) or self._model.keeps_state

    def add(self, n_tokens: int) -> None:
        """Remember the cache as it is now, after `n_tokens`. The oldest make room."""
        if not self.are_needed or not n_tokens or n_tokens in self._copies:
            return
        flags = llama_cpp.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY
        size: int = llama_cpp.llama_state_seq_get_size_ext(self._model.context, SEQUENCE, flags)
        if not 0 < size <= _MOST_BYTES:
            return
        while self._copies and sum(map(len, self._copies.values())) + size > _MOST_BYTES:
            del self._copies[min(self._copies)]
        copy = (ctypes.c_uint8 * size)()
        if llama_cpp.llama_state_seq_get_data_ext(self._model.context, copy, size, SEQUENCE, flags) == size:
            self._copies[n_tokens] = copy

    def put(self, n_tokens: int, copy: bytes) -> None:
        """Have a copy from the disk."""
        self._copies[n_tokens] = (ctypes.c_uint8 * len(copy)).from_buffer_copy(copy)

    def put_all(self, copies: Mapping[int, Copy]) -> None:
        """Have what `all` told another time."""
        self._copies = dict(copies)

    def all(self) -> Mapping[int, Copy]:
        """The copies, by the numbers of tokens."""
        return dict(self._copies)

    def newest(self) -> dict[int, bytes]:
        """Those that are worth being kept on the disk."""
        return {place: bytes(self._copies[place]) for place in sorted(self._copies)[-_MOST_ON_DISK:]}

    def before(self, n_tokens: int) -> int:
        """The last place that is not behind `n_tokens`; 0 where there is none: the beginning."""
        return max((place for place in self._copies if place <= n_tokens), default=0)

    def go_back_to(self, n_tokens: int) -> int:
        """Put what cannot be cut back to `before(n_tokens)`, and return that place: the rest is to be cut there."""
        place = self.before(n_tokens)
        if not place:
            return 0
        copy = self._copies[place]
        flags = llama_cpp.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY
        read = llama_cpp.llama_state_seq_set_data_ext(self._model.context, copy, len(copy), SEQUENCE, flags)
        return place if read else 0

    def forget_from(self, n_tokens: int) -> None:
        """The tokens behind `n_tokens` are no more."""
        self._copies = {place: copy for place, copy in self._copies.items() if place <= n_tokens}

    def clear(self) -> None:
        """There is nothing in the cache."""
        self._copies.clear()
