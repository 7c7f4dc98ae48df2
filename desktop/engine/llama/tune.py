"""Measures how a loaded model runs best here: with how many threads, and what a batch of several tokens costs.

All of it in a small context that is made for it and freed, so that the chat's cache stays as it is. What is compared is
measured in turns, so that a processor that gets warm or busy meanwhile hurts nobody more than the others.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Sequence

from desktop.engine.api import Tuning
from desktop.engine.computer import usable_processors
from desktop.engine.llama.library import llama_cpp
from desktop.engine.llama.machine import default_n_threads
from desktop.engine.llama.model import Model
from desktop.engine.llama.stopping import StopSwitch

_N_CTX = 256
_N_BATCH = 128
_LARGEST_GUESSED = 9
"""Tokens of a batch: the one that is known and eight that are guessed."""
_SIZES = (1, 9, 4, 2, 6, 8, 3, 5, 7)
"""The batches whose cost is measured. What a large model leaves no time for lies between two that were measured."""
_LIMIT_S = 1.0
"""For each of the three questions. What has begun is measured to its end."""
_MOST_ROUNDS = 9
_SLICE_S = 0.04
"""One measurement takes about so long, with a model that is fast enough."""
_MOST_STEPS = 16
_MATTERS = 0.95
"""Of the usual count's time: another count of threads that is not clearly faster is noise."""
_STRIDE = 7919
"""Through the vocabulary, a prime: the same token again and again would use the same few experts of a mixture."""


class _Ended(Exception):
    """It was stopped, or llama.cpp could not compute."""


def tune(model: Model, switch: StopSwitch) -> Tuning | None:
    """Measure `model`, in three to five seconds; longer only where a single step takes a second.

    Nothing is changed by it: see `use`. The user's own count of threads stands, and so does the usual one where the
    processor computes no layer. None where there is no memory to measure in, or where it was stopped by `switch`:
    within milliseconds.
    """
    bench = _Bench.make(model, switch)
    if bench is None:
        return None
    try:
        return _measure(model, bench)
    except _Ended:
        return None
    finally:
        bench.close()


def use(model: Model, tuning: Tuning) -> None:
    """Have `model` computed with so many threads from now on."""
    llama_cpp.llama_set_n_threads(model.context, tuning.n_threads, tuning.n_threads_batch)


