"""Homes of users who have other programs, as those programs make them."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest
from typing_extensions import override

from desktop.errors import Flaw
from desktop.hub.library import Library
from desktop.hub.neighbours import is_neighbours, neighbours
from tests.hub.gguf_file import GgufFile, string
from tests.hub.on_disk import model_file, projector_file, shard_files

DIGEST = "a" * 64


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def titles(home: Path, env: dict[str, str] | None = None, platform: str = "linux") -> list[tuple[str, str]]:
    return [(each.program, each.title) for each in neighbours(home, env or {}, platform)]


def ollama_model(models: Path, name: str, *layers: tuple[str, Path | str]) -> Path:
    """Write the manifest `name` of `layers`: the end of a media type, and a blob or its digest."""
    manifest = models / "manifests" / name
    manifest.parent.mkdir(parents=True, exist_ok=True)
    told = [
        {
            "mediaType": f"application/vnd.ollama.image.{kind}",
            "digest": blob if isinstance(blob, str) else blob.name.replace("-", ":"),
        }
        for kind, blob in layers
    ]
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": told}))
    return manifest


def cached(repository: Path, commit: str, name: str, blob: Path) -> Path:
    """Link `name` of a snapshot to its blob, as the cache of Hugging Face does."""
    path = repository / "snapshots" / commit / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(Path("../..") / "blobs" / blob.name)
    return path


def test_hugging_face(home: Path, tmp_path: Path) -> None:
    hub = home / ".cache" / "huggingface" / "hub"
    repository = hub / "models--owner--Model-GGUF"
    blob = model_file(repository / "blobs", DIGEST)
    path = cached(repository, "1" * 40, "Model-Q4_K_M.gguf", blob)
    # The same file in a newer commit is no second model.
    cached(repository, "2" * 40, "Model-Q4_K_M.gguf", blob)
    cached(repository, "2" * 40, "Model-Q8_0.gguf", repository / "blobs" / "gone")
    model_file(hub / "datasets--owner--data" / "snapshots" / "3", "no-model-of-ours.gguf")
    [found] = neighbours(home, {}, "linux")
    assert (found.program, found.title, found.path) == ("Hugging Face", "Model-Q4_K_M", path)
    assert found.size_bytes == blob.stat().st_size
    elsewhere = tmp_path / "elsewhere"
    hub.rename(elsewhere)
    assert titles(home) == []
    assert titles(home, {"HF_HUB_CACHE": str(elsewhere)}) == [("Hugging Face", "Model-Q4_K_M")]
    (tmp_path / "hf").mkdir()
    elsewhere.rename(tmp_path / "hf" / "hub")
    assert titles(home, {"HF_HOME": str(tmp_path / "hf")}) == [("Hugging Face", "Model-Q4_K_M")]
    (tmp_path / "hf").rename(home / "mine")
    assert titles(home, {"HF_HOME": "~/mine"}) == [("Hugging Face", "Model-Q4_K_M")]


def test_ollama(home: Path, tmp_path: Path) -> None:
    models = home / ".ollama" / "models"
    blobs = [model_file(models / "blobs", f"sha256-{letter * 64}") for letter in "abc"]
    eyes = projector_file(models / "blobs", f"sha256-{'d' * 64}")
    host = "registry.ollama.ai/library"
    ollama_model(models, f"{host}/qwen3/8b", ("model", blobs[0]), ("template", f"sha256:{'e' * 64}"))
    ollama_model(models, "registry.ollama.ai/somebody/llava/7b", ("model", blobs[1]), ("projector", eyes))
    ollama_model(models, "hf.co/owner/Model-GGUF/Q4_K_M", ("model", blobs[2]))
    found = {each.title: each for each in neighbours(home, {}, "linux")}
    assert list(found) == ["hf.co/owner/Model-GGUF:Q4_K_M", "qwen3:8b", "somebody/llava:7b"]
    assert found["qwen3:8b"].path == blobs[0]
    assert (found["somebody/llava:7b"].path, found["somebody/llava:7b"].companion) == (blobs[1], eyes)
    assert found["somebody/llava:7b"].size_bytes == blobs[1].stat().st_size + eyes.stat().st_size
    models.rename(tmp_path / "drive")
    assert len(titles(home, {"OLLAMA_MODELS": str(tmp_path / "drive")})) == 3


@pytest.mark.parametrize(
    "manifest",
    [
        "{",
        "[" * 100_000,
        "[]",
        '{"layers": 3}',
        '{"layers": [3, {}, null]}',
        '{"layers": [{"mediaType": [], "digest": "sha256:' + DIGEST + '"}]}',
        '{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "../../../etc/passwd"}]}',
        '{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:' + "f" * 64 + '"}]}',
        "\udcff",
        " " * (2 << 20),
    ],
)
def test_manifests_that_make_no_sense(home: Path, manifest: str) -> None:
    models = home / ".ollama" / "models"
    blob = model_file(models / "blobs", f"sha256-{DIGEST}")
    ollama_model(models, "registry.ollama.ai/library/good/1b", ("model", blob))
    bad = ollama_model(models, "registry.ollama.ai/library/bad/1b")
    bad.write_text(manifest, encoding="utf-8", errors="surrogateescape")
    (models / "manifests" / "stray").write_text("{}")
    assert titles(home) == [("Ollama", "good:1b")]


@pytest.mark.parametrize(
    ("platform", "folder", "program"),
    [
        ("linux", ".lmstudio/models/owner/repo", "LM Studio"),
        ("linux", ".cache/lm-studio/models/owner/repo", "LM Studio"),
        ("linux", ".local/share/nomic.ai/GPT4All", "GPT4All"),
        ("darwin", "Library/Application Support/nomic.ai/GPT4All", "GPT4All"),
        ("win32", "AppData/Local/nomic.ai/GPT4All", "GPT4All"),
        ("linux", ".cache/llama.cpp", "llama.cpp"),
        ("darwin", "Library/Caches/llama.cpp", "llama.cpp"),
        ("win32", "AppData/Local/llama.cpp", "llama.cpp"),
        ("linux", ".local/share/Jan/data/llamacpp/models/x", "Jan"),
        ("linux", ".config/Jan/data/models/x", "Jan"),
        ("darwin", "Library/Application Support/Jan/data/llamacpp/models/x", "Jan"),
        ("win32", "AppData/Roaming/Jan/data/llamacpp/models/x", "Jan"),
    ],
)
def test_folders_of_other_programs(home: Path, platform: str, folder: str, program: str) -> None:
    model_file(home / folder, "Model-Q4_K_M.gguf")
    assert titles(home, platform=platform) == [(program, "Model-Q4_K_M")]
    others = {"linux", "darwin", "win32"} - {platform}
    assert all(not titles(home, platform=other) for other in others) or program == "LM Studio"


def test_places_that_the_environment_names(home: Path, tmp_path: Path) -> None:
    model_file(tmp_path / "data" / "nomic.ai" / "GPT4All", "a.gguf")
    model_file(tmp_path / "cache" / "llama.cpp", "b.gguf")
    model_file(tmp_path / "llama", "c.gguf")
    env = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert titles(home, env) == [("GPT4All", "a"), ("llama.cpp", "b")]
    assert titles(home, {"LLAMA_CACHE": str(tmp_path / "llama")}) == [("llama.cpp", "c")]


def test_what_lies_in_them(home: Path) -> None:
    folder = home / ".lmstudio" / "models" / "owner" / "repo"
    shards = shard_files(folder, "Big-Q8_0", 2)
    eyes = projector_file(folder, "mmproj-Big-f16.gguf")
    model_file(home / ".local/share/Jan/data/llamacpp/models" / "Qwen3-8B", "model.gguf")
    # Links that lead nowhere, to themselves, and back to the top.
    (folder / "gone.gguf").symlink_to(folder / "nothing")
    (folder / "itself.gguf").symlink_to(folder / "itself.gguf")
    (folder / "loop").symlink_to(home / ".lmstudio")
    shard_files(folder, "Torn", 2)[1].unlink()
    found = {each.title: each for each in neighbours(home, {}, "linux")}
    assert list(found) == ["Qwen3-8B", "Big-Q8_0"]
    assert (found["Big-Q8_0"].path, found["Big-Q8_0"].companion) == (shards[0], eyes)
    assert found["Big-Q8_0"].size_bytes == sum(path.stat().st_size for path in (*shards, eyes))


def test_only_what_is_a_model_and_new_is_offered(home: Path, tmp_path: Path) -> None:
    library = Library(tmp_path / "data" / "library.json", tmp_path / "data" / "models", home, {})
    studio = home / ".lmstudio" / "models" / "owner" / "repo"
    good = model_file(studio, "good.gguf")
    (studio / "embedding.gguf").write_bytes(GgufFile({"general.architecture": string("nomic-bert")}).encode())
    (studio / "bad.gguf").write_bytes(b"GGUF")
    [offered] = library.neighbours()
    assert offered.path == good
    # Under another name it is the same file.
    linked = tmp_path / "linked.gguf"
    linked.symlink_to(good)
    library.add(linked)
    assert library.neighbours() == []
    library.remove("linked")
    assert library.neighbours() == [offered]
    # Adding it by its own name after that by the link's gives one model.
    assert library.add(linked)[0].name == library.add(good)[0].name == "linked"


def test_the_library_is_used_while_others_models_are_looked_for(home: Path, tmp_path: Path) -> None:
    """The look-up hangs on a disk that does not answer: here in the environment that is asked where it is."""
    asked, answers = threading.Event(), threading.Event()

    class SlowEnvironment(dict[str, str]):
        @override
        def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
            asked.set()
            answers.wait()
            return super().get(key, default)

    library = Library(tmp_path / "library.json", tmp_path / "models", home, SlowEnvironment())
    looking = threading.Thread(target=library.neighbours)
    looking.start()
    asked.wait()
    listed: list[str] = []
    listing = threading.Thread(target=lambda: listed.extend(model.name for model in library.models()), daemon=True)
    listing.start()
    listing.join(60)
    assert listed == ["starter"]
    answers.set()
    looking.join()


@pytest.mark.parametrize("told", [True, False])
def test_a_blob_keeps_its_name(home: Path, tmp_path: Path, told: bool) -> None:
    library = Library(tmp_path / "data" / "library.json", tmp_path / "data" / "models", home, {})
    models = home / ".ollama" / "models"
    blob, eyes = (
        model_file(models / "blobs", f"sha256-{DIGEST}"),
        projector_file(models / "blobs", f"sha256-{'d' * 64}"),
    )
    ollama_model(models, "registry.ollama.ai/library/qwen3-vl/8b", ("model", blob), ("projector", eyes))
    [offered] = library.neighbours()
    [model] = library.add(blob, title=offered.title, companion=offered.companion) if told else library.add(blob)
    assert (model.name, model.title, model.path, model.companion) == ("qwen3-vl-8b", "qwen3-vl:8b", blob, eyes)
    assert library.neighbours() == []
    blob.unlink()
    again = Library(tmp_path / "data" / "library.json", tmp_path / "data" / "models", home, {})
    missing = again.models()[0]
    assert (missing.title, missing.missing) == ("qwen3-vl:8b", True)
    blob.write_bytes(b"GGUF")
    assert again.models()[0].flaw is Flaw.TRUNCATED


@pytest.mark.skipif(sys.platform == "win32", reason="other paths there")
def test_whose_a_file_is(home: Path, tmp_path: Path) -> None:
    theirs = (
        home / ".lmstudio" / "models" / "a.gguf",
        home / ".ollama" / "models" / "blobs" / "x",
        tmp_path / "drive" / "models--owner--repo" / "snapshots" / "1" / "a.gguf",
        tmp_path / "drive" / "blobs" / f"sha256-{DIGEST}",
    )
    assert [is_neighbours(path, home, {}, "linux") for path in theirs] == [True] * 4
    mine = (home / "models" / "a.gguf", tmp_path / "blobs" / "a.gguf", tmp_path / f"sha256-{DIGEST}")
    assert [is_neighbours(path, home, {}, "linux") for path in mine] == [False] * 3
