from __future__ import annotations

import pytest

from desktop.chat.message import Role, Sampling, Turn
from desktop.engine.answer import Fitted, answer, fit
from desktop.engine.api import Finished, Loaded, ModelSpec, Request, Token
from desktop.engine.scripted import ScriptedEngine
from desktop.errors import PromptTooLong

MODEL = ModelSpec("model.gguf")


def conversation(*sizes: int, system: int = 0) -> tuple[Turn, ...]:
    """Turns of so many words each, question and answer in turn. The role's name is one word more."""
    turns = [Turn(Role.SYSTEM, "s " * system)] if system else []
    roles = [Role.USER, Role.ASSISTANT]
    return (*turns, *(Turn(roles[i % 2], "w " * size) for i, size in enumerate(sizes)))


def test_what_fits_is_left_alone() -> None:
    request = Request(MODEL, conversation(10, 10, 10))
    fitted = fit(ScriptedEngine(["x"]), request, n_ctx=100)
    assert (fitted.request, fitted.left_out) == (request, 0)


def test_the_oldest_turns_go_first_and_the_rest_begins_with_a_question() -> None:
    request = Request(MODEL, conversation(30, 30, 30, 30, 30, system=5))
    fitted = fit(ScriptedEngine(["x"]), request, n_ctx=140)
    assert fitted.left_out == 2
    assert [turn.role for turn in fitted.request.turns] == [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER]
    assert fitted.request.turns[1:] == request.turns[3:]
    assert fitted.prompt_tokens <= 140 * 0.75


def test_as_few_as_possible_are_left_out() -> None:
    turns = conversation(*[9] * 41)
    engine = ScriptedEngine(["x"])
    for n_ctx in range(90, 600, 23):
        fitted = fit(engine, Request(MODEL, turns), n_ctx)
        more = Request(MODEL, turns[fitted.left_out - 2 :])
        assert fitted.left_out == 0 or engine.prompt(more).n_tokens > n_ctx * 0.75


def test_a_question_that_cannot_fit_is_refused_with_both_numbers() -> None:
    request = Request(MODEL, conversation(10, 10, 300))
    with pytest.raises(PromptTooLong) as refused:
        fit(ScriptedEngine(["x"]), request, n_ctx=200)
    assert refused.value.n_ctx == 200
    assert refused.value.prompt_tokens > 300


def test_a_short_answer_leaves_more_room_for_the_past() -> None:
    turns = conversation(30, 30, 30)
    assert fit(ScriptedEngine(["x"]), Request(MODEL, turns), n_ctx=110).left_out == 2
    assert fit(ScriptedEngine(["x"]), Request(MODEL, turns, Sampling(max_tokens=5)), n_ctx=110).left_out == 0


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
