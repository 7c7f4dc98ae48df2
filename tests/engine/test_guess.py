"""Guessing ahead changes nothing of an answer, nor of what is in the cache behind it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from desktop.chat.message import FinishReason, Role, Sampling, Turn
from desktop.engine.api import Event, Finished, Guessing, ModelSpec, Request, Token, Tuning
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.draft import Draft
from desktop.engine.llama.generate import Generator
from desktop.engine.llama.guess import MOST_GUESSED, Ahead, Guesser
from desktop.engine.llama.library import start
from desktop.engine.llama.model import Model
from desktop.engine.llama.stopping import StopSwitch
from desktop.errors import BadModelFile, Flaw
from tests.engine.test_decode import NOISE, divergence, read

CHEAP = Tuning(1, 1, (1.0,) * MOST_GUESSED)
DEAR = Tuning(1, 1, tuple(float(n) for n in range(2, MOST_GUESSED + 2)))
REPEATING = "Repeat this: red, green, blue, red, green, blue, red, green, blue, red, green,"
CLOSE = 0.2
"""Between log probabilities of the same token in other batches, where a wrong row is off by several."""


@pytest.fixture(scope="module", autouse=True)
def _llama_cpp() -> None:
    start()


def opened(path: Path, n_ctx: int = 512) -> Model:
    return Model(ModelSpec(str(path), n_ctx=n_ctx), lambda _fraction: None)


def request_of(text: str, **changes: object) -> Request:
    sampling = {"temperature": 0.0, "max_tokens": 16, "seed": 11} | {
        name: changes.pop(name) for name in list(changes) if name in Sampling.__dataclass_fields__
    }
    return replace(
        Request(ModelSpec(""), (Turn(Role.USER, text),), Sampling(**sampling), n_alternatives=3),  # type: ignore[arg-type]
        **changes,  # type: ignore[arg-type]
    )


def finished(events: Sequence[Event]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    return last


def tokens(events: Sequence[Event]) -> list[Token]:
    return [event for event in events if isinstance(event, Token) and event.logprob is not None]


def ids(events: Sequence[Event]) -> list[int]:
    return [token.id for token in tokens(events)]


def assert_same(one: Sequence[Event], other: Sequence[Event]) -> None:
    """The same tokens; or they part where both are as likely but for rounding, by which other batches differ."""
    for a, b in zip(tokens(one), tokens(other), strict=False):
        likely = {each.id: each.logprob for each in b.alternatives}
        shared = [(each.logprob, likely[each.id]) for each in a.alternatives if each.id in likely]
        assert shared
        assert all(abs(x - y) < CLOSE for x, y in shared)
        if a.id != b.id:
            return
    assert len(tokens(one)) == len(tokens(other))
    assert finished(one).reason == finished(other).reason


class Oracle(Guesser):
    """Knows the answer, and is wrong with the probability `wrong`."""

    def __init__(self, prompt: Sequence[int], answer: Sequence[int], wrong: float, seed: int) -> None:
        super().__init__(prompt, None)
        self._answer = list(answer)
        self._prompt_tokens = len(prompt)
        self._wrong = wrong
        self._random = random.Random(seed)

    @override
    def propose(self, tokens: Sequence[int], token: int, most: int) -> list[int]:
        place = len(tokens) + 1 - self._prompt_tokens
        n = self._random.randint(0, most)
        return [each ^ (self._random.random() < self._wrong) for each in self._answer[place : place + n]]


class Told(Generator):
    """With an oracle in the place of a guesser."""

    def __init__(self, model: Model, answer: Sequence[int], *, wrong: float = 0.0, seed: int = 0) -> None:
        super().__init__(model, StopSwitch())
        self._decoder.forget_from(0)
        self._oracle = (answer, wrong, seed)

    @override
    def _ahead(self, request: Request) -> Ahead:
        guesser = Oracle(self._decoder.tokens, *self._oracle)
        return Ahead(self._decoder, guesser, self._model.n_ctx, request.sampling.max_tokens)

    @property
    def cached(self) -> list[int]:
        return list(self._decoder.tokens)


@pytest.mark.parametrize("name", ["tiny_model", "starter_model", "gemma_model"])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_the_answer_is_the_same_with_guesses(name: str, temperature: float, request: pytest.FixtureRequest) -> None:
    model = opened(request.getfixturevalue(name))
    asked = request_of(REPEATING, temperature=temperature)
    answers = {}
    for guessing in Guessing:
        generator = Generator(model, StopSwitch())
        generator._decoder.forget_from(0)
        generator.set_tuning(CHEAP)
        answers[guessing] = list(generator.generate(replace(asked, guessing=guessing)))
    assert_same(answers[Guessing.OFF], answers[Guessing.ON])
    assert_same(answers[Guessing.OFF], answers[Guessing.AUTO])
    assert finished(answers[Guessing.OFF]).statistics.guessed_tokens == 0
    assert finished(answers[Guessing.ON]).statistics.guessed_tokens > 0


def test_guesses_that_come_true_are_counted(starter_model: Path) -> None:
    generator = Generator(opened(starter_model), StopSwitch())
    events = list(generator.generate(request_of(REPEATING, guessing=Guessing.ON)))
    statistics = finished(events).statistics
    assert 0 < statistics.right_guesses <= statistics.guessed_tokens
    assert statistics.generated_tokens == 16


def test_what_does_not_pay_is_not_done(tiny_model: Path) -> None:
    for tuning, guesses in ((None, False), (DEAR, False), (CHEAP, True)):
        generator = Generator(opened(tiny_model), StopSwitch())
        if tuning is not None:
            generator.set_tuning(tuning)
        events = list(generator.generate(request_of("ab" * 40, max_tokens=120)))
        assert (finished(events).statistics.guessed_tokens > 0) == guesses


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("sampling", [{}, {"temperature": 0.8}, {"temperature": 1.2, "repeat_penalty": 1.3}])
def test_wrong_guesses_leave_no_trace(tiny_model: Path, seed: int, sampling: dict[str, float]) -> None:
    model = opened(tiny_model)
    asked = request_of("Which way?", max_tokens=40, **sampling)
    plain = Told(model, ())
    expected = list(plain.generate(asked))
    cached = plain.cached
    told = Told(model, ids(expected), wrong=0.3, seed=seed)
    events = list(told.generate(asked))
    assert ids(events) == ids(expected)
    assert told.cached == cached
    statistics = finished(events).statistics
    assert 0 < statistics.right_guesses < statistics.guessed_tokens
    # What comes next finds a cache as good as a new one.
    follow_up = [*told.cached, *model.vocabulary.tokenize(" And then?")]
    reused, warm = read(told._decoder, follow_up)
    assert reused == len(cached)
    told._decoder.forget_from(0)
    _, cold = read(told._decoder, follow_up)
    assert divergence(cold, warm) < NOISE


@pytest.mark.parametrize("max_tokens", [1, 2, 3, 7, 8, 9, 10, 19])
def test_an_answer_ends_inside_its_guesses_at_its_length(tiny_model: Path, max_tokens: int) -> None:
    model = opened(tiny_model)
    expected = ids(list(Told(model, ()).generate(request_of("Which way?", max_tokens=40))))
    told = Told(model, expected)
    events = list(told.generate(request_of("Which way?", max_tokens=max_tokens)))
    assert ids(events) == expected[:max_tokens]
    assert finished(events).reason is FinishReason.LENGTH
    # The last one was told, and need not be read.
    assert told.cached[-max_tokens:][1:] == expected[: max_tokens - 1]
    assert len(told.cached) == finished(events).statistics.prompt_tokens + max_tokens - 1


def test_an_answer_ends_inside_its_guesses_at_a_stop_word(tiny_model: Path) -> None:
    model = opened(tiny_model)
    whole = list(Told(model, ()).generate(request_of("Which way?", max_tokens=40)))
    text = "".join(event.text for event in whole if isinstance(event, Token))
    asked = request_of("Which way?", max_tokens=40, stop=(text[20:23],))
    plain = Told(model, ())
    expected = list(plain.generate(asked))
    cached = plain.cached
    assert finished(expected).reason is FinishReason.STOP_WORD
    for seed in range(5):
        told = Told(model, ids(whole), seed=seed)
        events = list(told.generate(asked))
        assert "".join(each.text for each in events if isinstance(each, Token)) in text[: text.index(text[20:23])]
        assert ids(events) == ids(expected)
        assert told.cached == cached


def test_an_answer_ends_inside_its_guesses_where_the_model_ends_it(starter_model: Path) -> None:
    model = opened(starter_model)
    asked = replace(
        request_of("Name a colour.", max_tokens=60),
        turns=(Turn(Role.USER, "Name a colour."), Turn(Role.ASSISTANT, "The sky is")),
        continue_last=True,
    )
    plain = Told(model, ())
    expected = list(plain.generate(asked))
    cached = plain.cached
    assert finished(expected).reason is FinishReason.END
    end = model.vocabulary.tokenize("<|im_end|>")[-1]
    assert model.vocabulary.is_end(end)
    told = Told(model, [*ids(expected), end, end, end], seed=2)
    events = list(told.generate(asked))
    assert_same(expected, events)
    assert told.cached[: len(cached)] == cached or ids(events) != ids(expected)
    assert end not in told.cached[finished(events).statistics.prompt_tokens :]


def test_a_full_context_ends_an_answer_where_it_would_without_guesses(tiny_model: Path) -> None:
    model = opened(tiny_model, n_ctx=256)
    asked = request_of("x" * 225, max_tokens=None)
    plain = Told(model, ())
    expected = list(plain.generate(asked))
    assert finished(expected).reason is FinishReason.LENGTH
    assert len(plain.cached) == model.n_ctx
    for seed in range(5):
        told = Told(model, [*ids(expected), *range(40, 60)], seed=seed)
        events = list(told.generate(asked))
        assert ids(events) == ids(expected)
        assert told.cached == plain.cached
        assert finished(events).reason is FinishReason.LENGTH


def test_a_stop_leaves_nothing_in_the_cache_that_was_not_told(tiny_model: Path) -> None:
    model = opened(tiny_model)
    asked = request_of("Which way?", max_tokens=60)
    expected = ids(list(Told(model, ()).generate(asked)))
    for stopped_after in range(3, 20):
        told = Told(model, expected, seed=stopped_after)
        told._switch.begin(1)
        events = []
        for event in told.generate(asked):
            events.append(event)
            if len(tokens(events)) == stopped_after:
                told._switch.stop(1)
        assert finished(events).reason is FinishReason.STOPPED
        # What had been guessed and checked before it may still be told.
        n_told = len(ids(events))
        assert stopped_after <= n_told <= stopped_after + MOST_GUESSED
        assert ids(events) == expected[:n_told]
        n_prompt = finished(events).statistics.prompt_tokens
        assert told.cached[n_prompt:] == expected[: n_told - 1]


def test_an_answer_that_is_left_early_leaves_no_guesses(tiny_model: Path) -> None:
    model = opened(tiny_model)
    expected = ids(list(Told(model, ()).generate(request_of("Which way?", max_tokens=40))))
    told = Told(model, expected, seed=3)
    events: list[Event] = []
    answer = told.generate(request_of("Which way?", max_tokens=40))
    for event in answer:
        events.append(event)
        if len(tokens(events)) == 10:
            break
    answer.close()  # type: ignore[attr-defined]
    n_prompt = len(told.cached) - 9
    assert told.cached[n_prompt:] == expected[:9]


def with_draft(model: Model, path: Path) -> Draft:
    return Draft(str(path), model, ModelSpec(""), StopSwitch(), lambda _fraction: None)


@pytest.mark.parametrize("name", ["tiny_model", "starter_model"])
def test_a_model_that_guesses_for_itself_is_nearly_always_right(name: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(name)
    asked = request_of("Tell me of the sea.", guessing=Guessing.ON)
    model = opened(path)
    draft = with_draft(model, path)
    expected = list(Generator(model, StopSwitch()).generate(replace(asked, guessing=Guessing.OFF)))
    generator = Generator(model, StopSwitch(), draft=draft)
    generator._decoder.forget_from(0)
    for _ in range(2):  # again: what the draft model has read of the first answer is no longer the text
        events = list(generator.generate(asked))
        assert_same(expected, events)
        assert finished(events).statistics.right_guesses > 8
    prompt = model.vocabulary.tokenize(generator.prompt(asked).text)
    answer = ids(expected)
    draft.begin()
    right = [draft.propose([*prompt, *answer[:n]], answer[n], 3) == answer[n + 1 : n + 4] for n in range(12)]
    assert sum(right) >= 10


def test_a_draft_model_reads_no_token_twice_and_none_that_it_does_not_know(tiny_model: Path) -> None:
    model = opened(tiny_model)
    draft = with_draft(model, tiny_model)
    text = model.vocabulary.tokenize("Tell me of the sea.")
    for _ in range(2):  # the second answer begins as the first
        draft.begin()
        assert len(draft.propose(text[:-1], text[-1], 1)) == 1
        assert draft._decoder.tokens == text
    draft.begin()
    strange = model.vocabulary.n_tokens  # as of a large model whose vocabulary was filled up
    assert draft.propose(text, strange, 3) == []
    assert draft.propose([*text, strange], text[0], 3) == []
    draft.begin()
    assert len(draft.propose(text[:-1], text[-1], 3)) == 3


def test_a_draft_model_with_a_sliding_window_guesses_from_the_whole_window(gemma_model: Path) -> None:
    model = opened(gemma_model, n_ctx=1280)
    draft = with_draft(model, gemma_model)
    text = model.vocabulary.tokenize(", ".join(str(n) for n in range(100, 250)))
    assert len(text) > model.n_swa + 200
    draft.propose(text[:-20], text[-20], 4)
    for n_read in range(len(text) - 16, len(text), 5):
        # Wrong ones are taken back, over and over.
        draft.propose([*text[:n_read], n_read], 77, 6)
    warm = draft.propose(text[:-1], text[-1], 5)
    assert draft._decoder.tokens[: len(text)] == text
    draft._decoder.forget_from(0)
    draft.begin()
    assert draft.propose(text[:-1], text[-1], 5) == warm


def test_another_vocabulary_is_refused(starter_model: Path, gemma_model: Path, tiny_model: Path) -> None:
    model = opened(starter_model)
    for path in (gemma_model, tiny_model):
        with pytest.raises(BadModelFile) as refused:
            with_draft(model, path)
        assert (refused.value.flaw, refused.value.path) == (Flaw.OTHER_VOCABULARY, str(path))


def test_logits_of_guesses_are_those_of_single_steps(starter_model: Path) -> None:
    model = opened(starter_model)
    decoder = Decoder(model, StopSwitch())
    text = model.vocabulary.tokenize(REPEATING)
    list(decoder.read(text[:-6]))
    ahead = Ahead(decoder, Oracle(text[:-6], text[-6:], 0.0, 5), model.n_ctx, None)
    singly = []
    for token in text[-6:]:
        ahead.step(token)
        singly.append(ahead.logits().copy())
    ahead.settle()
    assert ahead.n_right > 0
    for i, token in enumerate(text[-6:]):
        _, cold = read(decoder, [*text[: len(text) - 6 + i], token])
        assert divergence(cold, singly[i]) < NOISE
