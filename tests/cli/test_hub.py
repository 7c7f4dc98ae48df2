"""`fireside models search|files|download` as processes of their own, against a hub on the loopback address."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from desktop.cli.table import table
from desktop.cli.terminal import Terminal
from tests.cli.conftest import Shell
from tests.hub import origin
from tests.hub.hub_server import HubServer
from tests.hub.on_disk import shard_files

REPO = "maker/tiny-GGUF"
GRANTED, MISTYPED = "hf_granted", "hf_mistyped"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def server(tiny_model: Path) -> Iterator[HubServer]:
    with HubServer() as server:
        server.add(
            REPO,
            {"tiny-Q8_0.gguf": tiny_model, "tiny-F16.gguf": tiny_model.read_bytes(), "README.md": b"# Tiny"},
            commit=COMMIT,
            downloads=1234,
            likes=5,
            tags=["gguf", "license:mit"],
            gguf={"total": 1_000_000},
        )
        server.add("maker/gated-GGUF", {"m-Q8_0.gguf": tiny_model}, gated=True)
        server.tokens = {GRANTED: {"maker/gated-GGUF"}}
        yield server


def _run(shell: Shell, server: HubServer, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    # No keyring of the computer that the tests run on is asked.
    env = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", **env}
    return shell.run("models", *arguments, "--endpoint", server.endpoint, **env)


def _lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def _kept(shell: Shell) -> set[str]:
    """The files in the folder of models, by their paths in it."""
    folder = shell.data / "models"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_search(shell: Shell, server: HubServer) -> None:
    done = _run(shell, server, "search", "tiny")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{REPO}  1M · MIT · 1.2k downloads · 5 likes · ")
    assert done.stdout.count("\n") == 1
    done = _run(shell, server, "search", "nothing of the kind")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Nothing was found.\n")


def test_search_as_json(shell: Shell, server: HubServer) -> None:
    done = _run(shell, server, "search", "--sort", "likes", "--max-parameters", "8B", "--licence", "mit", "--json")
    (found,) = json.loads(done.stdout)
    assert (found["repo"], found["downloads"], found["licence"], found["gated"]) == (REPO, 1234, "mit", False)
    assert "num_parameters=max%3A8000000000" in server.hub.asked[0].path


def test_search_is_used_wrongly(shell: Shell, server: HubServer) -> None:
    done = _run(shell, server, "search", "--max-parameters", "many")
    assert (done.returncode, server.hub.asked) == (2, [])
    assert "many is no number of parameters, such as 8B or 500M" in done.stderr


def test_files(shell: Shell, server: HubServer) -> None:
    server.add("maker/mixed-GGUF", {"m-Q4_K_M-00001-of-00002.gguf": b"x", "CON.gguf": b"y", "good-Q2_K.gguf": b"z"})
    done = _run(shell, server, "files", "maker/mixed-GGUF")
    assert (done.returncode, done.stdout) == (0, "Q2_K  1 MB · good-Q2_K.gguf\n")
    assert "CON.gguf is not downloaded." in done.stderr
    assert "00002-of-00002" in done.stderr
    facts = json.loads(_run(shell, server, "files", "maker/mixed-GGUF", "--json").stdout)
    assert [choice["files"] for choice in facts["choices"]] == [["good-Q2_K.gguf"]]
    assert [refusal["file"] for refusal in facts["refused"]] == ["CON.gguf", "m-Q4_K_M-00001-of-00002.gguf"]


def test_files_say_how_they_fit(shell: Shell, server: HubServer) -> None:
    done = _run(shell, server, "files", REPO)
    assert done.returncode == 0
    assert [line.split(" · ")[2] for line in done.stdout.splitlines()] == ["Fits in memory"] * 2
    facts = json.loads(_run(shell, server, "files", REPO, "--json").stdout)
    assert {choice["quantisation"]: choice["fits"] for choice in facts["choices"]} == {"Q8_0": "cpu", "F16": "cpu"}
    server.cdn.always = origin.drop(0)
    facts = json.loads(_run(shell, server, "files", REPO, "--json").stdout)
    assert [choice["fits"] for choice in facts["choices"]] == [None, None]


def test_a_download_ends_in_the_library(shell: Shell, server: HubServer, tiny_model: Path) -> None:
    done = _run(shell, server, "download", REPO, "q8_0")
    assert (done.returncode, done.stdout) == (0, "tiny-q8_0\n"), done.stderr
    assert "fireside ask --model tiny-q8_0" in done.stderr
    assert (shell.data / "models" / REPO / "tiny-Q8_0.gguf").read_bytes() == tiny_model.read_bytes()
    assert _kept(shell) == {f"{REPO}/tiny-Q8_0.gguf"}
    assert "tiny-q8_0" in [model["name"] for model in shell.json("models", "list")]
    sent = server.cdn.sent
    assert _run(shell, server, "download", REPO, "tiny-Q8_0.gguf").returncode == 0
    assert server.cdn.sent == sent


def test_a_download_tells_its_progress_as_json(shell: Shell, server: HubServer, tiny_model: Path) -> None:
    done = _run(shell, server, "download", REPO, "Q8_0", "--json")
    *progress, end = _lines(done)
    assert {line["type"] for line in progress} == {"progress"}
    total = tiny_model.stat().st_size
    assert (progress[-1]["phase"], progress[-1]["done_bytes"], progress[-1]["total_bytes"]) == ("done", total, total)
    path = str(shell.data / "models" / REPO / "tiny-Q8_0.gguf")
    assert end == {"type": "done", "model": "tiny-q8_0", "path": path}


def test_without_a_file_what_suits_this_computer(shell: Shell, server: HubServer) -> None:
    done = _run(shell, server, "download", REPO)
    assert (done.returncode, done.stdout) == (0, "tiny-q8_0\n"), done.stderr
    assert done.stderr.startswith("tiny-Q8_0.gguf (")


def test_a_model_in_several_files_with_eyes(shell: Shell, server: HubServer, tmp_path: Path) -> None:
    parts = {f"Q8_0/{path.name}": path for path in shard_files(tmp_path / "files", "m-Q8_0", 2)}
    server.add("maker/large-GGUF", {**parts, "mmproj-F16.gguf": b"eyes"})
    done = _run(shell, server, "download", "maker/large-GGUF", "Q8_0")
    assert done.returncode == 0, done.stderr
    assert _kept(shell) == {f"maker/large-GGUF/{path}" for path in (*parts, "mmproj-F16.gguf")}


def test_what_arrives_whole_and_is_no_model(shell: Shell, server: HubServer) -> None:
    server.add("maker/fake-GGUF", {"m-Q8_0.gguf": b"no model"})
    done = _run(shell, server, "download", "maker/fake-GGUF", "Q8_0")
    assert (done.returncode, done.stdout) == (6, "")
    assert "m-Q8_0.gguf cannot be used as a model. It is not a GGUF file." in done.stderr


def test_offline_nothing_is_asked(shell: Shell, server: HubServer) -> None:
    done = _run(shell, server, "search", "x", "--offline")
    assert (done.returncode, done.stdout) == (5, "")
    assert "Fireside is offline." in done.stderr
    (shell.data / "config").mkdir(exist_ok=True)
    (shell.data / "config" / "settings.json").write_text('{"offline": true}')
    done = _run(shell, server, "download", REPO, "--json")
    assert (done.returncode, _lines(done)[0]["error"]["type"]) == (5, "OfflineMode")
    assert server.hub.asked == []


def test_which_hub_is_talked_to(shell: Shell, server: HubServer) -> None:
    with HubServer() as other, HubServer() as third:
        (shell.data / "config").mkdir(parents=True)
        (shell.data / "config" / "settings.json").write_text(json.dumps({"endpoint": server.endpoint}))
        counts = []
        for arguments, env in (
            ([], {}),
            ([], {"HF_ENDPOINT": other.endpoint + "/"}),
            (["--endpoint", third.endpoint], {"HF_ENDPOINT": other.endpoint}),
        ):
            assert shell.run("models", "search", "tiny", *arguments, **env).returncode == 0
            counts.append([len(each.hub.asked) for each in (server, other, third)])
    assert counts == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["files", "maker/none"], 5, "There is no maker/none on the hub."),
        (["download", REPO, "Q2_K"], 5, "maker/tiny-GGUF has no file Q2_K."),
        (["download", REPO, "m.gguf.part1of2"], 6, "It was cut into pieces"),
        (["download", "maker/gated-GGUF", "m-Q8_0.gguf"], 5, "ask you to accept their terms first"),
    ],
)
def test_what_cannot_be_downloaded(shell: Shell, server: HubServer, arguments: list[str], code: int, said: str) -> None:
    done = _run(shell, server, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert not any(name.endswith(".gguf") for name in _kept(shell))


@pytest.mark.parametrize("name", ["../evil.gguf", "/evil.gguf"])
def test_an_unsafe_name(shell: Shell, server: HubServer, name: str) -> None:
    server.add("maker/evil-GGUF", {name: b"GGUF"})
    done = _run(shell, server, "download", "maker/evil-GGUF")
    assert (done.returncode, done.stdout) == (6, "")
    assert "is not downloaded. A file of that name could not be kept safely on this computer." in done.stderr
    assert not (shell.data / "models").exists() or _kept(shell) == set()


def test_two_that_are_called_alike(shell: Shell, server: HubServer) -> None:
    server.add("maker/two-GGUF", {"a-Q8_0.gguf": b"a", "b-Q8_0.gguf": b"b"})
    done = _run(shell, server, "download", "maker/two-GGUF", "Q8_0")
    assert done.returncode == 2
    assert "a-Q8_0.gguf, b-Q8_0.gguf" in done.stderr


def test_tokens_and_gates(shell: Shell, server: HubServer) -> None:
    download = ["download", "maker/gated-GGUF", "Q8_0"]
    for token, code, said in ((MISTYPED, 5, "does not know your access token"), (GRANTED, 0, "")):
        done = _run(shell, server, *download, "--trust-endpoint", HF_TOKEN=token)
        assert done.returncode == code, done.stderr
        assert said in done.stderr
        assert token not in done.stderr
    assert not any("Authorization" in asked.headers for asked in server.cdn.asked)


def test_a_token_is_not_for_every_endpoint(shell: Shell, server: HubServer) -> None:
    assert _run(shell, server, "files", REPO, HF_TOKEN=GRANTED).returncode == 0
    assert not any("Authorization" in asked.headers for asked in server.hub.asked)


def test_a_login_page_in_the_hubs_place(shell: Shell, server: HubServer) -> None:
    server.api_fault = origin.portal
    done = _run(shell, server, "files", REPO)
    assert (done.returncode, done.stdout) == (5, "")
    assert "127.0.0.1 cannot be reached. Something else answered in its place" in done.stderr


def test_a_hub_that_is_not_there(shell: Shell) -> None:
    done = shell.run("models", "search", "x", "--endpoint", "http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (5, "")
    assert "127.0.0.1 cannot be reached. It accepts no connection." in done.stderr


def test_a_wrong_byte(shell: Shell, server: HubServer) -> None:
    server.cdn.always = origin.flip(500)
    done = _run(shell, server, "download", REPO, "Q8_0", "--json")
    assert done.returncode == 6
    assert _lines(done)[-1]["error"]["type"] == "WrongContent"
    assert {Path(name).suffix for name in _kept(shell)} <= {".json", ""}


def _begin(shell: Shell, server: HubServer) -> subprocess.Popen[str]:
    """A download that stands still in the middle of the file."""
    server.cdn.faults.append(origin.drop(10_000, "stall"))
    process = shell.start("models", "download", REPO, "Q8_0", "--endpoint", server.endpoint, "--json")
    assert server.cdn.stalled.acquire(timeout=240)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["done_bytes"] >= 10_000:
            return process
    raise AssertionError(process.stderr)


def _go_on(shell: Shell, server: HubServer, tiny_model: Path) -> None:
    """The same command again fetches what is missing and no more."""
    server.cdn.asked.clear()
    done = _run(shell, server, "download", REPO, "Q8_0")
    assert (done.returncode, done.stdout) == (0, "tiny-q8_0\n"), done.stderr
    assert [asked.start for asked in server.cdn.requests()] == [10_000]
    assert (shell.data / "models" / REPO / "tiny-Q8_0.gguf").read_bytes() == tiny_model.read_bytes()
    assert _kept(shell) == {f"{REPO}/tiny-Q8_0.gguf"}


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is no signal that a process can be sent there")
def test_ctrl_c_keeps_what_is_here(shell: Shell, server: HubServer, tiny_model: Path) -> None:
    # A suite that was begun in the background ignores it, and programs that it starts would, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with _begin(shell, server) as process:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=240)
    assert process.returncode == 130
    assert said == "Interrupted. What is here is kept: run the same command again to go on.\n"
    _go_on(shell, server, tiny_model)


def test_killed_in_the_middle_it_goes_on(shell: Shell, server: HubServer, tiny_model: Path) -> None:
    with _begin(shell, server) as process:
        process.kill()
        process.communicate(timeout=240)
    # Meanwhile only the card has changed on the hub.
    repo = server.repos[REPO]
    repo.commit, repo.older = "f" * 40, {COMMIT}
    repo.files["README.md"] = b"# New"
    _go_on(shell, server, tiny_model)


def test_no_room(shell: Shell, server: HubServer) -> None:
    siblings = [{"rfilename": "m.gguf", "size": 2**60, "lfs": {"size": 2**60, "sha256": "0" * 64, "pointerSize": 1}}]
    server.add("maker/huge-GGUF", {"m.gguf": b""}, siblings=siblings)
    done = _run(shell, server, "download", "maker/huge-GGUF", "m.gguf")
    assert (done.returncode, done.stdout) == (7, "")
    assert "There is not enough room on the disk." in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_bar_on_a_terminal(shell: Shell, server: HubServer) -> None:
    master, slave = os.openpty()
    command = shell.command("models", "download", REPO, "Q8_0", "--endpoint", server.endpoint)
    with subprocess.Popen(command, env=shell.env, cwd=shell.home, stderr=slave, stdout=subprocess.DEVNULL) as process:
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(master, 65536):
                shown += piece
        except OSError:
            pass  # The terminal ends so when the last program has closed it.
    os.close(master)
    assert process.returncode == 0
    assert "██████████ 100 %" in shown.decode()


@pytest.mark.parametrize("harmful", ["\x1b[31m", "\x9b2J", "\x07", "\u202e", "\u2066"])
def test_nothing_steers_the_terminal(harmful: str) -> None:
    out, err = _Screen(), _Screen()
    terminal = Terminal(out, err)
    terminal.line(f"a{harmful}b")
    terminal.tell(f"a{harmful}\nb")
    terminal.progress(f"a{harmful}\nb")
    assert harmful not in out.getvalue()
    assert harmful not in err.getvalue()
    assert err.getvalue().count("\n") == 1
    terminal.as_json = True
    terminal.data({"name": f"a{harmful}b"})
    assert harmful not in out.getvalue()
    assert json.loads(out.getvalue().splitlines()[-1]) == {"name": f"a{harmful}b"}


def test_a_row_stays_on_its_line() -> None:
    assert table([("Licence", "mit\nModel  safe\u2028!"), ("Size", "1 MB")]) == [
        "Licence  mit Model  safe !",
        "Size     1 MB",
    ]


class _Screen(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


def test_a_line_of_progress_stays_on_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    screen = _Screen()
    Terminal(io.StringIO(), screen).progress("下载 50 % 炉边")
    assert screen.getvalue() == "下载 50 %"
