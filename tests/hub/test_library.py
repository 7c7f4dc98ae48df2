from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from desktop.errors import BadModelFile, CannotWrite, Flaw, NoSuchModel
from desktop.hub.fit import Wishes
from desktop.hub.library import Library
from desktop.hub.library_file import identity
from desktop.hub.model import STARTER, Source
from tests.hub.gguf_file import GgufFile, string
from tests.hub.on_disk import chosen, model_file, projector_file, shard_files


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "data" / "library.json", tmp_path / "data" / "models")


def test_starter_model_is_there_from_the_start(library: Library, starter_model: Path) -> None:
    [starter] = library.models()
    assert (starter.name, starter.path, starter.is_starter) == (STARTER, starter_model, True)
    assert starter.header is not None
    assert starter.header.quantisation == "Q4_1"
    assert library.default() == starter
    assert library.find("starter") == starter


def test_added_in_place_and_remembered(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path, "Qwen 3 (8B) Q4.gguf")
    [added] = library.add(path)
    assert (added.name, added.title, added.path, added.missing) == ("qwen-3-8b-q4", "Qwen 3 (8B) Q4", path, False)
    again = Library(tmp_path / "data" / "library.json", tmp_path / "data" / "models")
    assert again.models()[0] == added
    assert again.find("qwen-3-8b-q4") == again.find("qwen") == again.find(str(path)) == again.default() == added
    assert (tmp_path / "data" / "library.json").stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["Qwen 3 (8B) Q4.gguf", "data"]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names there are Unicode")
def test_a_file_name_in_another_encoding(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path, os.fsdecode("模型 测试.gguf".encode("gbk")))
    [added] = library.add(path)
    again = Library(tmp_path / "data" / "library.json", tmp_path / "data" / "models")
    assert again.models()[0] == added
    assert again.find(added.name).path == path
    assert not list((tmp_path / "data").glob("*.damaged"))


def test_names_are_unique(tmp_path: Path, library: Library) -> None:
    names = [library.add(model_file(tmp_path / folder, "model.gguf"))[0].name for folder in ("a", "b", "c")]
    assert names == ["model", "model-2", "model-3"]
    assert library.add(tmp_path / "b" / "model.gguf")[0].name == "model-2"
    assert library.add(model_file(tmp_path, "Starter.gguf"))[0].name == "starter-2"
    assert library.add(model_file(tmp_path, "通义千问.gguf"))[0].name == "通义千问"
    shards = shard_files(tmp_path, "big", 2)
    assert [library.add(shard)[0].name for shard in shards] == ["big", "big"]
    assert len(library.models()) == 7


def test_unclear_beginning_of_a_name(tmp_path: Path, library: Library) -> None:
    for name in ("llama-a.gguf", "llama-b.gguf"):
        library.add(model_file(tmp_path, name))
    with pytest.raises(NoSuchModel) as caught:
        library.find("llama")
    assert caught.value.name == "llama"
    assert library.find("llama-b").name == "llama-b"


