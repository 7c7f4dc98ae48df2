"""The ways to load a model on this machine, best first: all that fits on the GPU, less of it, other GPUs, the CPU."""

from __future__ import annotations

from dataclasses import dataclass, replace

from desktop.engine import strikes
from desktop.engine.api import Device, ModelSpec, SystemInfo
from desktop.engine.gpus import used_together
from desktop.hub.fit import Accelerator, Fit, Machine, Wishes, fit
from desktop.hub.header import Header
from desktop.learned import accelerator

_FEWER = 0.75
"""Of the layers, where the first way fails: the estimate is off by less."""
_MOST_OTHERS = 3


@dataclass(frozen=True, slots=True)
class Way:
    """One way to load a model."""

    spec: ModelSpec
    """For the engine: nothing in it is left open."""
    fit: Fit
    header: Header
    key: str
    """Names it where crashes are remembered; empty for the processor, which is never skipped."""


def ways(
    header: Header, machine: Machine, wanted: ModelSpec, info: SystemInfo, draft: Header | None = None
) -> list[Way]:
    """All that may be tried to load `wanted`, beside its `draft` model, whether it fits or not.

    The last is the processor alone.
    """
    wishes = Wishes(wanted.n_ctx, wanted.n_gpu_layers, wanted.kv_type, wanted.flash_attention)

    def way(name: str, wishes: Wishes, accelerators: tuple[Accelerator, ...]) -> Way:
        made = fit(header, replace(machine, accelerators=accelerators), wishes, draft=draft)
        spec = _spec(wanted, made, accelerators)
        return Way(spec, made, header, strikes.key_of(wanted, name, spec.devices or (), info) if spec.devices else "")

    best = way("meant", wishes, machine.accelerators)
    found = [best]
    if best.key:
        fewer = int(best.fit.n_gpu_layers * _FEWER)
        if fewer:
            kept = replace(wishes, n_ctx=best.fit.n_ctx, n_gpu_layers=fewer, kv_type=best.fit.kv_type)
            found.append(way("fewer", kept, machine.accelerators))
        others = _others(info.devices, best.spec.devices or ())[:_MOST_OTHERS]
        found += [way("other", wishes, (accelerator(device, machine.free_bytes),)) for device in others]
        found.append(way("cpu", replace(wishes, n_gpu_layers=0), ()))
    # A GPU on which not one layer fits is the processor once more.
    return list({each.spec: each for each in reversed(found)}.values())[::-1]


def insists(wanted: ModelSpec, way: Way) -> bool:
    """Whether to try what does not fit by the numbers, because the user has said how it is to be loaded.

    Not if the computer's memory would run out: Linux promises more than there is, and the desktop would stand still.
    A GPU just refuses. Weights that are used as they lie in the file can be read again, so they may be larger; those
    that are copied, rearranged for the processor, cannot.
    """
    if wanted.n_ctx is None and wanted.n_gpu_layers is None and wanted.kv_type is None:
        return False
    memory = way.fit.shares[0]
    return memory.total - memory.weights + memory.cached <= memory.free_bytes


def _spec(wanted: ModelSpec, made: Fit, accelerators: tuple[Accelerator, ...]) -> ModelSpec:
    """`wanted` with what the fit has chosen. It divides the layers by the memory that is free, and so is told."""
    on_gpu = bool(made.n_gpu_layers and accelerators)
    return replace(
        wanted,
        n_ctx=made.n_ctx,
        n_gpu_layers=made.n_gpu_layers if on_gpu else 0,
        kv_type=made.kv_type,
        devices=tuple(each.name for each in accelerators) if on_gpu else (),
        tensor_split=tuple(float(max(1, each.free_bytes)) for each in accelerators) if on_gpu else None,
    )


def _others(devices: tuple[Device, ...], taken: tuple[str, ...]) -> list[Device]:
    """GPUs to try alone where those `taken` fail: each of several, then the same ones by another backend."""
    all_gpus = [device for device in devices if device.kind in ("gpu", "igpu")]
    others = [device for device in all_gpus if taken != (device.name,)]
    usual = used_together(devices)
    return sorted(others, key=lambda device: device not in usual)
