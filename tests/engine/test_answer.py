from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from typing_extensions import override

from desktop.chat.message import NoSummary, Overflow, Role, Turn
from desktop.chat.prompt import Cut
from desktop.engine.answer import answer
from desktop.engine.api import Event, Finished, Loaded, LoadEvent, ModelSpec, Request, Token
from desktop.engine.overflow import Fitted
from desktop.engine.scripted import ScriptedEngine
from desktop.engine.summary import Summarised, Summarising
from tests.engine.test_overflow import conversation

MODEL = ModelSpec("model.gguf")


def test_an_answer_tells_what_was_left_out_before_and_after() -> None:
    engine = ScriptedEngine(["one two three"], n_ctx=100)
    events = list(answer(engine, Request(MODEL, conversation(50, 50, 10))))
    assert any(isinstance(event, Loaded) for event in events)
    assert [event.left_out for event in events if isinstance(event, Fitted)] == [2]
    assert "".join(event.text for event in events if isinstance(event, Token)) == "one two three"
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.statistics.left_out_messages == 2
    assert engine.requests[0].turns == conversation(50, 50, 10)[2:]


def test_a_summary_is_written_first_and_stands_for_what_goes() -> None:
    engine = ScriptedEngine(["They met. They talked.", "one two three"], n_ctx=200)
    turns = conversation(50, 50, 20, 20, 10, system=3)
    events = list(answer(engine, Request(MODEL, turns), Overflow.SUMMARISE))
    (summary,) = [event for event in events if isinstance(event, Summarised)]
    assert summary == Summarised(2, "They met. They talked.")
    progress = [event for event in events if isinstance(event, Summarising)]
    assert {event.turns for event in progress} == {2}
    assert [event.written for event in progress][-1] == 4
    assert "".join(event.text for event in events if isinstance(event, Token)) == "one two three"
    last = events[-1]
    assert isinstance(last, Finished)
    assert (last.statistics.left_out_messages, last.statistics.summarised) == (2, True)
    # It is asked for behind the very turns that go, so that these need not be read again.
    asked, answered = engine.requests
    assert asked.turns[:3] == turns[:3]
    assert (len(asked.turns), asked.turns[3].role) == (4, Role.USER)
    assert answered.turns[0].text.startswith(turns[0].text)
    assert answered.turns[0].text.endswith("They met. They talked.")
    assert answered.turns[1:] == turns[3:]


def test_a_summary_is_kept_and_then_goes_into_the_next() -> None:
    engine = ScriptedEngine(["Both."], n_ctx=200)
    before = Cut(2, "They met.")
    turns = conversation(50, 50, 20, 20, 20)
    events = list(answer(engine, Request(MODEL, turns), Overflow.SUMMARISE, before))
    assert not any(isinstance(event, Summarised) for event in events)
    assert [event.cut for event in events if isinstance(event, Fitted)] == [before]
    turns = conversation(50, 50, 20, 20, 20, 60, 20)
    events = list(answer(engine, Request(MODEL, turns), Overflow.SUMMARISE, before))
    (summary,) = [event for event in events if isinstance(event, Summarised)]
    assert summary.turns > 2
    asked = engine.requests[-2].turns
    assert "They met." in asked[0].text
    assert asked[1:3] == turns[2:4]


def test_a_model_that_writes_no_summary_is_not_asked_again_at_every_turn() -> None:
    engine = ScriptedEngine([" ", "one two three"], n_ctx=200)
    turns = conversation(50, 50, 20, 20, 10)
    first = list(answer(engine, Request(MODEL, turns), Overflow.SUMMARISE))[-1]
    assert isinstance(first, Finished)
    assert (first.statistics.left_out_messages, first.statistics.summarised) == (2, False)
    assert first.statistics.no_summary is NoSummary.NOT_WRITTEN
    before = Cut(2, no_summary=NoSummary.NOT_WRITTEN)
    turns = conversation(50, 50, 20, 20, 10, 3, 3)
    events = list(answer(engine, Request(MODEL, turns), Overflow.SUMMARISE, before))
    assert not any(isinstance(event, Summarising) for event in events)
    assert [event.cut for event in events if isinstance(event, Fitted)] == [before]


