"""What this build computes on: ggml's registry of devices, and how a model's layers are divided among them."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from importlib.metadata import version

from desktop.engine.api import Device, SystemInfo
from desktop.engine.gpus import used_together
from desktop.engine.llama.library import amx_is_miscompiled, ggml, llama_cpp
from desktop.engine.llama.machine import default_n_threads

_KINDS = {0: "cpu", 1: "gpu", 2: "igpu", 3: "accel"}  # enum ggml_backend_dev_type
_Handle = ctypes.c_void_p


class _Properties(ctypes.Structure):
    """ggml_backend_dev_props."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("description", ctypes.c_char_p),
        ("memory_free", ctypes.c_size_t),
        ("memory_total", ctypes.c_size_t),
        ("type", ctypes.c_int),
        ("device_id", ctypes.c_char_p),
        ("capabilities", ctypes.c_bool * 64),  # ggml_backend_dev_caps, with room for more of them
    ]


def describe() -> SystemInfo:
    """Versions, build flags and devices."""
    return SystemInfo(
        versions=(
            ("llama-cpp-python", version("llama-cpp-python")),
            ("llama.cpp", llama_cpp.llama_version().decode()),
            ("ggml", ggml("ggml_version", ctypes.c_char_p)().decode()),
            ("numpy", version("numpy")),
        ),
        build=llama_cpp.llama_print_system_info().decode().strip(" |"),
        gpu=bool(llama_cpp.llama_supports_gpu_offload()),
        devices=devices(),
        n_threads=default_n_threads(),
        weights_repacked=not amx_is_miscompiled(),
        backends=backends(),
    )


def backends() -> tuple[str, ...]:
    """The backends of ggml's registry, whether there are devices for them or not."""
    get = ggml("ggml_backend_reg_get", _Handle, ctypes.c_size_t)
    name = ggml("ggml_backend_reg_name", ctypes.c_char_p, _Handle)
    return tuple(name(get(index)).decode() for index in range(ggml("ggml_backend_reg_count", ctypes.c_size_t)()))


def devices() -> tuple[Device, ...]:
    """The devices of ggml's registry, in its order, with their memory as it is now."""
    return tuple(_device(handle) for handle in _handles())


def handles(names: Sequence[str]) -> ctypes.Array[ctypes.c_void_p]:
    """The devices called so, as llama.cpp takes a list of them; names that this build does not know are left out."""
    by_name = {_name(handle): handle for handle in _handles()}
    known = [by_name[name] for name in names if name in by_name]
    return (_Handle * (len(known) + 1))(*known, None)


def default_names() -> list[str]:
    """The GPUs that llama.cpp offloads to unless it is told which."""
    return [device.name for device in used_together(devices())]


def layers_on(n_devices: int, n_gpu_layers: int, n_layers: int, split: Sequence[float]) -> list[int]:
    """How many of the last `n_gpu_layers` of a model's `n_layers` and its output go to each device.

    The computation is that of llama.cpp, `llama_model_base::load_tensors`:
    https://github.com/ggml-org/llama.cpp/blob/master/src/llama-model.cpp
    """
    counts = [0] * n_devices
    offloaded = min(n_gpu_layers, n_layers + 1)
    total = sum(split)
    if not n_devices or not total:
        return counts
    ends = [sum(split[: i + 1]) / total for i in range(n_devices)]
    for layer in range(offloaded):
        counts[next((i for i, end in enumerate(ends) if end > layer / offloaded), n_devices - 1)] += 1
    return counts


def _handles() -> list[int]:
    get = ggml("ggml_backend_dev_get", _Handle, ctypes.c_size_t)
    return [get(index) for index in range(ggml("ggml_backend_dev_count", ctypes.c_size_t)())]


def _name(handle: int) -> str:
    name: bytes = ggml("ggml_backend_dev_name", ctypes.c_char_p, _Handle)(handle)
    return name.decode()


def _device(handle: int) -> Device:
    size_p = ctypes.POINTER(ctypes.c_size_t)
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    ggml("ggml_backend_dev_memory", None, _Handle, size_p, size_p)(handle, ctypes.byref(free), ctypes.byref(total))
    properties = _Properties()
    ggml("ggml_backend_dev_get_props", None, _Handle, ctypes.POINTER(_Properties))(handle, ctypes.byref(properties))
    registry = ggml("ggml_backend_dev_backend_reg", _Handle, _Handle)(handle)
    return Device(
        name=_name(handle),
        description=(properties.description or b"").decode("utf-8", "replace"),
        kind=_KINDS.get(properties.type, "accel"),
        total_bytes=total.value,
        free_bytes=free.value,
        backend=ggml("ggml_backend_reg_name", ctypes.c_char_p, _Handle)(registry).decode(),
        bus_id=(properties.device_id or b"").decode("utf-8", "replace"),
    )