def test_a_file_that_was_not_added(tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    path = model_file(tmp_path, "stray.gguf")
    monkeypatch.chdir(tmp_path)
    found = library.find("stray.gguf")
    assert (found.path, found.title) == (path, "stray")
    assert library.find(found.name) == found
    assert [each.name for each in library.models()] == [STARTER]


def test_gone_and_back(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path, "mine.gguf")
    library.add(path)
    path.unlink()
    [mine, starter] = library.models()
    assert (mine.name, mine.missing, mine.header) == ("mine", True, None)
    assert library.default() == starter
    with pytest.raises(NoSuchModel) as caught:
        library.find("mine")
    assert caught.value.name == str(path)
    model_file(tmp_path, "mine.gguf")
    assert not library.find("mine").missing


def test_unknown_and_bad(tmp_path: Path, library: Library) -> None:
    for name in ("nothing", "", str(tmp_path / "no.gguf")):
        with pytest.raises(NoSuchModel) as caught:
            library.find(name)
        assert caught.value.name == name
    (tmp_path / "bad.gguf").write_bytes(b"not a model")
    for use in (library.find, lambda name: library.add(Path(name))):
        with pytest.raises(BadModelFile) as bad:
            use(str(tmp_path / "bad.gguf"))
        assert bad.value.flaw is Flaw.NOT_GGUF
    assert [each.name for each in library.models()] == [STARTER]


def test_damaged_since_it_was_added(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path, "mine.gguf")
    library.add(path)
    path.write_bytes(b"GGUF")
    assert (library.models()[0].header, library.models()[0].missing) == (None, False)
    with pytest.raises(BadModelFile):
        library.find("mine")


def test_removed_from_the_list_only(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path, "mine.gguf")
    library.add(path)
    library.remove("mine")
    assert [each.name for each in library.models()] == [STARTER]
    assert path.exists()
    for name in ("mine", STARTER):
        with pytest.raises(NoSuchModel):
            library.remove(name)


def test_what_a_newer_version_wrote_is_kept(tmp_path: Path, library: Library) -> None:
    file = tmp_path / "data" / "library.json"
    library.add(model_file(tmp_path, "mine.gguf"))
    values = json.loads(file.read_text())
    values["folders"] = ["/somewhere"]
    values["models"][0]["colour"] = "red"
    file.write_text(json.dumps(values))
    library.add(model_file(tmp_path, "other.gguf"))
    after = json.loads(file.read_text())
    assert after["folders"] == ["/somewhere"]
    assert after["models"][0]["colour"] == "red"
    assert [each.name for each in library.models()] == ["mine", "other", STARTER]


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "[" * 100_000, "\udcff"])
def test_damaged_list_is_set_aside(tmp_path: Path, library: Library, text: str) -> None:
    file = tmp_path / "data" / "library.json"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8", errors="surrogateescape")
    assert [each.name for each in library.models()] == [STARTER]
    assert file.with_name("library.json.damaged").read_bytes() == text.encode(errors="surrogateescape")


NONSENSE = {
    "name": "odd",
    "path": "/nowhere.gguf",
    "title": 3,
    "companion": [],
    "hidden": "yes",
    "last_used_at": "yesterday",
    "loading": {"n_ctx": -1, "n_gpu_layers": True, "kv_type": "q7", "flash_attention": 1, "draft": ["a"]},
    "origin": {"repo": "a/b", "files": [{"path": 3}]},
    "sha256": {"nowhere.gguf": 5},
}


NO_PATH = {"name": "x", "path": "\0"}
NO_TIME = {"name": "odd", "path": "/nowhere.gguf", "companion": "\0", "last_used_at": 1e300}


@pytest.mark.parametrize("models", [3, [3, {}, {"name": 1, "path": "x"}, NO_PATH], [NONSENSE], [NO_TIME]])
def test_nonsense_in_the_list_is_passed_over(tmp_path: Path, library: Library, models: object) -> None:
    file = tmp_path / "data" / "library.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"models": models}))
    for model in library.models():
        assert (model.is_starter, model.name) in ((True, STARTER), (False, "odd"))
        assert (model.last_used_at, model.loading, model.origin, model.companion) == (None, Wishes(), None, None)
    library.remove(library.add(model_file(tmp_path, "mine.gguf"))[0].name)


