"""Several answers at once are those that would come one after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from desktop.chat.message import FinishReason, Role, Sampling, Turn
from desktop.engine.api import MOST_ANSWERS, Event, Finished, Loaded, ModelSpec, Request, Token
from desktop.engine.llama.branches import Branches
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.generate import Generator
from desktop.engine.llama.library import llama_cpp, start
from desktop.engine.llama.model import Model
from desktop.engine.llama.sample import Logits
from desktop.engine.llama.states import KeptStates, fingerprint
from desktop.engine.llama.stopping import StopSwitch
from desktop.engine.local import LocalEngine
from desktop.errors import Crash, EngineCrashed, ModelDoesNotFit
from tests.engine import tiny_memories
from tests.engine.test_decode import NOISE, divergence, numbers, read

KINDS = ["tiny", "gemma2", "mamba", "lfm2"]
"""Attention to everything, a sliding window, recurrent layers, both."""
PROMPT = "What is asked for, with words enough to be worth keeping: " + numbers(1, 20)

Make = Callable[..., Generator]


@pytest.fixture(scope="module", autouse=True)
def _llama_cpp() -> None:
    start()


@pytest.fixture(scope="module")
def of_kind(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Callable[[str], Path]:
    """The file of a tiny model."""
    folder = tmp_path_factory.mktemp("kinds")
    files = {"tiny": tiny_model}

    def find(kind: str) -> Path:
        if kind not in files:
            files[kind] = tiny_memories.write(folder / f"{kind}.gguf", kind)
        return files[kind]

    return find


def generator(path: Path, n_ctx: int = 512, states: Path | None = None) -> tuple[Model, StopSwitch, Generator]:
    model = Model(ModelSpec(str(path), n_ctx=n_ctx, n_threads=1), lambda _fraction: None)
    switch = StopSwitch()
    kept = None if states is None else KeptStates(states, fingerprint(path, *model.depends_on), 1 << 30, spared_bytes=0)
    return model, switch, Generator(model, switch, kept)


def request(prompt: str = PROMPT, n_answers: int = 1, max_tokens: int | None = 40, seed: int = 7) -> Request:
    return Request(
        ModelSpec("m"),
        (Turn(Role.USER, prompt),),
        Sampling(seed=seed, max_tokens=max_tokens),
        conversation="chat-1",
        n_answers=n_answers,
    )


def ids(events: Sequence[Event], answer: int = 0) -> list[int]:
    return [event.id for event in events if isinstance(event, Token) and event.answer == answer]


def text(events: Sequence[Event], answer: int = 0) -> str:
    return "".join(event.text for event in events if isinstance(event, Token) and event.answer == answer)


def finished(events: Sequence[Event]) -> dict[int, Finished]:
    return {event.answer: event for event in events if isinstance(event, Finished)}


def same_beginning(one: Sequence[int], other: Sequence[int]) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


@pytest.mark.parametrize("kind", KINDS)
def test_answers_at_once_are_those_of_their_seeds(of_kind: Callable[[str], Path], kind: str) -> None:
    _, _, together = generator(of_kind(kind))
    at_once = list(together.generate(request(n_answers=4)))
    ends = finished(at_once)
    assert [ends[i].seed for i in range(4)] == [7, 8, 9, 10]
    # The random weights of the one with a window are sure of one token.
    assert len({tuple(ids(at_once, i)) for i in range(4)}) == (1 if kind == "gemma2" else 4)
    # Mixed, not one after the other.
    order = [event.answer for event in at_once if isinstance(event, Token)]
    assert order[:8] == [0, 1, 2, 3, 0, 1, 2, 3]
    _, _, alone = generator(of_kind(kind))
    for i in range(4):
        one = list(alone.generate(request(seed=7 + i)))
        assert ids(at_once, i) == ids(one)
        assert text(at_once, i) == text(one)
        assert ends[i].reason is finished(one)[0].reason
        assert ends[i].statistics.generated_tokens == finished(one)[0].statistics.generated_tokens


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_no_room_waits_and_is_not_lost(of_kind: Callable[[str], Path], kind: str) -> None:
    model, _, together = generator(of_kind(kind))
    n_prompt = len(model.vocabulary.tokenize(PROMPT))
    at_once = list(together.generate(request(n_answers=3, max_tokens=300)))
    assert n_prompt + 3 * 300 > model.n_ctx
    assert all(len(ids(at_once, i)) == 300 or finished(at_once)[i].reason is FinishReason.END for i in range(3))
    _, _, alone = generator(of_kind(kind))
    for i in range(3):
        one = ids(list(alone.generate(request(seed=7 + i, max_tokens=300))))
        # Rounding differs with the batch, and may turn a draw after many.
        assert ids(at_once, i) == one or same_beginning(ids(at_once, i), one) > 100


def test_the_last_answers_end_where_the_context_does(tiny_model: Path) -> None:
    model, _, together = generator(tiny_model, 256)
    events = list(together.generate(request(n_answers=2, max_tokens=None)))
    n_prompt = len(model.vocabulary.tokenize(PROMPT))
    for i in range(2):
        assert finished(events)[i].reason is FinishReason.LENGTH
        # The last token is said, and there is no place to read it at.
        assert len(ids(events, i)) == model.n_ctx - n_prompt + 1


def decode(branches: Branches, ways: Sequence[Sequence[int]]) -> dict[int, Logits]:
    """The logits behind each of the ways, which are as long as each other."""
    found: dict[int, Logits] = {}
    for tokens in zip(*ways, strict=True):
        for number, token in enumerate(tokens):
            branches.add(number, token)
        found = {number: np.array(logits) for number, logits in branches.compute()}
    branches.close()
    return found


@pytest.mark.parametrize("kind", ["tiny", "lfm2"])
def test_what_llama_cpp_finds_no_room_for_is_as_if_it_had_not_been_tried(
    of_kind: Callable[[str], Path], kind: str
) -> None:
    model, _, together = generator(of_kind(kind), 256)
    decoder = together._decoder
    prompt = model.vocabulary.tokenize(PROMPT * 3)[:200]
    list(decoder.read(prompt))
    branches = decoder.part(2)
    branches._n_cells += 100  # more than there are
    own: list[list[int]] = [[], []]
    found: dict[int, Logits] = dict.fromkeys(range(2), np.empty(0, np.float32))
    while len(own[0]) < 40:
        for number in found:
            own[number].append(prompt[len(own[number]) + number])
            branches.add(number, own[number][-1])
        found = {number: np.array(logits) for number, logits in branches.compute()}
    assert len(own[1]) < 40, "it waits"
    branches.close()
    _, cold = read(decoder, [*prompt, *own[0]])
    assert divergence(cold, found[0]) < NOISE


@pytest.mark.parametrize("chosen", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_any_of_them_can_be_gone_on_with(of_kind: Callable[[str], Path], kind: str, chosen: int) -> None:
    model = Model(ModelSpec(str(of_kind(kind)), n_ctx=512, n_threads=1), lambda _fraction: None)
    reader = Decoder(model, StopSwitch())
    prompt = model.vocabulary.tokenize(PROMPT)
    ways = [model.vocabulary.tokenize(numbers(first, first + 20))[:60] for first in (100, 300, 500)]
    follow_up = [*prompt, *ways[chosen], *prompt[:10]]
    _, cold = read(reader, follow_up)
    read(reader, prompt)
    decode(reader.part(3), ways)
    assert [reader.known([*prompt, *way, 5]) for way in ways] == [len(prompt) + 60] * 3
    reused, warm = read(reader, follow_up)
    assert reused == len(prompt) + 60
    assert divergence(cold, warm) < NOISE
    assert list(reader.tokens) == follow_up


@pytest.mark.parametrize("chosen", [0, 2])
@pytest.mark.parametrize("n_other", [1, 100])
def test_no_more_of_one_of_them_is_read_than_was_foretold(
    of_kind: Callable[[str], Path], n_other: int, chosen: int
) -> None:
    """A template may trim an answer's end: what is asked for next goes on with less than was given."""
    model = Model(ModelSpec(str(of_kind("gemma2")), n_ctx=1024, n_threads=1), lambda _fraction: None)
    reader = Decoder(model, StopSwitch())
    prompt = model.vocabulary.tokenize(PROMPT)
    ways = [model.vocabulary.tokenize(numbers(first, first + 50))[:150] for first in (100, 300, 500)]
    follow_up = [*prompt, *ways[chosen][:-n_other], *prompt[:10]]
    _, cold = read(reader, follow_up)
    read(reader, prompt)
    decode(reader.part(3), ways)
    assert len(prompt) > model.n_swa
    known = reader.known(follow_up)
    assert n_other > 1 or known == len(prompt) + 149
    reused, warm = read(reader, follow_up)
    assert reused == known
    assert divergence(cold, warm) < NOISE
    assert list(reader.tokens) == follow_up


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_kept_on_the_disk(of_kind: Callable[[str], Path], kind: str, tmp_path: Path) -> None:
    _, _, before = generator(of_kind(kind), 1024, tmp_path)
    events = list(before.generate(request(n_answers=2)))
    before.rest()
    follow_up = request(PROMPT + text(events) + " And then?")
    n_known = before.prompt(follow_up).n_known
    _, _, after = generator(of_kind(kind), 1024, tmp_path)
    assert after.prompt(follow_up).n_known == n_known > 0
    assert ids(list(after.generate(follow_up))) == ids(list(before.generate(follow_up)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_ends_all_and_keeps_what_they_said(of_kind: Callable[[str], Path], kind: str) -> None:
    _, switch, together = generator(of_kind(kind))
    switch.begin(1)
    events: list[Event] = []
    for event in together.generate(request(n_answers=3, max_tokens=None)):
        events.append(event)
        if len(ids(events, 2)) == 10:
            switch.stop(1)
    switch.end()
    assert [finished(events)[i].reason for i in range(3)] == [FinishReason.STOPPED] * 3
    assert all(10 <= len(ids(events, i)) <= 11 for i in range(3))
    # The cache is as good as before.
    _, _, alone = generator(of_kind(kind))
    assert ids(list(together.generate(request()))) == ids(list(alone.generate(request())))


def test_a_stop_while_reading_ends_all(tiny_model: Path) -> None:
    _, switch, together = generator(tiny_model)
    switch.begin(1)
    switch.stop(1)
    events = list(together.generate(request(n_answers=3)))
    assert {i: end.reason for i, end in finished(events).items()} == dict.fromkeys(range(3), FinishReason.STOPPED)
    assert not any(isinstance(event, Token) for event in events)


@pytest.mark.parametrize("kind", ["gemma2", "lfm2"])
def test_without_memory_for_several_there_is_still_one(
    of_kind: Callable[[str], Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _, one = generator(of_kind(kind))
    before = ids(list(one.generate(request())))
    make = llama_cpp.llama_init_from_model

    def refuse(handle: int, parameters: object) -> int | None:
        made: int | None = None if getattr(parameters, "n_seq_max", 1) > 1 else make(handle, parameters)
        return made

    with monkeypatch.context() as patched:
        patched.setattr(llama_cpp, "llama_init_from_model", refuse)
        with pytest.raises(ModelDoesNotFit):
            list(one.generate(request(n_answers=2)))
    assert model.n_sequences == 1
    assert one.prompt(request(PROMPT + " more")).n_known > 0
    assert ids(list(one.generate(request()))) == before


ONE_CONTEXT = """
import sys
sys.path.insert(0, sys.argv[1])
from desktop.engine.llama.__main__ import main
from desktop.engine.llama.library import llama_cpp
contexts = [llama_cpp.llama_init_from_model]
llama_cpp.llama_init_from_model = lambda *given: contexts.pop()(*given) if contexts else None
main()
"""
"""An engine process that has memory for its first context and for no other."""


def test_without_memory_for_any_the_next_request_starts_anew(of_kind: Callable[[str], Path], tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    engine = LocalEngine(tmp_path / "engine.log", command=(sys.executable, "-P", "-c", ONE_CONTEXT, root))
    spec = ModelSpec(str(of_kind("gemma2")), n_ctx=512, n_threads=1)
    try:
        asked = replace(request(), model=spec)
        before = list(engine.generate(asked))
        with pytest.raises(EngineCrashed) as error:
            list(engine.generate(replace(asked, n_answers=2)))
        assert error.value.crash is Crash.OUT_OF_MEMORY
        assert error.value.needed_bytes > 0
        after = list(engine.generate(asked))
    finally:
        engine.close()
    assert any(isinstance(event, Loaded) for event in after)
    assert ids(after) == ids(before)


@pytest.mark.parametrize("n_answers", [0, MOST_ANSWERS + 1])
def test_more_answers_than_there_is_room_for_are_not_asked_for(n_answers: int) -> None:
    with pytest.raises(ValueError, match="answers"):
        request(n_answers=n_answers)


@pytest.mark.parametrize("name", ["starter_model", "gemma_model"])
def test_logits_in_a_batch_are_those_alone(name: str, request: pytest.FixtureRequest) -> None:
    """Of the real models, whose arithmetic differs between batch shapes: texts may differ, logits hardly."""
    path = request.getfixturevalue(name)
    model = Model(ModelSpec(str(path), n_ctx=512), lambda _fraction: None)
    reader = Decoder(model, StopSwitch())
    words = model.vocabulary.tokenize(numbers(100, 130))
    elsewhere = model.vocabulary.tokenize("And then the keeper of the lighthouse fell asleep at last")
    prompt, ways = words[:-8], [words[-8:], elsewhere[:8]]

    def alone(way: list[int]) -> Logits:
        _, logits = read(reader, [*prompt, *way])
        return logits

    expected = [alone(way) for way in ways]
    read(reader, prompt)
    found = decode(reader.part(len(ways)), ways)
    for number, logits in enumerate(expected):
        assert divergence(logits, found[number]) < NOISE
    assert divergence(expected[0], found[1]) > NOISE
    reused, _ = read(reader, [*prompt, *ways[1], 5])
    assert reused == len(prompt) + len(ways[1])


def test_several_answers_of_a_real_process(tiny_model: Path, tmp_path: Path) -> None:
    engine = LocalEngine(tmp_path / "engine.log")
    spec = ModelSpec(str(tiny_model), n_ctx=512, n_threads=1)
    try:
        asked = Request(spec, (Turn(Role.USER, PROMPT),), Sampling(seed=7, max_tokens=20), n_answers=3)
        events = list(engine.generate(asked))
    finally:
        engine.close()
    _, _, alone = generator(tiny_model)
    for i in range(3):
        assert ids(events, i) == ids(list(alone.generate(request(seed=7 + i, max_tokens=20))))
    assert {end.statistics.prompt_tokens for end in finished(events).values()} == {
        finished(events)[0].statistics.prompt_tokens
    }
