"""Whatever was done with an engine before, and to it: an answer is the one that a cold engine gives.

Whole processes, states on the disk, answers that are stopped and processes that are killed. Of each token the
distribution is compared, so far as its alternatives tell it, until two tokens are as likely and the texts part.

A real model's distributions depend on the batches that its tokens came in, by the rounding of half precision (SmolLM2,
greedy answers to 12 chats): pieces of 64 tokens and more have another attention than shorter ones, 0.005 nats in the
median and 0.036 in the worst case seen; after several answers at once the cache is not in the order of the text, up to
0.006. Without either, what was decoded, cut, restored or read in other pieces gives the same to the last bit. So the
real model reads in short pieces here and gives one answer at a time, and nothing is left to hide behind.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.engine.api import ModelSpec
from desktop.engine.process import COMMAND
from tests.engine import tiny_gguf, tiny_memories
from tests.engine.random_use import ColdEngine, Player, Use

_SEQUENCES = int(os.environ.get("RANDOM_USE_SEQUENCES", "125"))
"""So many for each of the seeds, on each of the four kinds of memory: 500 in all."""
_SEEDS = range(int(os.environ.get("RANDOM_USE_SEEDS", "1")))
_NOISE = 1e-4
"""Nats. Other batches round to 1e-6; a beginning of the text that is another one makes 0.2."""
_EXACT = 1e-9
"""Nats. The same bits, added up in Python."""
_REAL_SEQUENCES = 6
_IN_SHORT_PIECES = """
import sys
sys.path.insert(0, sys.argv[1])
from desktop.engine.llama import machine
machine.N_BATCH = 48
from desktop.engine.llama.__main__ import main
main()
"""


@pytest.fixture(scope="module", params=["gpt2", "gemma2", "mamba", "lfm2"])
def cold(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Use, ColdEngine]]:
    """An engine with a model whose memory can be cut, has a window, cannot be cut at all, or in parts."""
    folder = tmp_path_factory.mktemp(request.param)
    path = folder / "tiny.gguf"
    if request.param == "gpt2":
        tiny_gguf.write(path)
    else:
        tiny_memories.write(path, request.param)
    use = Use(
        ModelSpec(str(path), n_ctx=1024, n_threads=1), words=(1, 90), n_most=900, noise=_NOISE, process_ends=0.015
    )
    engine = ColdEngine(folder, use)
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


def test_a_real_models_answers_are_a_cold_engines_to_the_last_bit(starter_model: Path, tmp_path: Path) -> None:
    use = Use(
        ModelSpec(str(starter_model), n_ctx=512, n_threads=1),
        words=(1, 14),
        n_most=300,
        noise=_EXACT,
        process_ends=0.3,
        n_answers=(1,),
        command=(sys.executable, "-P", "-c", _IN_SHORT_PIECES, COMMAND[-1]),
    )
    cold = ColdEngine(tmp_path / "cold", use)
    player = Player(4, use, tmp_path, cold)
    try:
        for _ in range(_REAL_SEQUENCES):
            player.sequence()
    finally:
        player.close()
        cold.close()
    assert player.tally.compared >= _REAL_SEQUENCES
    assert player.tally.reused > 10 * _REAL_SEQUENCES
