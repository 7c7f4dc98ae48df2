"""What each layer of a model costs: its tensors, and what it keeps for every token that it has read.

Which key means what, and what holds where a key is missing, is llama.cpp's: `src/llama-model.cpp` (`load_hparams`,
`create_memory`), `src/llama-hparams.cpp` and the `load_arch_hparams` of `src/models/*.cpp` in
https://github.com/ggml-org/llama.cpp, as of ggml 0.25.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from desktop.hub.gguf import Array, Tensor, Value

_KV_BLOCK = 32  # numbers
_STATE_NUMBER_BYTES = 4  # recurrent states are always f32

# How often a layer attends to everything where the file has a window but no pattern: every so many, as the last of
# them or as the first.
_WINDOW_PERIODS = {
    "afmoe": 4, "cohere2": 4, "exaone-moe": 4, "exaone4": 4, "gemma2": 2, "gemma3": 6, "gemma3n": 5, "gpt-oss": 2,
    "llama4": 4, "mellum": 4, "muse-glimmer": 4, "olmo2": 4, "plamo3": 8,
}  # fmt: skip
_FULL_FIRST_PERIODS = {"cohere2moe": 4, "laguna": 4, "smallthinker": 4}
_DEFAULT_WINDOWS = {"exaone-moe": 128, "exaone4": 4096, "gemma2": 4096, "llama4": 8192}
_FIXED_WINDOWS = {"llama4": 8192, "smallthinker": 4096}
"""Where llama.cpp ignores the file's own number."""
_WINDOW_UNUSED = {"phi3"}
"""llama.cpp reads all of the context although the file has a window."""
_EXAONE4_LAYERS_WITH_WINDOW = 64
_GEMMA3N_LAYERS_WITH_CACHE = 20

_RECURRENT = {"mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"}
_RECURRENT_WITHOUT_HEADS = {
    "bailingmoe3", "glm5-next", "granitehybrid", "jamba", "kimi-k3", "kimi-linear", "lfm2", "lfm2moe", "nemotron_h",
    "nemotron_h_moe", "plamo2",
}  # fmt: skip
"""Their layers are recurrent where the file gives them no heads for keys."""
_RECURRENT_PERIODS = {"minimax-01": 8, "qwen35": 4, "qwen35moe": 4, "qwen3next": 4, "qwen4exp": 4}
"""All but every so many layers are recurrent, unless the file says which."""
_BOTH = {"falcon-h1"}
"""Every layer attends and is recurrent."""
_INDEXED = {"deepseek32", "glm-dsa", "glm5-next", "hy-v4", "qwen4exp"}
"""Sparse attention: one more key a token says where to look."""

_BLOCK = re.compile(r"blk\.(\d+)\.")
_LOOKED_UP = ("token_embd.", "per_layer_token_embd.", "position_embd.", "token_types.")
"""Tables of which a token reads one row."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer of a model costs."""

    size_bytes: int
    """Of its tensors."""
    active_bytes: int
    """Of its tensors as they are read for one token: of the experts only those that are used."""
    n_k: int = 0
    """Values in the K cache for each token; 0 in a layer without attention."""
    n_v: int = 0
    """The same in the V cache."""
    window: int = 0
    """Tokens that a layer with a sliding window looks back at; 0 for all."""
    state_bytes: int = 0
    """Of a recurrent layer's state, which does not grow with the context."""
    by_type: tuple[tuple[str, int], ...] = ()
    """Bytes of its matrices by their type: some types are rearranged for the processor."""


class Keys:
    """A file's numbers about its architecture. What is missing or of another kind is 0."""

    def __init__(self, architecture: str, values: Mapping[str, Value]) -> None:
        self.architecture = architecture
        self._values = values

    def get(self, key: str) -> Value | None:
        """The value of `key`, which stands in the file with the architecture before it."""
        return self._values.get(f"{self.architecture}.{key}")

    def number(self, key: str, default: int = 0) -> int:
        """A count; of an array its first."""
        value = self.get(key)
        if isinstance(value, Array):
            value = next(iter(value.numbers), None)
        return value if isinstance(value, int) and value >= 0 else default

    def of_layers(self, key: str, n_layers: int, default: Sequence[int]) -> list[int]:
        """A count for each layer; `default` where the file has none."""
        value = self.get(key)
        if isinstance(value, Array):
            counts = [int(number) if isinstance(number, int) and number >= 0 else 0 for number in value.numbers]
            return (counts + [0] * n_layers)[:n_layers]
        return [self.number(key)] * n_layers if isinstance(value, int) else list(default)


