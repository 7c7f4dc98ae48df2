"""Reads what stands at the front of a GGUF file, and trusts none of it.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. A header is magic, version, counts, keys with
values, and a list of tensors; then comes the tensors' data, which is never read here. Counts and lengths come from a
file that anybody may have made: time and memory are bounded by the limits below, not by what the file says.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import BinaryIO, NoReturn

from desktop.errors import BadModelFile, Flaw

# About four times what the largest published models have.
_MOST_KEYS = 4_096
_MOST_TENSORS = 65_536
_MOST_ITEMS = 4_000_000
"""Strings in all arrays together: a vocabulary of 262k tokens and its merges are 0.8 million."""
_MOST_TEXT_BYTES = 32 << 20
"""Keys, names and string values together, that is, all that is kept in memory."""
_MOST_DIMENSIONS = 4
_MOST_ELEMENTS = 2**63 - 1

_CHUNK_BYTES = 1 << 20

_SCALARS = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
_STRING = 8
_ARRAY = 9
_U32 = _SCALARS[4]
_U64 = _SCALARS[10]

# Tensor types: name, elements per block, bytes per block.
# https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
_TENSOR_TYPES: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
}


@dataclass(frozen=True, slots=True)
class Array:
    """Stands for an array of `count` items, which was skipped."""

    count: int


Value = int | float | bool | str | Array


@dataclass(slots=True)
class Tensors:
    """What the list of tensors adds up to."""

    count: int = 0
    elements: int = 0
    data_bytes: int = 0
    """The length of the data, if every tensor's type is known; else a lower bound."""
    elements_by_type: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Gguf:
    """The front of a GGUF file."""

    values: dict[str, Value]
    tensors: Tensors


