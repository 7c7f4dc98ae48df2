"""What suits this machine: threads and the length of the context."""

from __future__ import annotations

import os

import psutil

from desktop.engine import computer
from desktop.engine.api import MOST_ANSWERS

N_BATCH = 512
"""Tokens that are computed together while a prompt is read: what a stop may lose, and a step of its progress."""
N_LOGITS = 16
"""Tokens of one batch that can have logits of their own: guesses that are checked, answers that are given at once."""

N_SEQUENCES = MOST_ANSWERS + 1
"""So many answers at once, and what all of them begin with."""

_MIN_CTX, _MAX_CTX = 2048, 8192
_KV_SHARE = 0.25


def default_n_threads() -> int:
    """The physical cores that this process may use.

    A second thread on a core adds nothing to matrix products; more threads than the process is given processors (by
    affinity, or by a container's quota) wait for each other.
    """
    logical = os.cpu_count() or 1
    physical = psutil.cpu_count(logical=False) or logical
    # With some processors taken away it is not known which of the rest share a core: assume that all do as before.
    affinity = computer.affinity()
    cores = physical if affinity >= logical else affinity * physical // logical
    return max(1, min(cores, computer.usable_processors()))


def default_n_ctx(n_ctx_train: int, kv_bytes_per_token: int, free_bytes: int) -> int:
    """The model's own context length, capped so that its KV cache takes at most a quarter of the free memory.

    At least 2048 tokens (where the model has them), at most 8192: a longer one is the user's decision.
    """
    affordable = int(free_bytes * _KV_SHARE) // max(1, kv_bytes_per_token)
    cap = min(_MAX_CTX, max(_MIN_CTX, affordable // 256 * 256))
    return min(n_ctx_train, cap) if n_ctx_train > 0 else cap
