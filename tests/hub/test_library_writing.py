"""The list and the kept headers: when they are written, and by several processes at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.errors import BadModelFile, Flaw
from desktop.hub.fit import Wishes
from desktop.hub.library import Library
from desktop.hub.library_file import identity
from tests.hub.gguf_file import GgufFile
from tests.hub.on_disk import model_file, shard_files

N_PROCESSES = 4
N_EACH = 12


def opened(data: Path) -> Library:
    return Library(data / "library.json", data / "models")


def test_no_entry_is_lost_between_processes(tmp_path: Path) -> None:
    model_file(tmp_path / "files", "shared.gguf")
    opened(tmp_path / "data").add(tmp_path / "files" / "shared.gguf")
    for process in range(N_PROCESSES):
        for number in range(N_EACH):
            model_file(tmp_path / "files", f"p{process}-{number}.gguf")
    program = """
import sys
from pathlib import Path
from desktop.hub.fit import Wishes
from desktop.hub.library import Library
root, process, n_each = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
library = Library(root / "data" / "library.json", root / "data" / "models")
sys.stdin.readline()
for number in range(n_each):
    library.add(root / "files" / f"p{process}-{number}.gguf")
    library.set_loading(f"p{process}-{number}", Wishes(n_ctx=1000 + number))
    library.models()
library.remove(f"p{process}-0")
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(process), str(N_EACH)], stdin=subprocess.PIPE, text=True
        )
        for process in range(N_PROCESSES)
    ]
    for running in processes:
        assert running.stdin is not None
        running.stdin.write("go\n")
        running.stdin.close()
    assert [running.wait(timeout=240) for running in processes] == [0] * N_PROCESSES
    listed = {model.name: model for model in opened(tmp_path / "data").models() if not model.is_starter}
    expected = {f"p{process}-{number}" for process in range(N_PROCESSES) for number in range(1, N_EACH)}
    assert listed.keys() == expected | {"shared"}
    assert all(listed[name].loading == Wishes(n_ctx=1000 + int(name.rpartition("-")[2])) for name in expected)
    kept = json.loads((tmp_path / "data" / "headers.json").read_text(encoding="utf-8"))["models"]
    assert kept.keys() >= {str(model.path) for model in listed.values()}


def test_a_killed_process_holds_no_lock(tmp_path: Path) -> None:
    program = """
import sys, time
from pathlib import Path
from desktop.hub.library_file import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""
    lock = tmp_path / "data" / "library.json.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    assert opened(tmp_path / "data").add(model_file(tmp_path, "mine.gguf"))[0].name == "mine"


def test_what_another_process_wrote_is_seen(tmp_path: Path) -> None:
    window, command = opened(tmp_path / "data"), opened(tmp_path / "data")
    window.models()
    command.add(model_file(tmp_path, "mine.gguf"))
    command.note_used("mine")
    assert window.models()[0].last_used_at == command.models()[0].last_used_at is not None
    window.set_loading("mine", Wishes(n_ctx=512))
    command.remove("mine")
    assert [model.name for model in window.models()] == ["starter"]


def test_no_file_is_opened_twice(tmp_path: Path) -> None:
    path = model_file(tmp_path, "mine.gguf")
    shards = shard_files(tmp_path, "big", 2)
    bad = model_file(tmp_path / "data" / "models" / "owner" / "repo", "bad.gguf")
    bad.write_bytes(b"GGUF")
    library = opened(tmp_path / "data")
    library.add(path)
    library.add(shards[0])
    known = library.models()
    assert [(model.title, model.flaw) for model in known] == [
        ("bad", Flaw.TRUNCATED),
        ("big", None),
        ("mine", None),
        ("Starter model", None),
    ]
    for file in (path, *shards, bad):
        stat = file.stat()
        # The same length and time, but nothing that could be read: only what was kept can answer.
        file.write_bytes(b"\xff" * stat.st_size)
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert library.models() == known
    assert opened(tmp_path / "data").models() == known
    for file in (path, shards[1], bad):
        os.utime(file)
    changed = opened(tmp_path / "data").models()
    assert [(model.title, model.flaw) for model in changed[:3]] == [
        ("bad", Flaw.NOT_GGUF),
        ("big", Flaw.NOT_GGUF),
        ("mine", Flaw.NOT_GGUF),
    ]


def test_listing_writes_nothing(tmp_path: Path) -> None:
    library = opened(tmp_path / "data")
    library.add(model_file(tmp_path, "mine.gguf"))
    model_file(tmp_path / "data" / "models" / "owner" / "repo", "other.gguf")
    library.models()
    files = sorted((tmp_path / "data").glob("*.json"))
    before = [identity(file) for file in files]
    library.models()
    opened(tmp_path / "data").models()
    assert [file.name for file in files] == ["headers.json", "library.json"]
    assert [identity(file) for file in files] == before
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_headers_of_another_version_are_read_anew(tmp_path: Path) -> None:
    library = opened(tmp_path / "data")
    library.add(model_file(tmp_path, "mine.gguf"))
    known = library.models()
    file = tmp_path / "data" / "headers.json"
    changes: list[dict[str, object]] = [
        {"reader": ["0.0.1"]},
        {"models": {str(tmp_path / "mine.gguf"): {"identity": []}}},
        {"models": 3},
    ]
    for change in changes:
        file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | change), encoding="utf-8")
        assert opened(tmp_path / "data").models() == known
    file.write_text("no JSON")
    assert opened(tmp_path / "data").models() == known
    file.unlink()
    assert opened(tmp_path / "data").models() == known


def test_headers_of_files_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    library = opened(tmp_path / "data")
    for name in ("a.gguf", "b.gguf"):
        library.add(model_file(tmp_path, name))
    (tmp_path / "a.gguf").unlink()
    library.add(model_file(tmp_path, "c.gguf"))
    kept = json.loads((tmp_path / "data" / "headers.json").read_text(encoding="utf-8"))["models"]
    assert {Path(path).name for path in kept} >= {"b.gguf", "c.gguf"}
    assert str(tmp_path / "a.gguf") not in kept


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_permission_that_comes_back(tmp_path: Path) -> None:
    path = model_file(tmp_path, "mine.gguf")
    library = opened(tmp_path / "data")
    library.add(path)
    os.utime(path, ns=(0, 0))
    path.chmod(0)
    assert library.models()[0].flaw is Flaw.NO_PERMISSION
    with pytest.raises(BadModelFile):
        library.find("mine")
    path.chmod(0o600)
    assert library.models()[0].is_usable


def test_a_list_on_a_read_only_disk(tmp_path: Path) -> None:
    # A folder in the place of the lock: nothing can be written, but everything be read.
    (tmp_path / "data" / "library.json.lock").mkdir(parents=True)
    model_file(tmp_path / "data" / "models" / "owner" / "repo", "mine.gguf")
    library = opened(tmp_path / "data")
    assert [model.name for model in library.models()] == ["mine", "starter"]
    assert not (tmp_path / "data" / "library.json").exists()
    assert GgufFile().encode() == library.find("mine").path.read_bytes()
