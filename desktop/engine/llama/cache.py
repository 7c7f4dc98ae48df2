"""Which tokens are in the KV cache, and what of them, or of what is kept elsewhere, a prompt begins with."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Mapping, Sequence
from pathlib import Path

from desktop.engine.llama.aside import Aside, put_aside, put_back
from desktop.engine.llama.batch import SEQUENCE
from desktop.engine.llama.checkpoints import TAIL, Checkpoints
from desktop.engine.llama.library import as_path, llama_cpp
from desktop.engine.llama.model import Model
from desktop.engine.llama.states import KeptStates, State, common_length
from desktop.errors import ModelDoesNotFit

_WORTH_KEEPING = 64
"""Tokens. Fewer are read in less time than it takes to bring them from the disk."""


class Cache:
    """The KV cache of a model's context. `states` is what the disk has of other times.

    Its tokens are those of one sequence, `SEQUENCE`. Beside it there may be others that part from it: the answers that
    were given at once, until a prompt says which of them goes on.
    """

    def __init__(self, model: Model, states: KeptStates | None = None) -> None:
        self._model = model
        self._states = states
        self.tokens: list[int] = []
        """What has been read, oldest first."""
        self._others: dict[int, list[int]] = {}
        """The tokens of the other sequences."""
        self._conversation = ""
        """Whose tokens they are; nobody's are not kept."""
        self._n_kept = 0
        """So many of the tokens are on the disk too."""
        self._checkpoints = Checkpoints(model)
        self._aside: Aside | None = None
        """Of another conversation, or another branch, what the disk has not."""

    def known(self, prompt: Sequence[int], conversation: str = "") -> int:
        """How many tokens of `prompt` need not be read: they are in the cache, put aside, or on the disk."""
        here = (self._reusable(sequence, prompt) for sequence in self._sequences())
        return max(*here, *(self._reusable_of(each, prompt) for each in self._elsewhere(conversation)), 0)

    def turn_to(self, prompt: Sequence[int], conversation: str) -> int:
        """Leave in the cache what `prompt` begins with, and return how many tokens that is.

        What is elsewhere of it is brought back, where that is clearly more than the cache has.
        """
        reusable, sequence = max((self._reusable(sequence, prompt), -sequence) for sequence in self._sequences())
        self._go_on_with(-sequence, reusable)
        self._bring_back(prompt, conversation)
        self._conversation = conversation
        reusable = self._reusable(SEQUENCE, prompt)
        if reusable < len(self.tokens):
            self.forget_from(reusable)
        return len(self.tokens)

    def place_in(self, prompt: Sequence[int]) -> int:
        """Where in `prompt`, whose beginning is in the cache, to `remember` what has been read by then."""
        return max(len(self.tokens), len(prompt) - TAIL if self._checkpoints.are_needed else 0)

    def remember(self) -> None:
        """Be able to come back to what is read now."""
        self._checkpoints.add(len(self.tokens))

    def put_by(self) -> None:
        """Keep what was read on the disk, unless most of it is there."""
        if self._states is None or not self._conversation or len(self.tokens) - self._n_kept < _WORTH_KEEPING:
            return
        context, tokens = self._model.context, (ctypes.c_int32 * len(self.tokens))(*self.tokens)
        size_bytes: int = llama_cpp.llama_state_seq_get_size(context, SEQUENCE)

        def write(path: Path) -> bool:
            written = llama_cpp.llama_state_seq_save_file(context, as_path(path), SEQUENCE, tokens, len(tokens))
            return bool(written)

        oldest, checkpoints = self._oldest_kept(), self._checkpoints.newest()
        if self._states.keep(self._conversation, self.tokens, oldest, size_bytes, write, checkpoints):
            self._n_kept = len(self.tokens)

    def part(self, n: int) -> None:
        """Make sequences 0 to `n` - 1, each of which is all that has been read. `stay` tells what became of them.

        Raises:
            ModelDoesNotFit: there is no memory for so many. What was read stays read.
            EngineCrashed
        """
        if not self._model.shares_cells:
            self._move(SEQUENCE, n)
        for sequence in range(1, n):
            llama_cpp.llama_memory_seq_cp(self._model.memory, SEQUENCE, sequence, -1, -1)

    def stay(self, sequences: Mapping[int, list[int]]) -> None:
        """These are the tokens of the sequences that are in the cache now. All begin with a prompt that they share."""
        self._n_kept = min(self._n_kept, common_length(sequences[SEQUENCE], self.tokens))
        self.tokens = sequences[SEQUENCE]
        self._others = {number: tokens for number, tokens in sequences.items() if number != SEQUENCE}

    def forget_from(self, cut: int) -> None:
        """Take the tokens from `cut` on out of the cache; more where only that can be done exactly."""
        memory = self._model.memory
        if not self._can_cut(cut, self._oldest()):
            cut = self._checkpoints.go_back_to(cut)
        if not cut or not llama_cpp.llama_memory_seq_rm(memory, SEQUENCE, cut, -1):
            self._empty()
            cut = 0
        self._checkpoints.forget_from(cut)
        self._n_kept = min(self._n_kept, cut)
        del self.tokens[cut:]

    def _bring_back(self, prompt: Sequence[int], conversation: str) -> None:
        """Have what is elsewhere of `prompt`, where that is clearly more than the cache has."""
        here = self._reusable(SEQUENCE, prompt)
        before = self._aside
        if len(self.tokens) - here >= _WORTH_KEEPING:
            if self._states is not None and (kept := self._kept(conversation)):
                # What was promised must not be what makes room.
                self._states.use(max(kept, key=lambda state: self._reusable_of(state, prompt)))
            self.put_by()
            self._put_aside()
        found = sorted(
            ((self._reusable_of(each, prompt), each) for each in self._elsewhere(conversation, before)),
            key=lambda pair: pair[0],
            reverse=True,
        )
        for reusable, each in found:
            if reusable - here < _WORTH_KEEPING:
                return
            if self._put_back(each) if isinstance(each, Aside) else self._restore(each, reusable):
                return

    def _put_aside(self) -> None:
        """Hold in memory what is about to be lost of a conversation, unless most of it is on the disk."""
        if not self._conversation or len(self.tokens) - self._n_kept < _WORTH_KEEPING:
            return
        aside = put_aside(
            self._model,
            self._conversation,
            self.tokens,
            oldest=self._oldest_kept(),
            n_kept=self._n_kept,
            checkpoints=self._checkpoints.all(),
        )
        if aside is not None:
            self._hold(aside)

    def _put_back(self, aside: Aside) -> bool:
        """Put what is held in memory in the place of what is in the cache; False, and an empty cache, if that fails."""
        if self._aside is aside:
            self._hold(None)
        self._clear()
        if not put_back(self._model, aside):
            self._empty()
            return False
        self.tokens = list(aside.tokens)
        self._n_kept = aside.n_kept
        self._checkpoints.put_all(aside.checkpoints)
        return True

    def _hold(self, aside: Aside | None) -> None:
        self._aside = aside
        self._model.others_bytes = 0 if aside is None else aside.size_bytes

    def _restore(self, state: State, reusable: int) -> bool:
        """Put a kept state in the place of what is in the cache, so that `reusable` tokens of it can be reused.

        False, and perhaps an empty cache, where that fails.
        """
        if self._states is None or not self._states.verify(state):
            return False
        at_checkpoint = reusable != len(state.tokens) and not self._can_cut(reusable, state.oldest)
        if at_checkpoint and not self._states.verify(state, reusable):
            return False
        self._clear()
        room = (ctypes.c_int32 * len(state.tokens))()
        n_tokens = ctypes.c_size_t()
        read = llama_cpp.llama_state_seq_load_file(
            self._model.context, as_path(state.file), SEQUENCE, room, len(room), ctypes.byref(n_tokens)
        )
        if not read or tuple(room[: n_tokens.value]) != state.tokens:
            self._empty()
            self._states.drop(state)
            return False
        self.tokens = list(state.tokens)
        self._n_kept = len(state.tokens)
        if at_checkpoint:
            # Removed by another process just now: then `forget_from` finds no place to go back to, and all is read.
            with contextlib.suppress(OSError):
                self._checkpoints.put(reusable, state.checkpoint(reusable).read_bytes())
        return True

    def _elsewhere(self, conversation: str, aside: Aside | None = None) -> list[Aside | State]:
        """What there is of the conversation beside the cache: put aside (`aside`, or what is now), and on the disk."""
        aside = aside or self._aside
        held = [aside] if aside is not None and aside.conversation == conversation else []
        return [*held, *self._kept(conversation)]

    def _kept(self, conversation: str) -> list[State]:
        """What the disk has of the conversation and the context has room for."""
        if self._states is None or not conversation:
            return []
        return [state for state in self._states.of(conversation) if len(state.tokens) <= self._model.n_ctx]

    def _reusable_of(self, kept: Aside | State, prompt: Sequence[int]) -> int:
        cut = min(kept.in_common(prompt), len(prompt) - 1)
        if cut == len(kept.tokens) or self._can_cut(cut, kept.oldest):
            return cut
        return max((place for place in kept.places if place <= cut), default=0)

    def _reusable(self, sequence: int, prompt: Sequence[int]) -> int:
        """How much of a sequence `prompt` begins with.

        At least one of the prompt is left to read: its logits are wanted.
        """
        tokens = self._sequences()[sequence]
        cut = min(common_length(tokens, prompt), len(prompt) - 1)
        oldest = self._oldest(sequence)
        if self._will_move and len(tokens) - cut >= _WORTH_KEEPING:
            oldest = max(oldest, len(tokens) - self._model.n_swa)  # moved as it is, to be put by before it is cut
        if cut == len(tokens) or self._can_cut(cut, oldest):
            return cut
        return self._checkpoints.before(cut)

    def _oldest(self, sequence: int = SEQUENCE) -> int:
        """The oldest position of which all layers still have everything."""
        found: int = llama_cpp.llama_memory_seq_pos_min(self._model.memory, sequence)
        return found

    def _oldest_kept(self) -> int:
        """That in what llama.cpp writes of the cache: of a window what its last token sees, though it may hold more."""
        return max(self._oldest(), len(self.tokens) - self._model.n_swa if self._model.n_swa else 0)

    def _can_cut(self, cut: int, oldest: int) -> bool:
        """Whether what stays would be complete if the tokens from `cut` on went.

        A recurrent state holds all that was read in one. A sliding window forgets what lies behind it: `seq_rm` still
        succeeds there, and the logits are silently wrong, so ask whether the window before `cut` is still cached.
        """
        if self._model.keeps_state:
            return False
        if self._model.n_swa == 0:
            return True
        return oldest == 0 or oldest < max(0, cut - self._model.n_swa)

    def _sequences(self) -> dict[int, list[int]]:
        return {SEQUENCE: self.tokens, **self._others}

    @property
    def _will_move(self) -> bool:
        """Whether the context has room for several sequences, so that the one that goes on gets a smaller one."""
        return self._model.n_sequences > 1 and not self._model.shares_cells

    def _go_on_with(self, sequence: int, reusable: int) -> None:
        """Have no sequence but that one, as `SEQUENCE`: so many of its tokens are `reusable`."""
        tokens = self._sequences()[sequence]
        memory = self._model.memory
        if self._will_move:
            few = len(tokens) - reusable < _WORTH_KEEPING
            if reusable and few and self._can_cut(reusable, self._oldest(sequence)):
                # A copy holds the window of its last token alone: behind it, there would be nothing to go back to.
                llama_cpp.llama_memory_seq_rm(memory, sequence, reusable, -1)
                del tokens[reusable:]
                self._checkpoints.forget_from(reusable)
            self._move(sequence, 1)
        elif self._others:
            if sequence != SEQUENCE:
                llama_cpp.llama_memory_seq_rm(memory, SEQUENCE, -1, -1)
                llama_cpp.llama_memory_seq_cp(memory, sequence, SEQUENCE, -1, -1)
            llama_cpp.llama_memory_seq_keep(memory, SEQUENCE)
        self._n_kept = min(self._n_kept, common_length(tokens, self.tokens))
        self.tokens = tokens
        self._others = {}

    def _move(self, sequence: int, n_sequences: int) -> None:
        """Have what is cached of a sequence in a new context, as its `SEQUENCE`."""
        size: int = llama_cpp.llama_state_seq_get_size(self._model.context, sequence)
        copy = (ctypes.c_uint8 * size)()
        llama_cpp.llama_state_seq_get_data(self._model.context, copy, size, sequence)
        try:
            self._model.reopen(n_sequences)
        except ModelDoesNotFit:
            self._fill(copy)
            raise
        self._fill(copy)

    def _fill(self, copy: ctypes.Array[ctypes.c_uint8]) -> None:
        """Have what a sequence was copied to in an empty context."""
        if not llama_cpp.llama_state_seq_set_data(self._model.context, copy, len(copy), SEQUENCE):
            self._clear()
            raise RuntimeError("a sequence did not fit the context that was made for it")

    def _clear(self) -> None:
        self._empty()
        self.tokens = []
        self._others = {}
        self._checkpoints.clear()
        self._n_kept = 0

    def _empty(self) -> None:
        """Have no token in llama.cpp's cache.

        The values stay: no sequence sees them, and overwriting those of 6,000 tokens took as long as it takes to stop.
        """
        llama_cpp.llama_memory_clear(self._model.memory, False)
