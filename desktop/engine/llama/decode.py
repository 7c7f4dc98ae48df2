"""Reads prompts and computes the next token's logits. What was read before is not read again."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator, Sequence
from pathlib import Path

from desktop.engine.api import PrefillProgress
from desktop.engine.llama.batch import SEQUENCE, Batch, ContextFull, Stopped
from desktop.engine.llama.checkpoints import Checkpoints
from desktop.engine.llama.library import as_path, llama_cpp
from desktop.engine.llama.machine import N_BATCH
from desktop.engine.llama.model import Model
from desktop.engine.llama.sample import Logits
from desktop.engine.llama.states import KeptStates, State, common_length
from desktop.engine.llama.stopping import StopSwitch

_WORTH_KEEPING = 64
"""Tokens. Fewer are read in less time than it takes to bring them from the disk."""


class Decoder:
    """The context of a model, and the tokens that are in its KV cache. `states` is what the disk has of other times."""

    def __init__(self, model: Model, switch: StopSwitch, states: KeptStates | None = None) -> None:
        self._model = model
        self._switch = switch
        self._states = states
        self._tokens: list[int] = []
        self._conversation = ""
        """Whose tokens they are; nobody's are not kept."""
        self._n_kept = 0
        """So many of the tokens are on the disk too."""
        self._checkpoints = Checkpoints(model)
        # Kept: llama.cpp calls it for as long as the context lives.
        self._abort = switch.callback
        llama_cpp.llama_set_abort_callback(model.context, *self._abort)
        self._batch = Batch(N_BATCH)

    @property
    def tokens(self) -> Sequence[int]:
        """What has been read, oldest first."""
        return self._tokens

    def known(self, prompt: Sequence[int], conversation: str = "") -> int:
        """How many tokens of `prompt` need not be read: they are in the cache, or on the disk."""
        here = self._reusable(self._tokens, prompt)
        return max([here, *(self._reusable_of(state, prompt) for state in self._kept(conversation))])

    def read(self, prompt: Sequence[int], conversation: str = "") -> Iterator[PrefillProgress]:
        """Read `prompt` in pieces, without the part that is known; then `logits` are its last token's.

        Raises:
            Stopped, ContextFull, EngineCrashed
        """
        self._turn_to(prompt, conversation)
        reused = self._keep(prompt)
        self._conversation = conversation
        yield PrefillProgress(read=reused, total=len(prompt), reused=reused)
        for start in range(reused, len(prompt), N_BATCH):
            self._decode(prompt[start : start + N_BATCH], "prefill")
            yield PrefillProgress(read=len(self._tokens), total=len(prompt), reused=reused)
        self._checkpoints.add(len(self._tokens))

    def put_by(self) -> None:
        """Keep what was read on the disk, unless most of it is there."""
        if self._states is None or not self._conversation or len(self._tokens) - self._n_kept < _WORTH_KEEPING:
            return
        context, tokens = self._model.context, (ctypes.c_int32 * len(self._tokens))(*self._tokens)
        size_bytes: int = llama_cpp.llama_state_seq_get_size(context, SEQUENCE)

        def write(path: Path) -> bool:
            written = llama_cpp.llama_state_seq_save_file(context, as_path(path), SEQUENCE, tokens, len(tokens))
            return bool(written)

        # Of a sliding window llama.cpp writes what its last token can see, though the cache may hold more.
        oldest = max(self._oldest(), len(self._tokens) - self._model.n_swa if self._model.n_swa else 0)
        if self._states.keep(self._conversation, self._tokens, oldest, size_bytes, write, self._checkpoints.newest()):
            self._n_kept = len(self._tokens)

    def step(self, token: int) -> None:
        """Read one more token.

        Raises:
            Stopped, ContextFull, EngineCrashed
        """
        self._decode((token,), "decode")

    def logits(self) -> Logits:
        """Of the token that was read last; see `Model.logits`."""
        return self._model.logits()

    @property
    def can_take_back(self) -> bool:
        """Whether tokens that were just read can be taken out of the cache again."""
        return not self._model.keeps_state

    def guess(self, token: int, draft: Sequence[int]) -> Logits:
        """Read `token`, and after it what may follow, at most `N_LOGITS` in all, in one batch.

        The logits behind each, of shape (1 + len(draft), n_vocab): llama.cpp's own memory, valid until the next.

        Raises:
            Stopped, ContextFull, EngineCrashed: none of them was read
        """
        tokens = [token, *draft]
        self._make_sure_of(len(tokens))
        places = [(each, position, SEQUENCE) for position, each in enumerate(tokens, len(self._tokens))]
        with self._undone_on_error():
            self._batch.decode(self._model.context, places, "decode")
        self._tokens.extend(tokens)
        return self._model.rows(len(tokens))

    def take_back(self, n: int) -> None:
        """Forget the last `n` tokens, which `guess` has just read. Only where `can_take_back`.

        A sliding window still has all it needs: a batch takes only the place of what lies outside the window of its
        first token.
        """
        cut = len(self._tokens) - n
        if not llama_cpp.llama_memory_seq_rm(self._model.memory, SEQUENCE, cut, -1):
            raise RuntimeError(f"{n} of {len(self._tokens)} tokens cannot be taken back")
        del self._tokens[cut:]

    def _decode(self, tokens: Sequence[int], during: str) -> None:
        self._make_sure_of(len(tokens))
        with self._undone_on_error():
            self._batch.go_on(self._model.context, tokens, during)
        self._tokens.extend(tokens)

    def _make_sure_of(self, n: int) -> None:
        """That `n` more tokens may be read, and have room."""
        if self._switch.is_on:
            raise Stopped
        if len(self._tokens) + n > self._model.n_ctx:
            raise ContextFull

    @contextlib.contextmanager
    def _undone_on_error(self) -> Iterator[None]:
        """What a batch left in the cache is taken out, where it failed."""
        try:
            yield
        except Exception:
            self.forget_from(len(self._tokens))
            raise

    def _turn_to(self, prompt: Sequence[int], conversation: str) -> None:
        """Bring back what the disk has of `prompt`, where that is clearly more than the cache has."""
        here = self._reusable(self._tokens, prompt)
        if len(self._tokens) - here >= _WORTH_KEEPING:
            self.put_by()
        found = sorted(
            ((self._reusable_of(state, prompt), state) for state in self._kept(conversation)),
            key=lambda pair: pair[0],
            reverse=True,
        )
        for reusable, state in found:
            if reusable - here < _WORTH_KEEPING or self._restore(state, reusable):
                return

    def _restore(self, state: State, reusable: int) -> bool:
        """Put a kept state in the place of what is in the cache, so that `reusable` tokens of it can be reused.

        False, and perhaps an empty cache, where that fails.
        """
        if self._states is None or not self._states.verify(state):
            return False
        at_checkpoint = reusable != len(state.tokens) and not self._can_cut(reusable, state.oldest)
        if at_checkpoint and not self._states.verify(state, reusable):
            return False
        llama_cpp.llama_memory_clear(self._model.memory, True)
        self._tokens.clear()
        self._checkpoints.clear()
        self._n_kept = 0
        room = (ctypes.c_int32 * len(state.tokens))()
        n_tokens = ctypes.c_size_t()
        read = llama_cpp.llama_state_seq_load_file(
            self._model.context, as_path(state.file), SEQUENCE, room, len(room), ctypes.byref(n_tokens)
        )
        if not read or tuple(room[: n_tokens.value]) != state.tokens:
            llama_cpp.llama_memory_clear(self._model.memory, True)
            self._states.drop(state)
            return False
        self._tokens.extend(state.tokens)
        self._n_kept = len(state.tokens)
        if at_checkpoint:
            # Removed by another process just now: then `_keep` finds no place to go back to, and all is read again.
            with contextlib.suppress(OSError):
                self._checkpoints.put(reusable, state.checkpoint(reusable).read_bytes())
        return True

    def _kept(self, conversation: str) -> list[State]:
        """What the disk has of the conversation and the context has room for."""
        if self._states is None or not conversation:
            return []
        return [state for state in self._states.of(conversation) if len(state.tokens) <= self._model.n_ctx]

    def _reusable_of(self, state: State, prompt: Sequence[int]) -> int:
        cut = min(state.in_common(prompt), len(prompt) - 1)
        if cut == len(state.tokens) or self._can_cut(cut, state.oldest):
            return cut
        return max((place for place in state.places if place <= cut), default=0)

    def _reusable(self, tokens: Sequence[int], prompt: Sequence[int]) -> int:
        """How much of the cache, which holds `tokens`, `prompt` begins with.

        At least one of the prompt is left to read: its logits are wanted.
        """
        cut = min(common_length(tokens, prompt), len(prompt) - 1)
        if cut == len(tokens) or self._can_cut(cut, self._oldest()):
            return cut
        return self._checkpoints.before(cut)

    def _keep(self, prompt: Sequence[int]) -> int:
        """Leave in the cache what `prompt` begins with, and return how many tokens that is."""
        reusable = self._reusable(self._tokens, prompt)
        if reusable < len(self._tokens):
            self.forget_from(reusable)
        return len(self._tokens)

    def forget_from(self, cut: int) -> None:
        """Take the tokens from `cut` on out of the cache; more where only that can be done exactly."""
        memory = self._model.memory
        if not self._can_cut(cut, self._oldest()):
            cut = self._checkpoints.go_back_to(cut)
        if not cut or not llama_cpp.llama_memory_seq_rm(memory, SEQUENCE, cut, -1):
            llama_cpp.llama_memory_clear(memory, True)
            cut = 0
        self._checkpoints.forget_from(cut)
        self._n_kept = min(self._n_kept, cut)
        del self._tokens[cut:]

    def _oldest(self) -> int:
        """The oldest position of which all layers still have everything."""
        found: int = llama_cpp.llama_memory_seq_pos_min(self._model.memory, SEQUENCE)
        return found

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
