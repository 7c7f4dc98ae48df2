"""A conversation longer than the context with a real model: what is read again, and when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.chat.message import Overflow, Role, Sampling, Turn
from desktop.chat.prompt import Cut
from desktop.engine.answer import answer
from desktop.engine.api import Finished, ModelSpec, Request, Token
from desktop.engine.local import LocalEngine
from desktop.engine.overflow import Fitted
from desktop.engine.summary import Summarised, Summarising

pytestmark = pytest.mark.model

# Answers end with their first such letter: short, and with the room in the context that answers have by default.
_STOP = ("a", "e")
_QUESTION = "Tell me about number {n}: " + "what is there to see, to eat, and where do we walk? " * 3


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LocalEngine]:
    made = LocalEngine(tmp_path / "engine.log")
    yield made
    made.close()


@pytest.mark.parametrize("overflow", [Overflow.DROP, Overflow.SUMMARISE])
def test_between_two_cuts_only_what_is_new_is_read(
    engine: LocalEngine, starter_model: Path, overflow: Overflow
) -> None:
    model = ModelSpec(str(starter_model), n_ctx=512)
    turns: list[Turn] = [Turn(Role.SYSTEM, "Be brief.")]
    before, cuts = Cut(), []
    for n in range(8):
        turns.append(Turn(Role.USER, _QUESTION.format(n=n)))
        request = Request(model, tuple(turns), Sampling(temperature=0, stop=_STOP))
        events = list(answer(engine, request, overflow, before))
        (fitted,) = [event for event in events if isinstance(event, Fitted)]
        finished = events[-1]
        assert isinstance(finished, Finished)
        statistics = finished.statistics
        if fitted.is_new:
            cuts.append(n)
        elif n:
            # The end of an answer and the question: nothing from before.
            assert statistics.prompt_tokens - statistics.reused_tokens < 80
        summaries = [event for event in events if isinstance(event, Summarised)]
        assert len(summaries) == (fitted.is_new and overflow is Overflow.SUMMARISE)
        if summaries:
            assert before.turns < summaries[0].turns == fitted.left_out
            assert summaries[0].text in fitted.request.turns[0].text
            # What it stands for was in the cache: only what asks for it was read.
            assert max(event.total for event in events if isinstance(event, Summarising)) < 80
        before = fitted.cut
        turns.append(Turn(Role.ASSISTANT, "".join(event.text for event in events if isinstance(event, Token))))
    assert len(cuts) == 1
    assert before.turns > 0
