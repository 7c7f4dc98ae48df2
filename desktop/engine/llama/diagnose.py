"""Says why a model did not load: llama.cpp itself only returns NULL."""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path
from typing import Any

from desktop.engine.llama.library import ggml, said
from desktop.errors import AppError, BadModelFile, Flaw, ModelDoesNotFit, NoSuchModel

_VERSIONS = (2, 3)
_GGUF_STRING = 8  # gguf_type
_OTHER_KINDS = frozenset({"clip", "whisper", "imatrix", "adapter"})
"""GGUF files that belong to language models or sound like them: projectors, speech, importance matrices, LoRAs."""


class _Parameters(ctypes.Structure):
    """gguf_init_params: read the header only, make no tensors."""

    _fields_ = [("no_alloc", ctypes.c_bool), ("ctx", ctypes.c_void_p)]


def failed_load(path: str, free_bytes: int, free_gpu_bytes: int | None = None) -> AppError:
    """The error for the GGUF file at `path` that llama.cpp did not load when `free_bytes` of memory were free.

    `free_gpu_bytes` were free on the GPUs that it was to use; None where none was.
    """
    detail = _quoted_cause()
    try:
        size_bytes, version = Path(path).stat().st_size, _version(path)
    except FileNotFoundError:
        return NoSuchModel(path)
    if version not in _VERSIONS:
        return BadModelFile(path, Flaw.UNSUPPORTED_VERSION, str(version))
    header = _Header.read(path)
    if header is None:
        return BadModelFile(path, Flaw.DAMAGED, detail)
    try:
        flaw, detail = header.flaw(size_bytes, detail)
    finally:
        header.free()
    if flaw is Flaw.DAMAGED and free_gpu_bytes is not None:
        # The header makes sense, so the GPU is suspected first. If it is the file after all, the next attempt,
        # without the GPU, comes here again.
        return ModelDoesNotFit(path, needed_bytes=size_bytes, free_bytes=free_gpu_bytes)
    if flaw is Flaw.DAMAGED and size_bytes > free_bytes:
        return ModelDoesNotFit(path, needed_bytes=size_bytes, free_bytes=free_bytes)
    return BadModelFile(path, flaw, detail)


class _Header:
    """The header of a GGUF file, as ggml reads it."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    @classmethod
    def read(cls, path: str) -> _Header | None:
        """None where ggml cannot read it."""
        init = ggml("gguf_init_from_file", ctypes.c_void_p, ctypes.c_char_p, _Parameters)
        handle = init(os.fsencode(path), _Parameters(no_alloc=True, ctx=None))
        return cls(handle) if handle else None

    def free(self) -> None:
        ggml("gguf_free", None, ctypes.c_void_p)(self._handle)

    def flaw(self, size_bytes: int, detail: str) -> tuple[Flaw, str]:
        """What is wrong with a file of that size, and the fact that belongs to it."""
        architecture = self._architecture()
        n_tensors = self._call("gguf_get_n_tensors", ctypes.c_int64)
        if architecture in _OTHER_KINDS:
            return Flaw.NOT_A_LANGUAGE_MODEL, architecture
        if self._unknown(architecture):
            return Flaw.UNKNOWN_ARCHITECTURE, architecture
        if n_tensors == 0:
            return Flaw.VOCABULARY_ONLY, architecture
        if self._end(n_tensors) > size_bytes:
            return Flaw.TRUNCATED, f"{size_bytes} of {self._end(n_tensors)} bytes"
        return Flaw.DAMAGED, detail

    def _end(self, n_tensors: int) -> int:
        """Where the last tensor's data ends."""
        data_at: int = self._call("gguf_get_data_offset", ctypes.c_size_t)
        ends = (
            self._tensor("gguf_get_tensor_offset", i) + self._tensor("gguf_get_tensor_size", i)
            for i in range(n_tensors)
        )
        return data_at + max(ends, default=0)

    def _architecture(self) -> str:
        key = ggml("gguf_find_key", ctypes.c_int64, ctypes.c_void_p, ctypes.c_char_p)(
            self._handle, b"general.architecture"
        )
        kind = ggml("gguf_get_kv_type", ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
        if key < 0 or kind(self._handle, key) != _GGUF_STRING:
            return ""
        text = ggml("gguf_get_val_str", ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64)(self._handle, key)
        return (text or b"").decode("utf-8", "replace")

    def _unknown(self, architecture: str) -> bool:
        """Whether llama.cpp has no such architecture.

        It offers no list to ask, so this reads its log: the one place where its words decide.
        """
        return any(f"unknown model architecture: '{architecture}'" in line for line in said)

    def _call(self, name: str, restype: type) -> Any:
        return ggml(name, restype, ctypes.c_void_p)(self._handle)

    def _tensor(self, name: str, index: int) -> int:
        value: int = ggml(name, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int64)(self._handle, index)
        return value


def _version(path: str) -> int:
    """The version in the header, 0 where there is none."""
    with Path(path).open("rb") as file:
        start = file.read(8)
    return int.from_bytes(start[4:], "little")


def _quoted_cause() -> str:
    """llama.cpp's first complaint about the load, without the names of its functions."""
    return re.sub(r"^(\w+: )+", "", said[0])[:200] if said else ""
