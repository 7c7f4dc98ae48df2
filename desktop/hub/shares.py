"""What each device has to hold of a model, added up from its header.

The sums are llama.cpp's: `llama_kv_cache` and `llama_kv_cache_iswa` for the cache, `llama_model::load_tensors` for the
layers' places, `ggml_repack_get_optimal_repack_type` for the weights that are copied. How the engine makes its contexts
stands in `desktop/engine/llama/model.py`.
"""

from __future__ import annotations

import platform
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from itertools import accumulate

from desktop.hub.header import Header

MILLION = 1_000_000

# As the engine makes its contexts.
_N_UBATCH = 512
_CTX_STEP = 256

# Bytes that 32 values take: two each; blocks of 32 with a scale of two bytes.
_KV_BYTES_OF_32 = {"f16": 64, "q8_0": 34, "q4_0": 18}

_NUMBER_BYTES = 4  # what is computed with is f32
_MASK_BYTES = 2  # which token sees which is f16; f32 without flash attention

# Measured on Linux with SmolLM2 and Gemma 3.
_BASE_BYTES = 44 << 20
_WORK_BYTES = 14 << 20
"""What an answer takes beside llama.cpp's buffers: threads, the chat template, the graph."""
_TOKEN_BYTES = 128
"""Of the vocabulary in memory, for each token."""

_GPU_BASE_BYTES = 320 << 20
"""Of a GPU's driver and its library of kernels: CUDA's is the largest. A first load corrects it."""

# Matrices that are copied into an order that suits the processor; with those of x86, only builds for AVX-512 copy Q2_K.
_REPACKED_X86 = frozenset({"Q4_0", "Q4_K", "IQ4_NL", "MXFP4"})
_REPACKED_ARM = _REPACKED_X86 | {"Q5_K", "Q6_K", "Q8_0"}


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A GPU that this build of llama.cpp can use."""

    name: str
    description: str
    total_bytes: int
    free_bytes: int
    shares_memory: bool = False
    """Its memory is the computer's own."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What loading a model really took on a device. See `corrections`."""

    model: str
    """As `model_key` names it."""
    device: str
    """An accelerator's name; empty for the computer's memory."""
    millionths: int
    """Of what was predicted. A number of bytes would be wrong for another context, or with other layers on the GPU."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to load a model into, now, and what earlier loads have taught."""

    total_bytes: int
    """Of the computer's memory."""
    free_bytes: int
    """Of it, what can be had without swapping."""
    accelerators: tuple[Accelerator, ...] = ()
    cpu_bytes_per_s: float | None = None
    """How fast weights are read while a model answers; None where it was not measured yet."""
    gpu_bytes_per_s: float | None = None
    base_bytes: int = _BASE_BYTES
    """Of the engine's process with its libraries, before it loads a model."""
    repacks: bool = True
    """Whether the build rearranges weights for the processor (`SystemInfo.weights_repacked`)."""
    processor: str = field(default_factory=platform.machine)
    """Such as "x86_64", "AMD64", "arm64"."""
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How a model is to be loaded."""

    n_ctx: int
    n_gpu_layers: int
    kv_type: str
    flash_attention: bool = True
    draft: Header | None = None
    """The model that guesses ahead for it, which has a context of the same length."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a device has to hold, in bytes. `device` is an accelerator's name, empty for the computer's memory."""

    device: str
    free_bytes: int
    weights: int = 0
    kv: int = 0
    compute: int = 0
    """Buffers for what is computed, and the vocabulary."""
    vision: int = 0
    draft: int = 0
    """All of the draft model: weights, cache, buffers."""
    base: int = 0
    """Of the process and its libraries; on a GPU of its driver."""
    correction: int = 0
    """What earlier loads of this model took beyond the prediction."""
    cached: int = 0
    """Pages of the file that were read and copied elsewhere. They show in the process's memory, but the system takes
    them back as soon as it is short: no part of `total`."""

    @property
    def total(self) -> int:
        """All that must be there."""
        return self.weights + self.kv + self.compute + self.vision + self.draft + self.base + self.correction

    @property
    def resident(self) -> int:
        """What the process is seen to take while nobody else needs memory."""
        return self.total + self.cached