def test_list_that_cannot_be_saved(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    library = Library(tmp_path / "file" / "library.json", tmp_path / "file" / "models")
    with pytest.raises(CannotWrite):
        library.add(model_file(tmp_path, "mine.gguf"))
    assert [each.name for each in library.models()] == [STARTER]


def test_loading_and_use_are_remembered(tmp_path: Path, library: Library) -> None:
    library.add(model_file(tmp_path, "a.gguf"))
    library.add(model_file(tmp_path, "b.gguf"))
    wishes = Wishes(n_ctx=2048, n_gpu_layers=0, kv_type="q8_0", flash_attention=False, draft="a")
    before = time.time()
    for name in ("b", STARTER):
        library.set_loading(name, wishes)
        library.note_used(name)
    a, b, starter = Library(tmp_path / "data" / "library.json", tmp_path / "data" / "models").models()
    assert (a.loading, a.last_used_at) == (Wishes(), None)
    assert b.loading == starter.loading == wishes
    assert starter.is_starter
    assert b.last_used_at is not None
    assert before <= b.last_used_at <= time.time()
    assert library.default().name == STARTER
    library.set_loading("b", Wishes())
    assert library.find("b").loading == Wishes()
    with pytest.raises(NoSuchModel):
        library.set_loading("c", wishes)
    library.note_used("c")


def test_a_conversation_is_noted_once(tmp_path: Path, library: Library) -> None:
    library.add(model_file(tmp_path, "a.gguf"))
    library.note_used("a")
    written = identity(tmp_path / "data" / "library.json")
    library.note_used("a")
    assert identity(tmp_path / "data" / "library.json") == written


def test_a_use_is_noted_after_the_clock_was_set_back(tmp_path: Path, library: Library) -> None:
    library.add(model_file(tmp_path, "a.gguf"))
    file = tmp_path / "data" / "library.json"
    values = json.loads(file.read_text())
    values["models"][0]["last_used_at"] = time.time() + 1e6
    file.write_text(json.dumps(values))
    library.note_used("a")
    assert (library.find("a").last_used_at or 0) <= time.time()


def test_a_folder_is_added_whole(tmp_path: Path, library: Library) -> None:
    folder = tmp_path / "Modelle"
    model_file(folder, "one.gguf")
    shard_files(folder / "big", "two", 2)
    shard_files(folder / "big", "three", 2)[0].unlink()
    for ignored in (folder / ".git", folder / "deep"):
        model_file(ignored, ".hidden.gguf")
    (folder / "four.GGUF").write_bytes(b"no model at all")
    (folder / "five.gguf").write_bytes(GgufFile({"general.type": string("imatrix")}).encode())
    (folder / "deep" / "loop").symlink_to(folder)
    model_file(tmp_path / "elsewhere", "six.gguf")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    added = library.add(folder)
    assert [model.name for model in added] == ["three", "two", "six", "one"]
    assert [model.flaw for model in added] == [Flaw.MISSING_PART, None, None, None]
    assert library.add(folder) == added
    assert sorted(model.name for model in library.models()) == ["one", "six", "starter", "three", "two"]


def test_a_folder_without_models(tmp_path: Path, library: Library) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadModelFile) as caught:
        library.add(tmp_path / "empty")
    assert caught.value.flaw is Flaw.NO_MODEL_INSIDE
    (tmp_path / "empty" / "bad.gguf").write_bytes(b"not a model")
    with pytest.raises(BadModelFile) as caught:
        library.add(tmp_path / "empty")
    assert caught.value.flaw is Flaw.NOT_GGUF


def test_shards_are_one_model(tmp_path: Path, library: Library) -> None:
    shards = shard_files(tmp_path, "big", 3)
    [model] = library.add(shards[1])
    assert (model.title, model.path, model.files) == ("big", shards[0], tuple(shards))
    assert model.size_bytes == sum(shard.stat().st_size for shard in shards)
    assert model.header is not None
    assert (model.header.parameters, model.header.size_bytes) == (3 * 64, model.size_bytes)
    shards[1].rename(tmp_path / "away.gguf")
    model = library.models()[0]
    assert (model.flaw, model.flaw_detail, model.missing) == (Flaw.MISSING_PART, shards[1].name, False)
    assert model.size_bytes == sum(shard.stat().st_size for shard in shards if shard.exists())
    for use in (library.find, library.verify):
        with pytest.raises(BadModelFile) as caught:
            use("big")
        assert caught.value.detail == shards[1].name
    assert library.default().is_starter
    shards[0].unlink()
    assert library.models()[0].flaw is Flaw.MISSING_PART
    shards[2].unlink()
    assert library.models()[0].missing
    with pytest.raises(BadModelFile) as caught:
        library.add(model_file(tmp_path, "new-00001-of-00002.gguf"))
    assert caught.value.flaw is Flaw.MISSING_PART


