from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from desktop.chat.message import Role
from desktop.hub.fit import Wishes
from desktop.hub.library import Library
from desktop.store.chats import Store
from tests.cli.conftest import Shell
from tests.hub.gguf_file import GgufFile

pytestmark = pytest.mark.model

LONG = ("ask", "--json", "--temperature", "0", "--max-tokens", "2000", "Write a very long story about the sea.")


def events_of(stdout: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.splitlines()]


def text_of(events: list[dict[str, Any]]) -> str:
    return "".join(event["text"] for event in events if event["type"] == "token" and not event["reasoning"])


def read_tokens(process: subprocess.Popen[str], count: int) -> list[dict[str, Any]]:
    """The events up to the `count`-th token."""
    assert process.stdout is not None
    events: list[dict[str, Any]] = []
    while sum(event["type"] == "token" for event in events) < count:
        line = process.stdout.readline()
        assert line, process.stderr and process.stderr.read()
        events.append(json.loads(line))
    return events


def read_rest(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What is left of both streams. Unlike `communicate`, it forgets no line that was read ahead."""
    assert process.stdout is not None
    assert process.stderr is not None
    rest, stderr = process.stdout.read(), process.stderr.read()
    process.wait(timeout=240)
    return rest, stderr


def test_a_question_is_answered_and_the_chat_is_still_there(shell: Shell) -> None:
    first = shell.run("ask", "--temperature", "0", "--max-tokens", "12", "--system", "Be brief.", "Who", "are", "you?")
    assert first.returncode == 0, first.stderr
    assert first.stdout.strip()
    assert first.stdout.endswith("\n")
    assert "tok/s" in first.stderr.splitlines()[-1]
    assert "\x1b" not in first.stderr
    [chat] = shell.json("chats", "list")
    assert (chat["title"], chat["system"], chat["model"]) == ("Who are you?", "Be brief.", "starter")
    shown = shell.json("chats", "show", str(chat["id"]))
    question, answer = shown["messages"]
    assert (question["role"], question["text"], question["state"]) == ("user", "Who are you?", "complete")
    assert (answer["role"], answer["state"]) == ("assistant", "complete")
    assert answer["text"].strip() == first.stdout.strip()
    assert answer["statistics"]["generated_tokens"] > 0
    assert answer["sampling"]["seed"] is not None

    more = shell.run(
        *("ask", "--chat", str(chat["id"]), "--json", "--seed", "7", "--max-tokens", "5", "--alternatives", "3", "-"),
        stdin="为什么？",
    )
    assert more.returncode == 0, more.stderr
    events = events_of(more.stdout)
    kinds = [event["type"] for event in events]
    assert sorted(set(kinds), key=kinds.index) == ["load", "prefill", "token", "finished"]
    told = [event for event in events if "logprob" in event]
    assert len(told) == events[-1]["statistics"]["generated_tokens"]
    for token in told:
        assert len(token["alternatives"]) == 3
        assert 0 >= token["alternatives"][0]["logprob"] >= token["logprob"]
    finished = events[-1]
    assert finished["chat"] == chat["id"]
    assert finished["reason"] in ("length", "end")
    assert finished["statistics"]["n_ctx"] > 0
    messages = shell.json("chats", "show", str(chat["id"]))["messages"]
    assert [message["text"] for message in messages[:3]] == [question["text"], answer["text"], "为什么？"]
    assert messages[3]["id"] == finished["message"]
    assert messages[3]["text"] == text_of(events)
    assert messages[3]["sampling"]["seed"] == 7
    [hit, *_] = shell.json("chats", "search", "为什么")
    assert (hit["id"], hit["message"]["text"]) == (chat["id"], "为什么？")


def test_ctrl_c_stops_the_answer_and_keeps_it(shell: Shell) -> None:
    with shell.start(*LONG) as process:
        events = read_tokens(process, 5)
        process.send_signal(signal.SIGINT)
        rest, stderr = read_rest(process)
    events += events_of(rest)
    assert process.returncode == 130
    assert (events[-1]["type"], events[-1]["reason"]) == ("finished", "stopped")
    assert "Traceback" not in stderr
    answer = shell.json("chats", "show", str(events[-1]["chat"]))["messages"][-1]
    assert (answer["state"], answer["finish"]) == ("stopped", "stopped")
    assert answer["text"] == text_of(events)


def test_a_kill_loses_little_and_ends_the_engine(shell: Shell) -> None:
    with shell.start(*LONG) as process:
        read_tokens(process, 1)
        [engine] = psutil.Process(process.pid).children()
        # While it is written, others see it as such.
        shown: dict[str, Any] = {"text": ""}
        while len(shown["text"]) < 20:
            shown = shell.json("chats", "show", "1")["messages"][-1]
            assert shown["state"] == "streaming"
        process.kill()
        process.communicate(timeout=240)
    engine.wait(240)
    answer = shell.json("chats", "show", "1")["messages"][-1]
    assert answer["state"] == "interrupted"
    assert answer["text"].startswith(shown["text"])


def test_nobody_reads_the_answer_any_more(shell: Shell) -> None:
    with shell.start(*LONG[:1], *LONG[2:]) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1)
        process.stdout.close()
        stderr = process.stderr.read()
    assert (process.returncode, stderr) == (0, "")
    answer = shell.json("chats", "show", "1")["messages"][-1]
    assert answer["state"] == "stopped"
    assert answer["text"]


def test_the_engine_dies(shell: Shell) -> None:
    with shell.start(*LONG) as process:
        events = read_tokens(process, 3)
        [engine] = psutil.Process(process.pid).children()
        engine.kill()
        rest, stderr = read_rest(process)
    events += events_of(rest)
    assert process.returncode == 4
    assert events[-1]["type"] == "error"
    assert events[-1]["error"]["type"] == "EngineCrashed"
    assert stderr.strip() == events[-1]["message"]
    answer = shell.json("chats", "show", str(events[-1]["chat"]))["messages"][-1]
    assert (answer["state"], answer["error"]) == ("interrupted", events[-1]["error"])
    assert answer["text"] == text_of(events)


def test_a_base_model_goes_on_with_a_text(shell: Shell, gemma_model: Path) -> None:
    done = shell.run("ask", "--model", str(gemma_model), "--temperature", "0", "--max-tokens", "6", "One, two, three,")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "base model" in done.stderr
    answer = shell.json("chats", "show", "1")["messages"][-1]
    assert (answer["model"], answer["finish"]) == (str(gemma_model), "length")


def test_a_draft_model_that_is_gone_is_said(shell: Shell, tiny_model: Path) -> None:
    library = Library(shell.data / "library.json", shell.data / "models")
    [model] = library.add(tiny_model)
    for draft in (None, "small"):
        library.set_loading(model.name, Wishes(256, draft=draft))
        done = shell.run("ask", "--model", model.name, "--max-tokens", "1", "hi")
        assert done.returncode == 0, done.stderr
        assert ("The draft model “small” is gone" in done.stderr) is (draft is not None)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("ask", "--model", "nosuch", "hi"), 3, "no model called “nosuch”"),
        (("ask", "--model", "/no/such.gguf", "hi"), 3, "/no/such.gguf is not there"),
        (("ask", "--model", "~no-such-user/such.gguf", "hi"), 3, "~no-such-user/such.gguf is not there"),
        (("ask", "--chat", "77", "hi"), 3, "no chat with the number 77"),
        (("ask", "--chat", "x", "hi"), 3, "no chat with the number x"),
        (("ask",), 2, "There is no question"),
        (("ask", "--alternatives", "3", "hello"), 2, "--alternatives needs --json"),
        (("ask", "--temperature", "-1", "hi"), 2, "-1 is no number from 0 on"),
        (("ask", "--temperature", "nan", "hi"), 2, "nan is no number"),
        (("ask", "--temperature", "warm", "hi"), 2, "argument --temperature: warm is no number"),
        (("ask", "--max-tokens", "0", "hi"), 2, "0 is no whole number from 1 to"),
        (("ask", "--max-tokens", "few", "hi"), 2, "few is no whole number"),
        (("ask", "--seed", "4294967295", "hi"), 2, "from 0 to 4294967294"),
        (("ask", "--overflow", "wait", "hi"), 2, "--overflow: wait is none of: drop, summarise, stop"),
        (("chats", "show", "77"), 3, "no chat with the number 77"),
        (("chats", "show", "99999999999999999999"), 3, "no chat"),
        (("chats",), 2, "usage"),
        (("nonsense",), 2, "usage"),
    ],
)
def test_what_cannot_be_asked(shell: Shell, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = shell.run(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert shell.n_chats() == 0


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "The file is empty"),
        (b"nonsense" * 100, "not a GGUF file"),
        (GgufFile().encode()[:-10], "ends too early"),
        (GgufFile(tensors=[], data=b"").encode(), "only a vocabulary"),
    ],
)
def test_a_bad_model_file(shell: Shell, tmp_path: Path, raw: bytes, words: str) -> None:
    (tmp_path / "bad.gguf").write_bytes(raw)
    done = shell.run("ask", "--model", str(tmp_path / "bad.gguf"), "--json", "hi")
    assert done.returncode == 4
    [event] = events_of(done.stdout)
    assert (event["type"], event["error"]["type"]) == ("error", "BadModelFile")
    assert words in event["message"]
    assert done.stderr.strip() == event["message"]
    assert shell.n_chats() == 0


def test_a_file_that_only_the_engine_can_refuse(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "odd.gguf").write_bytes(GgufFile().encode())
    done = shell.run("ask", "--model", str(tmp_path / "odd.gguf"), "hi")
    assert done.returncode == 4
    assert "odd.gguf cannot be used as a model" in done.stderr
    answer = shell.json("chats", "show", "1")["messages"][-1]
    assert (answer["state"], answer["text"], answer["error"]["type"]) == ("failed", "", "BadModelFile")


def test_a_full_chat_is_summarised_once_and_goes_on_from_that(shell: Shell) -> None:
    config = shell.data / "config"
    config.mkdir(parents=True)
    (config / "settings.json").write_text(json.dumps({"n_ctx": 512}))
    filler = "the harbour, the old bridge, the market, the museum, the long way up the hill and the tower, " * 11
    store = Store.open(shell.data / "chats.db", shell.data / "backups")
    chat = store.create_chat("Oslo")
    parent = None
    for role, text in ((Role.USER, "Where shall we walk?"), (Role.ASSISTANT, f"Past {filler}")) * 2:
        parent = store.add_message(chat.id, parent, role, text).id
    store.close()
    asks = ("ask", "--chat", str(chat.id), "--json", "--max-tokens", "8", "--temperature", "0")

    refused = shell.run(*asks, "--overflow", "stop", "And then?")
    assert refused.returncode == 4
    assert events_of(refused.stdout)[-1]["error"]["type"] == "ContextFull"

    first = events_of(shell.run(*asks, "--overflow", "summarise", "What was there?").stdout)
    (summary,) = [event for event in first if event["type"] == "summary"]
    assert summary["text"].strip()
    assert [event["messages"] for event in first if event["type"] == "summarising"][-1] == summary["messages"] == 2
    assert first[-1]["statistics"]["summarised"]

    second = events_of(shell.run(*asks, "--overflow", "summarise", "Anything else?").stdout)
    assert "summary" not in [event["type"] for event in second]
    assert second[-1]["statistics"]["summarised"]
    assert second[-1]["statistics"]["left_out_messages"] == 2
    messages = shell.json("chats", "show", str(chat.id))["messages"]
    assert [message["summary"] for message in messages][:3] == ["", summary["text"], ""]
