"""Engine processes whose folder of states goes wrong under them answer as ever, and say nothing of bugs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop.chat.message import Role, Turn
from desktop.engine.local import LocalEngine
from desktop.engine.process import COMMAND
from tests.engine.test_kept import LONG, ask, reused, text_of

Start = Callable[..., LocalEngine]

QUESTION = (Turn(Role.USER, LONG),)
OTHER = (Turn(Role.USER, LONG.replace("R", "S")),)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts engines with one folder of states and one log."""
    engines: list[LocalEngine] = []

    def make(command: tuple[str, ...] = COMMAND) -> LocalEngine:
        engines.append(LocalEngine(tmp_path / "engine.log", states=tmp_path / "states", command=command))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()
    assert b"Traceback" not in (tmp_path / "engine.log").read_bytes()


@pytest.fixture
def cold(tmp_path: Path, tiny_model: Path) -> str:
    """What is said to `QUESTION` and then `OTHER`."""
    engine = LocalEngine(tmp_path / "cold.log")
    said = [text_of(ask(engine, tiny_model, turns, "chat-1")) for turns in (QUESTION, OTHER)]
    engine.close()
    assert said[0] != said[1]
    return "".join(said)


def both(engine: LocalEngine, model: Path) -> str:
    return "".join(text_of(ask(engine, model, turns, "chat-1")) for turns in (QUESTION, OTHER))


def limited(n_bytes: int) -> tuple[str, ...]:
    """A process that may write no larger files: a disk that is full."""
    python, *options, boot, root = COMMAND
    assert python == sys.executable
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({n_bytes}, {n_bytes})); "
    return (python, *options, limit + boot, root)


@pytest.mark.skipif(sys.platform == "win32", reason="a limit that a process has on Unix")
def test_a_disk_that_is_full_keeps_nothing_and_no_half(
    start: Start, tmp_path: Path, tiny_model: Path, cold: str
) -> None:
    engine = start(limited(20_000))
    assert both(engine, tiny_model) == cold
    engine.unload()
    assert [file for file in (tmp_path / "states").rglob("*") if file.is_file()] == []
    assert (tmp_path / "states" / "chat-1").is_dir(), "it was tried"


def test_a_folder_that_goes_while_the_engine_runs(start: Start, tmp_path: Path, tiny_model: Path, cold: str) -> None:
    engine = start()
    assert both(engine, tiny_model) == cold  # to read the second, the first was put by
    assert list((tmp_path / "states").glob("chat-1/*.kv"))
    shutil.rmtree(tmp_path / "states")
    assert both(engine, tiny_model) == cold
    engine.unload()
    assert list((tmp_path / "states").glob("chat-1/*.kv")), "it is made anew"


@pytest.mark.parametrize("suffix", [".kv", ".json"])
def test_what_cannot_be_read_is_read_again(
    start: Start, tmp_path: Path, tiny_model: Path, cold: str, suffix: str
) -> None:
    engine = start()
    ask(engine, tiny_model, QUESTION, "chat-1")
    engine.unload()
    [file] = (tmp_path / "states").glob(f"chat-1/*{suffix}")
    file.unlink()
    file.mkdir()  # not for root either
    events = ask(engine, tiny_model, QUESTION, "chat-1")
    assert reused(events) == 0
    assert text_of(events) + text_of(ask(engine, tiny_model, OTHER, "chat-1")) == cold
    engine.unload()


def test_two_engines_share_a_folder(start: Start, tmp_path: Path, tiny_model: Path, cold: str) -> None:
    one, other = start(), start()
    assert both(one, tiny_model) == cold
    assert both(other, tiny_model) == cold
    for file in (tmp_path / "states").glob("chat-1/*.kv"):
        file.unlink()  # as the other does that makes room
    assert both(one, tiny_model) == cold
    one.unload()
    assert both(other, tiny_model) == cold
    other.unload()
    events = ask(one, tiny_model, OTHER, "chat-1")
    assert reused(events) > 64
    assert cold.endswith(text_of(events))
