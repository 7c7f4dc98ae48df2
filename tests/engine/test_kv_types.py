"""A quantised KV cache: smaller, and nearly as good."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from desktop.engine.api import Loaded, ModelSpec
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.library import start
from desktop.engine.llama.model import Model
from desktop.engine.llama.stopping import StopSwitch
from desktop.engine.local import LocalEngine
from tests.engine.test_decode import divergence, numbers

TEXT = "The numbers in order are " + numbers(1, 60)
KV_BYTES = 23_040  # of an f16 cache, for each token of the starter model


@pytest.fixture(scope="module", autouse=True)
def _llama_cpp() -> None:
    start()


@functools.cache
def logits_of(model: Path, kv_type: str | None, *, flash: bool | None = None) -> NDArray[np.float32]:
    spec = ModelSpec(str(model), n_ctx=512, kv_type=kv_type, flash_attention=flash)
    loaded = Model(spec, lambda _fraction: None)
    assert loaded.loaded.kv_type == (kv_type or "f16")
    decoder = Decoder(loaded, StopSwitch())
    list(decoder.read(loaded.vocabulary.tokenize(TEXT)))
    return decoder.logits().copy()


@pytest.mark.model
@pytest.mark.parametrize(("kv_type", "nats"), [("q8_0", 0.02), ("q4_0", 0.3)])
def test_a_quantised_cache_says_nearly_the_same(starter_model: Path, kv_type: str, nats: float) -> None:
    exact, quantised = logits_of(starter_model, None), logits_of(starter_model, kv_type)
    assert np.isfinite(quantised).all()
    assert 0 < divergence(exact, quantised) < nats


@pytest.mark.model
@pytest.mark.parametrize("model", ["starter_model", "gemma_model"])
def test_both_kinds_of_attention_say_the_same(request: pytest.FixtureRequest, model: str) -> None:
    path = request.getfixturevalue(model)
    flash, plain = (logits_of(path, None, flash=flash) for flash in (True, False))
    # They add up in another order: measured 0.0003 nats and less.
    assert 0 < divergence(flash, plain) < 0.01


@pytest.mark.model
def test_a_quantised_cache_keeps_flash_attention_on(starter_model: Path) -> None:
    # Without it llama.cpp would make no context at all.
    assert np.array_equal(logits_of(starter_model, "q8_0", flash=False), logits_of(starter_model, "q8_0"))


def test_it_takes_less_and_all_goes_back(tmp_path: Path, starter_model: Path) -> None:
    engine = LocalEngine(tmp_path / "engine.log")
    taken: dict[str, int] = {}
    for kv_type in ("f16", "q8_0", "q4_0"):
        loaded = list(engine.load(ModelSpec(str(starter_model), n_ctx=8192, kv_type=kv_type)))[-1]
        assert isinstance(loaded, Loaded)
        assert loaded.kv_type == kv_type
        assert engine._process is not None
        child = psutil.Process(engine._process.pid)
        assert child.memory_info().rss >= loaded.memory_bytes
        assert (
            loaded.size_bytes + 8192 * KV_BYTES * 0.25 < loaded.memory_bytes < 4 * loaded.size_bytes + 8192 * KV_BYTES
        )
        taken[kv_type] = loaded.memory_bytes
        engine.unload()
        assert not child.is_running()
    # 32 values take 64 bytes, 34 or 18.
    for kv_type, part in (("q8_0", 34 / 64), ("q4_0", 18 / 64)):
        saved = taken["f16"] - taken[kv_type]
        assert saved == pytest.approx(8192 * KV_BYTES * (1 - part), rel=0.1)
    engine.close()


def test_a_model_whose_heads_cannot_be_quantised_says_so(tmp_path: Path, tiny_model: Path) -> None:
    engine = LocalEngine(tmp_path / "engine.log")
    loaded = list(engine.load(ModelSpec(str(tiny_model), kv_type="q8_0")))[-1]
    engine.close()
    assert isinstance(loaded, Loaded)
    assert loaded.kv_type == "f16"
