"""What the tests of the engine's parts share: the models that they load into this process go when a test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from desktop.engine.api import ModelSpec
from desktop.engine.llama.library import llama_cpp
from desktop.engine.llama.model import Model


@pytest.fixture(autouse=True)
def _models_are_freed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An engine process keeps its model until it ends. This one goes on, and what llama.cpp holds is not Python's."""
    loaded: list[Model] = []
    load = Model.__init__

    def remember(model: Model, spec: ModelSpec, on_progress: Callable[[float], None]) -> None:
        load(model, spec, on_progress)
        loaded.append(model)

    monkeypatch.setattr(Model, "__init__", remember)
    yield
    for model in loaded:
        llama_cpp.llama_free(model.context)
        llama_cpp.llama_model_free(model.model)
