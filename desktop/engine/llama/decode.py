"""Reads prompts and computes the next token's logits, and keeps what was read for the next prompt."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence

from desktop.engine.api import PrefillProgress
from desktop.engine.llama.library import llama_cpp
from desktop.engine.llama.machine import N_BATCH
from desktop.engine.llama.model import Model
from desktop.engine.llama.sample import Logits
from desktop.engine.llama.stopping import StopSwitch
from desktop.errors import Crash, EngineCrashed

_SEQUENCE = 0
_NO_SLOT, _ABORTED, _OUT_OF_MEMORY = 1, 2, -2  # what llama_decode returns besides 0


class Stopped(Exception):
    """The stop switch was turned on. What was read before stays read."""


class ContextFull(Exception):
    """There is no room for one more token."""


class Decoder:
    """The context of a model, and the tokens that are in its KV cache."""

    def __init__(self, model: Model, switch: StopSwitch) -> None:
        self._model = model
        self._switch = switch
        self._tokens: list[int] = []
        # Kept: llama.cpp calls it for as long as the context lives.
        self._abort = switch.callback
        llama_cpp.llama_set_abort_callback(model.context, *self._abort)
        self._batch_tokens = (ctypes.c_int32 * N_BATCH)()

    @property
    def tokens(self) -> Sequence[int]:
        """What has been read, oldest first."""
        return self._tokens

    def read(self, prompt: Sequence[int]) -> Iterator[PrefillProgress]:
        """Read `prompt` in pieces, without the part that is in the cache already; then `logits` are its last token's.

        Raises:
            Stopped, ContextFull, EngineCrashed
        """
        reused = self._keep(prompt)
        yield PrefillProgress(read=reused, total=len(prompt), reused=reused)
        for start in range(reused, len(prompt), N_BATCH):
            self._decode(prompt[start : start + N_BATCH], "prefill")
            yield PrefillProgress(read=len(self._tokens), total=len(prompt), reused=reused)

    def step(self, token: int) -> None:
        """Read one more token.

        Raises:
            Stopped, ContextFull, EngineCrashed
        """
        self._decode((token,), "decode")

    def logits(self) -> Logits:
        """Of the token that was read last; see `Model.logits`."""
        return self._model.logits()

    def _decode(self, tokens: Sequence[int], during: str) -> None:
        if self._switch.is_on:
            raise Stopped
        if len(self._tokens) + len(tokens) > self._model.n_ctx:
            raise ContextFull
        self._batch_tokens[: len(tokens)] = list(tokens)
        batch = llama_cpp.llama_batch_get_one(self._batch_tokens, len(tokens))
        result = llama_cpp.llama_decode(self._model.context, batch)
        if result == 0:
            self._tokens.extend(tokens)
            return
        self._forget_from(len(self._tokens))
        if result == _ABORTED:
            raise Stopped
        if result == _NO_SLOT:
            raise ContextFull
        if result == _OUT_OF_MEMORY:
            raise EngineCrashed(Crash.OUT_OF_MEMORY, during)
        raise RuntimeError(f"llama_decode returned {result}")

    def _keep(self, prompt: Sequence[int]) -> int:
        """Leave in the cache what `prompt` begins with, and return how many tokens that is.

        At least one of the prompt is left to read: its logits are wanted.
        """
        same = next(
            (i for i, (a, b) in enumerate(zip(self._tokens, prompt, strict=False)) if a != b), len(self._tokens)
        )
        cut = min(same, len(prompt) - 1)
        if cut < len(self._tokens):
            self._forget_from(cut)
        return len(self._tokens)

    def _forget_from(self, cut: int) -> None:
        """Take the tokens from `cut` on out of the cache; all of them where it cannot be done exactly."""
        memory = self._model.memory
        if not self._can_cut(cut) or not llama_cpp.llama_memory_seq_rm(memory, _SEQUENCE, cut, -1):
            llama_cpp.llama_memory_clear(memory, True)
            cut = 0
        del self._tokens[cut:]

    def _can_cut(self, cut: int) -> bool:
        """Whether what stays would be complete.

        A recurrent state holds all that was read in one. A sliding window forgets what lies behind it: `seq_rm` still
        succeeds there, and the logits are silently wrong, so ask whether the window before `cut` is still cached.
        """
        if self._model.keeps_state:
            return False
        if self._model.n_swa == 0:
            return True
        oldest: int = llama_cpp.llama_memory_seq_pos_min(self._model.memory, _SEQUENCE)
        return oldest == 0 or oldest < max(0, cut - self._model.n_swa)
