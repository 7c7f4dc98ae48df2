"""How fast a model answers: for each token all that is active of it is read from memory once, and that takes longest.

Reading weights is the bound while one answer is decoded (a matrix times a vector does two operations for each number
that it reads). What remains is a fixed time for each layer, which small models feel.
"""

from __future__ import annotations

import time

from desktop.hub.header import Header
from desktop.hub.layers import Layer

_USUAL_TOKENS = 1024
"""In the cache, while an answer is written."""
_F16_BYTES = 2

_LAYER_S = 0.00005
"""What a layer costs beside reading: starting threads and waiting for them. Measured with SmolLM2 and Gemma 3."""

_BLOCK_BYTES = 64 << 20
_BLOCKS = 4
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
    """How fast this computer's memory is read, at most half a second of work in a single thread.

    Large blocks are summed up as numpy does it, the fastest pass counts: others had to share the memory.
    """
    import numpy as np

    block = np.ones(_BLOCK_BYTES // 8, dtype=np.int64)
    best = 0.0
    began = time.perf_counter()
    for _ in range(_BLOCKS):
        started = time.perf_counter()
        block.sum()
        now = time.perf_counter()
        best = max(best, block.nbytes / (now - started))
        if now - began > _LONGEST_S:
            break
    return best


def _layer_bytes(layer: Layer) -> int:
    """What is read of a layer and its cache for one token."""
    cells = min(_USUAL_TOKENS, layer.window or _USUAL_TOKENS)
    return layer.active_bytes + (layer.n_k + layer.n_v) * cells * _F16_BYTES + layer.state_bytes
