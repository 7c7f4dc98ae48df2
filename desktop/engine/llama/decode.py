"""Reads prompts and computes the next token's logits. What was read before is not read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from desktop.engine.api import PrefillProgress
from desktop.engine.llama.batch import SEQUENCE, Batch, ContextFull, Stopped
from desktop.engine.llama.branches import Branches
from desktop.engine.llama.cache import Cache
from desktop.engine.llama.library import llama_cpp
from desktop.engine.llama.machine import N_BATCH
from desktop.engine.llama.model import Model
from desktop.engine.llama.sample import Logits
from desktop.engine.llama.states import KeptStates
from desktop.engine.llama.stopping import StopSwitch


class Decoder:
    """The context of a model, and the tokens that are in its KV cache. `states` is what the disk has of other times."""

    def __init__(self, model: Model, switch: StopSwitch, states: KeptStates | None = None) -> None:
        self._model = model
        self._switch = switch
        self._cache = Cache(model, states)
        model.abort_by(switch)
        self._batch = Batch(N_BATCH)

    @property
    def tokens(self) -> Sequence[int]:
        """What has been read, oldest first."""
        return self._cache.tokens

    def known(self, prompt: Sequence[int], conversation: str = "") -> int:
        """How many tokens of `prompt` need not be read: they are in the cache, put aside, or on the disk."""
        return self._cache.known(prompt, conversation)

    def read(self, prompt: Sequence[int], conversation: str = "") -> Iterator[PrefillProgress]:
        """Read `prompt` in pieces, without the part that is known; then `logits` are its last token's.

        Raises:
            Stopped, ContextFull, EngineCrashed
        """
        reused = self._cache.turn_to(prompt, conversation)
        yield PrefillProgress(read=reused, total=len(prompt), reused=reused)
        for end in (self._cache.place_in(prompt), len(prompt)):
            for start in range(len(self._cache.tokens), end, N_BATCH):
                self._decode(prompt[start : min(start + N_BATCH, end)], "prefill")
                yield PrefillProgress(read=len(self._cache.tokens), total=len(prompt), reused=reused)
            if end < len(prompt):  # the first of both: a place to come back to
                self._cache.remember()

    def put_by(self) -> None:
        """Keep what was read on the disk, unless most of it is there."""
        self._cache.put_by()

    def forget_from(self, cut: int) -> None:
        """Take the tokens from `cut` on out of the cache; more where only that can be done exactly."""
        self._cache.forget_from(cut)

    def part(self, n: int) -> Branches:
        """Go on in `n` ways from what has been read. Until they are closed, this decoder reads nothing.

        Raises:
            ModelDoesNotFit
        """
        return Branches(self._model, self._switch, self._cache, self._batch, n)

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
        places = [(each, position, SEQUENCE) for position, each in enumerate(tokens, len(self._cache.tokens))]
        try:
            self._batch.decode(self._model.context, places, "decode")
        except Exception:
            self._undo()
            raise
        self._cache.tokens.extend(tokens)
        return self._model.rows(len(tokens))

    def take_back(self, n: int) -> None:
        """Forget the last `n` tokens, which `guess` has just read. Only where `can_take_back`.

        A sliding window still has all it needs: a batch takes only the place of what lies outside the window of its
        first token.
        """
        cut = len(self._cache.tokens) - n
        if not llama_cpp.llama_memory_seq_rm(self._model.memory, SEQUENCE, cut, -1):
            raise RuntimeError(f"{n} of {len(self._cache.tokens)} tokens cannot be taken back")
        del self._cache.tokens[cut:]

    def _decode(self, tokens: Sequence[int], during: str) -> None:
        self._make_sure_of(len(tokens))
        try:
            self._batch.go_on(self._model.context, tokens, during)
        except Exception:
            self._undo()
            raise
        self._cache.tokens.extend(tokens)

    def _make_sure_of(self, n: int) -> None:
        """That `n` more tokens may be read, and have room."""
        if self._switch.is_on:
            raise Stopped
        if len(self._cache.tokens) + n > self._model.n_ctx:
            raise ContextFull

    def _undo(self) -> None:
        """Take out of the cache what a batch left there that failed."""
        self._cache.forget_from(len(self._cache.tokens))
