"""What of a model fits where: weights, KV cache and buffers against the memory that is free. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from desktop.hub.header import Header

KV_TYPES = ("f16", "q8_0", "q4_0")
# Bytes that 32 values take: two each; blocks of 32 with a scale of two bytes.
_KV_BYTES_OF_32 = {"f16": 64, "q8_0": 34, "q4_0": 18}

_BASE_BYTES = 100 << 20


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
    """What loading a model took on a device beyond the prediction. See `corrections`."""

    model: str
    """As `model_key` names it."""
    device: str
    """An accelerator's name; empty for the computer's memory."""
    extra_bytes: int
    """Negative where it took less."""


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
    """Of the engine's process before it loads anything."""
    repacks: bool = True
    """Whether the build rearranges weights for the processor (`SystemInfo.weights_repacked`)."""
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the user wants a model loaded. None lets the program choose."""

    n_ctx: int | None = None
    n_gpu_layers: int | None = None
    """As llama.cpp counts: the last so many, and the output is the last."""
    kv_type: str | None = None
    """One of `KV_TYPES`."""


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
class Share:
    """What a device has to hold, in bytes. `device` is an accelerator's name, empty for the computer's memory."""

    device: str
    free_bytes: int
    weights: int = 0
    kv: int = 0
    compute: int = 0
    vision: int = 0
    base: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.kv + self.compute + self.vision + self.base


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

    @property
    def needed_bytes(self) -> int:
        """On all devices together."""
        return sum(share.total for share in self.shares)


def fit(header: Header, machine: Machine, wishes: Wishes = Wishes(), *, vision_bytes: int = 0) -> Fit:
    """How the model is best loaded on `machine`, as far as `wishes` leave it open.

    `vision_bytes` is the size of its vision companion, if it is loaded with one.
    """
    n_ctx = wishes.n_ctx or min(header.n_ctx_train or 4096, 8192)
    kv_type = wishes.kv_type or "f16"
    kv = sum((layer.n_k + layer.n_v) * n_ctx * _KV_BYTES_OF_32[kv_type] // 32 for layer in header.layers)
    share = Share("", machine.free_bytes, header.size_bytes, kv, 64 << 20, vision_bytes, machine.base_bytes)
    short = max(0, share.total - machine.free_bytes)
    verdict = Verdict.TOO_BIG if short else Verdict.CPU
    return Fit(verdict, n_ctx, 0, len(header.layers) + 1, kv_type, (share,), short)


def model_key(header: Header) -> str:
    """Names a model by what its header says, for `Correction`: where the file lies does not matter."""
    return f"{header.architecture}/{header.parameters}/{header.quantisation}/{header.size_bytes}"


def corrections(header: Header, made: Fit, used: dict[str, int], machine: Machine) -> tuple[Correction, ...]:
    """`machine.corrections` with what the load of `made` on `machine` has taught.

    `used` maps a device (empty: the computer's memory) to the bytes that the load really took there, measured.
    """
    key = model_key(header)
    old = {each.device: each for each in machine.corrections if each.model == key}
    others = tuple(each for each in machine.corrections if each.model != key)
    for share in made.shares:
        if share.device in used:
            known = old[share.device].extra_bytes if share.device in old else 0
            extra = used[share.device] - share.total + known
            old[share.device] = Correction(key, share.device, extra)
    return (*others, *old.values())
