"""Headers of known models, made of the numbers that their files have."""

from __future__ import annotations

from dataclasses import replace

from desktop.hub.header import Header
from desktop.hub.layers import Layer

GIB = 1 << 30

LLAMA_3_8B = Header(
    architecture="llama",
    size_bytes=4_920_000_000,
    parameters=8_030_261_248,
    quantisation="Q4_K_M",
    tensor_count=291,
    n_ctx_train=131_072,
    n_layers=32,
    n_embd=4096,
    n_head=32,
    n_head_kv=8,
    n_vocab=128_256,
    n_ff=14_336,
    layers=(Layer(132_000_000, 132_000_000, n_k=1024, n_v=1024, by_type=(("Q4_K", 100_000_000),)),) * 32,
    input_bytes=295_000_000,
    output_bytes=431_000_000,
)
"""32 layers, 8 heads for keys and values of 128 each."""

SMALL = replace(LLAMA_3_8B, layers=LLAMA_3_8B.layers[:4], n_layers=4)
