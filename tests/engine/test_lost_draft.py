"""A draft model's file that goes before it is loaded costs no answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from desktop.chat.message import Role, Sampling, Turn
from desktop.engine.api import Finished, Loaded, LoadEvent, ModelSpec, Request, SystemInfo
from desktop.engine.ladder import PlainPlanner, Plan
from desktop.engine.local import LocalEngine
from desktop.errors import NoSuchModel


class Remover(PlainPlanner):
    """Removes a file when the engine process is about to load it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @override
    def plan(self, wanted: ModelSpec, info: SystemInfo) -> Plan:
        self._file.unlink(missing_ok=True)
        return super().plan(wanted, info)


@pytest.fixture
def spec(tmp_path: Path, tiny_model: Path) -> ModelSpec:
    """A model with a draft model, each a file of its own."""
    for name in ("large.gguf", "draft.gguf"):
        (tmp_path / name).write_bytes(tiny_model.read_bytes())
    return ModelSpec(str(tmp_path / "large.gguf"), n_ctx=256, draft_path=str(tmp_path / "draft.gguf"))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "engine.log"
    yield path
    assert b"Traceback" not in path.read_bytes()


def loaded(events: Iterator[LoadEvent]) -> Loaded:
    [found] = [event for event in events if isinstance(event, Loaded)]
    return found


@pytest.mark.parametrize("goes", ["never", "before", "meanwhile"])
def test_the_model_is_loaded_without_it(spec: ModelSpec, log: Path, goes: str) -> None:
    draft = Path(spec.draft_path or "")
    if goes == "before":
        draft.unlink()
    engine = LocalEngine(log, planner=Remover(draft) if goes == "meanwhile" else None)
    lost = "" if goes == "never" else str(draft)
    assert loaded(engine.load(spec)).lost_draft == lost
    process = engine._process
    request = Request(spec, (Turn(Role.USER, "Hello"),), Sampling(max_tokens=4))
    assert isinstance(list(engine.generate(request))[-1], Finished)
    assert loaded(engine.load(spec)).lost_draft == lost
    assert engine._process is process, "it is loaded, whatever it lacks"
    engine.close()


@pytest.mark.parametrize("goes", ["before", "meanwhile"])
def test_the_model_itself_is_missed(spec: ModelSpec, log: Path, goes: str) -> None:
    model = Path(spec.path)
    log.touch()
    if goes == "before":
        model.unlink()
    engine = LocalEngine(log, planner=Remover(model) if goes == "meanwhile" else None)
    with pytest.raises(NoSuchModel) as raised:
        list(engine.load(spec))
    assert raised.value.name == spec.path
    engine.close()
