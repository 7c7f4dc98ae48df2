"""What every Engine promises, asked of each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from desktop.chat.message import FinishReason, Role, Sampling, Turn
from desktop.engine.api import Engine, Event, Finished, Loaded, LoadProgress, ModelSpec, PrefillProgress, Request, Token
from desktop.engine.local import LocalEngine
from desktop.engine.scripted import ScriptedEngine
from desktop.errors import LoadCancelled

QUESTION = (Turn(Role.USER, "Which way to the lighthouse?"),)


@dataclass
class Subject:
    engine: Engine
    model: ModelSpec

    def request(self, **sampling: object) -> Request:
        return Request(self.model, QUESTION, replace(Sampling(seed=4, max_tokens=24), **sampling))  # type: ignore[arg-type]

    def text(self, request: Request) -> str:
        return "".join(event.text for event in self.engine.generate(request) if isinstance(event, Token))


@pytest.fixture(scope="module", params=["scripted", "local"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if request.param == "scripted":
        yield ScriptedEngine(["Down the hill, past the mill, and along the shore until you hear the sea. " * 20])
        return
    local = LocalEngine(tmp_path_factory.mktemp("log") / "engine.log")
    yield local
    local.close()


@pytest.fixture
def subject(engine: Engine, tiny_model: Path) -> Iterator[Subject]:
    yield Subject(engine, ModelSpec(str(tiny_model)))
    engine.unload()


def last(events: list[Event]) -> Finished:
    finished = events[-1]
    assert isinstance(finished, Finished)
    return finished


def test_events_come_in_order(subject: Subject) -> None:
    order = [LoadProgress, Loaded, PrefillProgress, Token, Finished]
    ranks = [order.index(type(event)) for event in subject.engine.generate(subject.request())]
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2, 3, 4}
    assert ranks.count(1) == ranks.count(4) == 1


def test_a_model_is_loaded_once(subject: Subject) -> None:
    first = list(subject.engine.load(subject.model))
    assert isinstance(first[-1], Loaded)
    assert len(first) > 1
    assert [type(event) for event in subject.engine.load(subject.model)] == [Loaded]
    kinds = {type(event) for event in subject.engine.generate(subject.request())}
    assert Loaded not in kinds


def test_what_was_loaded_is_told(subject: Subject) -> None:
    loaded = list(subject.engine.load(replace(subject.model, n_ctx=256, kv_type="f16")))[-1]
    assert isinstance(loaded, Loaded)
    assert (loaded.n_ctx, loaded.kv_type, loaded.fallback) == (256, "f16", None)


def test_another_context_length_is_another_load(subject: Subject) -> None:
    list(subject.engine.load(subject.model))
    loaded = list(subject.engine.load(replace(subject.model, n_ctx=512)))[-1]
    assert isinstance(loaded, Loaded)
    assert loaded.n_ctx == 512


def test_the_prompt_is_read_to_its_end(subject: Subject) -> None:
    events = list(subject.engine.generate(subject.request()))
    progress = [event for event in events if isinstance(event, PrefillProgress)]
    assert progress[-1].read == progress[-1].total == last(events).statistics.prompt_tokens
    assert subject.engine.prompt(subject.request()).n_tokens == progress[-1].total


def test_max_tokens_ends_an_answer(subject: Subject) -> None:
    events = list(subject.engine.generate(subject.request(max_tokens=7)))
    assert last(events).reason is FinishReason.LENGTH
    assert last(events).statistics.generated_tokens == 7


def test_the_seed_is_reported_and_repeats_the_answer(subject: Subject) -> None:
    request = subject.request(temperature=1.0)
    assert subject.text(request) == subject.text(request)
    assert last(list(subject.engine.generate(request))).seed == 4


def test_a_stop_word_ends_an_answer_and_is_not_in_it(subject: Subject) -> None:
    whole = subject.text(subject.request())
    word = whole[4:6]
    events = list(subject.engine.generate(subject.request(stop=("never said", word))))
    text = "".join(event.text for event in events if isinstance(event, Token))
    assert last(events).reason is FinishReason.STOP_WORD
    assert text == whole[: whole.index(word)]


def test_stop_ends_an_answer_and_only_that_one(subject: Subject) -> None:
    events = []
    for event in subject.engine.generate(subject.request(max_tokens=None)):
        events.append(event)
        if sum(isinstance(each, Token) for each in events) == 5:
            subject.engine.stop()
    assert last(events).reason is FinishReason.STOPPED
    assert last(list(subject.engine.generate(subject.request()))).reason is FinishReason.LENGTH


def test_several_answers_are_those_of_their_seeds(subject: Subject) -> None:
    events = list(subject.engine.generate(replace(subject.request(temperature=1.0), n_answers=3)))
    ends = [event for event in events if isinstance(event, Finished)]
    assert sorted((end.answer, end.seed) for end in ends) == [(0, 4), (1, 5), (2, 6)]
    for end in ends:
        # Nothing comes of an answer after its end.
        of_it = events[: events.index(end)]
        said = [event.text for event in of_it if isinstance(event, Token) and event.answer == end.answer]
        assert "".join(said) == subject.text(subject.request(temperature=1.0, seed=end.seed))
        assert end.statistics.generated_tokens == 24


def test_stop_ends_all_of_several_answers(subject: Subject) -> None:
    events = []
    for event in subject.engine.generate(replace(subject.request(max_tokens=None), n_answers=3)):
        events.append(event)
        if sum(isinstance(each, Token) for each in events) == 6:
            subject.engine.stop()
    assert [event.reason for event in events if isinstance(event, Finished)] == [FinishReason.STOPPED] * 3
    assert last(list(subject.engine.generate(subject.request()))).reason is FinishReason.LENGTH


def test_stop_without_anything_to_stop_does_nothing(subject: Subject) -> None:
    subject.engine.stop()
    list(subject.engine.load(subject.model))
    subject.engine.stop()
    assert last(list(subject.engine.generate(subject.request()))).reason is FinishReason.LENGTH


def test_a_load_can_be_cancelled(subject: Subject) -> None:
    loading = subject.engine.load(subject.model)
    assert isinstance(next(loading), LoadProgress)
    subject.engine.stop()
    with pytest.raises(LoadCancelled):
        list(loading)
    assert isinstance(list(subject.engine.load(subject.model))[-1], Loaded)


def test_an_answer_that_is_left_early_leaves_the_engine_usable(subject: Subject) -> None:
    whole = subject.text(subject.request())
    answer = subject.engine.generate(subject.request(max_tokens=None))
    assert any(isinstance(event, Token) for event in answer)
    answer.close()  # type: ignore[attr-defined]
    assert subject.text(subject.request()) == whole


def test_an_unloaded_model_is_loaded_again(subject: Subject) -> None:
    whole = subject.text(subject.request())
    subject.engine.unload()
    events = list(subject.engine.generate(subject.request()))
    assert any(isinstance(event, Loaded) for event in events)
    assert "".join(event.text for event in events if isinstance(event, Token)) == whole


def test_closing_twice_is_closing(subject: Subject) -> None:
    list(subject.engine.load(subject.model))
    subject.engine.close()
    subject.engine.close()