def layers_of(keys: Keys, tensors: Sequence[Tensor], blocks_bytes: int) -> tuple[Layer, ...]:
    """All layers in order, none where the file does not say enough.

    Without `tensors` the `blocks_bytes` that the layers take together are spread evenly.
    """
    n_layers = keys.number("block_count")
    n_head = keys.of_layers("attention.head_count", n_layers, [0] * n_layers)
    n_head_kv = keys.of_layers("attention.head_count_kv", n_layers, n_head)
    windows = _windows(keys, n_layers)
    recurrent = _recurrent(keys, n_head_kv)
    n_cached = _n_cached(keys, n_layers)
    state_bytes = _state_bytes(keys)
    weights = _weights(keys, n_layers, tensors) if tensors else _even_weights(keys, n_layers, blocks_bytes)
    layers = []
    for index, (size_bytes, active_bytes, by_type) in enumerate(weights):
        attends = index < n_cached and (not recurrent[index] or keys.architecture in _BOTH)
        n_k, n_v = _cached_values(keys, n_head_kv[index], windowed=bool(windows[index])) if attends else (0, 0)
        state = state_bytes if recurrent[index] else 0
        window = windows[index] if attends else 0
        layers.append(Layer(size_bytes, active_bytes, n_k, n_v, window, state, by_type))
    return tuple(layers)


def table_bytes(tensors: Sequence[Tensor]) -> tuple[int, int, bool, str]:
    """Bytes of the input's tables and of the output, whether the output is the input's table, and the output's type."""
    outside = [tensor for tensor in tensors if not _BLOCK.match(tensor.name)]
    input_bytes = sum(tensor.size_bytes for tensor in outside if tensor.name.startswith(_LOOKED_UP))
    output_bytes = sum(tensor.size_bytes for tensor in outside) - input_bytes
    by_name = {tensor.name: tensor for tensor in outside}
    head, embedding = by_name.get("output.weight"), by_name.get("token_embd.weight")
    if head is None and embedding is not None:
        return input_bytes, output_bytes + embedding.size_bytes, True, embedding.type
    return input_bytes, output_bytes, False, head.type if head else ""


def heads_quantise(keys: Keys) -> bool:
    """Whether the KV cache can be quantised, which is done in blocks of 32 numbers of one head."""
    return not any(length % _KV_BLOCK for length in _head_lengths(keys))


def _windows(keys: Keys, n_layers: int) -> list[int]:
    """The sliding window of each layer, 0 for none."""
    name = keys.architecture
    window = keys.number("attention.sliding_window", _DEFAULT_WINDOWS.get(name, 0))
    if not window or name in _WINDOW_UNUSED or (name == "exaone4" and n_layers != _EXAONE4_LAYERS_WITH_WINDOW):
        return [0] * n_layers
    window = _FIXED_WINDOWS.get(name, window)
    pattern = keys.get("attention.sliding_window_pattern")
    if isinstance(pattern, Array):
        flags = (*pattern.numbers, *[False] * n_layers)
        return [window if flag else 0 for flag in flags[:n_layers]]
    if name in {"lfm2", "lfm2moe"}:
        return [window] * n_layers
    full_first = name in _FULL_FIRST_PERIODS
    known = _FULL_FIRST_PERIODS.get(name) or _WINDOW_PERIODS.get(name, 1)
    # A period of 1: every layer sees everything. 0: none does.
    period = keys.number("attention.sliding_window_pattern", known)
    if not period:
        return [window] * n_layers
    full_at = 0 if full_first else period - 1
    return [0 if index % period == full_at else window for index in range(n_layers)]


def _recurrent(keys: Keys, n_head_kv: list[int]) -> list[bool]:
    """Which layers are recurrent."""
    name, n_layers = keys.architecture, len(n_head_kv)
    if name in _RECURRENT or name in _BOTH:
        return [True] * n_layers
    if name in _RECURRENT_WITHOUT_HEADS:
        # Nemotron-H has layers that are only a feed-forward network.
        n_ff = keys.of_layers("feed_forward_length", n_layers, [0] * n_layers)
        plain = [bool(n_ff[index]) and name.startswith("nemotron") for index in range(n_layers)]
        return [not heads and not only_ff for heads, only_ff in zip(n_head_kv, plain, strict=True)]
    if name in _RECURRENT_PERIODS:
        listed = keys.get("attention.recurrent_layers")
        if isinstance(listed, Array):
            return [bool(flag) for flag in (*listed.numbers, *[False] * n_layers)[:n_layers]]
        period = max(1, keys.number("full_attention_interval", _RECURRENT_PERIODS[name]))
        n_trunk = n_layers - keys.number("nextn_predict_layers")
        return [index < n_trunk and (index + 1) % period != 0 for index in range(n_layers)]
    return [False] * n_layers


