"""Models that other programs keep on this computer, found where those programs document that they keep them.

- Hugging Face: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
- LM Studio: https://lmstudio.ai/docs/app/basics/import-model (before 0.3.9 below ~/.cache)
- Ollama: https://github.com/ollama/ollama/blob/main/docs/faq.mdx ("Where are models stored?")
- GPT4All: https://github.com/nomic-ai/gpt4all/wiki/Frequently-Asked-Questions
- llama.cpp: https://github.com/ggml-org/llama.cpp/pull/7826 (since 2026 it uses the cache of Hugging Face)
- Jan: https://jan.ai/docs/desktop/data-folder

They write there what they like and when they like: nothing of it is trusted, and nothing is ever written or deleted.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from desktop.hub.model import Neighbour
from desktop.hub.model_files import Projectors, files_under, models_under, shards_of, title_of
from desktop.hub.names import is_companion

_MOST_MANIFEST_BYTES = 1 << 20
_OLLAMA_HOST = "registry.ollama.ai"
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
_MODEL = "application/vnd.ollama.image.model"
_PROJECTOR = "application/vnd.ollama.image.projector"

# What the caches of Hugging Face and Ollama name their files, wherever the user has put them.
_CACHED = re.compile(r"models--[^/\\]+[/\\](?:snapshots|blobs)[/\\]|[/\\]blobs[/\\]sha256[-:][0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class _Place:
    program: str
    folder: Path
    find: Callable[[Path], Iterator[tuple[str, Path, Path | None]]]
    """Yields title, path and companion of each model in the folder."""


def neighbours(home: Path, env: Mapping[str, str], platform: str = sys.platform) -> list[Neighbour]:
    """What other programs of the user with this `home` and environment keep, each file once, by program and title."""
    found: dict[str, Neighbour] = {}
    for place in _places(home, env, platform):
        for title, path, companion in place.find(place.folder):
            files = [file for file in (*shards_of(path), companion) if file is not None]
            try:
                real = str(path.resolve(strict=True))
                size_bytes = sum(file.stat().st_size for file in files)
            except (OSError, RuntimeError):
                # A broken link, or one that leads to itself; a shard that is not there.
                continue
            found.setdefault(real, Neighbour(place.program, title, path, size_bytes, companion))
    return sorted(found.values(), key=lambda each: (each.program.casefold(), each.title.casefold()))


def is_neighbours(path: Path, home: Path, env: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether the file at `path` is another program's, which would miss it."""
    for each in (path, path.resolve()):
        if _CACHED.search(str(each)) or any(
            each.is_relative_to(folder) or each.is_relative_to(folder.resolve())
            for folder in (place.folder for place in _places(home, env, platform))
        ):
            return True
    return False


def _places(home: Path, env: Mapping[str, str], platform: str) -> list[_Place]:
    def chosen(variable: str, default: Path) -> Path:
        value = env.get(variable, "")
        return (
            home / value.removeprefix("~").lstrip("/\\") if value.startswith("~") else Path(value) if value else default
        )

    caches = chosen("XDG_CACHE_HOME", home / ".cache")
    if platform == "darwin":
        support = home / "Library" / "Application Support"
        local, roaming, llama = support, support, home / "Library" / "Caches"
    elif platform == "win32":
        local = llama = chosen("LOCALAPPDATA", home / "AppData" / "Local")
        roaming = chosen("APPDATA", home / "AppData" / "Roaming")
    else:
        local = roaming = chosen("XDG_DATA_HOME", home / ".local" / "share")
        llama = caches
    hugging_face = chosen("HF_HUB_CACHE", chosen("HF_HOME", caches / "huggingface") / "hub")
    ollama = {chosen("OLLAMA_MODELS", home / ".ollama" / "models"), home / ".ollama" / "models"}
    if platform == "linux":
        # Where it runs as a service, under a user of its own.
        ollama.add(Path("/usr/share/ollama/.ollama/models"))
    lm_studio = (home / ".lmstudio" / "models", home / ".cache" / "lm-studio" / "models")
    # Jan's folder was below ~/.config in versions before 0.6.
    jan = [folder / "Jan" / "data" for folder in ([roaming, home / ".config"] if platform == "linux" else [roaming])]
    return [
        _Place("Hugging Face", hugging_face, _in_hugging_face),
        *(_Place("LM Studio", folder, _in_folder) for folder in lm_studio),
        *(_Place("Ollama", folder, _in_ollama) for folder in sorted(ollama)),
        _Place("GPT4All", local / "nomic.ai" / "GPT4All", _in_folder),
        _Place("llama.cpp", chosen("LLAMA_CACHE", llama / "llama.cpp"), _in_folder),
        *(_Place("Jan", folder / part / "models", _in_folder) for folder in jan for part in ("", "llamacpp")),
    ]


def _in_folder(folder: Path) -> Iterator[tuple[str, Path, Path | None]]:
    beside: dict[Path, Projectors] = {}
    for path in models_under(folder):
        # Jan calls every file "model.gguf", in a folder named for the model.
        title = path.parent.name if path.stem == "model" else title_of(path)
        if path.parent not in beside:
            beside[path.parent] = Projectors(path.parent, lambda file: is_companion(file.name))
        yield title, path, beside[path.parent].of(path)


def _in_hugging_face(folder: Path) -> Iterator[tuple[str, Path, Path | None]]:
    """Models below `models--OWNER--REPO/snapshots/COMMIT/`, which are links to blobs."""
    try:
        repositories = sorted(folder.glob("models--*"))
    except OSError:
        return
    for repository in repositories:
        yield from _in_folder(repository / "snapshots")


def _in_ollama(folder: Path) -> Iterator[tuple[str, Path, Path | None]]:
    """Models of the manifests `manifests/HOST/NAMESPACE/MODEL/TAG`, as blobs named by their sha256."""
    manifests = folder / "manifests"
    for manifest in files_under(manifests):
        host, *names = manifest.relative_to(manifests).parts
        if len(names) < 2:  # noqa: PLR2004  a model and a tag
            continue
        if names[0] == "library" and host == _OLLAMA_HOST:
            names = names[1:]
        elif host != _OLLAMA_HOST:
            names = [host, *names]
        layers = _layers(manifest, folder / "blobs")
        if (path := layers.get(_MODEL)) is not None:
            yield "/".join(names[:-1]) + ":" + names[-1], path, layers.get(_PROJECTOR)


def _layers(manifest: Path, blobs: Path) -> dict[str, Path]:
    """The files that the JSON file `manifest` names, by their kind. Empty if it makes no sense."""
    try:
        if manifest.stat().st_size > _MOST_MANIFEST_BYTES:
            return {}
        layers = json.loads(manifest.read_text(encoding="utf-8"))["layers"]
        named = [(layer["mediaType"], _DIGEST.fullmatch(layer["digest"])) for layer in layers]
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return {}
    return {str(kind): blobs / f"sha256-{digest[1]}" for kind, digest in named if digest is not None}