class BaseModel(ScriptedEngine):
    """Without a chat template."""

    @override
    def load(self, model: ModelSpec) -> Iterator[LoadEvent]:
        for event in super().load(model):
            yield replace(event, has_template=False) if isinstance(event, Loaded) else event


@pytest.mark.parametrize(
    ("kind", "lengths", "why"),
    [(BaseModel, (50, 50, 20, 20, 10), NoSummary.BASE_MODEL), (ScriptedEngine, (10, 10, 160), NoSummary.NO_ROOM)],
)
def test_why_there_is_no_summary_is_told_with_the_answer(
    kind: type[ScriptedEngine], lengths: tuple[int, ...], why: NoSummary
) -> None:
    engine = kind(["one two three"], n_ctx=200)
    last = list(answer(engine, Request(MODEL, conversation(*lengths)), Overflow.SUMMARISE))[-1]
    assert isinstance(last, Finished)
    assert (last.statistics.left_out_messages, last.statistics.no_summary) == (2, why)
    assert len(engine.requests) == 1, "none was asked for"


def test_a_stop_during_the_summary_ends_the_answer_without_one() -> None:
    engine = ScriptedEngine(["one two three four", "never said"], n_ctx=200)
    turns = conversation(50, 50, 50, 50, 10)

    def stopped_while_it_writes() -> Iterator[Event | Summarising | Summarised | Fitted]:
        for event in answer(engine, Request(MODEL, turns), Overflow.SUMMARISE):
            yield event
            if isinstance(event, Summarising) and event.written == 2:
                engine.stop()

    events = list(stopped_while_it_writes())
    assert isinstance(events[-1], Summarising)
    assert len(engine.requests) == 1


def test_reasoning_is_no_part_of_a_summary_and_a_long_one_ends_with_a_sentence() -> None:
    long = "<think>What was it?</think>" + "It was so. " * 13 + "And then " * 60
    engine = ScriptedEngine([long, "x"], n_ctx=400)
    events = list(answer(engine, Request(MODEL, conversation(90, 90, 90, 90, 10)), Overflow.SUMMARISE))
    (summary,) = [event for event in events if isinstance(event, Summarised)]
    assert summary.text == ("It was so. " * 13).strip()


def test_what_never_fitted_at_once_is_summarised_in_pieces() -> None:
    engine = ScriptedEngine(["First.", "Second.", "Third.", "x"], n_ctx=200)
    turns = conversation(*[30] * 15)
    events = list(answer(engine, Request(MODEL, turns), Overflow.SUMMARISE))
    (summary,) = [event for event in events if isinstance(event, Summarised)]
    *pieces, last = engine.requests
    assert len(pieces) > 1
    assert all(engine.prompt(each).n_tokens < 200 for each in pieces)
    assert "First." in pieces[1].turns[0].text
    said = [turn for piece in pieces for turn in piece.turns if turn.text == turns[0].text]
    assert len(said) == summary.turns
    assert last.turns[-1] == turns[-1]


def test_a_message_larger_than_the_context_is_shortened_for_its_summary() -> None:
    engine = ScriptedEngine(["Much.", "x"], n_ctx=200)
    turns = (Turn(Role.USER, "begin " + "w " * 900 + "end"), *conversation(0, 20, 20)[1:])
    list(answer(engine, Request(MODEL, (*turns, Turn(Role.USER, "q"))), Overflow.SUMMARISE))
    asked = engine.requests[0].turns[0].text
    assert asked.startswith("begin w")
    assert "end" in asked[-400:]
    assert engine.prompt(engine.requests[0]).n_tokens < 200


def test_the_summary_is_asked_for_in_the_language_of_the_chat() -> None:
    def asked(said: str) -> str:
        engine = ScriptedEngine(["x。"], n_ctx=1000)
        turns = (Turn(Role.USER, said), Turn(Role.ASSISTANT, "a " * 760), Turn(Role.USER, "q"))
        list(answer(engine, Request(MODEL, turns), Overflow.SUMMARISE))
        return engine.requests[0].turns[-1].text

    assert asked("北京今天的天气怎么样？" * 40).startswith("请")
    assert asked("How is the weather in 北京?").startswith("Summarise")
    assert asked("今日の天気はどうですか" * 40).startswith("Summarise")
