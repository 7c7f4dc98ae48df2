"""What llama.cpp keeps for a token in each layer, for the kinds of models that differ."""

from __future__ import annotations

import pytest

from desktop.hub.gguf import Array, Tensor, Value
from desktop.hub.layers import Keys, Layer, layers_of, table_bytes

BASE: dict[str, Value] = {
    "block_count": 8,
    "embedding_length": 1024,
    "attention.head_count": 16,
    "attention.head_count_kv": 4,
}


def windows(architecture: str, **keys: Value) -> list[int]:
    return [layer.window for layer in layers(architecture, keys)]


def layers(architecture: str, keys: dict[str, Value]) -> tuple[Layer, ...]:
    values = {f"{architecture}.{key}": value for key, value in {**BASE, **keys}.items()}
    return layers_of(Keys(architecture, values), (), 8_000)


def window_keys(window: int, pattern: Value | None = None) -> dict[str, Value]:
    keys: dict[str, Value] = {"attention.sliding_window": window}
    if pattern is not None:
        keys["attention.sliding_window_pattern"] = pattern
    return keys


def test_plain_attention() -> None:
    found = layers("llama", {})
    assert len(found) == 8
    assert (found[0].n_k, found[0].n_v, found[0].window, found[0].size_bytes) == (256, 256, 0, 1000)
    [first, *_] = layers("qwen3", {"attention.key_length": 128, "attention.value_length": 96})
    assert (first.n_k, first.n_v) == (512, 384)


@pytest.mark.parametrize(
    ("architecture", "keys", "expected"),
    [
        ("gemma2", {}, [4096, 0] * 4),
        ("gemma3", window_keys(512), [512] * 5 + [0] + [512] * 2),
        ("gpt-oss", window_keys(128), [128, 0] * 4),
        ("cohere2", window_keys(4096), [4096, 4096, 4096, 0] * 2),
        ("cohere2", window_keys(4096, 2), [4096, 0] * 4),
        ("llama4", {}, [8192, 8192, 8192, 0] * 2),
        ("smallthinker", window_keys(4096), [0, 4096, 4096, 4096] * 2),
        ("gemma4", window_keys(1024, Array(8, (True, False) * 4)), [1024, 0] * 4),
        ("phi3", window_keys(2047), [0] * 8),
        ("qwen2", window_keys(32768), [0] * 8),
        ("exaone4", window_keys(4096), [0] * 8),
    ],
)
def test_windows(architecture: str, keys: dict[str, Value], expected: list[int]) -> None:
    assert windows(architecture, **keys) == expected


def test_heads_for_each_layer() -> None:
    found = layers("deci", {"attention.head_count_kv": Array(8, (4, 0, 2, 4, 4, 4, 4, 8))})
    assert [layer.n_k for layer in found] == [256, 0, 128, 256, 256, 256, 256, 512]


def test_latent_attention_keeps_one_row() -> None:
    # DeepSeek V3: 512 compressed numbers and 64 with the position, one head.
    [first, *_] = layers(
        "deepseek2",
        {
            "attention.head_count_kv": 1,
            "attention.key_length": 576,
            "attention.value_length": 512,
            "attention.key_length_mla": 192,
            "attention.value_length_mla": 128,
        },
    )
    assert (first.n_k, first.n_v) == (576, 0)


def test_recurrent_and_hybrid_models() -> None:
    ssm: dict[str, Value] = {"ssm.conv_kernel": 4, "ssm.inner_size": 2048, "ssm.state_size": 16, "ssm.group_count": 1}
    state = 4 * (3 * (2048 + 2 * 16) + 16 * 2048)
    assert {(layer.n_k, layer.n_v, layer.state_bytes) for layer in layers("mamba2", ssm)} == {(0, 0, state)}
    found = layers("qwen3next", ssm)
    assert [(layer.n_k, layer.state_bytes) for layer in found] == [(0, state), (0, state), (0, state), (256, 0)] * 2
    heads: dict[str, Value] = {"attention.head_count_kv": Array(8, (0, 0, 4, 0, 0, 4, 0, 0)), "shortconv.l_cache": 3}
    found = layers("lfm2", heads)
    assert [layer.n_k for layer in found] == [0, 0, 256, 0, 0, 256, 0, 0]
    assert [layer.state_bytes for layer in found] == [8192, 8192, 0, 8192, 8192, 0, 8192, 8192]
    assert {(layer.n_k, layer.state_bytes) for layer in layers("falcon-h1", ssm)} == {(256, state)}


def test_layers_that_share_a_cache_or_are_not_run() -> None:
    found = layers("gemma4", {"attention.shared_kv_layers": 3})
    assert [bool(layer.n_k) for layer in found] == [True] * 5 + [False] * 3
    found = layers("glm4moe", {"nextn_predict_layers": 1})
    assert [bool(layer.n_k) for layer in found] == [True] * 7 + [False]


def test_sizes_come_from_the_tensors() -> None:
    tensors = [
        Tensor("token_embd.weight", "Q6_K", 0, 700, True),
        Tensor("blk.0.attn_q.weight", "Q4_K", 0, 100, True),
        Tensor("blk.0.attn_norm.weight", "F32", 0, 10, False),
        Tensor("blk.1.ffn_up_exps.weight", "Q4_K", 0, 800, True),
        Tensor("blk.99.attn_q.weight", "Q4_K", 0, 1, True),
        Tensor("output_norm.weight", "F32", 0, 10, False),
    ]
    values: dict[str, Value] = {f"qwen3moe.{key}": value for key, value in BASE.items()}
    values |= {"qwen3moe.expert_count": 128, "qwen3moe.expert_used_count": 8}
    first, second, *_ = layers_of(Keys("qwen3moe", values), tensors, 0)
    assert (first.size_bytes, first.active_bytes, first.by_type) == (110, 110, (("Q4_K", 100),))
    assert (second.size_bytes, second.active_bytes) == (800, 50)
    assert table_bytes(tensors) == (700, 710, True, "Q6_K")
    assert table_bytes([*tensors, Tensor("output.weight", "Q8_0", 0, 900, True)]) == (700, 910, False, "Q8_0")
