"""What a model file says about itself, without loading it."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop.errors import BadModelFile, Flaw, NoSuchModel
from desktop.hub.gguf import Array, Gguf, Value, read_gguf

# File types: https://github.com/ggml-org/llama.cpp/blob/master/include/llama.h (enum llama_ftype)
_FILE_TYPES = {
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
    36: "TQ1_0",
    37: "TQ2_0",
    38: "MXFP4",
    39: "NVFP4",
}

# `general.type` of files that go with a model; only "model" is one.
_COMPANIONS = {"adapter", "imatrix", "mmproj"}

# Architectures of GGUF files that write no text: they see, hear, paint or embed.
_NOT_WRITING = {
    "clip", "whisper", "wavtokenizer-dec", "imatrix",
    "bert", "eurobert", "gemma-embedding", "jina-bert-v2", "jina-bert-v3", "llama-embed", "modern-bert", "neo-bert",
    "nomic-bert", "nomic-bert-moe", "t5encoder",
    "aura", "cosmos", "flux", "hidream", "hyvid", "ltxv", "lumina2", "qwen_image", "sd1", "sd3", "sdxl", "wan",
}  # fmt: skip

# llama.cpp aborts instead of refusing when there are no layers or a billion.
_MOST_LAYERS = 4_096


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer of a model costs."""

    size_bytes: int
    """Of its tensors."""
    active_bytes: int
    """Of its tensors as they are read for one token: of the experts only those that are used."""
    n_k: int = 0
    """Values in the K cache for each token; 0 in a layer without attention."""
    n_v: int = 0
    """The same in the V cache."""
    window: int = 0
    """Tokens that a layer with a sliding window looks back at; 0 for all."""
    state_bytes: int = 0
    """Of a recurrent layer's state, which does not grow with the context."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says about the model in it. None where it says nothing, or something per layer."""

    architecture: str
    size_bytes: int
    parameters: int
    quantisation: str
    """Such as "Q4_K_M"."""
    tensor_count: int
    name: str | None = None
    licence: str | None = None
    n_ctx_train: int | None = None
    n_layers: int | None = None
    n_embd: int | None = None
    n_head: int | None = None
    n_head_kv: int | None = None
    n_vocab: int | None = None
    chat_template: str | None = None
    n_ff: int | None = None
    n_expert: int | None = None
    n_expert_used: int | None = None
    layers: tuple[Layer, ...] = ()
    """In the model's order. From a file without a list of tensors their sizes are estimated."""
    input_bytes: int = 0
    """Of the table that turns tokens into numbers. A token reads one row of it."""
    output_bytes: int = 0
    """Of what turns numbers into the next token. Where `tied`, it is the input's table once more."""
    tied: bool = False
    whole: bool = True
    """False where only what stands before the vocabulary was read: no template, no tensors."""


def read_header(path: Path) -> Header:
    """Read the header of the model file at `path`: a few milliseconds, 0.2 s for a vocabulary of 262k.

    Whether llama.cpp knows the architecture, only the engine can tell.

    Raises:
        NoSuchModel: there is nothing at `path`
        BadModelFile: no language model can be read from it
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            # Opening a pipe or a device could block forever.
            raise BadModelFile(str(path), Flaw.NOT_A_FILE)
        with path.open("rb") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            return _header_from(read_gguf(file, path, size_bytes), path, size_bytes)
    except PermissionError as error:
        raise BadModelFile(str(path), Flaw.NO_PERMISSION) from error
    except ValueError as error:
        # A zero byte in the path: no file has such a name.
        raise NoSuchModel(str(path)) from error
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP):
            raise NoSuchModel(str(path)) from error
        raise BadModelFile(str(path), Flaw.DAMAGED, errno.errorcode.get(error.errno or 0, "")) from error


def _header_from(gguf: Gguf, path: Path, size_bytes: int) -> Header:
    values = gguf.values
    part = _count(values.get("split.no"))
    if part:
        raise BadModelFile(str(path), Flaw.NOT_FIRST_PART, str(part + 1))
    kind = _text(values.get("general.type"))
    if kind in _COMPANIONS:
        raise BadModelFile(str(path), Flaw.NOT_A_LANGUAGE_MODEL, kind)
    architecture = _text(values.get("general.architecture"))
    if not architecture:
        raise BadModelFile(str(path), Flaw.DAMAGED, "general.architecture")
    if architecture in _NOT_WRITING:
        raise BadModelFile(str(path), Flaw.NOT_A_LANGUAGE_MODEL, architecture)
    if not gguf.tensors.count and not (_count(values.get("split.count")) or 0) > 1:
        raise BadModelFile(str(path), Flaw.VOCABULARY_ONLY)
    for key, most in (("block_count", _MOST_LAYERS), ("embedding_length", 2**31), ("context_length", 2**31)):
        number = values.get(f"{architecture}.{key}")
        if number is not None and not (isinstance(number, int) and 1 <= number <= most):
            raise BadModelFile(str(path), Flaw.DAMAGED, key)
    tokens = values.get("tokenizer.ggml.tokens")
    return Header(
        architecture=architecture,
        size_bytes=size_bytes,
        parameters=gguf.tensors.elements,
        quantisation=_quantisation(gguf),
        tensor_count=gguf.tensors.count,
        name=_text(values.get("general.name")),
        licence=_text(values.get("general.license")),
        n_ctx_train=_count(values.get(f"{architecture}.context_length")),
        n_layers=_count(values.get(f"{architecture}.block_count")),
        n_embd=_count(values.get(f"{architecture}.embedding_length")),
        n_head=_count(values.get(f"{architecture}.attention.head_count")),
        n_head_kv=_count(values.get(f"{architecture}.attention.head_count_kv")),
        n_vocab=tokens.count if isinstance(tokens, Array) else _count(values.get(f"{architecture}.vocab_size")),
        chat_template=_text(values.get("tokenizer.chat_template")),
        layers=_layers(values, architecture, gguf.tensors.data_bytes),
    )


def unpack(values: dict[str, Any]) -> Header:
    """The header that `dataclasses.asdict` made `values` of, be it through JSON.

    Raises:
        KeyError, TypeError: they are another version's.
    """
    layers = tuple(Layer(**layer) for layer in values["layers"])
    return Header(**{**values, "layers": layers})


def _layers(values: dict[str, Value], architecture: str, tensors_bytes: int) -> tuple[Layer, ...]:
    def count(key: str) -> int:
        return _count(values.get(f"{architecture}.{key}")) or 0

    n_layers, n_head = count("block_count"), count("attention.head_count")
    if not n_layers or not n_head:
        return ()
    n_head_kv = count("attention.head_count_kv") or n_head
    n_k = n_head_kv * (count("attention.key_length") or count("embedding_length") // n_head)
    n_v = n_head_kv * (count("attention.value_length") or count("embedding_length") // n_head)
    return (Layer(tensors_bytes // n_layers, tensors_bytes // n_layers, n_k, n_v),) * n_layers


def _quantisation(gguf: Gguf) -> str:
    """The file's own word for it; else the type that most of its numbers have."""
    # 0 would mean F32, but it is also what stands there when the writer never set it: the tensors tell.
    if named := _FILE_TYPES.get(_count(gguf.values.get("general.file_type")) or 0):
        return named
    by_type = gguf.tensors.elements_by_type
    return by_type.most_common(1)[0][0] if by_type else ""


def _text(value: Value | None) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: Value | None) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
