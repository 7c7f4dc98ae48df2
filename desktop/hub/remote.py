"""What the hub has: repositories, and in each the choices of one model in several quantisations."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.errors import AppError


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file in a repository. `path` is relative to it, with slashes; `sha256` is empty where the hub knows none."""

    path: str
    size_bytes: int
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is downloaded together: one quantisation of a model, all its shards in order, and what goes with it."""

    repo: str
    """Such as "unsloth/Qwen3-8B-GGUF"."""
    commit: str
    """40 hexadecimal digits: what is downloaded is pinned to it."""
    quantisation: str
    """Such as "Q4_K_M"; empty where the name does not tell."""
    files: tuple[RemoteFile, ...]
    companions: tuple[RemoteFile, ...] = ()
    """A vision projector (mmproj), where the repository has one."""

    @property
    def size_bytes(self) -> int:
        """Of all files and companions together."""
        return sum(file.size_bytes for file in (*self.files, *self.companions))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A model that is in a repository and cannot be downloaded: its (first) file, and what is wrong."""

    path: str
    error: AppError


def choice_from(values: object) -> Choice:
    """The choice that `dataclasses.asdict` made into plain values, as they come back from JSON.

    Raises:
        ValueError: it is none.
    """
    match values:
        case {"repo": str(repo), "commit": str(commit), "quantisation": str(quantisation), **rest}:
            files, companions = (_files_from(rest.get(name)) for name in ("files", "companions"))
            if files:
                return Choice(repo, commit, quantisation, files, companions)
    raise ValueError("no choice")


def _files_from(values: object) -> tuple[RemoteFile, ...]:
    match values:
        case [*files]:
            return tuple(map(_file_from, files))
    raise ValueError("no files")


def _file_from(values: object) -> RemoteFile:
    match values:
        case {"path": str(path), "size_bytes": int(size_bytes), "sha256": str(sha256)} if size_bytes >= 0:
            return RemoteFile(path, size_bytes, sha256)
    raise ValueError("no file")


@dataclass(frozen=True, slots=True)
class Found:
    """A repository as a search lists it. What the hub does not say is None."""

    repo: str
    downloads: int
    likes: int
    updated_at: float
    """Seconds since the epoch, 0 if unknown."""
    gated: bool
    licence: str | None = None
    parameters: int | None = None
    architecture: str | None = None
    n_ctx_train: int | None = None


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with what can be downloaded from it, the smallest choice first."""

    found: Found
    commit: str
    choices: tuple[Choice, ...]
    refused: tuple[Refusal, ...] = ()
