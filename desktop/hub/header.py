"""What a model file says about itself, without loading it."""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from desktop.errors import BadModelFile, Flaw, NoSuchModel
from desktop.hub.gguf import Array, Gguf, Read, Value, read_gguf
from desktop.hub.layers import Keys, Layer, heads_quantise, layers_of, table_bytes

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

_REMOTE_CHUNK_BYTES = 64 << 10
# Bits a number in the table of tokens, by the quantisation of the layers: llama.cpp's `llama_tensor_get_type`.
_TABLE_BITS = {"F32": 32, "F16": 16, "BF16": 16, "Q8": 8.5}
_USUAL_TABLE_BITS = 6.5625  # Q6_K
# Models whose table of tokens is a larger part of them use it for the output too: Qwen 3 4B (13 %) does, 8B (10 %) not.
_TIED_SHARE = 0.12


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
    n_ff_expert: int | None = None
    n_expert: int | None = None
    n_expert_used: int | None = None
    layers: tuple[Layer, ...] = ()
    """In the model's order. From a file without a list of tensors their sizes are estimated."""
    input_bytes: int = 0
    """Of the table that turns tokens into numbers. A token reads one row of it."""
    output_bytes: int = 0
    """Of what turns numbers into the next token. Where `tied`, it is the input's table once more."""
    tied: bool = False
    output_type: str = ""
    """The type of its largest tensor."""
    vocabulary: str = ""
    """Names how text becomes tokens: its kind, how words are split, and the tokens that begin and end a text."""
    kv_quantises: bool = True
    """Whether its KV cache can be anything but f16."""
    whole: bool = True
    """False where only what stands before the vocabulary was read: whether there is a chat template is not known,
    `parameters` and `tensor_count` are 0, and sizes are estimated."""


def read_header(path: Path) -> Header:
    """Read the header of the model file at `path`: 20 ms, 50 ms for a vocabulary of 262k.

    Of a model in several files it is the first one's: see `read_shards`. Whether llama.cpp knows the architecture, only
    the engine can tell.

    Raises:
        NoSuchModel: there is nothing at `path`
        BadModelFile: no language model can be read from it
    """
    return _header_from(*_read_file(path))


def read_shards(paths: Sequence[Path]) -> Header:
    """Read the header of a model in several files: `paths` are all of them, the first one first.

    Raises:
        NoSuchModel: the first is not there
        BadModelFile: as `read_header`; MISSING_PART where one of the others is not there, DAMAGED where it is another
    """
    first, name, size_bytes = _read_file(paths[0])
    n_parts = _count(first.values.get("split.count")) or 1
    if len(paths) != n_parts:
        raise BadModelFile(name, Flaw.MISSING_PART, f"{len(paths)} of {n_parts}")
    tensors = list(first.tensors)
    for number, path in enumerate(paths[1:], start=1):
        try:
            part, part_name, part_bytes = _read_file(path)
        except NoSuchModel as error:
            raise BadModelFile(name, Flaw.MISSING_PART, path.name) from error
        if _count(part.values.get("split.no")) != number:
            raise BadModelFile(part_name, Flaw.DAMAGED, "split.no")
        tensors += part.tensors
        size_bytes += part_bytes
    return _header_from(replace(first, tensors=tuple(tensors)), name, size_bytes)


def read_remote(read: Read, name: str, size_bytes: int, *, total_bytes: int | None = None) -> Header:
    """Read the header of a file elsewhere, as far as its vocabulary: tens of kilobytes instead of up to ten megabytes.

    `read` fetches bytes (offset, length), `name` is what errors call the file, `size_bytes` its length, `total_bytes`
    that of all files of the model where it has several. What is missing then, `Header.whole` tells.

    Raises:
        BadModelFile: no language model can be read from it
        whatever `read` raises
    """
    gguf = read_gguf(read, name, size_bytes, to_vocabulary=True, chunk_bytes=_REMOTE_CHUNK_BYTES)
    return _header_from(gguf, name, total_bytes or size_bytes)


def companion_bytes(path: Path) -> int:
    """The size of the vision companion (mmproj) at `path`, whose header is read to see that it is one.

    Raises:
        NoSuchModel: there is nothing at `path`
        BadModelFile: it is no vision companion
    """
    gguf, name, size_bytes = _read_file(path)
    if _text(gguf.values.get("general.architecture")) != "clip":
        raise BadModelFile(name, Flaw.DAMAGED, "no vision companion")
    return size_bytes


