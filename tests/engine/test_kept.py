"""A conversation that goes on in another engine process is not read again, until it is deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.chat.message import Role, Sampling, Turn
from desktop.engine.api import Event, Finished, ModelSpec, PrefillProgress, Request, Token
from desktop.engine.kept import forget_all_but
from desktop.engine.local import LocalEngine
from desktop.errors import LoadCancelled

GREEDY = Sampling(temperature=0.0, max_tokens=8)
LONG = "Remember these numbers: " + ", ".join(map(str, range(100, 160)))


def ask(engine: LocalEngine, model: Path, turns: tuple[Turn, ...], conversation: str) -> list[Event]:
    return list(engine.generate(Request(ModelSpec(str(model), n_ctx=1024), turns, GREEDY, conversation=conversation)))


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def reused(events: list[Event]) -> int:
    return next(event.reused for event in events if isinstance(event, PrefillProgress))


def prompt_tokens(events: list[Event]) -> int:
    finished = events[-1]
    assert isinstance(finished, Finished)
    return finished.statistics.prompt_tokens


def test_a_chat_goes_on_in_another_process(tmp_path: Path, starter_model: Path) -> None:
    states = tmp_path / "states"
    question = (Turn(Role.USER, LONG[: len(LONG) // 2]),)
    before = LocalEngine(tmp_path / "engine.log", states=states)
    first = ask(before, starter_model, question, "chat-1")
    assert reused(first) == 0
    more = (*question, Turn(Role.ASSISTANT, text_of(first)), Turn(Role.USER, "And now?"))
    follow_up = Request(ModelSpec(str(starter_model), n_ctx=1024), more, GREEDY, conversation="chat-1")
    known_here = before.prompt(follow_up).n_known
    assert known_here > prompt_tokens(first)
    before.close()
    assert len(list(states.glob("chat-1/*.kv"))) == 1

    after = LocalEngine(tmp_path / "engine.log", states=states)
    assert after.prompt(follow_up).n_known == known_here
    events = list(after.generate(follow_up))
    assert reused(events) == known_here
    warm = text_of(events)
    after.close()

    forget_all_but(states, {"chat-2"})
    assert list(states.iterdir()) == []
    cold = LocalEngine(tmp_path / "engine.log", states=states)
    events = list(cold.generate(follow_up))
    cold.close()
    assert reused(events) == 0
    assert text_of(events) == warm


def test_without_a_name_or_a_folder_nothing_is_kept(tmp_path: Path, tiny_model: Path) -> None:
    states = tmp_path / "states"
    for engine, conversation in (
        (LocalEngine(tmp_path / "engine.log", states=states), ""),
        (LocalEngine(tmp_path / "engine.log", states=states, states_bytes=0), "chat-1"),
        (LocalEngine(tmp_path / "engine.log"), "chat-1"),
    ):
        ask(engine, tiny_model, (Turn(Role.USER, LONG),), conversation)
        engine.close()
    assert not states.exists()


def test_an_engine_that_rests_keeps_what_it_has_read(tmp_path: Path, tiny_model: Path) -> None:
    states = tmp_path / "states"
    engine = LocalEngine(tmp_path / "engine.log", states=states)
    ask(engine, tiny_model, (Turn(Role.USER, LONG),), "chat-1")
    process = engine._process
    assert process is not None
    # The process keeps it by itself: it is not asked to, and is killed before it could be.
    while not list(states.glob("chat-1/*.json")):
        assert process._popen.poll() is None
    process.kill()
    engine.close()
    [kept] = states.glob("chat-1/*.kv")
    assert kept.stat().st_mode & 0o077 == 0


def test_a_load_in_the_place_of_another_model_can_be_stopped(tmp_path: Path, tiny_model: Path) -> None:
    engine = LocalEngine(tmp_path / "engine.log", states=tmp_path / "states")
    ask(engine, tiny_model, (Turn(Role.USER, LONG),), "chat-1")
    loading = engine.load(ModelSpec(str(tiny_model), n_ctx=256))
    next(loading)
    engine.stop()
    with pytest.raises(LoadCancelled):
        list(loading)
    engine.close()
    assert list((tmp_path / "states").glob("chat-1/*.kv")), "what was read before is kept"


def test_counting_tokens_evicts_nothing(tmp_path: Path, tiny_model: Path) -> None:
    engine = LocalEngine(tmp_path / "engine.log")
    question = (Turn(Role.USER, LONG),)
    ask(engine, tiny_model, question, "chat-1")
    other = Request(ModelSpec(str(tiny_model), n_ctx=1024), (Turn(Role.USER, "Quite another text."),))
    assert engine.prompt(other).n_known == 0
    events = ask(engine, tiny_model, question, "chat-1")
    engine.close()
    assert reused(events) == prompt_tokens(events) - 1
