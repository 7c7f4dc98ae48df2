"""Verifying and removing the files of models."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from desktop.errors import Altered, BadModelFile, Flaw, NoSuchModel, NoTrash
from desktop.hub.library import Library
from desktop.hub.model import STARTER, Source, Verified
from tests.hub.gguf_file import GgufFile
from tests.hub.on_disk import chosen, model_file, projector_file, shard_files

MODELS = Path("data", "models")
REPO = MODELS / "owner" / "repo"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "data" / "library.json", tmp_path / MODELS, tmp_path / "home", {})


def altered(path: Path) -> None:
    """Flip a bit of the data at the end."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_verified_against_the_hub(tmp_path: Path, library: Library) -> None:
    shards = shard_files(tmp_path / REPO, "Model-Q8_0", 2)
    projector = projector_file(tmp_path / REPO, "mmproj-F16.gguf")
    library.record_origin(chosen(tmp_path / REPO, shards, [projector]))
    told: list[tuple[int, int]] = []
    assert library.verify("model", lambda done, total: told.append((done, total))) is Verified.AS_ON_HUB
    whole = sum(file.stat().st_size for file in (*shards, projector))
    assert told[-1] == (whole, whole)
    assert told == sorted(told)
    for file in (shards[1], projector):
        altered(file)
        with pytest.raises(Altered) as caught:
            library.verify("model")
        assert caught.value.path == str(file)
        altered(file)
    assert library.verify("model") is Verified.AS_ON_HUB


def test_recorded_where_nothing_is_known(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path, "mine.gguf")
    library.add(path)
    assert library.verify("mine") is Verified.RECORDED
    assert library.verify("mine") is Verified.AS_RECORDED
    altered(path)
    with pytest.raises(Altered):
        library.verify("mine")
    # Taking it off the list and adding it again accepts it as it is.
    library.remove("mine")
    library.add(path)
    assert library.verify("mine") is Verified.RECORDED
    projector_file(tmp_path, "mmproj-mine.gguf")
    assert library.verify("mine") is Verified.RECORDED
    assert library.verify("mine") is Verified.AS_RECORDED
    assert library.verify(STARTER) is Verified.RECORDED
    assert library.verify(STARTER) is Verified.AS_RECORDED


def test_a_download_forgets_what_was_recorded(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path / REPO, "mine.gguf")
    assert library.verify("mine") is Verified.RECORDED
    altered(path)
    library.record_origin(chosen(tmp_path / REPO, [path], []))
    assert library.verify("mine") is Verified.AS_ON_HUB


def test_what_cannot_be_verified(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path, "mine.gguf")
    for name, called in (("nothing", "nothing"), (str(path), "mine")):
        with pytest.raises(NoSuchModel) as unknown:
            library.verify(name)
        assert unknown.value.name == called
    library.add(path)
    path.unlink()
    with pytest.raises(NoSuchModel):
        library.verify("mine")
    path.write_bytes(b"GGUF")
    with pytest.raises(BadModelFile) as caught:
        library.verify("mine")
    assert caught.value.flaw is Flaw.TRUNCATED


def test_verifying_stops_when_told(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path, "mine.gguf")
    os.truncate(path, 1 << 32)
    library.add(path)
    told_at: list[float] = []

    def stop() -> bool:
        told_at.append(time.monotonic())
        return len(told_at) > 20

    assert library.verify("mine", stop=stop) is Verified.STOPPED
    # It was asked often enough for a stop within 100 ms, and no more was read.
    assert len(told_at) == 21
    assert path.stat().st_size // len(told_at) > 1 << 20
    assert library.verify("mine", stop=lambda: True) is Verified.STOPPED


