from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from desktop.errors import BadModelFile, CannotWrite, Flaw, NoSuchModel
from desktop.hub.library import Library
from desktop.hub.model import STARTER
from tests.hub.gguf_file import GgufFile


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "data" / "library.json", tmp_path / "data" / "models")


def model_file(directory: Path, name: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_bytes(GgufFile().encode())
    return path


def test_starter_model_is_there_from_the_start(library: Library, starter_model: Path) -> None:
    [starter] = library.models()
    assert (starter.name, starter.path, starter.is_starter) == (STARTER, starter_model, True)
    assert starter.header is not None
    assert starter.header.quantisation == "Q4_1"
    assert library.default() == starter
    assert library.find("starter") == starter


def test_added_in_place_and_remembered(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path, "Qwen 3 (8B) Q4.gguf")
    added = library.add(path)
    assert (added.name, added.title, added.path, added.missing) == ("qwen-3-8b-q4", "Qwen 3 (8B) Q4", path, False)
    again = Library(tmp_path / "data" / "library.json", tmp_path / "data" / "models")
    assert again.models()[0] == added
    assert again.find("qwen-3-8b-q4") == again.find("qwen") == again.find(str(path)) == again.default() == added
    assert (tmp_path / "data" / "library.json").stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["Qwen 3 (8B) Q4.gguf", "data"]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names there are Unicode")
def test_a_file_name_in_another_encoding(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path, os.fsdecode("模型 测试.gguf".encode("gbk")))
    added = library.add(path)
    again = Library(tmp_path / "data" / "library.json", tmp_path / "data" / "models")
    assert again.models()[0] == added
    assert again.find(added.name).path == path
    assert not list((tmp_path / "data").glob("*.damaged"))


def test_names_are_unique(tmp_path: Path, library: Library) -> None:
    names = [library.add(model_file(tmp_path / folder, "model.gguf")).name for folder in ("a", "b", "c")]
    assert names == ["model", "model-2", "model-3"]
    assert library.add(tmp_path / "b" / "model.gguf").name == "model-2"
    assert library.add(model_file(tmp_path, "Starter.gguf")).name == "starter-2"
    assert library.add(model_file(tmp_path, "通义千问.gguf")).name == "通义千问"
    assert library.add(model_file(tmp_path, "big-00001-of-00003.gguf")).name == "big"
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


def test_headers_are_kept_by_identity(tmp_path: Path, library: Library) -> None:
    path = model_file(tmp_path, "mine.gguf")
    known = library.add(path)
    stat = path.stat()
    # The same length and time, but nothing that could be read: only a kept header can answer.
    path.write_bytes(bytes(stat.st_size))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert library.models()[0] == known
    os.utime(path)
    assert library.models()[0].header is None


def test_what_a_newer_version_wrote_is_kept(tmp_path: Path, library: Library) -> None:
    file = tmp_path / "data" / "library.json"
    library.add(model_file(tmp_path, "mine.gguf"))
    values = json.loads(file.read_text())
    values["folders"] = ["/somewhere"]
    values["models"][0]["colour"] = "red"
    for header in values["headers"].values():
        header["header"]["unheard_of"] = 1
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


@pytest.mark.parametrize("values", [{"models": 3}, {"models": [3, {}, {"name": 1, "path": "x"}]}, {"headers": []}])
def test_nonsense_in_the_list_is_passed_over(tmp_path: Path, library: Library, values: object) -> None:
    file = tmp_path / "data" / "library.json"
    file.parent.mkdir()
    file.write_text(json.dumps(values))
    assert [each.name for each in library.models()] == [STARTER]
    library.remove(library.add(model_file(tmp_path, "mine.gguf")).name)


def test_list_that_cannot_be_saved(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    library = Library(tmp_path / "file" / "library.json", tmp_path / "file" / "models")
    with pytest.raises(CannotWrite):
        library.add(model_file(tmp_path, "mine.gguf"))
    assert [each.name for each in library.models()] == [STARTER]
