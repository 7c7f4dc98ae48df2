"""What of a long conversation a model is given, and how rarely that changes."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from desktop.chat.message import NoSummary, Overflow, Role, Sampling, Turn
from desktop.chat.prompt import Cut
from desktop.engine.api import ModelSpec, Request
from desktop.engine.overflow import Fitted, fit
from desktop.engine.scripted import ScriptedEngine
from desktop.errors import ContextFull, PromptTooLong

MODEL = ModelSpec("model.gguf")


def conversation(*sizes: int, system: int = 0) -> tuple[Turn, ...]:
    """Turns of so many words each, question and answer in turn. The role's name is one word more."""
    turns = [Turn(Role.SYSTEM, "s " * system)] if system else []
    roles = [Role.USER, Role.ASSISTANT]
    return (*turns, *(Turn(roles[i % 2], "w " * size) for i, size in enumerate(sizes)))


def test_what_fits_is_left_alone() -> None:
    request = Request(MODEL, conversation(10, 10, 10))
    for overflow in Overflow:
        fitted = fit(ScriptedEngine(["x"]), request, 100, overflow)
        assert (fitted.request, fitted.left_out, fitted.is_new) == (request, 0, False)


def test_the_oldest_turns_go_first_and_the_rest_begins_with_a_question() -> None:
    request = Request(MODEL, conversation(30, 30, 30, 30, 30, system=5))
    fitted = fit(ScriptedEngine(["x"]), request, n_ctx=140)
    assert fitted.left_out == 2
    assert [turn.role for turn in fitted.request.turns] == [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER]
    assert fitted.request.turns[1:] == request.turns[3:]
    assert fitted.prompt_tokens <= 140 * 0.75


def test_a_cut_makes_room_for_a_good_while() -> None:
    fitted = fit(ScriptedEngine(["x"]), Request(MODEL, conversation(*[9] * 41)), n_ctx=400)
    assert 400 * 0.75 * 0.4 < fitted.prompt_tokens <= 400 * 0.75 * 0.5


def test_the_last_answer_stays_where_it_fits() -> None:
    fitted = fit(ScriptedEngine(["x"]), Request(MODEL, conversation(90, 90, 20, 200, 20)), n_ctx=400)
    assert (fitted.left_out, fitted.prompt_tokens) == (2, 244)
    alone = fit(ScriptedEngine(["x"]), Request(MODEL, conversation(90, 90, 20, 300, 20)), n_ctx=400)
    assert alone.left_out == 4


def test_a_question_that_cannot_fit_is_refused_with_both_numbers() -> None:
    request = Request(MODEL, conversation(10, 10, 300))
    for overflow in Overflow:
        with pytest.raises(PromptTooLong) as refused:
            fit(ScriptedEngine(["x"]), request, 200, overflow)
        assert refused.value.n_ctx == 200
        assert refused.value.prompt_tokens > 300


def test_a_question_that_leaves_little_room_is_still_answered() -> None:
    request = Request(MODEL, conversation(10, 10, 160))
    fitted = fit(ScriptedEngine(["x"]), request, 200)
    assert (fitted.left_out, fitted.prompt_tokens) == (2, 162)
    # There is no room for a summary beside it.
    summarised = fit(ScriptedEngine(["x"]), request, 200, Overflow.SUMMARISE)
    assert (summarised.left_out, summarised.needs_summary) == (2, False)
    assert summarised.cut == Cut(2, no_summary=NoSummary.NO_ROOM)
    # With a shorter question there is again.
    shorter = Request(MODEL, conversation(60, 60, 20, 20, 20))
    assert fit(ScriptedEngine(["x"]), shorter, 200, Overflow.SUMMARISE, summarised.cut).needs_summary


def test_a_short_answer_leaves_more_room_for_the_past() -> None:
    turns = conversation(30, 30, 30)
    assert fit(ScriptedEngine(["x"]), Request(MODEL, turns), n_ctx=110).left_out == 2
    assert fit(ScriptedEngine(["x"]), Request(MODEL, turns, Sampling(max_tokens=5)), n_ctx=110).left_out == 0