class Trash:
    """Runs Python in a home of its own, where the desktop's trash is."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(root / "home"),
            "XDG_DATA_HOME": str(root / "home" / "share"),
        }
        (root / "home").mkdir()

    def run(self, *lines: str) -> None:
        program = [
            "from pathlib import Path",
            "from desktop.errors import NoTrash, NoSuchModel",
            "from desktop.hub.library import Library",
            f"root = Path({str(self.root)!r})",
            "library = Library(root / 'data' / 'library.json', root / 'data' / 'models')",
            *lines,
        ]
        subprocess.run([sys.executable, "-c", "\n".join(program)], env=self.env, check=True, timeout=240)

    def names(self) -> set[str]:
        return {path.name for path in (self.root / "home" / "share" / "Trash" / "files").glob("*")}


@pytest.fixture
def trash(tmp_path: Path) -> Any:
    if sys.platform in ("win32", "darwin"):
        pytest.skip("the trash of the desktop cannot be redirected there")
    return Trash(tmp_path)


def test_downloads_go_to_the_trash(tmp_path: Path, library: Library, trash: Trash) -> None:
    shards = shard_files(tmp_path / REPO / "Q8_0", "Model-Q8_0", 2)
    other = model_file(tmp_path / REPO, "Model-Q4_K_M.gguf")
    projector = projector_file(tmp_path / REPO, "mmproj-F16.gguf")
    assert [model.companion for model in library.models()[:2]] == [projector, projector]
    size = sum(shard.stat().st_size for shard in shards)
    assert library.frees("model-q8_0") == size
    trash.run(f"assert library.frees('model-q8_0') == {size}", "library.remove('model-q8_0', to_trash=True)")
    assert trash.names() == {shard.name for shard in shards}
    assert [model.name for model in library.models()] == ["model-q4_k_m", STARTER]
    assert sorted(path.name for path in (tmp_path / REPO).iterdir()) == [other.name, projector.name]
    # The last one takes the projector and the folders with it.
    assert library.frees("model-q4_k_m") == other.stat().st_size + projector.stat().st_size
    trash.run("library.remove('model-q4_k_m', to_trash=True)")
    assert trash.names() == {path.name for path in (*shards, other, projector)}
    assert list((tmp_path / MODELS).iterdir()) == []
    assert [model.name for model in library.models()] == [STARTER]


def test_a_download_is_taken_off_the_list_only(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path / REPO, "mine.gguf")
    library.remove(library.models()[0].name)
    assert path.exists()
    assert [model.name for model in library.models()] == [STARTER]
    assert library.add(path)[0].source is Source.DOWNLOADED
    assert [model.name for model in library.models()] == ["mine", STARTER]
    library.remove("mine")
    # Downloaded once more.
    library.record_origin(chosen(tmp_path / REPO, [path], []))
    assert [model.name for model in library.models()] == ["mine", STARTER]


def test_added_files_stay_unless_told(tmp_path: Path, library: Library, trash: Trash) -> None:
    mine, beside = model_file(tmp_path / "files", "mine.gguf"), model_file(tmp_path / "files", "mine-too.gguf")
    projector = projector_file(tmp_path / "files", "mmproj-mine.gguf")
    library.add(mine)
    library.remove("mine")
    assert mine.exists()
    library.add(mine)
    assert library.find("mine").companion == projector
    assert library.frees("mine") == mine.stat().st_size
    trash.run("library.remove('mine', to_trash=True)")
    assert trash.names() == {"mine.gguf"}
    # Another model lies there that needs the projector, even if it is not on the list.
    assert {path.name for path in (tmp_path / "files").iterdir()} == {beside.name, projector.name}


def test_missing_models_leave_the_list(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path / REPO, "mine.gguf")
    library.models()
    path.unlink()
    assert library.frees("mine") == 0
    library.remove("mine", to_trash=True)
    assert [model.name for model in library.models()] == [STARTER]
    model_file(tmp_path / REPO, "mine.gguf")
    assert [model.name for model in library.models()] == ["mine", STARTER]


def test_no_file_of_another_program_is_deleted(tmp_path: Path, library: Library) -> None:
    hub = tmp_path / "home" / ".cache" / "huggingface" / "hub" / "models--owner--repo"
    blob = model_file(hub / "blobs", "b" * 64)
    snapshot = hub / "snapshots" / ("c" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "cached.gguf").symlink_to(blob)
    elsewhere = model_file(tmp_path / "drive" / "ollama" / "blobs", f"sha256-{'a' * 64}")
    studio = model_file(tmp_path / "home" / ".lmstudio" / "models" / "owner" / "repo", "studio.gguf")
    linked = tmp_path / "linked.gguf"
    linked.symlink_to(model_file(tmp_path, "target.gguf"))
    for path in (snapshot / "cached.gguf", elsewhere, studio, linked):
        [model] = library.add(path)
        assert library.frees(model.name) == 0, path
        library.remove(model.name, to_trash=True)
        assert path.exists(), path
    assert [model.name for model in library.models()] == [STARTER]
    assert library.frees(STARTER) == 0


def test_caches_name_files_by_their_sum(tmp_path: Path, library: Library) -> None:
    blob = model_file(tmp_path / "blobs", f"sha256-{'a' * 64}")
    [model] = library.add(blob)
    with pytest.raises(Altered):
        library.verify(model.name)


def test_where_there_is_no_trash_nothing_is_lost(tmp_path: Path, trash: Trash) -> None:
    path = model_file(tmp_path / REPO, "mine.gguf")
    # A file in the place of the trash's folder.
    (tmp_path / "home" / "share").mkdir()
    (tmp_path / "home" / "share" / "Trash").write_text("")
    trash.run(
        "try: library.remove('mine', to_trash=True)",
        "except NoTrash as error: assert error.path.endswith('mine.gguf')",
        "else: raise AssertionError",
        "assert library.find('mine')",
    )
    assert path.read_bytes() == GgufFile().encode()


def test_the_trash_of_a_file_that_goes_meanwhile(tmp_path: Path) -> None:
    from desktop.hub.trash import to_trash

    with pytest.raises(NoTrash):
        to_trash([tmp_path / "nothing"])
