"""What another conversation takes the place of, and the disk does not take, is had back to the same logits."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.engine.api import ModelSpec
from desktop.engine.llama.checkpoints import TAIL
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.library import start
from desktop.engine.llama.model import Model
from desktop.engine.llama.states import KeptStates
from desktop.engine.llama.stopping import StopSwitch
from tests.engine import tiny_memories
from tests.engine.test_decode import NOISE, decoder, divergence, numbers, read
from tests.engine.test_states import read_for

Find = Callable[[str], Path]


@pytest.fixture(scope="module", autouse=True)
def _llama_cpp() -> None:
    start()


@pytest.fixture
def find(tmp_path: Path, request: pytest.FixtureRequest) -> Find:
    """The file of a real model, or of one whose memory is of that kind."""

    def path(name: str) -> Path:
        if name.endswith("_model"):
            found: Path = request.getfixturevalue(name)
            return found
        return tiny_memories.write(tmp_path / f"{name}.gguf", name)

    return path


def tokens(model: Model, first: int, last: int) -> list[int]:
    return model.vocabulary.tokenize(numbers(first, last))


@pytest.mark.parametrize("name", ["tiny_model", "starter_model", "gemma2", "mamba", "lfm2"])
def test_a_conversation_goes_on_after_another_one(find: Find, name: str) -> None:
    model, reader = decoder(find(name), 1024)
    first = tokens(model, 100, 130)
    follow_up = [*first, *tokens(model, 300, 303)]
    _, cold = read(reader, follow_up)
    reader.forget_from(0)
    read_for(reader, first, "chat-1")
    read_for(reader, tokens(model, 500, 530), "chat-2")
    assert reader.known(follow_up, "chat-1") == len(first)
    assert reader.known(follow_up, "chat-2") <= 1, "what begins every text"
    assert read_for(reader, follow_up, "chat-1") == len(first)
    assert divergence(cold, reader.logits()) < NOISE
    assert list(reader.tokens) == follow_up
    # And the other one took its place.
    assert reader.known(tokens(model, 500, 530), "chat-2") >= len(tokens(model, 500, 530)) - 1 - TAIL


def test_what_belongs_to_nobody_takes_no_place(tiny_model: Path) -> None:
    model, reader = decoder(tiny_model, 1024)
    chat = tokens(model, 100, 150)
    read_for(reader, chat, "chat-1")
    for begin in (300, 400, 500):
        read_for(reader, tokens(model, begin, begin + 60), "")
    assert read_for(reader, chat, "chat-1") == len(chat) - 1
    assert reader.known(tokens(model, 500, 560), "") <= 1


def test_another_branch_is_had_back(tiny_model: Path) -> None:
    model, reader = decoder(tiny_model, 1024)
    both = tokens(model, 100, 115)
    one, other = [*both, *tokens(model, 200, 240)], [*both, *tokens(model, 500, 540)]
    _, cold = read(reader, [*one, *both[-8:]])
    reader.forget_from(0)
    read_for(reader, one)
    assert len(both) <= read_for(reader, other) < len(both) + 8
    assert read_for(reader, [*one, *both[-8:]]) == len(one)
    assert divergence(cold, reader.logits()) < NOISE
    assert read_for(reader, other) == len(other) - 1


def test_a_window_that_has_moved_on_goes_back_to_where_it_was_remembered(tmp_path: Path) -> None:
    model, reader = decoder(tiny_memories.write(tmp_path / "window.gguf", "gemma2"), 1024)
    question = tokens(model, 100, 140)
    answer = tokens(model, 300, 360)
    again = [*question, *model.vocabulary.tokenize(" differently")]
    _, cold = read(reader, again)
    reader.forget_from(0)
    read_for(reader, question, "chat-1")
    read_for(reader, [*question, *answer], "chat-1")
    read_for(reader, tokens(model, 500, 540), "chat-2")
    assert reader.known(again, "chat-1") == len(question) - TAIL
    assert read_for(reader, again, "chat-1") == len(question) - TAIL
    assert divergence(cold, reader.logits()) < NOISE


@pytest.mark.parametrize("limit", [0, 1 << 30])
def test_nothing_is_held_that_the_disk_has(tmp_path: Path, tiny_model: Path, limit: int) -> None:
    model = Model(ModelSpec(str(tiny_model), n_ctx=1024), lambda _fraction: None)
    reader = Decoder(model, StopSwitch(), KeptStates(tmp_path, "any", limit))
    chat = tokens(model, 100, 150)
    read_for(reader, chat, "chat-1")
    read_for(reader, tokens(model, 500, 510), "chat-2")
    assert bool(model.others_bytes) is not bool(limit)
    assert bool(list(tmp_path.rglob("*.kv"))) is bool(limit)
    assert read_for(reader, chat, "chat-1") == len(chat) - 1


def test_what_is_held_is_not_counted_as_the_models_and_goes_when_it_is_had_back(starter_model: Path) -> None:
    model, reader = decoder(starter_model, 1024)
    chat = tokens(model, 100, 150)
    read_for(reader, chat, "chat-1")
    before = model.taken_bytes()
    read_for(reader, tokens(model, 500, 510), "chat-2")
    held = model.others_bytes
    assert held > 20_000 * len(chat), "23 kB a token"
    assert model.taken_bytes() < before + held // 2
    read_for(reader, chat, "chat-1")
    assert model.others_bytes == 0


def test_no_memory_is_held_that_is_not_to_spare(tiny_model: Path) -> None:
    model, reader = decoder(tiny_model, 1024)
    chat = tokens(model, 100, 150)
    read_for(reader, chat, "chat-1")
    model._free_bytes = 0  # as if the weights had taken all
    read_for(reader, tokens(model, 500, 540), "chat-2")
    assert model.others_bytes == 0
    assert read_for(reader, chat, "chat-1") <= 1


@pytest.mark.parametrize(("name", "least"), [("tiny_model", 1800), ("gemma2", 1800), ("mamba", 900), ("lfm2", 900)])
def test_whatever_happened_before_the_logits_are_those_of_a_cold_run(find: Find, name: str, least: int) -> None:
    """60 steps of asking, editing and changing the chat, with nothing on the disk."""
    chance = random.Random(7)
    path = find(name)
    model, reader = decoder(path, 512)
    _, cold = decoder(path, 512)
    paths = {f"chat-{number}": [tokens(model, 100 * number, 100 * number + 25)] for number in range(1, 4)}
    reused = 0
    for _ in range(60):
        conversation = chance.choice(sorted(paths))
        text = chance.choice(paths[conversation][-3:])
        match chance.choice(["ask", "ask", "edit", "again", "title"]):
            case "ask" if len(text) < 400:
                text = [*text, *(chance.randrange(32, 127) for _ in range(chance.randrange(1, 60)))]
            case "edit":
                text = [*text[: chance.randrange(1, len(text))], chance.randrange(32, 127)]
            case "title":
                conversation = ""
        paths.get(conversation, []).append(text)
        reused += read_for(reader, text, conversation)
        cold.forget_from(0)
        assert read_for(cold, text, "") == 0
        assert divergence(cold.logits(), reader.logits()) < NOISE
        assert list(reader.tokens) == text
    assert reused > least