def test_stop_lets_nothing_more_be_left_out_than_was_before() -> None:
    engine, request = ScriptedEngine(["x"]), Request(MODEL, conversation(30, 30, 30, 30, 30))
    with pytest.raises(ContextFull) as full:
        fit(engine, request, 140, Overflow.STOP)
    assert (full.value.prompt_tokens, full.value.n_ctx, full.value.left_out) == (156, 140, 2)
    assert fit(engine, request, 140, Overflow.STOP, Cut(2)).left_out == 2
    longer = replace(request, turns=conversation(*[30] * 9))
    with pytest.raises(ContextFull) as fuller:
        fit(engine, longer, 140, Overflow.STOP, Cut(2))
    assert (fuller.value.prompt_tokens, fuller.value.left_out) == (7 * 31 + 1, 6)


def test_a_summary_gets_room_and_is_kept_while_it_fits() -> None:
    engine, request = ScriptedEngine(["x"]), Request(MODEL, conversation(*[30] * 7))
    wanted = fit(engine, request, 200, Overflow.SUMMARISE)
    assert (wanted.needs_summary, wanted.is_new) == (True, True)
    before = Cut(wanted.left_out, "They met.")
    kept = fit(engine, request, 200, Overflow.SUMMARISE, before)
    assert (kept.cut, kept.needs_summary, kept.is_new) == (before, False, False)
    assert "They met." in kept.request.turns[0].text
    # One that leaves no room for anything else goes into the next, which stands for more.
    full = fit(engine, request, 200, Overflow.SUMMARISE, Cut(wanted.left_out, "They met. " * 60))
    assert full.needs_summary
    assert full.left_out > wanted.left_out


def test_more_is_kept_again_in_a_larger_context() -> None:
    engine, request = ScriptedEngine(["x"]), Request(MODEL, conversation(*[30] * 41))
    small = fit(engine, request, 200)
    large = fit(engine, request, 1000, before=small.cut)
    assert large.left_out < small.left_out
    assert fit(engine, request, 10_000, before=small.cut).left_out == 0


@pytest.mark.parametrize("overflow", [Overflow.DROP, Overflow.SUMMARISE])
@pytest.mark.parametrize("seed", range(2))
def test_over_a_long_conversation_the_beginning_rarely_changes(overflow: Overflow, seed: int) -> None:
    """Each turn is fitted as an app would that was started anew: all it knows is the cut of the time before."""
    chance = random.Random(seed)
    engine, n_ctx, n_questions = ScriptedEngine(["x"]), 1000, 100
    turns = [Turn(Role.SYSTEM, "s " * 20)]
    before, new_cuts = Cut(), 0
    fitted = Fitted(Request(MODEL, ()), before, 0, n_ctx)
    for _ in range(n_questions):
        turns.append(Turn(Role.USER, "q " * chance.randint(1, 40)))
        request = Request(MODEL, tuple(turns))
        last, fitted = fitted, fit(engine, request, n_ctx, overflow, before)
        assert fitted.prompt_tokens <= n_ctx * 0.75
        assert fitted.request.turns[0].text.startswith(turns[0].text)
        assert fitted.request.turns[1].role is Role.USER
        assert fitted.request.turns[-1] == turns[-1]
        assert fitted.left_out >= before.turns
        if not fitted.is_new:
            assert fitted.cut != last.cut or fitted.request.turns[: len(last.request.turns)] == last.request.turns
        new_cuts += fitted.is_new
        before = Cut(fitted.left_out, "They met. " * 30) if fitted.needs_summary else fitted.cut
        turns.append(Turn(Role.ASSISTANT, "a " * chance.randint(1, 90)))
    # A question with its answer takes about 65 tokens: half of the budget is full after six or so.
    assert 0 < new_cuts < n_questions / 3.5
