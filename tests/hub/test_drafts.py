from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop.hub.drafts import can_draft, draft_of, drafts_for
from desktop.hub.fit import Wishes
from desktop.hub.header import Header, read_header
from desktop.hub.model import Model
from tests.hub.gguf_file import GgufFile, string, u32


def gguf(folder: Path, name: str, **changed: bytes) -> Header:
    """The header of a small model that says how it makes tokens."""
    file = GgufFile()
    told = {"model": string("gpt2"), "pre": string("qwen2"), "bos_token_id": u32(1), "eos_token_id": u32(2)} | changed
    file.keys |= {f"tokenizer.ggml.{key}": value for key, value in told.items()}
    path = folder / name
    path.write_bytes(file.encode())
    return read_header(path)


def test_a_smaller_model_of_the_same_vocabulary_can(tmp_path: Path) -> None:
    small = gguf(tmp_path, "small.gguf")
    large = replace(small, size_bytes=3 * small.size_bytes)
    assert can_draft(small, large)
    assert not can_draft(large, small)
    assert not can_draft(small, small)
    # Filled up to a rounder number.
    assert can_draft(small, replace(large, n_vocab=(large.n_vocab or 0) + 128))
    assert not can_draft(small, replace(large, n_vocab=(large.n_vocab or 0) + 129))


@pytest.mark.parametrize("other", ["model", "pre", "bos_token_id", "eos_token_id"])
def test_one_of_another_vocabulary_cannot(tmp_path: Path, other: str) -> None:
    small = gguf(tmp_path, "small.gguf")
    value = u32(0) if other.endswith("id") else string("other")
    stranger = gguf(tmp_path, "stranger.gguf", **{other: value})
    assert not can_draft(small, replace(stranger, size_bytes=3 * small.size_bytes))


def test_what_does_not_say_how_it_makes_tokens_cannot(tmp_path: Path) -> None:
    path = tmp_path / "silent.gguf"
    path.write_bytes(GgufFile().encode())
    silent = read_header(path)
    assert silent.vocabulary == ""
    assert not can_draft(silent, replace(silent, size_bytes=3 * silent.size_bytes))


def test_recurrent_layers_cannot_take_a_guess_back(tmp_path: Path) -> None:
    small = gguf(tmp_path, "small.gguf")
    large = replace(small, size_bytes=3 * small.size_bytes)
    recurrent = tuple(replace(layer, state_bytes=1) for layer in small.layers)
    assert not can_draft(replace(small, layers=recurrent), large)
    assert not can_draft(small, replace(large, layers=recurrent))


def test_the_wanted_one_is_found_while_it_is_there(tmp_path: Path) -> None:
    small = gguf(tmp_path, "small.gguf")
    large = Model("large", "Large", tmp_path, 0, header=replace(small, size_bytes=3 * small.size_bytes))
    draft = Model("small", "Small", tmp_path, 0, header=small)
    wishing = replace(large, loading=Wishes(draft="small"))
    assert drafts_for(large, [large, draft]) == [draft]
    assert draft_of(wishing, [large, draft]) == draft
    assert draft_of(large, [large, draft]) is None
    assert draft_of(wishing, [large]) is None
    assert draft_of(wishing, [large, replace(draft, missing=True)]) is None


def test_the_starter_model_and_gemma_make_tokens_differently(starter_model: Path, gemma_model: Path) -> None:
    assert read_header(starter_model).vocabulary == "gpt2/smollm/1/2"
    assert read_header(gemma_model).vocabulary == "llama/default/2/1"
