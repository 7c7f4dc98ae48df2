"""How likely a token was, and what could have come in its place."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from desktop.engine.api import MOST_ALTERNATIVES, Alternative
from desktop.engine.llama.model import Vocabulary
from desktop.engine.llama.sample import Logits, top


@dataclass(frozen=True, slots=True)
class Likelihood:
    """What `Token` tells of a token's probability."""

    logprob: float | None = None
    alternatives: tuple[Alternative, ...] = ()


UNTOLD = Likelihood()
_DIGITS = 6
"""Behind the point: more than `log_mass` has right, and half of what a double has, which all have to cross the pipe."""
_TOO_SMALL = 1e-30
"""A sum of single-precision exponentials below it has lost digits, or all of them."""


def likelihood(logits: Logits, token: int, n: int, vocabulary: Vocabulary) -> Likelihood:
    """How likely `token` was by the model's own `logits`, of shape (n_vocab,), and the `n` likeliest that can come.

    The model's own: before suppression, penalty, temperature and all else that makes the choice. A token that must not
    be chosen is among the alternatives if the model would have liked it.
    """
    if n <= 0:
        return UNTOLD
    mass = log_mass(logits)
    found = likeliest(logits, min(n, MOST_ALTERNATIVES, logits.size))
    return Likelihood(
        round(float(logits[token]) - mass, _DIGITS),
        tuple(
            Alternative(i, vocabulary.piece(i, special=True).decode("utf-8", "replace"), round(logit - mass, _DIGITS))
            for i, logit in zip(found.tolist(), logits[found].tolist(), strict=True)
            if logit > -math.inf
        ),
    )


def log_mass(logits: Logits) -> float:
    """What to subtract from a logit to get the token's log probability (natural): the log-sum-exp of all of them.

    In single precision, which numpy adds up in pairs: the error stays below 1e-5.
    """
    with np.errstate(over="ignore"):
        mass = float(np.exp(logits).sum())
    if _TOO_SMALL < mass < math.inf:
        return math.log(mass)
    # The logits are far from 0, which is rare. To bring them there is one more pass over the vocabulary.
    highest = float(logits.max())
    return highest + math.log(float(np.exp(logits - np.float32(highest)).sum()))


def likeliest(logits: Logits, n: int) -> NDArray[np.intp]:
    """The tokens with the `n` largest logits, the likeliest first; of equal ones the first in the vocabulary."""
    ids = top(logits, n)
    return ids[np.argsort(-logits[ids], kind="stable")[:n]]
