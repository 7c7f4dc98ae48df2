"""Reads what stands at the front of a GGUF file, and trusts none of it.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. A header is magic, version, counts, keys with
values, and a list of tensors; then comes the tensors' data, which is never read here. Counts and lengths come from a
file that anybody may have made: time and memory are bounded by the limits below, not by what the file says.

It is read in chunks, not mapped: reading a mapped file that somebody shortens, or whose disk is unplugged, ends the
process, and a chunk can as well come from a server.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import NoReturn

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
_MOST_NUMBERS = 4_096
"""In an array that is kept: one for each layer."""
_MOST_KEPT_NUMBERS = 65_536
"""In all arrays that are kept together."""

CHUNK_BYTES = 1 << 20
_VOCABULARY = "tokenizer.ggml.tokens"

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


Scalar = int | float | bool


@dataclass(frozen=True, slots=True)
class Array:
    """An array of `count` items. Only short ones of numbers are kept in `numbers`; the others were skipped."""

    count: int
    numbers: tuple[Scalar, ...] = ()


Value = Scalar | str | Array


@dataclass(frozen=True, slots=True)
class Tensor:
    """One of the list. `type` is empty and `size_bytes` 0 where the type is newer than this program."""

    name: str
    type: str
    elements: int
    size_bytes: int
    is_matrix: bool
    """Has two dimensions or more."""


@dataclass(frozen=True, slots=True)
class Gguf:
    """The front of a GGUF file. Without `whole` it was read only as far as the vocabulary: no tensors."""

    values: dict[str, Value]
    tensors: tuple[Tensor, ...]
    whole: bool = True


Read = Callable[[int, int], bytes]
"""Reads `length` bytes at `offset`; fewer only where the file ends."""


def read_gguf(
    read: Read, name: str, size_bytes: int, *, to_vocabulary: bool = False, chunk_bytes: int = CHUNK_BYTES
) -> Gguf:
    """Read the front of a file of `size_bytes` bytes; `name` is what errors call it.

    `to_vocabulary` stops before the vocabulary, which is most of a header, if the model's own numbers stand before it.
    That is where llama.cpp's tools write them. So 99 % need not be fetched.

    Raises:
        BadModelFile: EMPTY, NOT_GGUF, UNSUPPORTED_VERSION, TRUNCATED or DAMAGED
        whatever `read` raises
    """
    reader = _Reader(read, name, size_bytes, chunk_bytes)
    if not size_bytes:
        raise BadModelFile(name, Flaw.EMPTY)
    if size_bytes < len(b"GGUF") or reader.take(4) != b"GGUF":
        raise BadModelFile(name, Flaw.NOT_GGUF)
    version = reader.u32()
    if version not in (2, 3):
        # In a big-endian file the version's bytes come the other way around.
        detail = "big-endian" if version and not version & 0xFFFF else str(version)
        raise BadModelFile(name, Flaw.UNSUPPORTED_VERSION, detail)
    n_tensors, n_keys = reader.u64(), reader.u64()
    if n_tensors > _MOST_TENSORS or n_keys > _MOST_KEYS:
        reader.damaged(f"{n_tensors} tensors, {n_keys} keys")
    values: dict[str, Value] = {}
    for _ in range(n_keys):
        key = reader.string()
        if key in values:
            reader.damaged(f"key twice: {key[:64]}")
        if to_vocabulary and key == _VOCABULARY and f"{values.get('general.architecture')}.block_count" in values:
            values[key] = reader.array_head()
            return Gguf(values, (), whole=False)
        values[key] = reader.value()
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        reader.damaged("general.alignment")
    tensors, data_bytes = _read_tensors(reader, n_tensors, alignment)
    data_start = -(-reader.position // alignment) * alignment
    # The last tensor's padding may be missing.
    if tensors and data_start + data_bytes > size_bytes:
        raise BadModelFile(name, Flaw.TRUNCATED)
    return Gguf(values, tensors)


def _read_tensors(reader: _Reader, count: int, alignment: int) -> tuple[tuple[Tensor, ...], int]:
    """The list of tensors, and the length of their data: a lower bound where a type is not known."""
    tensors: list[Tensor] = []
    data_bytes = 0
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
        if type_id not in _TENSOR_TYPES:
            # A type newer than this table. Only the engine knows whether it can read it, and where its data ends.
            next_offset = None
            tensors.append(Tensor(name, "", elements, 0, n_dims > 1))
            continue
        type_name, block, block_bytes = _TENSOR_TYPES[type_id]
        if shape and shape[0] % block:
            reader.damaged(f"shape {shape} of {type_name}: {name[:64]}")
        # Data lies in the order of the list, without gaps but for the alignment.
        if next_offset is not None and offset != next_offset:
            reader.damaged(f"offset {offset}: {name[:64]}")
        tensors.append(Tensor(name, type_name, elements, elements // block * block_bytes, n_dims > 1))
        end = offset + tensors[-1].size_bytes
        data_bytes = max(data_bytes, end)
        if next_offset is not None:
            next_offset = -(-end // alignment) * alignment
    return tuple(tensors), data_bytes


class _Reader:
    """Reads forward through a file in chunks; skipping does not read."""

    def __init__(self, read: Read, name: str, size_bytes: int, chunk_bytes: int) -> None:
        self._read = read
        self._name = name
        self._size_bytes = size_bytes
        self._chunk_bytes = chunk_bytes
        self._chunk = b""
        self._chunk_start = 0
        self._at = 0
        self._items_left = _MOST_ITEMS
        self._text_bytes_left = _MOST_TEXT_BYTES
        self._numbers_left = _MOST_KEPT_NUMBERS

    @property
    def position(self) -> int:
        return self._chunk_start + self._at

    def damaged(self, detail: str) -> NoReturn:
        raise BadModelFile(self._name, Flaw.DAMAGED, detail)

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
            return self._array()
        if kind not in _SCALARS:
            self.damaged(f"value of type {kind}")
        scalar = _SCALARS[kind]
        value: Scalar = scalar.unpack(self.take(scalar.size))[0]
        return value

    def array_head(self) -> Array:
        """Only how long the array is that comes next as a value."""
        if self.u32() != _ARRAY:
            self.damaged(_VOCABULARY)
        self.u32()
        return Array(self.u64())

    def _array(self) -> Array:
        kind, count = self.u32(), self.u64()
        if kind == _STRING:
            if count > self._items_left:
                self.damaged(f"an array of {count} texts")
            self._items_left -= count
            self._skip_strings(count)
        elif kind in _SCALARS and count <= min(_MOST_NUMBERS, self._numbers_left):
            self._numbers_left -= count
            scalar = _SCALARS[kind]
            return Array(count, tuple(each[0] for each in scalar.iter_unpack(self.take(count * scalar.size))))
        elif kind in _SCALARS:
            self._at += count * _SCALARS[kind].size
            if self.position > self._size_bytes:
                raise BadModelFile(self._name, Flaw.TRUNCATED)
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
            raise BadModelFile(self._name, Flaw.TRUNCATED)
        wanted = min(max(length, self._chunk_bytes), self._size_bytes - start)
        self._chunk, self._chunk_start, self._at = self._read(start, wanted), start, 0
        if len(self._chunk) < length:
            # It became shorter while it was read.
            raise BadModelFile(self._name, Flaw.TRUNCATED)