def _n_cached(keys: Keys, n_layers: int) -> int:
    """How many layers, from the first, have a cache of their own."""
    if keys.architecture in _RECURRENT:
        return 0
    if keys.architecture == "gemma3n":
        return min(n_layers, _GEMMA3N_LAYERS_WITH_CACHE)
    shared = keys.number("attention.shared_kv_layers") if keys.architecture == "gemma4" else 0
    # Layers that guess a second token ahead are not run.
    return max(0, n_layers - shared - keys.number("nextn_predict_layers"))


def _cached_values(keys: Keys, n_head_kv: int, *, windowed: bool) -> tuple[int, int]:
    """Values in the K and the V cache for a token in one layer."""
    k_length, v_length = _head_lengths(keys)
    if windowed:
        k_length = keys.number("attention.key_length_swa", k_length)
        v_length = keys.number("attention.value_length_swa", v_length)
    indexer = keys.number("attention.indexer.key_length") if keys.architecture in _INDEXED else 0
    if keys.number("attention.key_length_mla") and keys.number("attention.value_length_mla"):
        # Multi-head latent attention: keys and values are computed from one compressed row.
        return n_head_kv * k_length + indexer, 0
    return n_head_kv * k_length + indexer, n_head_kv * v_length


def _head_lengths(keys: Keys) -> tuple[int, int]:
    """Numbers in a key and in a value of one head."""
    head = keys.number("embedding_length") // max(1, keys.number("attention.head_count"))
    return keys.number("attention.key_length", head), keys.number("attention.value_length", head)


def _state_bytes(keys: Keys) -> int:
    """Of one recurrent layer: what its convolution remembers, and its state."""
    n_embd, n_head = keys.number("embedding_length"), keys.number("attention.head_count")
    n_conv = keys.number("ssm.conv_kernel")
    if head := keys.number("wkv.head_size"):
        numbers = keys.number("token_shift_count", 2) * n_embd + head * n_embd
    elif length := keys.number("shortconv.l_cache"):
        numbers = (length - 1) * n_embd
    elif head := keys.number("kda.head_dim"):
        numbers = 3 * (n_conv - 1 if n_conv else 3) * n_head * head + head * head * n_head
    else:
        n_state, inner = keys.number("ssm.state_size"), keys.number("ssm.inner_size")
        numbers = max(0, n_conv - 1) * (inner + 2 * keys.number("ssm.group_count") * n_state) + n_state * inner
    return numbers * _STATE_NUMBER_BYTES


def _weights(
    keys: Keys, n_layers: int, tensors: Sequence[Tensor]
) -> list[tuple[int, int, tuple[tuple[str, int], ...]]]:
    """Size, active size and bytes by type of each layer."""
    used, experts = keys.number("expert_used_count"), keys.number("expert_count")
    n_run = n_layers - keys.number("nextn_predict_layers")
    sizes, active = [0] * n_layers, [0] * n_layers
    types: list[Counter[str]] = [Counter() for _ in range(n_layers)]
    for tensor in tensors:
        block = _BLOCK.match(tensor.name)
        index = int(block[1]) if block and len(block[1]) <= len(str(n_layers)) else n_layers
        if index >= n_layers:
            continue
        sizes[index] += tensor.size_bytes
        is_expert = "_exps." in tensor.name and 0 < used < experts
        if index < n_run:
            active[index] += tensor.size_bytes * used // experts if is_expert else tensor.size_bytes
        if tensor.is_matrix:
            types[index][tensor.type] += tensor.size_bytes
    return [(size, act, tuple(sorted(kinds.items()))) for size, act, kinds in zip(sizes, active, types, strict=True)]


def _even_weights(keys: Keys, n_layers: int, blocks_bytes: int) -> list[tuple[int, int, tuple[tuple[str, int], ...]]]:
    """The same where only the sum is known."""
    if not n_layers:
        return []
    used, experts = keys.number("expert_used_count"), keys.number("expert_count")
    # Where there are experts, nearly all of a layer is theirs.
    part = used / experts if 0 < used < experts else 1.0
    size = blocks_bytes // n_layers
    return [(size, int(size * part), ())] * n_layers
