"""Writes small GGUF files byte by byte, right and wrong ones."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

U8, U32, F32, STRING, ARRAY, U64 = 0, 4, 6, 8, 9, 10


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def u32(value: int) -> bytes:
    return struct.pack("<II", U32, value)


def string(value: str) -> bytes:
    return struct.pack("<I", STRING) + text(value)


def strings(*values: str) -> bytes:
    return struct.pack("<IIQ", ARRAY, STRING, len(values)) + b"".join(text(value) for value in values)


def tensor(name: str, shape: tuple[int, ...], type_id: int = 0, offset: int = 0) -> bytes:
    dims = b"".join(struct.pack("<Q", size) for size in shape)
    return text(name) + struct.pack("<I", len(shape)) + dims + struct.pack("<IQ", type_id, offset)


@dataclass
class GgufFile:
    """A model of two layers and one tensor of 64 numbers, until told otherwise. `keys` are encoded values."""

    keys: dict[str, bytes] = field(
        default_factory=lambda: {
            "general.architecture": string("llama"),
            "llama.block_count": u32(2),
            "llama.context_length": u32(512),
            "tokenizer.ggml.tokens": strings("<s>", "</s>", "炉", "边"),
        }
    )
    tensors: list[bytes] = field(default_factory=lambda: [tensor("token_embd.weight", (16, 4))])
    data: bytes = bytes(256)
    magic: bytes = b"GGUF"
    version: bytes = struct.pack("<I", 3)
    n_tensors: int | None = None
    n_keys: int | None = None

    def encode(self) -> bytes:
        front = self.magic + self.version
        front += struct.pack("<Q", len(self.tensors) if self.n_tensors is None else self.n_tensors)
        front += struct.pack("<Q", len(self.keys) if self.n_keys is None else self.n_keys)
        front += b"".join(text(key) + value for key, value in self.keys.items())
        front += b"".join(self.tensors)
        return front + bytes(-len(front) % 32) + self.data