def test_downloads_are_found(tmp_path: Path, library: Library) -> None:
    models = tmp_path / "data" / "models"
    model_file(models / "owner" / "repo", "Model-Q4_K_M.gguf")
    model_file(models / "owner" / "repo", "Model-Q8_0.gguf.part")
    (models / "owner" / "repo" / "adapter.gguf").write_bytes(GgufFile({"general.type": string("adapter")}).encode())
    [model, _] = library.models()
    assert (model.name, model.source) == ("model-q4_k_m", Source.DOWNLOADED)
    assert library.add(model.path) == [model]
    # The whole data directory is moved.
    (tmp_path / "data").rename(tmp_path / "moved")
    moved = Library(tmp_path / "moved" / "library.json", tmp_path / "moved" / "models")
    assert [each.name for each in moved.models()] == ["model-q4_k_m", STARTER]
    assert moved.find("model").path == tmp_path / "moved" / "models" / "owner" / "repo" / "Model-Q4_K_M.gguf"
    # An unplugged drive.
    (tmp_path / "moved" / "models").rename(tmp_path / "drive")
    assert [(each.name, each.missing) for each in moved.models()] == [("model-q4_k_m", True), (STARTER, False)]
    (tmp_path / "drive").rename(tmp_path / "moved" / "models")
    assert moved.models()[0].is_usable


def test_where_it_was_downloaded_from(tmp_path: Path, library: Library) -> None:
    folder = tmp_path / "data" / "models" / "owner" / "repo"
    shards = shard_files(folder / "Q8_0", "Model-Q8_0", 2)
    projector = projector_file(folder, "mmproj-F16.gguf")
    choice = chosen(folder, shards, [projector])
    model = library.record_origin(choice)
    assert model.origin == choice
    assert (model.files, model.companion) == (tuple(shards), projector)
    assert model.companion_bytes == projector.stat().st_size
    assert model.size_bytes == sum(file.stat().st_size for file in (*shards, projector))
    assert Library(tmp_path / "data" / "library.json", tmp_path / "data" / "models").models()[0] == model


def test_projectors_go_with_their_models(tmp_path: Path, library: Library) -> None:
    shelf = tmp_path / "shelf"
    for name in ("gemma-3-4b-it-Q4_K_M.gguf", "Qwen2-VL-7B-Q4_K_M.gguf", "plain.gguf"):
        model_file(shelf, name)
    for name in ("gemma-3-4b-it-mmproj-F16.gguf", "mmproj-Qwen2-VL-7B-f16.gguf", "mmproj-F16.gguf"):
        projector_file(shelf, name)
    # Called a projector, and is none.
    model_file(shelf, "mmproj-plain.gguf")
    pairs = {model.title: model.companion and model.companion.name for model in library.add(shelf)}
    assert pairs == {
        "gemma-3-4b-it-Q4_K_M": "gemma-3-4b-it-mmproj-F16.gguf",
        "Qwen2-VL-7B-Q4_K_M": "mmproj-Qwen2-VL-7B-f16.gguf",
        "plain": None,
    }
    one = tmp_path / "one"
    for name in ("Model-Q4_K_M.gguf", "Model-Q8_0.gguf"):
        model_file(one, name)
    # Nothing in its name says so.
    eyes = projector_file(one, "model-eyes.gguf")
    assert [model.companion for model in library.add(one)] == [None, None]
    eyes.rename(one / "model.gguf")
    assert [library.find(name).companion for name in ("model-q4_k_m", "model-q8_0")] == [one / "model.gguf"] * 2
    projector_file(one, "mmproj-BF16.gguf")
    assert library.find("model-q8_0").companion == one / "mmproj-BF16.gguf"