def _read_file(path: Path) -> tuple[Gguf, str, int]:
    """The front of the file at `path`, its name for errors, and its size."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            # Opening a pipe or a device could block forever.
            raise BadModelFile(str(path), Flaw.NOT_A_FILE)
        with path.open("rb", buffering=0) as file:

            def read(offset: int, length: int) -> bytes:
                file.seek(offset)
                return file.read(length)

            size_bytes = os.fstat(file.fileno()).st_size
            return read_gguf(read, str(path), size_bytes), str(path), size_bytes
    except PermissionError as error:
        raise BadModelFile(str(path), Flaw.NO_PERMISSION) from error
    except ValueError as error:
        # A zero byte in the path: no file has such a name.
        raise NoSuchModel(str(path)) from error
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP):
            raise NoSuchModel(str(path)) from error
        raise BadModelFile(str(path), Flaw.DAMAGED, errno.errorcode.get(error.errno or 0, "")) from error


def _header_from(gguf: Gguf, path: str, size_bytes: int) -> Header:
    values = gguf.values
    architecture = _architecture(gguf, path)
    keys = Keys(architecture, values)
    tokens = values.get("tokenizer.ggml.tokens")
    n_vocab = tokens.count if isinstance(tokens, Array) else _count(values.get(f"{architecture}.vocab_size"))
    input_bytes, output_bytes, tied, output_type = table_bytes(gguf.tensors)
    if not gguf.tensors:
        input_bytes = output_bytes = _estimated_table_bytes(gguf, keys.number("embedding_length") * (n_vocab or 0))
        tied = input_bytes > _TIED_SHARE * size_bytes
    return Header(
        architecture=architecture,
        size_bytes=size_bytes,
        parameters=sum(tensor.elements for tensor in gguf.tensors),
        quantisation=_quantisation(gguf),
        tensor_count=len(gguf.tensors),
        name=_text(values.get("general.name")),
        licence=_text(values.get("general.license")),
        n_ctx_train=_count(keys.get("context_length")),
        n_layers=_count(keys.get("block_count")),
        n_embd=_count(keys.get("embedding_length")),
        n_head=_count(keys.get("attention.head_count")),
        n_head_kv=_count(keys.get("attention.head_count_kv")),
        n_vocab=n_vocab,
        chat_template=_text(values.get("tokenizer.chat_template")),
        n_ff=max(keys.of_layers("feed_forward_length", keys.number("block_count"), ()), default=0) or None,
        n_ff_expert=keys.number("expert_feed_forward_length") or None,
        n_expert=_count(keys.get("expert_count")),
        n_expert_used=_count(keys.get("expert_used_count")),
        layers=layers_of(keys, gguf.tensors, max(0, size_bytes - input_bytes - (0 if tied else output_bytes))),
        input_bytes=input_bytes,
        output_bytes=output_bytes,
        tied=tied,
        output_type=output_type,
        vocabulary=_vocabulary(gguf),
        kv_quantises=heads_quantise(keys),
        whole=gguf.whole,
    )


def _vocabulary(gguf: Gguf) -> str:
    """See `Header.vocabulary`; empty where the file does not say."""
    told = {key: gguf.values.get(f"tokenizer.ggml.{key}") for key in ("model", "pre", "bos_token_id", "eos_token_id")}
    if not _text(told["model"]):
        return ""
    told["pre"] = _text(told["pre"]) or "default"
    return "/".join("" if value is None else str(value) for value in told.values())


def _architecture(gguf: Gguf, path: str) -> str:
    """The model's architecture; raises for what is no language model, or could not be loaded."""
    values = gguf.values
    part = _count(values.get("split.no"))
    if part:
        raise BadModelFile(path, Flaw.NOT_FIRST_PART, str(part + 1))
    kind = _text(values.get("general.type"))
    if kind in _COMPANIONS:
        raise BadModelFile(path, Flaw.NOT_A_LANGUAGE_MODEL, kind)
    architecture = _text(values.get("general.architecture"))
    if not architecture:
        raise BadModelFile(path, Flaw.DAMAGED, "general.architecture")
    if architecture in _NOT_WRITING:
        raise BadModelFile(path, Flaw.NOT_A_LANGUAGE_MODEL, architecture)
    if gguf.whole and not gguf.tensors and not (_count(values.get("split.count")) or 0) > 1:
        raise BadModelFile(path, Flaw.VOCABULARY_ONLY)
    for key, most in (("block_count", _MOST_LAYERS), ("embedding_length", 2**31), ("context_length", 2**31)):
        number = values.get(f"{architecture}.{key}")
        if number is not None and not (isinstance(number, int) and 1 <= number <= most):
            raise BadModelFile(path, Flaw.DAMAGED, key)
    return architecture


def _estimated_table_bytes(gguf: Gguf, elements: int) -> int:
    """Of a table of `elements` numbers, stored as files of this kind usually do: a little finer than their layers."""
    bits = _TABLE_BITS.get(_quantisation(gguf).partition("_")[0], _USUAL_TABLE_BITS)
    return int(elements * bits / 8)


def unpack(values: dict[str, Any]) -> Header:
    """The header that `dataclasses.asdict` made `values` of, be it through JSON.

    Raises:
        KeyError, TypeError: they are another version's.
    """
    layers = tuple(Layer(**{**layer, "by_type": _pairs(layer["by_type"])}) for layer in values["layers"])
    return Header(**{**values, "layers": layers})


def _pairs(pairs: list[list[Any]]) -> tuple[tuple[str, int], ...]:
    return tuple((name, size_bytes) for name, size_bytes in pairs)


def _quantisation(gguf: Gguf) -> str:
    """The file's own word for it; else the type that most of its numbers have."""
    # 0 would mean F32, but it is also what stands there when the writer never set it: the tensors tell.
    if named := _FILE_TYPES.get(_count(gguf.values.get("general.file_type")) or 0):
        return named
    by_type: Counter[str] = Counter()
    for tensor in gguf.tensors:
        by_type[tensor.type] += tensor.elements
    del by_type[""]
    return by_type.most_common(1)[0][0] if by_type else ""


def _text(value: Value | None) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: Value | None) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
