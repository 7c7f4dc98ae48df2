"""Writes language models of random weights whose memory cannot simply be cut: a few hundred kilobytes each.

Which tensors an architecture has is llama.cpp's `src/models/`. The vocabulary is `tiny_gguf`'s: every byte a token.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np

from tests.engine import tiny_gguf

WINDOW = 48
"""Tokens that the sliding window looks back."""
_N_EMBD, _N_HEAD, _N_FF = 64, 2, 64

Add = Callable[..., None]


def write(path: Path, architecture: str) -> Path:
    """A model in a new file at `path`.

    "gemma2" has a layer with a sliding window and one without, "mamba" recurrent ones, "lfm2" one of short convolutions
    and one of attention.
    """
    writer = gguf.GGUFWriter(path, architecture)
    n_vocab = tiny_gguf.add_vocabulary(writer)
    writer.add_context_length(tiny_gguf.N_CTX)
    writer.add_embedding_length(_N_EMBD)
    writer.add_block_count(2)
    writer.add_layer_norm_rms_eps(1e-5)
    random = np.random.default_rng(7)

    def add(name: str, *shape: int, centre: float = 0.0, spread: float = 0.3) -> None:
        writer.add_tensor(name, random.normal(centre, spread, shape).astype(np.float32))

    add("token_embd.weight", n_vocab, _N_EMBD, spread=0.2)
    for layer in range(2):
        add(f"blk.{layer}.attn_norm.weight", _N_EMBD, centre=1.0)
    {"gemma2": _add_gemma2, "mamba": _add_mamba, "lfm2": _add_lfm2}[architecture](writer, add)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_gemma2(writer: gguf.GGUFWriter, add: Add) -> None:
    writer.add_head_count(_N_HEAD)
    writer.add_head_count_kv(_N_HEAD)
    writer.add_sliding_window(WINDOW)
    add("output_norm.weight", _N_EMBD, centre=1.0)
    _add_feed_forward(writer, add)
    for layer in range(2):
        for name in ("q", "k", "v", "output"):
            add(f"blk.{layer}.attn_{name}.weight", _N_EMBD, _N_EMBD)
        for name in ("post_attention_norm", "post_ffw_norm"):
            add(f"blk.{layer}.{name}.weight", _N_EMBD, centre=1.0)


def _add_mamba(writer: gguf.GGUFWriter, add: Add) -> None:
    n_conv, n_inner, n_state, n_rank = 4, 2 * _N_EMBD, 16, 8
    writer.add_ssm_conv_kernel(n_conv)
    writer.add_ssm_inner_size(n_inner)
    writer.add_ssm_state_size(n_state)
    writer.add_ssm_time_step_rank(n_rank)
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    add("output_norm.weight", _N_EMBD, centre=1.0)
    for layer in range(2):
        block = f"blk.{layer}.ssm_"
        add(f"{block}in.weight", 2 * n_inner, _N_EMBD)
        add(f"{block}conv1d.weight", n_inner, n_conv)
        add(f"{block}conv1d.bias", n_inner)
        add(f"{block}x.weight", n_rank + 2 * n_state, n_inner)
        add(f"{block}dt.weight", n_inner, n_rank)
        add(f"{block}dt.bias", n_inner)
        add(f"{block}a", n_inner, n_state, centre=-1.0)
        add(f"{block}d", n_inner)
        add(f"{block}out.weight", _N_EMBD, n_inner)


def _add_lfm2(writer: gguf.GGUFWriter, add: Add) -> None:
    n_conv = 3
    writer.add_shortconv_l_cache(n_conv)
    writer.add_head_count(_N_HEAD)
    writer.add_head_count_kv([0, _N_HEAD])
    add("token_embd_norm.weight", _N_EMBD, centre=1.0)
    _add_feed_forward(writer, add)
    add("blk.0.shortconv.conv.weight", _N_EMBD, n_conv)
    add("blk.0.shortconv.in_proj.weight", 3 * _N_EMBD, _N_EMBD)
    add("blk.0.shortconv.out_proj.weight", _N_EMBD, _N_EMBD)
    for name in ("q", "k", "v", "output"):
        add(f"blk.1.attn_{name}.weight", _N_EMBD, _N_EMBD)
    for name in ("q", "k"):
        add(f"blk.1.attn_{name}_norm.weight", _N_EMBD // _N_HEAD, centre=1.0)


def _add_feed_forward(writer: gguf.GGUFWriter, add: Add) -> None:
    writer.add_feed_forward_length(_N_FF)
    for layer in range(2):
        add(f"blk.{layer}.ffn_norm.weight", _N_EMBD, centre=1.0)
        for name, n_out, n_in in (("gate", _N_FF, _N_EMBD), ("up", _N_FF, _N_EMBD), ("down", _N_EMBD, _N_FF)):
            add(f"blk.{layer}.ffn_{name}.weight", n_out, n_in)
