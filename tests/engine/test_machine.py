"""What is chosen for a machine, and what is refused on it."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from desktop.engine.api import Loaded, ModelSpec
from desktop.engine.computer import free_memory_bytes, total_memory_bytes
from desktop.engine.llama.machine import default_n_ctx, default_n_threads
from desktop.engine.local import LocalEngine
from desktop.errors import ModelDoesNotFit

GB = 1 << 30
MB = 1 << 20


@pytest.mark.parametrize(
    ("n_ctx_train", "kv_bytes_per_token", "free", "n_ctx"),
    [
        (1024, 1, 64 * GB, 1024),  # the model's own
        (131_072, 1, 64 * GB, 8192),  # a longer one is the user's decision
        (131_072, MB // 8, 2 * GB, 4096),  # a quarter of what is free
        (131_072, MB, 0, 2048),  # the least that can be worked with
        (512, MB, 0, 512),
        (0, 1, 64 * GB, 8192),  # a file that does not say
        (131_072, 0, GB, 8192),  # a recurrent model has no cache
    ],
)
def test_the_context_suits_model_and_memory(n_ctx_train: int, kv_bytes_per_token: int, free: int, n_ctx: int) -> None:
    assert default_n_ctx(n_ctx_train, kv_bytes_per_token, free) == n_ctx


def test_threads_and_memory_are_those_that_there_are() -> None:
    assert 1 <= default_n_threads() <= (os.cpu_count() or 1)
    assert 0 < free_memory_bytes() <= total_memory_bytes() <= psutil.virtual_memory().total


def test_a_context_that_memory_cannot_hold_is_refused_with_what_it_needs(tmp_path: Path, starter_model: Path) -> None:
    engine = LocalEngine(tmp_path / "engine.log")
    # 23,040 bytes a token: a cache a little larger than all memory, of which the system would promise the most.
    n_ctx = psutil.virtual_memory().total // 23_040
    with pytest.raises(ModelDoesNotFit) as raised:
        list(engine.load(ModelSpec(str(starter_model), n_ctx=n_ctx)))
    assert raised.value.needed_bytes > n_ctx * 23_040 > raised.value.free_bytes > 0
    assert isinstance(list(engine.load(ModelSpec(str(starter_model), n_ctx=512)))[-1], Loaded)
    engine.close()
