"""Writes a language model of random weights: GPT-2's architecture, every byte a token, a few hundred kilobytes."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

N_CTX = 2048
_N_EMBD, _N_HEAD, _N_LAYER, _N_FF = 32, 2, 2, 64
END = "<|endoftext|>"


def write(
    path: Path,
    *,
    architecture: str = "gpt2",
    tensors: bool = True,
    fill: float | None = None,
    template: str | None = None,
    spread: float = 0.6,
) -> Path:
    """The model in a new file at `path`.

    `fill` puts one number into all weights, `tensors` False leaves them out. The more `spread`, the surer the model is.
    """
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(N_CTX)
    writer.add_embedding_length(_N_EMBD)
    writer.add_feed_forward_length(_N_FF)
    writer.add_block_count(_N_LAYER)
    writer.add_head_count(_N_HEAD)
    writer.add_layer_norm_eps(1e-5)
    n_vocab = add_vocabulary(writer)
    if template is not None:
        writer.add_chat_template(template)
    if tensors:
        _add_tensors(writer, n_vocab, fill, spread)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def add_vocabulary(writer: gguf.GGUFWriter) -> int:
    """GPT-2's byte-level one: all bytes as printable characters, one merge (one without any is refused). Its size."""
    tokens = [*_byte_characters(), "ab", END]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_merges(["a b"])
    writer.add_token_types([gguf.TokenType.NORMAL] * (len(tokens) - 1) + [gguf.TokenType.CONTROL])
    writer.add_bos_token_id(len(tokens) - 1)
    writer.add_eos_token_id(len(tokens) - 1)
    return len(tokens)


def _add_tensors(writer: gguf.GGUFWriter, n_vocab: int, fill: float | None, spread: float) -> None:
    random = np.random.default_rng(7)

    def add(name: str, *shape: int, centre: float = 0.0) -> None:
        put(name, random.normal(centre, spread, shape))

    def put(name: str, values: np.ndarray) -> None:
        writer.add_tensor(name, (values if fill is None else np.full_like(values, fill)).astype(np.float32))

    add("token_embd.weight", n_vocab, _N_EMBD)
    add("position_embd.weight", N_CTX, _N_EMBD)
    for layer in range(_N_LAYER):
        block = f"blk.{layer}."
        for norm in ("attn_norm", "ffn_norm"):
            add(f"{block}{norm}.weight", _N_EMBD, centre=1.0)
            add(f"{block}{norm}.bias", _N_EMBD)
        for name, n_out, n_in in (
            ("attn_qkv", 3 * _N_EMBD, _N_EMBD),
            ("attn_output", _N_EMBD, _N_EMBD),
            ("ffn_up", _N_FF, _N_EMBD),
            ("ffn_down", _N_EMBD, _N_FF),
        ):
            add(f"{block}{name}.weight", n_out, n_in)
            add(f"{block}{name}.bias", n_out)
    # The last channel is always 1 at the end, so that its output weights are biases: ASCII is likelier than the rest,
    # and the end never comes by itself.
    gain, bias = random.normal(1.0, spread, _N_EMBD), random.normal(0.0, spread, _N_EMBD)
    gain[-1], bias[-1] = 0.0, 1.0
    output = random.normal(0.0, spread, (n_vocab, _N_EMBD))
    output[:, -1] = 0.0
    output[32:127, -1] = 4.0
    output[n_vocab - 1] = 0.0
    output[n_vocab - 1, -1] = -1000.0
    put("output_norm.weight", gain)
    put("output_norm.bias", bias)
    put("output.weight", output)


def _byte_characters() -> list[str]:
    """GPT-2's character for each byte: itself where it is printable, else one from 256 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    characters = {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}
    return [characters[byte] for byte in range(256)]
