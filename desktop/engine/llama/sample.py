"""Chooses the next token."""

from __future__ import annotations

import ctypes
import math
import secrets
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from desktop.chat.message import Sampling
from desktop.engine.llama.library import llama_cpp

Logits = NDArray[np.float32]

RANDOM_SEED = 0xFFFFFFFF
"""llama.cpp's word for "draw one yourself", so no seed of ours."""

PENALTY_WINDOW = 64
"""The newest tokens that a repeat penalty looks at; llama.cpp's default."""

_BLOCK = 64
_FIRST_TRY = 256  # candidates that mostly hold all that top-p leaves
_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])  # llama_token_data


class NotFinite(Exception):
    """The logits are no numbers."""


class Sampler:
    """Chooses tokens as `sampling` says: llama.cpp's order of steps (penalty, top-k, top-p, min-p, temperature).

    llama.cpp's own chain handles every token of the vocabulary in each step, 1.4 to 2.2 ms a token for 262,144 of them.
    Here numpy finds the few that top-k and top-p leave, and the chain goes on with those. The same seed, logits and
    library give the same tokens.
    """

    def __init__(self, sampling: Sampling, seed: int, suppressed: Sequence[int] = ()) -> None:
        self._sampling = sampling
        self._suppressed = np.array(suppressed, dtype=np.int64)
        self._chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
        for step in (
            llama_cpp.llama_sampler_init_min_p(sampling.min_p, 1),
            llama_cpp.llama_sampler_init_temp(sampling.temperature),
            llama_cpp.llama_sampler_init_dist(seed % RANDOM_SEED),
        ):
            llama_cpp.llama_sampler_chain_add(self._chain, step)

    def choose(self, logits: Logits, recent: Sequence[int]) -> int:
        """The next token's id, for `logits` of shape (n_vocab,) and the tokens before it.

        What suppression and penalty change of the logits is put back: they are the model's own again.

        Raises:
            NotFinite
        """
        penalised = recent[-PENALTY_WINDOW:] if self._sampling.repeat_penalty != 1.0 else ()
        if not penalised and not self._suppressed.size:
            return self._choose(logits)
        changed = np.unique(np.concatenate([self._suppressed, np.array(penalised, dtype=np.int64)]))
        own = logits[changed]
        logits[self._suppressed] = -np.inf
        _penalise(logits, penalised, self._sampling.repeat_penalty)
        try:
            return self._choose(logits)
        finally:
            logits[changed] = own

    def close(self) -> None:
        """Free the chain."""
        llama_cpp.llama_sampler_free(self._chain)

    def _choose(self, logits: Logits) -> int:
        if self._sampling.temperature <= 0:
            best = int(logits.argmax())
            # argmax finds a NaN or +inf if there is one, and -inf only where there is nothing else.
            if not math.isfinite(logits[best]):
                raise NotFinite
            return best
        return self._draw(logits, self._candidates(logits))

    def _candidates(self, logits: Logits) -> NDArray[np.intp]:
        """What top-k and top-p leave."""
        highest = float(logits.max())
        if not math.isfinite(highest):
            raise NotFinite
        top_k, top_p = self._sampling.top_k, self._sampling.top_p
        if 0 < top_k < logits.size:
            ids = top(logits, top_k)
            return ids if top_p >= 1 else nucleus(logits, ids, top_p, _mass(logits[ids], highest))
        if top_p >= 1:
            # All tokens may be drawn. Of 262,144 tokens that are 25 below the best at temperature 1, all together have
            # a probability below 4e-6.
            return np.flatnonzero(logits >= highest - 25.0 * max(1.0, self._sampling.temperature))
        total = _mass(logits, highest)
        k = _FIRST_TRY
        while True:
            ids = top(logits, k)
            if k >= logits.size or _mass(logits[ids], highest) >= top_p * total:
                return nucleus(logits, ids, top_p, total)
            k = min(8 * k, logits.size)

    def _draw(self, logits: Logits, ids: NDArray[np.intp]) -> int:
        candidates = np.empty(ids.size, dtype=_CANDIDATE)
        candidates["id"] = ids
        candidates["logit"] = logits[ids]
        candidates["p"] = 0.0
        array = llama_cpp.llama_token_data_array(
            data=ctypes.cast(candidates.ctypes.data, llama_cpp.llama_token_data_p),
            size=ids.size,
            selected=-1,
            sorted=False,
        )
        llama_cpp.llama_sampler_apply(self._chain, ctypes.byref(array))
        return int(array.data[array.selected].id)


def draw_seed() -> int:
    """A seed for one answer."""
    return secrets.randbelow(RANDOM_SEED)


def top(logits: Logits, k: int) -> NDArray[np.intp]:
    """The indices of the `k` largest logits, in the vocabulary's order; more of them where the k-th is not alone.

    The k-th largest of the blocks' maxima is a bound that at least k logits reach: two cheap passes over the vocabulary
    leave some hundred candidates to sort out.
    """
    n_columns = logits.size // _BLOCK
    if n_columns < 2 * k:
        candidates = np.arange(logits.size)
    else:
        maxima = logits[: n_columns * _BLOCK].reshape(_BLOCK, n_columns).max(axis=0)
        candidates = np.flatnonzero(logits >= np.partition(maxima, -k)[-k])
    values = logits[candidates]
    best: NDArray[np.intp] = candidates[values >= np.partition(values, -k)[-k]]
    return best


def nucleus(logits: Logits, ids: NDArray[np.intp], top_p: float, total: float) -> NDArray[np.intp]:
    """The fewest of `ids`, the likeliest first, that together have `top_p` of the `total` mass (see `_mass`).

    Nucleus sampling, https://arxiv.org/abs/1904.09751.
    """
    ids = ids[np.argsort(-logits[ids], kind="stable")]
    values = logits[ids].astype(np.float64)
    cumulated = np.exp(values - values[0]).cumsum()
    return ids[: int(np.searchsorted(cumulated, top_p * total)) + 1]


def _mass(logits: Logits, highest: float) -> float:
    """The sum of the probabilities, in units of the likeliest token's."""
    return float(np.exp(logits - np.float32(highest)).sum(dtype=np.float64))


def _penalise(logits: Logits, recent: Sequence[int], penalty: float) -> None:
    """Lower the logits of the recent tokens, in place.

    As llama.cpp's penalties sampler does (CTRL, https://arxiv.org/abs/1909.05858, with the sign minded). Before the
    best are selected: a token that this lowers makes room for one that was below it.
    """
    ids = np.unique(np.asarray(recent, dtype=np.int64))
    values = logits[ids]
    logits[ids] = np.where(values <= 0, values * penalty, values / penalty)
