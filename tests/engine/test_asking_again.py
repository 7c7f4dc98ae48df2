"""The same question again costs its last tokens, also where the cache cannot be cut, and gives the same logits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.engine.api import ModelSpec
from desktop.engine.llama.checkpoints import TAIL
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.library import start
from desktop.engine.llama.machine import N_BATCH
from desktop.engine.llama.model import Model
from desktop.engine.llama.states import KeptStates, fingerprint
from desktop.engine.llama.stopping import StopSwitch
from tests.engine import tiny_memories
from tests.engine.test_decode import NOISE, divergence, numbers

CHAT = "chat-1"
Answer = Callable[[Decoder, list[int]], None]


@pytest.fixture(scope="module", autouse=True)
def _llama_cpp() -> None:
    start()


def opened(path: Path, states: Path) -> tuple[Model, Decoder]:
    model = Model(ModelSpec(str(path), n_ctx=2048, n_threads=1), lambda _fraction: None)
    kept = KeptStates(states, fingerprint(path, *model.depends_on), 1 << 30, spared_bytes=0)
    return model, Decoder(model, StopSwitch(), kept)


def one(reader: Decoder, tokens: list[int]) -> None:
    for token in tokens:
        reader.step(token)


def several(reader: Decoder, tokens: list[int]) -> None:
    branches = reader.part(2)
    for token in tokens[: len(tokens) // 2]:
        branches.add(0, token)
        branches.add(1, token ^ 1)
        branches.compute()
    branches.close()


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("answer", [one, several])
@pytest.mark.parametrize("kind", ["gemma2", "mamba", "lfm2"])
def test_a_prompt_is_not_read_again(tmp_path: Path, kind: str, answer: Answer, restarts: bool) -> None:
    path = tiny_memories.write(tmp_path / "model.gguf", kind)
    model, reader = opened(path, tmp_path / "states")
    prompt = model.vocabulary.tokenize(numbers(100, 130))
    tokens = model.vocabulary.tokenize(numbers(300, 500))
    assert len(tokens) > tiny_memories.WINDOW + N_BATCH + 256, "more than the cache of a window holds"
    list(reader.read(prompt, CHAT))
    cold = reader.logits().copy()
    for _ in range(2):
        answer(reader, tokens)
        if restarts:
            reader.put_by()
            _, reader = opened(path, tmp_path / "states")
        else:
            assert divergence(cold, reader.logits()) > NOISE
        assert reader.known(prompt, CHAT) == len(prompt) - TAIL
        assert list(reader.read(prompt, CHAT))[-1].reused == len(prompt) - TAIL
        assert list(reader.tokens) == prompt
        assert divergence(cold, reader.logits()) < NOISE


@pytest.mark.parametrize("kind", ["gemma2", "mamba", "lfm2"])
def test_the_end_of_a_prompt_may_be_another_one(tmp_path: Path, kind: str) -> None:
    path = tiny_memories.write(tmp_path / "model.gguf", kind)
    model, reader = opened(path, tmp_path / "states")
    question = model.vocabulary.tokenize(numbers(100, 130))
    thinking, answering = question + [60] * TAIL, [*question, *model.vocabulary.tokenize(" And so on.")]
    list(reader.read(answering))
    cold = reader.logits().copy()
    reader.forget_from(0)
    list(reader.read(thinking))
    one(reader, model.vocabulary.tokenize(numbers(300, 430)))
    assert list(reader.read(answering))[-1].reused == len(question)
    assert divergence(cold, reader.logits()) < NOISE