def read_gguf(file: BinaryIO, path: Path, size_bytes: int) -> Gguf:
    """Read the front of `file`, which `path` was opened as and which is `size_bytes` long.

    Raises:
        BadModelFile: EMPTY, NOT_GGUF, UNSUPPORTED_VERSION, TRUNCATED or DAMAGED
        OSError: the disk fails
    """
    reader = _Reader(file, path, size_bytes)
    if not size_bytes:
        raise BadModelFile(str(path), Flaw.EMPTY)
    if size_bytes < len(b"GGUF") or reader.take(4) != b"GGUF":
        raise BadModelFile(str(path), Flaw.NOT_GGUF)
    version = reader.u32()
    if version not in (2, 3):
        # In a big-endian file the version's bytes come the other way around.
        detail = "big-endian" if version and not version & 0xFFFF else str(version)
        raise BadModelFile(str(path), Flaw.UNSUPPORTED_VERSION, detail)
    n_tensors, n_keys = reader.u64(), reader.u64()
    if n_tensors > _MOST_TENSORS or n_keys > _MOST_KEYS:
        reader.damaged(f"{n_tensors} tensors, {n_keys} keys")
    values: dict[str, Value] = {}
    for _ in range(n_keys):
        key = reader.string()
        if key in values:
            reader.damaged(f"key twice: {key[:64]}")
        values[key] = reader.value()
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        reader.damaged("general.alignment")
    tensors = _read_tensors(reader, n_tensors, alignment)
    data_start = -(-reader.position // alignment) * alignment
    # The last tensor's padding may be missing.
    if tensors.count and data_start + tensors.data_bytes > size_bytes:
        raise BadModelFile(str(path), Flaw.TRUNCATED)
    return Gguf(values, tensors)


def _read_tensors(reader: _Reader, count: int, alignment: int) -> Tensors:
    tensors = Tensors(count)
    next_offset: int | None = 0
    for _ in range(count):
        name = reader.string()
        n_dims = reader.u32()
        if n_dims > _MOST_DIMENSIONS:
            reader.damaged(f"{n_dims} dimensions: {name[:64]}")
        shape = [reader.u64() for _ in range(n_dims)]
        type_id, offset = reader.u32(), reader.u64()
        elements = prod(shape)
        if elements > _MOST_ELEMENTS:
            reader.damaged(f"shape {shape}: {name[:64]}")
        tensors.elements += elements
        if type_id not in _TENSOR_TYPES:
            # A type newer than this table. Only the engine knows whether it can read it, and where its data ends.
            next_offset = None
            continue
        type_name, block, block_bytes = _TENSOR_TYPES[type_id]
        if shape and shape[0] % block:
            reader.damaged(f"shape {shape} of {type_name}: {name[:64]}")
        tensors.elements_by_type[type_name] += elements
        # Data lies in the order of the list, without gaps but for the alignment.
        if next_offset is not None and offset != next_offset:
            reader.damaged(f"offset {offset}: {name[:64]}")
        end = offset + elements // block * block_bytes
        tensors.data_bytes = max(tensors.data_bytes, end)
        if next_offset is not None:
            next_offset = -(-end // alignment) * alignment
    return tensors


class _Reader:
    """Reads forward through a file in chunks; skipping does not read."""

    def __init__(self, file: BinaryIO, path: Path, size_bytes: int) -> None:
        self._file = file
        self._path = path
        self._size_bytes = size_bytes
        self._chunk = b""
        self._chunk_start = 0
        self._at = 0
        self._items_left = _MOST_ITEMS
        self._text_bytes_left = _MOST_TEXT_BYTES

    @property
    def position(self) -> int:
        return self._chunk_start + self._at

    def damaged(self, detail: str) -> NoReturn:
        raise BadModelFile(str(self._path), Flaw.DAMAGED, detail)

    def take(self, length: int) -> bytes:
        self._need(length)
        self._at += length
        return self._chunk[self._at - length : self._at]

    def u32(self) -> int:
        return int(_U32.unpack(self.take(4))[0])

    def u64(self) -> int:
        return int(_U64.unpack(self.take(8))[0])

    def string(self) -> str:
        length = self.u64()
        if length > self._text_bytes_left:
            self.damaged(f"a text of {length} bytes")
        self._text_bytes_left -= length
        return self.take(length).decode("utf-8", errors="replace")

    def value(self) -> Value:
        kind = self.u32()
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            return self._skip_array()
        if kind not in _SCALARS:
            self.damaged(f"value of type {kind}")
        scalar = _SCALARS[kind]
        value: int | float | bool = scalar.unpack(self.take(scalar.size))[0]
        return value

    def _skip_array(self) -> Array:
        kind, count = self.u32(), self.u64()
        if kind == _STRING:
            if count > self._items_left:
                self.damaged(f"an array of {count} texts")
            self._items_left -= count
            self._skip_strings(count)
        elif kind in _SCALARS:
            self._at += count * _SCALARS[kind].size
            if self.position > self._size_bytes:
                raise BadModelFile(str(self._path), Flaw.TRUNCATED)
        else:
            # llama.cpp knows no arrays of arrays either.
            self.damaged(f"an array of type {kind}")
        return Array(count)

    def _skip_strings(self, count: int) -> None:
        # The one loop that runs a million times.
        unpack_from = _U64.unpack_from
        chunk, at = self._chunk, self._at
        for _ in range(count):
            if at + 8 > len(chunk):
                self._at = at
                self._need(8)
                chunk, at = self._chunk, self._at
            at += 8 + unpack_from(chunk, at)[0]
        self._at = at
        self._need(0)

    def _need(self, length: int) -> None:
        """Have the next `length` bytes in the chunk."""
        if self._at + length <= len(self._chunk):
            return
        start = self.position
        if start + length > self._size_bytes:
            raise BadModelFile(str(self._path), Flaw.TRUNCATED)
        self._file.seek(start)
        self._chunk, self._chunk_start, self._at = self._file.read(max(length, _CHUNK_BYTES)), start, 0
        if len(self._chunk) < length:
            # It became shorter while it was read.
            raise BadModelFile(str(self._path), Flaw.TRUNCATED)
