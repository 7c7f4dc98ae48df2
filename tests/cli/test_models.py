from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.cli.table import table, width
from desktop.hub.fit import Wishes
from desktop.hub.library import Library
from desktop.hub.model import STARTER
from tests.cli.conftest import Shell
from tests.hub.on_disk import chosen, model_file, projector_file, shard_files


@pytest.fixture
def library(shell: Shell) -> Library:
    return Library(shell.data / "library.json", shell.data / "models")


def test_list(shell: Shell, library: Library, tmp_path: Path, starter_model: Path) -> None:
    mine, gone = model_file(tmp_path, "mine.gguf"), model_file(tmp_path, "不在了.gguf")
    shards = shard_files(tmp_path, "big", 2)
    for path in (mine, gone, shards[0]):
        library.add(path)
    gone.unlink()
    shards[1].unlink()
    projector_file(tmp_path, "mmproj-mine.gguf")
    models = {model["name"]: model for model in shell.json("models", "list")}
    assert list(models) == ["big", "mine", "不在了", "starter"]
    assert [models[name]["missing"] for name in models] == [False, False, True, False]
    assert [models[name]["flaw"] for name in models] == ["missing_part", None, None, None]
    assert [models[name]["in_use"] for name in models] == [False, True, False, False]
    assert models["big"]["files"] == [str(shard) for shard in shards]
    assert models["mine"]["companion"] == str(tmp_path / "mmproj-mine.gguf")
    assert (models["starter"]["path"], models["starter"]["is_starter"]) == (str(starter_model), True)
    assert models["starter"]["parameters"] == 134_515_008
    big, with_eyes, missing, starter = shell.run("models", "list").stdout.splitlines()
    assert big.startswith("   big  ")
    assert big.endswith(f"one of them is not there: {shards[1].name}")
    assert with_eyes.startswith("*  mine ")
    assert with_eyes.endswith("base · vision")
    assert missing.endswith(f"missing: {gone}")
    assert starter.split() == ["starter", "135M", "Q4_1", "98", "MB", "8k", "Apache", "2.0", "Starter", "model"]
    # The columns stand below each other, although Chinese is twice as wide.
    assert width(missing[: missing.index("missing")]) == width(with_eyes[: with_eyes.index("base")])


def test_columns() -> None:
    assert table([]) == []
    assert table([("a", "", "1"), ("炉边", "", "12")], right=(2,)) == ["a      1", "炉边  12"]
    assert width("é模e\u0301") == 4


