"""Whatever was done with an engine before, and to it: an answer is the one that a cold engine gives.

Whole processes, states on the disk, answers that are stopped and processes that are killed. Of each token the
distribution is compared, so far as its alternatives tell it, until two tokens are as likely and the texts part.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.engine.api import ModelSpec
from tests.engine import tiny_gguf, tiny_memories
from tests.engine.random_use import ColdEngine, Player, Use

_SEQUENCES = int(os.environ.get("RANDOM_USE_SEQUENCES", "125"))
"""So many for each of the seeds, on each of the four kinds of memory: 500 in all."""
_SEEDS = range(int(os.environ.get("RANDOM_USE_SEEDS", "1")))
_NOISE = 1e-4
"""Nats. Other batches round to 1e-6; a beginning of the text that is another one makes 0.2."""


@pytest.fixture(scope="module", params=["gpt2", "gemma2", "mamba", "lfm2"])
def cold(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Use, ColdEngine]]:
    """An engine with a model whose memory can be cut, has a window, cannot be cut at all, or in parts."""
    folder = tmp_path_factory.mktemp(request.param)
    path = folder / "tiny.gguf"
    if request.param == "gpt2":
        tiny_gguf.write(path)
    else:
        tiny_memories.write(path, request.param)
    use = Use(ModelSpec(str(path), n_ctx=1024), words=(1, 90), n_most=900, noise=_NOISE, process_ends=0.015)
    engine = ColdEngine(folder / "cold.log", use)
    yield use, engine
    engine.close()


@pytest.mark.parametrize("seed", _SEEDS)
def test_whatever_happened_before_answers_are_those_of_a_cold_engine(
    cold: tuple[Use, ColdEngine], tmp_path: Path, seed: int
) -> None:
    use, engine = cold
    player = Player(seed, use, tmp_path, engine)
    try:
        for _ in range(_SEQUENCES):
            player.sequence()
    finally:
        player.close()
    tally = player.tally
    assert tally.compared > _SEQUENCES
    assert tally.reused > 20 * _SEQUENCES
    assert b"Traceback" not in (tmp_path / "engine.log").read_bytes()
