"""What the next send costs, by each way that a full context can be treated."""

from __future__ import annotations

import pytest

from desktop.chat.message import Overflow, Role, Turn
from desktop.chat.prompt import Cut
from desktop.engine.api import ModelSpec, Request
from desktop.engine.scripted import ScriptedEngine
from desktop.ui.context_ways import Speed, measure
from desktop.ui.context_words import ContextUse

BEFORE = dict.fromkeys(Overflow, Cut())
N_CTX = 400


def measured(chosen: Overflow, *texts: str) -> ContextUse:
    roles = (Role.USER, Role.ASSISTANT)
    turns = tuple(Turn(roles[i % 2], text) for i, text in enumerate(texts))
    engine = ScriptedEngine(["Well."], n_ctx=N_CTX)
    return measure(engine, Request(ModelSpec("m"), turns), N_CTX, BEFORE, chosen, Speed(reads=10.0))


@pytest.mark.parametrize("chosen", Overflow)
def test_while_all_fits_it_costs_the_same_whatever_was_chosen(chosen: Overflow) -> None:
    use = measured(chosen, "Who is there?", "Nobody.", "Who else?")
    assert use == ContextUse(9, N_CTX, unread_tokens=9, reading_s=0.9, chosen=chosen)


@pytest.mark.parametrize("chosen", Overflow)
def test_when_it_is_full_each_way_is_told(chosen: Overflow) -> None:
    use = measured(chosen, "one", "two " * 300, "three", "four", "five")
    assert [way.overflow for way in use.ways] == list(Overflow)
    assert {way.messages for way in use.ways} == {2}
    assert use.warns
    # All of it, where nothing is left out.
    assert (use.used_tokens > N_CTX * 0.75) == (chosen is Overflow.STOP)
