"""The commands that build llama.cpp anew, for another processor or with a GPU."""

from __future__ import annotations

import shlex
from pathlib import Path

from desktop.engine import computer

_FLAGS = {
    "cuda": "-DGGML_CUDA=ON",
    "vulkan": "-DGGML_VULKAN=ON",
    "metal": "-DGGML_METAL=ON",
    "rocm": "-DGGML_HIP=ON",
    "native": "-DGGML_NATIVE=ON",
    "cpu": "-DGGML_NATIVE=OFF",
}
# gcc 12 miscompiles ggml's AMX kernels: they crash at the first decode.
_NO_AMX = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"


def command(backend: str) -> str:
    """What to type for a llama.cpp with `backend`: "cuda", "vulkan", "metal", "rocm", "native" or "cpu".

    "native" is for this very processor, where it lacks something or has more than others; "cpu" is the usual build.
    """
    makefile = Path(__file__).parents[2] / "Makefile"
    if makefile.is_file():
        return f"make -C {shlex.quote(str(makefile.parent))} llama BACKEND={backend}"
    flags = f"{_FLAGS[backend]} -DLLAVA_BUILD=OFF"
    if backend == "native" and computer.is_x86():
        flags += f" -DCMAKE_C_FLAGS='{_NO_AMX}' -DCMAKE_CXX_FLAGS='{_NO_AMX}'"
    return f'CMAKE_ARGS="{flags}" pip install --force-reinstall --no-binary llama-cpp-python llama-cpp-python'
