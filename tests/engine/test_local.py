"""The engine process with real models."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from desktop.chat.message import FinishReason, Role, Sampling, Turn
from desktop.engine.api import Event, Finished, Loaded, ModelSpec, PrefillProgress, Request, Token
from desktop.engine.local import LocalEngine
from desktop.errors import Crash, EngineCrashed, PromptTooLong
from tests.engine import tiny_gguf

GREEDY = Sampling(temperature=0.0, max_tokens=24)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    local = LocalEngine(tmp_path_factory.mktemp("log") / "engine.log")
    yield local
    local.close()


def ask(model: Path, text: str, sampling: Sampling = GREEDY, n_ctx: int | None = None) -> Request:
    return Request(ModelSpec(str(model), n_ctx=n_ctx), (Turn(Role.USER, text),), sampling)


def ids(events: list[Event]) -> list[int]:
    return [event.id for event in events if isinstance(event, Token)]


def text(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def last(events: list[Event]) -> Finished:
    finished = events[-1]
    assert isinstance(finished, Finished)
    return finished


def child_pid(engine: LocalEngine) -> int:
    assert engine._process is not None
    return engine._process.pid


@pytest.mark.parametrize("name", ["tiny_model", "starter_model", "gemma_model"])
def test_greedy_tokens_are_those_of_a_bare_loop(engine: LocalEngine, name: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(name)
    asked = Request(
        ModelSpec(str(model), n_ctx=512),
        (Turn(Role.USER, "The lighthouse keeper"),),
        GREEDY,
        template="{{ messages[0].content }}",
    )
    events = list(engine.generate(asked))
    script = Path(__file__).with_name("bare_loop.py")
    bare = subprocess.run(
        [sys.executable, str(script), str(model), "The lighthouse keeper", str(len(ids(events)))],
        capture_output=True,
        check=True,
    )
    assert ids(events) == json.loads(bare.stdout)
    assert len(ids(events)) > 1


@pytest.mark.model
def test_the_starter_model_answers(engine: LocalEngine, starter_model: Path) -> None:
    events = list(engine.generate(ask(starter_model, "What is the capital of France?")))
    loaded = next(event for event in events if isinstance(event, Loaded))
    assert loaded.has_template
    assert loaded.n_layers == 30
    assert text(events).isprintable()
    assert len(text(events)) > 4
    statistics = last(events).statistics
    assert statistics.decode_tokens_per_s > 0
    assert statistics.prefill_tokens_per_s > 0
    assert statistics.time_to_first_token_s > 0


def test_a_follow_up_reads_only_what_is_new(engine: LocalEngine, starter_model: Path) -> None:
    first = ask(starter_model, "Name a colour.")
    answered = list(engine.generate(first))
    turns = (*first.turns, Turn(Role.ASSISTANT, text(answered)), Turn(Role.USER, "Another one."))
    follow_up = Request(first.model, turns, GREEDY)
    statistics = last(list(engine.generate(follow_up))).statistics
    assert statistics.reused_tokens >= last(answered).statistics.prompt_tokens
    assert 0 < statistics.prompt_tokens - statistics.reused_tokens < 40


def test_a_base_model_continues_text(engine: LocalEngine, gemma_model: Path) -> None:
    request = ask(gemma_model, "1, 2, 3, 4, 5, 6, 7,", GREEDY, n_ctx=512)
    events = list(engine.generate(request))
    loaded = next((event for event in events if isinstance(event, Loaded)), None)
    assert loaded is None or not loaded.has_template
    assert text(events).startswith(" 8")
    assert engine.prompt(request).text == "1, 2, 3, 4, 5, 6, 7,"


def test_a_base_model_reads_the_system_prompt_as_a_paragraph_before_the_text(
    engine: LocalEngine, tiny_model: Path
) -> None:
    turns = (
        Turn(Role.SYSTEM, "Fables.\n"),
        Turn(Role.USER, "The fox "),
        Turn(Role.ASSISTANT, "ran. "),
        Turn(Role.USER, "So"),
    )
    assert engine.prompt(Request(ModelSpec(str(tiny_model)), turns)).text == "Fables.\n\nThe fox ran. So"


def test_chinese_is_never_broken(engine: LocalEngine, gemma_model: Path) -> None:
    start = "床前明月光,疑是地上霜。举头望明月,低头思故乡。🙂🙃🙂🙃🙂🙃"
    sampling = Sampling(temperature=1.5, top_k=0, top_p=1.0, min_p=0.0, seed=5, max_tokens=60)
    said = text(list(engine.generate(ask(gemma_model, start, sampling, n_ctx=512))))
    assert "\ufffd" not in said
    assert said.encode("utf-8")


def test_bytes_that_are_no_text_are_left_out(engine: LocalEngine, tiny_model: Path) -> None:
    sampling = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, seed=3, max_tokens=200)
    events = list(engine.generate(ask(tiny_model, "ab", sampling)))
    assert "\ufffd" not in text(events)
    assert any(token > 127 for token in ids(events)), "no byte of a longer character was drawn"


def test_a_drawn_seed_is_reported_and_repeats_the_answer(engine: LocalEngine, tiny_model: Path) -> None:
    free = Sampling(temperature=1.0, max_tokens=20)
    first = list(engine.generate(ask(tiny_model, "ab", free)))
    other = list(engine.generate(ask(tiny_model, "ab", free)))
    again = list(
        engine.generate(ask(tiny_model, "ab", Sampling(temperature=1.0, max_tokens=20, seed=last(first).seed)))
    )
    assert last(first).seed != last(other).seed
    assert ids(again) == ids(first)


def test_the_context_ends_an_answer(engine: LocalEngine, tiny_model: Path) -> None:
    request = ask(tiny_model, "x" * 40, Sampling(seed=1, stop=()), n_ctx=64)
    events = list(engine.generate(request))
    n_ctx = last(events).statistics.n_ctx
    assert last(events).reason in (FinishReason.LENGTH, FinishReason.END)
    assert last(events).statistics.prompt_tokens + last(events).statistics.generated_tokens <= n_ctx + 1
    with pytest.raises(PromptTooLong) as raised:
        list(engine.generate(ask(tiny_model, "x" * (n_ctx + 10), n_ctx=64)))
    assert (raised.value.prompt_tokens, raised.value.n_ctx) == (n_ctx + 10, n_ctx)


def test_stop_while_a_long_prompt_is_read(engine: LocalEngine, starter_model: Path) -> None:
    long = ask(starter_model, "one two three four five six " * 300)
    events = []
    for event in engine.generate(long):
        events.append(event)
        if isinstance(event, PrefillProgress) and event.read >= 512:
            engine.stop()
    progress = [event for event in events if isinstance(event, PrefillProgress)]
    assert last(events).reason is FinishReason.STOPPED
    assert progress[-1].read < progress[-1].total
    # What was read stays read, and the context is as good as new.
    resumed = engine.generate(long)
    again = next(event for event in resumed if isinstance(event, PrefillProgress))
    resumed.close()  # type: ignore[attr-defined]
    assert again.reused == progress[-1].read >= 512
    assert len(ids(list(engine.generate(ask(starter_model, "Hello"))))) > 1


def test_stop_from_another_thread_before_the_process_has_begun(engine: LocalEngine, tiny_model: Path) -> None:
    list(engine.load(ModelSpec(str(tiny_model))))
    for _ in range(20):
        answer = engine.generate(ask(tiny_model, "ab", Sampling(seed=1)))
        stopper = threading.Thread(target=engine.stop)
        next(answer)
        stopper.start()
        events = list(answer)
        stopper.join()
        assert last(events).reason in (FinishReason.STOPPED, FinishReason.END)


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(
    ("number", "crash"),
    [
        ("SIGKILL", Crash.KILLED),
        ("SIGABRT", Crash.ABORTED),
        ("SIGILL", Crash.ILLEGAL_INSTRUCTION),
        ("SIGSEGV", Crash.MEMORY_FAULT),
    ],
)
def test_a_killed_process_ends_the_answer_and_nothing_else(
    engine: LocalEngine, tiny_model: Path, number: str, crash: Crash
) -> None:
    request = ask(tiny_model, "ab", Sampling(seed=2))
    events: list[Event] = []

    def drive() -> None:
        for event in engine.generate(request):
            events.append(event)
            if len(ids(events)) == 3:
                os.kill(child_pid(engine), getattr(signal, number))

    with pytest.raises(EngineCrashed) as raised:
        drive()
    assert (raised.value.crash, raised.value.during) == (crash, "decode")
    assert len(ids(events)) >= 3
    assert len(ids(list(engine.generate(ask(tiny_model, "ab"))))) > 1


def test_a_process_that_dies_while_it_rests_is_no_answers_error(engine: LocalEngine, tiny_model: Path) -> None:
    first = ids(list(engine.generate(ask(tiny_model, "ab"))))
    assert engine._process is not None
    engine._process.kill()
    engine._process._popen.wait()
    events = list(engine.generate(ask(tiny_model, "ab")))
    assert any(isinstance(event, Loaded) for event in events)
    assert ids(events) == first


@pytest.mark.skipif(os.name != "posix", reason="a process is killed")
def test_the_process_goes_when_its_parent_is_killed(tmp_path: Path, tiny_model: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from desktop.engine.local import LocalEngine\n"
        "from desktop.engine.api import ModelSpec\n"
        "engine = LocalEngine(Path(sys.argv[1])); list(engine.load(ModelSpec(sys.argv[2])))\n"
        "print(engine._process.pid, flush=True); input()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "engine.log"), str(tiny_model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        parent.wait()
        child.wait(timeout=60)
        assert not child.is_running()


def test_closing_leaves_no_process_and_no_thread(tmp_path: Path, tiny_model: Path) -> None:
    before = set(threading.enumerate())
    engine = LocalEngine(tmp_path / "engine.log")
    list(engine.generate(ask(tiny_model, "ab")))
    child = psutil.Process(child_pid(engine))
    engine.close()
    assert not child.is_running()
    assert set(threading.enumerate()) == before


def test_the_log_is_private(tmp_path: Path, tiny_model: Path) -> None:
    engine = LocalEngine(tmp_path / "logs" / "engine.log")
    list(engine.generate(ask(tiny_model, "a secret of mine")))
    engine.close()
    log = tmp_path / "logs" / "engine.log"
    assert b"llama" in log.read_bytes()
    assert b"secret" not in log.read_bytes()
    assert os.name != "posix" or log.stat().st_mode & 0o077 == 0


def test_a_log_that_has_grown_begins_anew(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_bytes(b"x" * (1 << 21))
    engine = LocalEngine(log)
    info = engine.system_info()
    engine.close()
    assert log.stat().st_size < 1 << 20
    assert info.n_threads >= 1


def test_the_devices_are_those_of_the_loaded_library(engine: LocalEngine) -> None:
    info = engine.system_info()
    assert "cpu" in {device.kind for device in info.devices}
    assert len({device.name for device in info.devices}) == len(info.devices)
    assert all(device.total_bytes > 1 << 28 for device in info.devices if device.kind == "cpu")
    assert dict(info.versions)["llama-cpp-python"].startswith("0.3.")
    assert "=" in info.build


def test_a_template_of_the_users_takes_the_files_place(engine: LocalEngine, tmp_path: Path) -> None:
    model = tiny_gguf.write(tmp_path / "with.gguf", template="file: {{ messages[0].content }}")
    request = Request(ModelSpec(str(model)), (Turn(Role.USER, "ab"),), GREEDY)
    assert engine.prompt(request).text == "file: ab"
    own = Request(ModelSpec(str(model)), (Turn(Role.USER, "ab"),), GREEDY, template="mine: {{ messages[0].content }}")
    assert engine.prompt(own).text == "mine: ab"
