"""What the hub says: which repositories there are, what is in one, its card, and the header of a model file.

Everything here comes from strangers: what has not the type or the size that it should have is left out or refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from desktop.errors import HubUnreachable, NotOnHub, Trouble
from desktop.hub.choices import sort_out
from desktop.hub.header import Header, read_remote
from desktop.hub.names import repo_of
from desktop.hub.network import Network
from desktop.hub.remote import Choice, Found, RemoteFile, Repository
from desktop.hub.remote_file import read_part
from desktop.hub.stop import Stop

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo
    from huggingface_hub.hf_api import ExpandModelProperty_T

# What these repositories hold is in GGUF files too, but it paints, speaks, listens or embeds.
_OTHER_TASKS = {
    "audio-classification", "audio-to-audio", "automatic-speech-recognition", "depth-estimation", "feature-extraction",
    "fill-mask", "image-classification", "image-feature-extraction", "image-segmentation", "image-to-3d",
    "image-to-image", "image-to-video", "object-detection", "sentence-similarity", "text-classification",
    "text-ranking", "text-to-3d", "text-to-audio", "text-to-image", "text-to-speech", "text-to-video",
    "token-classification", "unconditional-image-generation", "video-to-video", "voice-activity-detection",
    "zero-shot-classification", "zero-shot-image-classification",
}  # fmt: skip
_EXPAND: list[ExpandModelProperty_T] = [
    "downloads", "gated", "gguf", "lastModified", "likes", "pipeline_tag", "tags",
]  # fmt: skip

_MOST = 2**63
_MOST_FILES = 20_000
_LONGEST_CARD_BYTES = 1 << 20
_FRONT = re.compile(r"\s*---[ \t]*\r?\n.*?^---[ \t]*\r?\n?", re.DOTALL | re.MULTILINE)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

_T = TypeVar("_T")


class Sort(StrEnum):
    """What a search puts first. The values are the hub's words."""

    TRENDING = "trending_score"
    DOWNLOADS = "downloads"
    LIKES = "likes"
    UPDATED = "last_modified"


class Hub:
    """The hub that `network` leads to. Its methods wait for answers; all raise HubError, and Stopped by `stop`."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def search(
        self,
        query: str,
        *,
        sort: Sort = Sort.TRENDING,
        licence: str | None = None,
        largest_parameters: int | None = None,
        limit: int = 40,
        stop: Stop | None = None,
    ) -> list[Found]:
        """Repositories with model files (GGUF) whose names have what `query` says; for an empty one all.

        `licence` is the hub's short name of one ("apache-2.0"). At most `limit` are listed, fewer where some of what
        the hub finds is no language model.
        """
        filters = ["gguf", *([f"license:{licence}"] if licence else [])]
        infos = self._network.ask(
            lambda api: list(
                api.list_models(
                    search=repo_of(query) or query.strip() or None,
                    filter=filters,
                    num_parameters=f"max:{largest_parameters}" if largest_parameters else None,
                    sort=sort.value,
                    limit=limit,
                    expand=_EXPAND,
                )
            ),
            stop,
        )
        writing = [info for info in infos if _text(info.pipeline_tag) not in _OTHER_TASKS]
        found = [each for info in writing if (each := _found(info)) is not None]
        # A mirror may know no such filter.
        return [each for each in found if not (largest_parameters and (each.parameters or 0) > largest_parameters)]

    def repository(self, repo: str, *, stop: Stop | None = None) -> Repository:
        """What can be downloaded from `repo`, as of now: one request.

        Raises:
            NotOnHub: there is none of that name.
        """
        name = repo_of(repo)
        if name is None:
            raise NotOnHub(repo)
        info = self._network.ask(lambda api: api.model_info(name, files_metadata=True), stop, repo=name)
        found = _found(info)
        commit = _text(info.sha)
        if found is None or commit is None or not _COMMIT.fullmatch(commit):
            raise HubUnreachable(self._network.connection.host, Trouble.NOT_A_HUB)
        choices, refused = sort_out(found.repo, commit, _files(info))
        return Repository(found, commit, choices, refused)

    def card(self, repo: str, commit: str, *, stop: Stop | None = None) -> str:
        """What the authors of `repo` write about it, as Markdown; its start where it is endless. Trust none of it.

        Raises:
            NotOnHub: they write nothing.
        """
        content = read_part(self._network, repo, commit, "README.md", 0, _LONGEST_CARD_BYTES, stop)
        text = content.decode("utf-8", errors="replace").removeprefix("\ufeff")
        front = _FRONT.match(text)
        return text[front.end() :] if front is not None else text

    def header(self, choice: Choice, *, stop: Stop | None = None) -> Header:
        """What the model of `choice` says of itself, as far as that stands in front: see `Header.whole`.

        Raises:
            BadModelFile: no language model can be read from it.
        """
        first = choice.files[0]
        total_bytes = sum(file.size_bytes for file in choice.files)

        def read(start: int, length: int) -> bytes:
            return read_part(self._network, choice.repo, choice.commit, first.path, start, length, stop)

        return read_remote(read, first.path, first.size_bytes, total_bytes=total_bytes)


def _found(info: ModelInfo) -> Found | None:
    """`info` in values that can be relied on; None if it has not even a name."""
    name = _text(info.id)
    if name is None or repo_of(name) != name:
        return None
    gguf = info.gguf if isinstance(info.gguf, dict) else {}
    tags = [tag for each in _list(info.tags) if (tag := _text(each))]
    return Found(
        repo=name,
        downloads=_count(info.downloads) or 0,
        likes=_count(info.likes) or 0,
        updated_at=info.last_modified.timestamp() if info.last_modified is not None else 0.0,
        gated=bool(info.gated),
        licence=next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), None),
        parameters=_count(gguf.get("total")),
        architecture=_text(gguf.get("architecture")),
        n_ctx_train=_count(gguf.get("context_length")),
    )


def _files(info: ModelInfo) -> Iterator[RemoteFile]:
    """The files of a repository, without those whose size makes no sense."""
    for sibling in _list(info.siblings)[:_MOST_FILES]:
        path = _text(sibling.rfilename)
        size = _count(sibling.size if sibling.lfs is None else sibling.lfs.size)
        sha256 = _text(sibling.lfs.sha256) if sibling.lfs is not None else None
        if path is not None and size is not None:
            yield RemoteFile(path, size, sha256 if sha256 is not None and _SHA256.fullmatch(sha256) else "")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST else None


def _list(value: list[_T] | None) -> list[_T]:
    return value if isinstance(value, list) else []
