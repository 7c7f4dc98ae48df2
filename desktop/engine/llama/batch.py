"""What llama.cpp computes at once: tokens, each at its place in its sequence, each with logits of its own."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from desktop.engine.llama.library import llama_cpp
from desktop.errors import Crash, EngineCrashed

SEQUENCE = 0
"""The sequence that is read and goes on; others part from it."""
_NO_SLOT, _ABORTED, _OUT_OF_MEMORY = 1, 2, -2  # what llama_decode returns besides 0


Place = tuple[int, int, int]
"""A token, its position, its sequence."""


class Stopped(Exception):
    """The stop switch was turned on. What was read before stays read."""


class ContextFull(Exception):
    """There is no room for one more token."""


class Batch:
    """Room for `size` tokens, used again for each batch."""

    def __init__(self, size: int) -> None:
        self._tokens = (ctypes.c_int32 * size)()
        self._positions = (ctypes.c_int32 * size)()
        self._sequences = (ctypes.c_int32 * size)()
        self._counts = (ctypes.c_int32 * size)(*[1] * size)
        self._outputs = (ctypes.c_int8 * size)(*[1] * size)
        pointer = ctypes.POINTER(ctypes.c_int32)
        step, first = ctypes.sizeof(ctypes.c_int32), ctypes.addressof(self._sequences)
        self._sequence_lists = (pointer * size)(
            *(ctypes.cast(first + i * step, pointer) for i in range(size)),
        )
        # Of one sequence, whose positions go on where its cache ends; logits of the last token only.
        self._piece = llama_cpp.llama_batch(token=ctypes.cast(self._tokens, pointer))
        self._batch = llama_cpp.llama_batch(
            token=ctypes.cast(self._tokens, pointer),
            pos=ctypes.cast(self._positions, pointer),
            n_seq_id=ctypes.cast(self._counts, pointer),
            seq_id=ctypes.cast(self._sequence_lists, ctypes.POINTER(pointer)),
            logits=ctypes.cast(self._outputs, ctypes.POINTER(ctypes.c_int8)),
        )

    def go_on(self, context: int, tokens: Sequence[int], during: str) -> None:
        """Append `tokens` to what is cached of `SEQUENCE`; there will be logits of the last one only.

        Raises:
            Stopped, ContextFull, EngineCrashed: as all of these do, nothing was appended
        """
        self._tokens[: len(tokens)] = list(tokens)
        self._piece.n_tokens = len(tokens)
        _decode(context, self._piece, during)

    def decode(self, context: int, places: Sequence[Place], during: str, *, only_last: bool = False) -> None:
        """Append tokens to sequences. There will be logits of all of them, at most `N_LOGITS`, or of the last one only.

        Raises:
            Stopped, ContextFull, EngineCrashed
        """
        for i, (token, position, sequence) in enumerate(places):
            self._tokens[i], self._positions[i], self._sequences[i] = token, position, sequence
            self._outputs[i] = not only_last
        self._outputs[len(places) - 1] = 1
        self._batch.n_tokens = len(places)
        _decode(context, self._batch, during)


def _decode(context: int, batch: object, during: str) -> None:
    result = llama_cpp.llama_decode(context, batch)
    if result == 0:
        return
    if result == _ABORTED:
        raise Stopped
    if result == _NO_SLOT:
        raise ContextFull
    if result == _OUT_OF_MEMORY:
        raise EngineCrashed(Crash.OUT_OF_MEMORY, during)
    raise RuntimeError(f"llama_decode returned {result}")