def candidates(usual: int, most: int) -> list[int]:
    """Counts of threads that may be better than the `usual` one, the physical cores; at most `most`.

    Fewer, where memory is what is waited for, or where some cores are slow ones; up to all that share a core.
    """
    wanted = {usual // 2, usual * 3 // 4, usual - 1, (usual + most) // 2, most}
    return sorted(count for count in wanted if 1 <= count <= most and count != usual)


def compare(cases: Sequence[int], measure: Callable[[int], float], limit_s: float) -> dict[int, float]:
    """The median of what each of the `cases` measures, in turns. Those that there was no time for are missing.

    The first ones come first; at least one is measured.
    """
    end = time.monotonic() + limit_s
    found: dict[int, list[float]] = {}
    for case in itertools.chain.from_iterable(itertools.repeat(cases, _MOST_ROUNDS)):
        if found and time.monotonic() >= end:
            break
        found.setdefault(case, []).append(measure(case))
    return {case: statistics.median(values) for case, values in found.items()}


def batch_costs(seconds: dict[int, float]) -> tuple[float, ...]:
    """As `Tuning.batch_costs`, of batches up to nine tokens, from the `seconds` that some of them took.

    Nothing where the smallest or the largest was not measured.
    """
    if not {1, _LARGEST_GUESSED} <= seconds.keys():
        return ()
    costs = []
    for size in range(2, _LARGEST_GUESSED + 1):
        above = min(each for each in seconds if each >= size)
        below = max(each for each in seconds if each <= size)
        part = (size - below) / (above - below) if above > below else 0.0
        costs.append((seconds[below] + part * (seconds[above] - seconds[below])) / seconds[1])
    return tuple(round(cost, 3) for cost in costs)


def _measure(model: Model, bench: _Bench) -> Tuning:
    usual = model.n_threads or default_n_threads()
    counts = [usual]
    if model.n_threads is None and model.loaded.n_gpu_layers <= model.n_layers:
        counts += candidates(usual, usable_processors())
    bench.seconds(1, usual)  # reads weights that were never used before: not for the first one's account
    n_steps = max(1, min(_MOST_STEPS, int(_SLICE_S / bench.seconds(1, usual))))
    # Read at worst as slowly as decoded: no measurement gets long.
    n_read = min(_N_BATCH, 2 * _LARGEST_GUESSED * n_steps)
    n_threads = _fastest(counts, lambda count: bench.seconds(1, count, n_steps))
    n_threads_batch = _fastest(counts, lambda count: bench.seconds(n_read, count))

    def cost(size: int) -> float:
        return bench.seconds(size, n_threads if size == 1 else n_threads_batch, max(1, n_steps // size))

    return Tuning(n_threads, n_threads_batch, batch_costs(compare(_SIZES, cost, _LIMIT_S)))


def _fastest(counts: Sequence[int], measure: Callable[[int], float]) -> int:
    """The best of these counts of threads; the first, unless another is clearly faster."""
    if len(counts) == 1:
        return counts[0]
    seconds = compare(counts, measure, _LIMIT_S)
    best = min(seconds, key=seconds.__getitem__)
    return best if seconds[best] < _MATTERS * seconds[counts[0]] else counts[0]


class _Bench:
    """A context to measure in."""

    def __init__(self, context: int, n_vocab: int, switch: StopSwitch) -> None:
        self._context = context
        self._switch = switch
        self._memory = llama_cpp.llama_get_memory(context)
        # Kept: llama.cpp calls it for as long as the context lives.
        self._abort = switch.callback
        llama_cpp.llama_set_abort_callback(context, *self._abort)
        self._batch = llama_cpp.llama_batch_init(_N_BATCH, 0, 1)
        for i in range(_N_BATCH):
            self._batch.token[i] = (i + 1) * _STRIDE % n_vocab
            self._batch.n_seq_id[i] = 1
            self._batch.seq_id[i][0] = 0

    @classmethod
    def make(cls, model: Model, switch: StopSwitch) -> _Bench | None:
        """One with the same kind of cache as the model's own; None where there is no memory for it."""
        parameters = type(model.parameters).from_buffer_copy(model.parameters)
        parameters.n_ctx = _N_CTX
        parameters.n_batch = parameters.n_ubatch = _N_BATCH
        parameters.n_seq_max = 1
        parameters.n_outputs_max = _LARGEST_GUESSED
        context: int | None = llama_cpp.llama_init_from_model(model.model, parameters)
        return None if context is None else cls(context, model.vocabulary.n_tokens, switch)

    def seconds(self, n_tokens: int, n_threads: int, n_times: int = 1) -> float:
        """What a batch of so many tokens takes, when `n_times` of them are decoded one after the other.

        As where an answer is guessed ahead each of its tokens has logits; of a longer one, as of a prompt, the last.

        Raises:
            _Ended
        """
        llama_cpp.llama_memory_clear(self._memory, False)
        llama_cpp.llama_set_n_threads(self._context, n_threads, n_threads)
        began = time.monotonic()
        for i in range(n_times):
            self._decode(i * n_tokens, n_tokens)
        llama_cpp.llama_synchronize(self._context)  # a GPU computes while the call has returned
        return (time.monotonic() - began) / n_times

    def close(self) -> None:
        """Give its memory back."""
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._context)

    def _decode(self, start: int, n_tokens: int) -> None:
        self._batch.n_tokens = n_tokens
        for i in range(n_tokens):
            self._batch.pos[i] = start + i
            self._batch.logits[i] = n_tokens <= _LARGEST_GUESSED or i == n_tokens - 1
        # Asked before, too: a GPU asks nobody between the nodes of its graph.
        result = 0 if self._switch.is_on else llama_cpp.llama_decode(self._context, self._batch)
        if result or self._switch.is_on:
            raise _Ended
