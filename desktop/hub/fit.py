"""What of a model fits where: weights, KV cache and buffers against the memory that is free. Pure arithmetic.

Who decides is `fit`; `desktop/hub/shares.py` adds up what each device holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from desktop.hub.header import Header
from desktop.hub.shares import MILLION, Accelerator, Correction, Machine, Plan, Share, model_key, shares_of
from desktop.hub.speed import tokens_per_s

__all__ = [
    "KV_TYPES",
    "Accelerator",
    "Correction",
    "Fit",
    "Machine",
    "Share",
    "Verdict",
    "Wishes",
    "corrections",
    "fit",
]

KV_TYPES = ("f16", "q8_0", "q4_0")

_BEST_KV, _SMALLER_KV = "f16", "q8_0"
"""q8_0 is as good (KL 0.004 for both) but slower; q4_0 is worse and never chosen by itself."""

_LARGEST_CTX, _SMALLEST_CTX = 32_768, 4_096
"""Between which the program chooses: more is a whole book, less is a short chat. The user may choose any."""
_LARGEST_SLOW_CTX = 8_192
"""Unless all of the model is on a GPU. A chat that has outgrown its context is read anew with every question, which
takes a processor minutes for so many tokens."""
_KV_SHARE = 0.25
"""Of the memory that the weights leave free, at most so much is for a cache that the user has not asked for."""

_SPARE_BYTES, _SPARE_SHARE = 1 << 30, 0.1
"""What other programs should find free: so much, but no more than that share of the computer's memory."""
_GPU_SPARE_BYTES, _GPU_SPARE_SHARE = 512 << 20, 0.1
"""What the screen and the driver should find free of a GPU's."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the user wants a model loaded. None lets the program choose."""

    n_ctx: int | None = None
    n_gpu_layers: int | None = None
    """As llama.cpp counts: the last so many, and the output is the last."""
    kv_type: str | None = None
    """One of `KV_TYPES`. A model whose heads cannot be quantised has f16 in any case."""
    flash_attention: bool | None = None
    """A quantised KV cache needs it: with one it is on in any case."""
    draft: str | None = None
    """The name of the model in the library that guesses ahead for this one."""


class Verdict(StrEnum):
    """How a model fits."""

    GPU = "gpu"
    """All of it on the GPU."""
    SPLIT = "split"
    """Some layers on the GPU, the rest in memory."""
    CPU = "cpu"
    """In memory."""
    TIGHT = "tight"
    """In memory, but little is left for other programs."""
    TOO_BIG = "too_big"


@dataclass(frozen=True, slots=True)
class Fit:
    """How a model is loaded on a machine, and what it takes there."""

    verdict: Verdict
    n_ctx: int
    n_gpu_layers: int
    n_layers: int
    """As llama.cpp counts: the output is one more."""
    kv_type: str
    shares: tuple[Share, ...]
    """The computer's memory first, then the accelerators that take part."""
    short_bytes: int = 0
    """What is missing where it is TOO_BIG."""
    tokens_per_s: float | None = None
    gpus_fit: bool = True
    """Each accelerator holds its share: what is missing is in the computer's memory."""

    @property
    def needed_bytes(self) -> int:
        """On all devices together."""
        return sum(share.total for share in self.shares)


def fit(
    header: Header, machine: Machine, wishes: Wishes = Wishes(), *, draft: Header | None = None, vision_bytes: int = 0
) -> Fit:
    """How the model is best loaded on `machine`, as far as `wishes` leave it open.

    `draft` is the model that guesses ahead for it, if it is loaded with one; `vision_bytes` is the size of its vision
    companion (the engine loads none so far).

    All of it on the GPU comes first, with the longest context up to `_LARGEST_CTX` that leaves room there. Else as many
    layers as the GPU holds with a context up to `_LARGEST_SLOW_CTX` that the computer's memory can spare, else none.
    The cache is f16, and q8_0 only where f16 does not fit.
    """
    kv_types = _kv_types(header, wishes)
    n_all = len(header.layers) + 1

    def lay(n_ctx: int, kv_type: str, n_gpu_layers: int) -> Fit:
        flash_attention = wishes.flash_attention is not False or kv_type != _BEST_KV
        plan = Plan(n_ctx, n_gpu_layers if machine.accelerators else 0, kv_type, flash_attention, draft)
        return _fit_of(header, machine, plan, shares_of(header, machine, plan, vision_bytes))

    if machine.accelerators and wishes.n_gpu_layers is None:
        for kv_type in kv_types:
            for n_ctx in _contexts(header, wishes, _LARGEST_CTX):
                if (made := lay(n_ctx, kv_type, n_all)).verdict is Verdict.GPU:
                    return made
    best: Fit | None = None
    contexts = _contexts(header, wishes, _LARGEST_SLOW_CTX)
    for kv_type in kv_types:
        affordable = [n_ctx for n_ctx in contexts if _is_affordable(lay(n_ctx, kv_type, 0), machine)]
        n_ctx = affordable[0] if affordable else contexts[-1]
        if wishes.n_gpu_layers is None:
            n_gpu_layers = _most_layers(partial(lay, n_ctx, kv_type), n_all)
        else:
            n_gpu_layers = min(wishes.n_gpu_layers, n_all)
        made = lay(n_ctx, kv_type, n_gpu_layers)
        if made.verdict is not Verdict.TOO_BIG:
            return made
        if best is None or made.short_bytes < best.short_bytes:
            best = made
    assert best is not None  # noqa: S101  there is at least one KV type
    return best