def shares_of(header: Header, machine: Machine, plan: Plan, vision_bytes: int) -> tuple[Share, ...]:
    """What loading by `plan` takes: the computer's memory first, then the accelerators that take part."""
    n_blocks = len(header.layers)
    places = _places(machine, n_blocks, plan.n_gpu_layers)
    gpus = [gpu for gpu in machine.accelerators if gpu.name in places]
    cells = -(-plan.n_ctx // _CTX_STEP) * _CTX_STEP
    compute = compute_bytes(header, cells, flash_attention=plan.flash_attention)
    work = _WORK_BYTES + _TOKEN_BYTES * (header.n_vocab or 0)
    kv = kv_bytes(header, cells, plan.kv_type)
    # The table of tokens stays in memory; one that is also the output is there once, unless the output is elsewhere.
    on_gpu = places[n_blocks] is not None
    weights: dict[str | None, int] = {None: header.input_bytes}
    weights[places[n_blocks]] = weights.get(places[n_blocks], 0) + header.output_bytes
    if header.tied and not on_gpu:
        weights[None] = max(header.input_bytes, header.output_bytes)
    caches: dict[str | None, int] = {}
    for place, layer, cache in zip(places, header.layers, kv, strict=False):
        weights[place] = weights.get(place, 0) + layer.size_bytes
        caches[place] = caches.get(place, 0) + cache
    drafts = _draft_shares(machine, plan)
    gpu_shares = tuple(
        Share(
            device=gpu.name,
            free_bytes=gpu.free_bytes,
            weights=weights.get(gpu.name, 0),
            kv=caches.get(gpu.name, 0),
            compute=compute,
            vision=vision_bytes if gpu is gpus[0] else 0,
            draft=drafts[gpu.name].total - _GPU_BASE_BYTES if gpu.name in drafts else 0,
            base=_GPU_BASE_BYTES,
        )
        for gpu in gpus
    )
    memory = Share(
        device="",
        free_bytes=machine.free_bytes,
        weights=weights[None],
        kv=caches.get(None, 0),
        compute=work
        + (compute if None in places else _input_bytes(header, cells, header.n_embd or 0, plan.flash_attention)),
        vision=0 if gpus else vision_bytes,
        draft=drafts[""].total if drafts else 0,
        base=machine.base_bytes,
        cached=_copied_bytes(header, machine, places) + (drafts[""].cached if drafts else 0),
    )
    learned = {each.device: each.millionths for each in machine.corrections if each.model == model_key(header)}
    return tuple(_corrected(share, learned.get(share.device, MILLION)) for share in (memory, *gpu_shares))


def _draft_shares(machine: Machine, plan: Plan) -> dict[str, Share]:
    """What the draft model takes beside the model, by device. As many layers of it are on GPUs as of the model."""
    if plan.draft is None:
        return {}
    own = Plan(plan.n_ctx, plan.n_gpu_layers, "f16", plan.flash_attention)
    return {share.device: share for share in shares_of(plan.draft, replace(machine, base_bytes=0), own, 0)}


def kv_bytes(header: Header, n_ctx: int, kv_type: str) -> list[int]:
    """Of each layer's cache or state for a context of `n_ctx` tokens. All of it is there from the start."""
    of_32 = _KV_BYTES_OF_32[kv_type]
    return [
        (layer.n_k + layer.n_v) * _cells(layer.window, n_ctx) * of_32 // 32 + layer.state_bytes
        for layer in header.layers
    ]


def compute_bytes(header: Header, n_ctx: int, *, flash_attention: bool = True) -> int:
    """Of the buffer for what is computed while `_N_UBATCH` tokens are read, with the logits of one.

    llama.cpp plans which results may lie in the same place. What is alive at once was read off its plan for eight
    models (llama, gemma3, qwen3, qwen3moe and mixtral from 135M to 8B: within 7 %): the feed-forward network's three
    wide rows and four narrow ones; with experts, two of each for every one that is used. Without flash attention a
    layer's scores, of every token for every cell in each head, may be more than that: with them three narrow rows and
    three of all heads (llama and gemma3 at 1,024 to 8,192: within 2 %). A mask says for each token which cells it
    sees, one for windows and one for all else.
    """
    n_embd, n_ff, n_used = header.n_embd or 0, header.n_ff or 0, header.n_expert_used or 0
    wide = max(n_ff, (header.n_ff_expert or n_ff) * n_used)
    row = max(3 * wide + 4 * n_embd, 2 * n_used * ((header.n_ff_expert or n_ff) + n_embd))
    if not flash_attention:
        row = max(row, _scores_row(header, n_ctx))
    return _input_bytes(header, n_ctx, row, flash_attention) + (header.n_vocab or 0) * _NUMBER_BYTES


def _scores_row(header: Header, n_ctx: int) -> int:
    """Numbers for each token while the layer with the most cells is attended to, without flash attention."""
    n_head, n_head_kv = header.n_head or 0, header.n_head_kv or header.n_head or 1
    n_heads = max((layer.n_k for layer in header.layers), default=0) // n_head_kv * n_head
    cells = max((_cells(layer.window, n_ctx) for layer in header.layers if layer.n_k), default=0)
    return n_head * cells + 3 * (header.n_embd or 0) + 3 * n_heads


def _input_bytes(header: Header, n_ctx: int, row: int, flash_attention: bool) -> int:
    """Of `row` numbers and the masks for each of the tokens that are read together."""
    cells = sum(_cells(window, n_ctx) for window in {layer.window for layer in header.layers})
    mask_bytes = cells * (_MASK_BYTES if flash_attention else _NUMBER_BYTES)
    return min(_N_UBATCH, n_ctx) * (row * _NUMBER_BYTES + mask_bytes)


def _cells(window: int, n_ctx: int) -> int:
    """Of a layer's cache: all of the context, or its `window` and what is computed together, in steps of 256."""
    return min(n_ctx, _padded(window + _N_UBATCH)) if window else n_ctx


def model_key(header: Header) -> str:
    """Names a model by what its header says, for `Correction`: where the file lies does not matter."""
    return f"{header.architecture}/{header.parameters}/{header.quantisation}/{header.size_bytes}"


def _corrected(share: Share, millionths: int) -> Share:
    """`share` by what was learned, which comes from a file: at most half or twice of it is believed."""
    believed = min(max(millionths, MILLION // 2), MILLION * 2)
    return replace(share, correction=share.resident * (believed - MILLION) // MILLION)


def _padded(cells: int) -> int:
    return -(-cells // _CTX_STEP) * _CTX_STEP


def _places(machine: Machine, n_blocks: int, n_gpu_layers: int) -> list[str | None]:
    """The accelerator of each layer and, last, of the output; None for the computer's memory.

    The last `n_gpu_layers` of them go to the accelerators, in their order and by the memory that each has free.
    """
    n_all = n_blocks + 1
    count = min(n_gpu_layers, n_all)
    gpus = machine.accelerators
    if not count or not gpus:
        return [None] * n_all
    ends = list(accumulate(max(1, gpu.free_bytes) for gpu in gpus))
    chosen = [gpus[bisect_right(ends, ends[-1] * index / count)].name for index in range(count)]
    return [None] * (n_all - count) + list(chosen)


def _copied_bytes(header: Header, machine: Machine, places: list[str | None]) -> int:
    """Of the weights that are copied out of the mapped file, rearranged for the processor or on to a GPU."""
    if not machine.repacks:
        repacked: frozenset[str] = frozenset()
    else:
        is_arm = machine.processor.lower().startswith(("arm", "aarch"))
        repacked = _REPACKED_ARM if is_arm else _REPACKED_X86
    copied = header.output_bytes if header.output_type in repacked and places[-1] is None else 0
    for place, layer in zip(places, header.layers, strict=False):
        if place is None:
            copied += sum(size_bytes for name, size_bytes in layer.by_type if name in repacked)
    return copied
