"""A small model that guesses ahead for a large one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from desktop.engine.api import ModelSpec
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.gain import Average, Rate
from desktop.engine.llama.library import llama_cpp
from desktop.engine.llama.machine import N_LOGITS
from desktop.engine.llama.model import Model, Vocabulary
from desktop.engine.llama.sample import Logits
from desktop.engine.llama.states import common_length
from desktop.engine.llama.stopping import StopSwitch
from desktop.errors import BadModelFile, Flaw, ModelDoesNotFit

_HOPED = 0.7
"""How often a draft model is taken to be right before it is known."""
_PADDING = 128
"""Tokens. By so many the sizes of a family's vocabularies differ: they are rounded up to what suits the hardware."""
_COMPARED = 2000
"""Tokens whose texts are compared."""
_A_STEP = 2
"""Tokens that are read before a guess: the newest, and before it the last guess where all came true."""


class Draft:
    """The draft model of `model`, loaded from the file at `path`, with a context of its own.

    It takes the likeliest token each time. Its cache is cut as exactly as the large model's: one with a sliding window
    whose beginning is gone would guess from a text with a hole.

    Raises:
        BadModelFile: also with OTHER_VOCABULARY and TAKES_NOTHING_BACK
        ModelDoesNotFit
    """

    def __init__(
        self, path: str, model: Model, spec: ModelSpec, switch: StopSwitch, on_progress: Callable[[float], None]
    ) -> None:
        own = replace(spec, path=path, n_ctx=model.n_ctx, kv_type=None, tensor_split=None, draft_path=None)
        try:
            self.model = Model(own, on_progress)
        except ModelDoesNotFit as error:
            # It is not what the user wants to talk with: that fits, and is what cannot be loaded so.
            raise ModelDoesNotFit(spec.path, error.needed_bytes, error.free_bytes, fits_without_draft=True) from error
        if not _agree(self.model.vocabulary, model.vocabulary):
            raise BadModelFile(path, Flaw.OTHER_VOCABULARY)
        if self.model.keeps_state:
            raise BadModelFile(path, Flaw.TAKES_NOTHING_BACK)
        self.rate = Rate(_HOPED)
        """How often it was right lately, over all answers."""
        self._decoder = Decoder(self.model, switch)
        self._n_shared = min(self.model.vocabulary.n_tokens, model.vocabulary.n_tokens)
        self._n_agreed = 0
        """So many tokens at the beginning of its cache are known to be the text's."""
        self._step_s = Average()
        sizes = [llama_cpp.llama_model_size(each.model) for each in (self.model, model)]
        self._size_ratio: float = sizes[0] / max(1, sizes[1])

    def begin(self) -> None:
        """The next guesses are for another text."""
        self._n_agreed = 0

    def cost(self, step_s: float) -> float:
        """What a guess costs, in steps of the large model, which take `step_s`; 0 where that is not known yet."""
        if not self._step_s.value or not step_s:
            return self._size_ratio
        return self._step_s.value / step_s

    def propose(self, tokens: Sequence[int], token: int, n: int) -> list[int]:
        """The `n` tokens that may follow `tokens` and then `token`; none behind a token that only the large model has.

        Raises:
            Stopped, ContextFull, EngineCrashed
        """
        if max([token, *tokens[self._n_agreed :]]) >= self._n_shared:
            return []
        began = time.monotonic()
        logits, n_read = self._read(tokens, token)
        found = [self._best(logits)]
        while len(found) < n:
            self._decoder.step(found[-1])
            found.append(self._best(self._decoder.logits()))
        if n_read <= _A_STEP:
            self._step_s.add((time.monotonic() - began) / n)
        return found

    def _best(self, logits: Logits) -> int:
        return int(logits[: self._n_shared].argmax())

    def _read(self, tokens: Sequence[int], token: int) -> tuple[Logits, int]:
        """The logits behind `tokens` and `token`, and how many of them had to be read."""
        rest = [*tokens[self._n_agreed :], token]
        n_here = len(self._decoder.tokens)
        same = self._n_agreed + common_length(self._decoder.tokens[self._n_agreed :], rest)
        # `token` is read in any case: its logits are wanted.
        if (cut := min(same, len(tokens))) < n_here:
            self._decoder.forget_from(cut)
        self._n_agreed = min(len(tokens), len(self._decoder.tokens))
        missing = [*tokens[self._n_agreed :], token]
        if len(missing) <= N_LOGITS:
            return self._decoder.guess(missing[0], missing[1:])[-1], len(missing)
        for _ in self._decoder.read([*tokens, token]):
            pass
        return self._decoder.logits(), len(missing)


def _agree(one: Vocabulary, other: Vocabulary) -> bool:
    """Whether tokens mean the same in both vocabularies: many of them are compared, and those that end an answer."""
    if abs(one.n_tokens - other.n_tokens) > _PADDING:
        return False
    if (one.bos_text, one.eos_text) != (other.bos_text, other.eos_text):
        return False
    n_shared = min(one.n_tokens, other.n_tokens)
    return all(
        one.piece(token, special=True) == other.piece(token, special=True) and one.is_end(token) == other.is_end(token)
        for token in range(0, n_shared, max(1, n_shared // _COMPARED))
    )
