"""How fast a model answers: for each token all that is active of it is read from memory once, and that takes longest.

Reading weights is the bound while one answer is decoded (a matrix times a vector does two operations for each number
that it reads). What remains is a fixed time for each layer, which small models feel.
"""

from __future__ import annotations

import os
import time

from desktop.hub.header import Header
from desktop.hub.layers import Layer

_USUAL_TOKENS = 1024
"""In the cache, while an answer is written."""
_F16_BYTES = 2

_LAYER_S = 0.00007
"""What a layer costs beside reading: starting threads and waiting for them. Measured with SmolLM2 and Gemma 3."""

_BLOCK_BYTES = 128 << 20
"""More than a processor's caches hold."""
_MOST_THREADS = 4
"""As many as a usual computer's memory can feed."""
_PASSES = 8
_REACHED = 0.7
"""What llama.cpp reaches of it while it unpacks weights. Measured on two cores with AVX2; real answers correct it."""
_PAUSE_S = 0.03
"""Between passes: what else runs is busy in bursts, and one of them must not take all passes."""
_LONGEST_S = 0.4


def tokens_per_s(
    header: Header, n_gpu_layers: int, cpu_bytes_per_s: float | None, gpu_bytes_per_s: float | None
) -> float | None:
    """Tokens a second while the model answers with its last `n_gpu_layers` on a GPU; None where nothing was measured.

    Layers are computed one after the other, so their times add up. The output is the last layer.
    """
    n_cpu_layers = max(0, len(header.layers) + 1 - n_gpu_layers)
    seconds = 0.0
    for number, read_bytes in enumerate([*map(_layer_bytes, header.layers), header.output_bytes]):
        rate = cpu_bytes_per_s if number < n_cpu_layers else gpu_bytes_per_s
        if not rate:
            return None
        seconds += read_bytes / rate + _LAYER_S
    return 1 / seconds


def measure_bytes_per_s() -> float:
    """How fast this computer will read weights: at most half a second of work, and 128 MiB while it lasts.

    Several threads sum up a large block as numpy does it. The fastest pass counts: others had to share the memory.
    """
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    block = np.ones(_BLOCK_BYTES // 8, dtype=np.int64)
    n_threads = min(_MOST_THREADS, os.cpu_count() or 1)
    parts = np.array_split(block, n_threads)
    best = 0.0
    began = time.perf_counter()
    with ThreadPoolExecutor(n_threads, "memory speed") as pool:
        for _ in range(_PASSES):
            started = time.perf_counter()
            list(pool.map(np.sum, parts))
            now = time.perf_counter()
            best = max(best, block.nbytes / (now - started))
            if now - began > _LONGEST_S:
                break
            time.sleep(_PAUSE_S)
    return best * _REACHED


def _layer_bytes(layer: Layer) -> int:
    """What is read of a layer and its cache for one token."""
    cells = min(_USUAL_TOKENS, layer.window or _USUAL_TOKENS)
    return layer.active_bytes + (layer.n_k + layer.n_v) * cells * _F16_BYTES + layer.state_bytes