def _kv_types(header: Header, wishes: Wishes) -> tuple[str, ...]:
    """The types of the cache to choose from, the best first."""
    if not header.kv_quantises:
        return (_BEST_KV,)
    if wishes.kv_type:
        return (wishes.kv_type,)
    # Nobody who wants no flash attention shall have it for a cache that they have not asked for.
    return (_BEST_KV,) if wishes.flash_attention is False else (_BEST_KV, _SMALLER_KV)


def _contexts(header: Header, wishes: Wishes, largest: int) -> list[int]:
    """The context lengths to choose from, the longest first: the model's own or `largest`, and halves of that."""
    if wishes.n_ctx:
        return [wishes.n_ctx]
    contexts = [min(header.n_ctx_train or _SMALLEST_CTX, largest)]
    while contexts[-1] // 2 >= _SMALLEST_CTX:
        contexts.append(contexts[-1] // 2)
    return contexts


def _is_affordable(made: Fit, machine: Machine) -> bool:
    """Whether the cache in the computer's memory leaves others enough of it."""
    memory = made.shares[0]
    left = machine.free_bytes - (memory.total - memory.kv)
    return memory.kv <= left * _KV_SHARE


def _most_layers(lay: Callable[[int], Fit], n_all: int) -> int:
    """How many layers the GPUs hold. More of them never take less."""
    fitting, too_many = 0, n_all + 1
    while too_many - fitting > 1:
        middle = (fitting + too_many) // 2
        if lay(middle).gpus_fit:
            fitting = middle
        else:
            too_many = middle
    return fitting


def _fit_of(header: Header, machine: Machine, plan: Plan, shares: tuple[Share, ...]) -> Fit:
    """The verdict on `shares`."""
    memory, *gpus = shares
    shared = {each.name for each in machine.accelerators if each.shares_memory}
    in_memory = memory.total + sum(share.total for share in gpus if share.device in shared)
    spare = {each.name: _gpu_spare_bytes(each) for each in machine.accelerators}
    # What is missing with the last bit used; whether something should stay free is a question of comfort.
    gpu_short = sum(max(0, share.total + spare[share.device] - share.free_bytes) for share in gpus)
    short = max(0, in_memory - memory.free_bytes) + gpu_short
    left = memory.free_bytes - in_memory
    tight = left < min(_SPARE_BYTES, _SPARE_SHARE * machine.total_bytes)
    if short:
        verdict = Verdict.TOO_BIG
    elif plan.n_gpu_layers > len(header.layers) and not (tight and shared):
        # What is left in memory then is little, whatever else is there.
        verdict = Verdict.GPU
    elif tight:
        verdict = Verdict.TIGHT
    else:
        verdict = Verdict.SPLIT if plan.n_gpu_layers else Verdict.CPU
    return Fit(
        verdict=verdict,
        n_ctx=plan.n_ctx,
        n_gpu_layers=plan.n_gpu_layers,
        n_layers=len(header.layers) + 1,
        kv_type=plan.kv_type,
        shares=shares,
        short_bytes=short,
        tokens_per_s=tokens_per_s(header, plan.n_gpu_layers, machine.cpu_bytes_per_s, machine.gpu_bytes_per_s),
        gpus_fit=not gpu_short,
    )


def _gpu_spare_bytes(gpu: Accelerator) -> int:
    return 0 if gpu.shares_memory else int(min(_GPU_SPARE_BYTES, _GPU_SPARE_SHARE * gpu.total_bytes))


def corrections(
    header: Header, made: Fit, used: dict[str, int], known: tuple[Correction, ...]
) -> tuple[Correction, ...]:
    """What is `known` of all models, with what the load of `made` has taught.

    `used` maps a device (empty: the computer's memory) to the bytes that the load really took there, measured: of the
    computer's memory the process's whole resident set, with the cache filled.
    """
    key = model_key(header)
    old = {each.device: each for each in known if each.model == key}
    others = tuple(each for each in known if each.model != key)
    for share in made.shares:
        if share.device in used:
            predicted = share.resident - share.correction
            old[share.device] = Correction(key, share.device, round(MILLION * used[share.device] / predicted))
    return (*others, *old.values())
