"""What this build computes on, for `fireside doctor`."""

from __future__ import annotations

import ctypes
from importlib.metadata import version

from desktop.engine.api import Device, SystemInfo
from desktop.engine.llama.library import amx_is_miscompiled, ggml, llama_cpp
from desktop.engine.llama.machine import default_n_threads

_KINDS = {0: "cpu", 1: "gpu", 2: "igpu", 3: "accel"}  # enum ggml_backend_dev_type


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
    )


def devices() -> tuple[Device, ...]:
    """The devices of ggml's registry, in its order."""
    handle = ctypes.c_void_p
    get = ggml("ggml_backend_dev_get", handle, ctypes.c_size_t)
    name = ggml("ggml_backend_dev_name", ctypes.c_char_p, handle)
    description = ggml("ggml_backend_dev_description", ctypes.c_char_p, handle)
    kind = ggml("ggml_backend_dev_type", ctypes.c_int, handle)
    size_p = ctypes.POINTER(ctypes.c_size_t)
    memory = ggml("ggml_backend_dev_memory", None, handle, size_p, size_p)
    found = []
    for index in range(ggml("ggml_backend_dev_count", ctypes.c_size_t)()):
        device = get(index)
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        memory(device, ctypes.byref(free), ctypes.byref(total))
        found.append(
            Device(
                name=name(device).decode(),
                description=description(device).decode("utf-8", "replace"),
                kind=_KINDS.get(kind(device), "accel"),
                total_bytes=total.value,
                free_bytes=free.value,
            )
        )
    return tuple(found)