def test_info(shell: Shell, library: Library) -> None:
    repo = shell.data / "models" / "owner" / "repo"
    path = model_file(repo, "Model-Q8_0.gguf")
    library.record_origin(chosen(repo, [path], []))
    library.set_loading("model-q8_0", Wishes(256, 1, "q8_0", flash_attention=True, draft="gone"))
    facts = shell.json("models", "info", "model")
    assert facts["origin"]["repo"] == "owner/repo"
    assert facts["origin"]["files"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (facts["fit"]["n_ctx"], facts["fit"]["kv_type"]) == (256, "q8_0")
    text = shell.run("models", "info", "model").stdout
    wishes = "256 tokens of context · 1 layer on the GPU · KV cache: q8_0 · with Flash Attention · draft model: gone"
    for words in ("owner/repo", str(path), wishes, "llama"):
        assert words in text
    path.unlink()
    done = shell.run("models", "info", "model")
    assert done.returncode == 3
    assert str(path) in done.stdout
    assert done.stderr.startswith("The model file")
    path.write_bytes(b"no model")
    done = shell.run("models", "info", "model", "--json")
    assert done.returncode == 6
    assert json.loads(done.stdout)["flaw"] == "not_gguf"
    assert shell.run("models", "info", "nobody").returncode == 3


def test_add_and_remove(shell: Shell, tmp_path: Path) -> None:
    path = model_file(tmp_path / "files", "mine.gguf")
    model_file(tmp_path / "files" / "more", "other.gguf")
    assert [model["name"] for model in shell.json("models", "add", str(path))] == ["mine"]
    done = shell.run("models", "add", str(tmp_path / "files"))
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["mine", "other"]
    assert shell.run("models", "remove", "mine").stdout == f"mine is off the list. Its files stay: {path}\n"
    assert path.exists()
    assert [model["name"] for model in shell.json("models", "list")] == ["other", STARTER]
    # No beginning of a name: what is removed is named in full.
    for name, code in (("oth", 3), (STARTER, 2)):
        assert shell.run("models", "remove", name).returncode == code
    (tmp_path / "bad.gguf").write_bytes(b"GGUF")
    done = shell.run("models", "add", str(tmp_path / "bad.gguf"), "--json")
    assert done.returncode == 6
    assert json.loads(done.stdout)["error"]["flaw"] == "truncated"
    assert shell.run("models", "add", str(tmp_path / "nowhere.gguf")).returncode == 3


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the trash of the desktop cannot be redirected there")
def test_deleting_says_what_it_frees(shell: Shell, tmp_path: Path) -> None:
    path = model_file(shell.data / "models" / "owner" / "repo", "mine.gguf")
    size_bytes = path.stat().st_size
    done = shell.run("models", "remove", "mine", "--delete", "--json", XDG_DATA_HOME=str(tmp_path / "share"))
    assert json.loads(done.stdout) == {"name": "mine", "deleted": True, "freed_bytes": size_bytes}
    assert [each.name for each in (tmp_path / "share" / "Trash" / "files").iterdir()] == ["mine.gguf"]
    assert list((shell.data / "models").iterdir()) == []
    # Another program's.
    studio = tmp_path / "lm" / ".lmstudio" / "models" / "owner" / "repo"
    model_file(studio, "studio.gguf")
    home = {"HOME": str(tmp_path / "lm"), "XDG_DATA_HOME": str(tmp_path / "share")}
    shell.run("models", "add", str(studio / "studio.gguf"), **home)
    done = shell.run("models", "remove", "studio", "--delete", **home)
    assert "Its files belong to another program and stay" in done.stdout
    assert (studio / "studio.gguf").exists()
    # A file in the place of the trash.
    path = model_file(shell.data / "models" / "owner" / "repo", "mine.gguf")
    (tmp_path / "file").write_text("")
    done = shell.run("models", "remove", "mine", "--delete", XDG_DATA_HOME=str(tmp_path / "file"))
    assert done.returncode == 1
    assert "cannot be moved to the trash" in done.stderr
    assert path.exists()


def test_verify(shell: Shell, library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "mine.gguf")
    library.add(path)
    assert shell.json("models", "verify", "mine") == {"name": "mine", "result": "recorded"}
    assert shell.json("models", "verify", "mine") == {"name": "mine", "result": "as_recorded"}
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    done = shell.run("models", "verify", "mine")
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.startswith("mine.gguf is not the file any more that it was.")
    assert shell.run("models", "verify", "nobody").returncode == 3


@pytest.mark.model
def test_fit(shell: Shell) -> None:
    fits = {n_ctx: shell.json("models", "fit", STARTER, "--context", str(n_ctx)) for n_ctx in (512, 8192)}
    assert {n_ctx: fits[n_ctx]["n_ctx"] for n_ctx in fits} == {512: 512, 8192: 8192}
    assert fits[512]["needed_bytes"] < fits[8192]["needed_bytes"]
    line, *arithmetic = shell.run("models", "fit", STARTER).stdout.splitlines()
    assert fits[512]["message"] in line
    assert len(arithmetic) > 3
    assert "trained on 8,192 tokens" in shell.run("models", "fit", STARTER, "--context", "8193").stderr
    done = shell.run("models", "fit", STARTER, "--context", "0")
    assert done.returncode == 2
    (shell.data / "models" / "owner").mkdir(parents=True)
    (shell.data / "models" / "owner" / "bad.gguf").write_bytes(b"GGUF")
    assert shell.run("models", "fit", "bad").returncode == 6


def test_scan(shell: Shell, tmp_path: Path) -> None:
    home = tmp_path / "other home"
    path = model_file(home / ".lmstudio" / "models" / "owner" / "repo", "studio.gguf")
    done = shell.run("models", "scan", "--json", HOME=str(home))
    assert json.loads(done.stdout) == [
        {"program": "LM Studio", "title": "studio", "path": str(path), "size_bytes": path.stat().st_size}
    ]
    done = shell.run("models", "scan", HOME=str(home))
    assert done.stdout.split()[:3] == ["LM", "Studio", "studio"]
    shell.run("models", "add", str(path), HOME=str(home))
    assert shell.run("models", "scan", HOME=str(home)).stdout == ""


@pytest.mark.model
def test_the_model_that_answered_was_used(shell: Shell, library: Library, tmp_path: Path, tiny_model: Path) -> None:
    library.add(model_file(tmp_path, "another.gguf"))
    assert shell.run("ask", "--model", STARTER, "--max-tokens", "1", "hi").returncode == 0
    used = {model["name"]: model["last_used_at"] for model in shell.json("models", "list")}
    assert used["another"] is None
    assert used[STARTER] is not None
    # A file that is on no list is used nevertheless.
    assert shell.run("ask", "--model", str(tiny_model), "--max-tokens", "1", "hi").returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals there")
def test_progress_on_a_terminal(shell: Shell) -> None:
    master, slave = pty.openpty()
    done = subprocess.run(
        shell.command("models", "verify", STARTER),
        env=shell.env | {"LANG": "zh_CN.UTF-8", "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=slave,
        check=True,
        timeout=240,
    )
    os.close(slave)
    shown = os.read(master, 1 << 16).decode()
    os.close(master)
    assert "100 %" in shown
    assert shown.endswith("\r\x1b[K")
    assert "\n" not in shown
    assert "sha256" in done.stdout.decode()
