"""The files of a repository, sorted into what can be downloaded: one choice a model, with all that goes with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from desktop.errors import BadModelFile, Flaw, UnsafeName
from desktop.hub.names import (
    colliding,
    is_companion,
    is_model_file,
    is_piece,
    quantisation_of,
    refuse_pieces,
    safe_path,
    shard_of,
    words_of,
)
from desktop.hub.remote import Choice, Refusal, RemoteFile

# Of several precisions of a vision projector the one that every GPU computes with, then those that keep more.
_PROJECTORS = ("F16", "BF16", "F32", "Q8_0")


def choices_of(repo: str, commit: str, files: Iterable[RemoteFile]) -> tuple[Choice, ...]:
    """What can be downloaded of `files`, the smallest first."""
    return sort_out(repo, commit, files)[0]


def sort_out(repo: str, commit: str, files: Iterable[RemoteFile]) -> tuple[tuple[Choice, ...], tuple[Refusal, ...]]:
    """What can be downloaded of `files`, the smallest first; and which models cannot be, with the reason."""
    wanted = [file for file in files if is_model_file(file.path) or is_companion(file.path) or is_piece(file.path)]
    files = list({file.path: file for file in wanted}.values())
    no_two_together = colliding(file.path for file in files)
    companions = [file for file in files if is_companion(file.path) and _is_safe(repo, file, no_two_together)]
    choices: list[Choice] = []
    refused: list[Refusal] = []
    for model in _models(files):
        try:
            _check(repo, model, no_two_together)
        except (BadModelFile, UnsafeName) as error:
            refused.append(Refusal(model[0].path, error))
            continue
        name = quantisation_of(model[0].path)
        choices.append(Choice(repo, commit, name, tuple(model), _companion_of(model[0], companions)))
    choices.sort(key=lambda choice: (choice.size_bytes, choice.files[0].path))
    return tuple(choices), tuple(sorted(refused, key=lambda refusal: refusal.path))


def _models(files: Iterable[RemoteFile]) -> list[list[RemoteFile]]:
    """Files that are one model together, its shards in order; of what was cut by hand one for all pieces."""
    models: dict[tuple[str, int], list[RemoteFile]] = defaultdict(list)
    for file in files:
        shard = shard_of(file.path)
        if is_piece(file.path):
            models[file.path[: file.path.lower().rindex(".gguf")], -1].append(file)
        elif is_model_file(file.path):
            models[(shard.stem, shard.count) if shard is not None else (file.path, 0)].append(file)
    return [sorted(model, key=lambda file: file.path) for model in models.values()]


def _check(repo: str, model: list[RemoteFile], no_two_together: set[str]) -> None:
    """Refuse a model that cannot be downloaded whole and safely.

    Raises:
        BadModelFile: cut by hand, or a shard is missing.
        UnsafeName: a file has a name that no file here may have.
    """
    for file in model:
        refuse_pieces(file.path)
        safe_path(repo, file.path)
        if file.path in no_two_together:
            raise UnsafeName(repo, file.path)
    shards = [shard for file in model if (shard := shard_of(file.path)) is not None]
    for place, shard in enumerate(shards, 1):
        if shard.number != place:
            raise BadModelFile(model[0].path, Flaw.MISSING_PART, f"{place:05}-of-{shard.count:05}")
    if shards and len(shards) != shards[0].count:
        raise BadModelFile(model[0].path, Flaw.MISSING_PART, f"{len(shards) + 1:05}-of-{shards[0].count:05}")


def _is_safe(repo: str, file: RemoteFile, no_two_together: set[str]) -> bool:
    try:
        safe_path(repo, file.path)
    except UnsafeName:
        return False
    return file.path not in no_two_together


def _companion_of(model: RemoteFile, companions: list[RemoteFile]) -> tuple[RemoteFile, ...]:
    """The vision projector for `model`: beside it or above it, of all those the one that is named most like it."""
    folder = model.path.rpartition("/")[0] + "/"
    words = words_of(model.path)

    def likeness(companion: RemoteFile) -> tuple[int, int, int, str]:
        strange = len(words ^ (words_of(companion.path) - {"mmproj", "model"}))
        precision = quantisation_of(companion.path)
        order = _PROJECTORS.index(precision) if precision in _PROJECTORS else len(_PROJECTORS)
        return -len(_folder_of(companion)), strange, order, companion.path

    near = [each for each in companions if folder.startswith(_folder_of(each)) or _folder_of(each) == "/"]
    return (min(near, key=likeness),) if near else ()


def _folder_of(file: RemoteFile) -> str:
    return file.path.rpartition("/")[0] + "/"
