"""Guessing ahead as a user has it: in an engine process, on and off by what was measured."""

from __future__ import annotations

from pathlib import Path

from typing_extensions import override

from desktop.chat.message import Role, Sampling, Turn
from desktop.engine.api import Event, ModelSpec, Request, Tuning
from desktop.engine.ladder import PlainPlanner
from desktop.engine.local import LocalEngine
from tests.engine.test_guess import CHEAP, DEAR, assert_same, finished


class Measured(PlainPlanner):
    """Knows what a batch of guesses costs."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning

    @override
    def tuning(self, attempt: ModelSpec, /) -> Tuning:
        return self._tuning


def answers(log: Path, model: Path, tuning: Tuning) -> list[list[Event]]:
    """What a new engine says, the likeliest tokens and drawn ones."""
    engine = LocalEngine(log, planner=Measured(tuning))
    spec, turns = ModelSpec(str(model), n_ctx=512), (Turn(Role.USER, "ab" * 40),)
    wanted = [Sampling(temperature=temperature, max_tokens=120, seed=11) for temperature in (0.0, 0.8)]
    try:
        return [list(engine.generate(Request(spec, turns, sampling, n_alternatives=3))) for sampling in wanted]
    finally:
        engine.close()


def test_it_is_on_where_it_gains_and_off_where_it_costs(tmp_path: Path, tiny_model: Path) -> None:
    on, off = (answers(tmp_path / "engine.log", tiny_model, tuning) for tuning in (CHEAP, DEAR))
    for guessed, plain in zip(on, off, strict=True):
        assert finished(guessed).statistics.right_guesses > 0
        assert finished(plain).statistics.guessed_tokens == 0
        assert_same(plain, guessed)
