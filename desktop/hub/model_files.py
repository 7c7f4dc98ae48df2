"""Which files on this disk are models: a folder searched, the shards of one model, the projector that goes with it.

Names alone decide here, so that nothing is opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from desktop.hub.names import Shard, is_companion, is_gguf, is_model_file, shard_of, words_of

# Somebody may add a whole home directory, or one that leads into itself.
_DEEPEST = 12
_MOST_LOOKED_AT = 100_000

_MOST_SHARDS = 512
_MOST_OPENED = 64
"""Files in one folder whose names do not tell what they are."""

_GENERIC = {"mmproj", "model"}


def models_under(folder: Path) -> list[Path]:
    """The first file of each model in `folder` and below it, as the names tell; sorted.

    One whose first file is not there is named by it all the same.
    """
    found = {first_shard(path) for path in files_under(folder) if is_model_file(path.name)}
    return sorted(found)


def files_under(folder: Path) -> Iterator[Path]:
    """All files in `folder` and below it that are not hidden. Links are followed, each folder once."""
    left = _MOST_LOOKED_AT
    seen: set[tuple[int, int]] = set()
    waiting = [(folder, 0)]
    while waiting:
        directory, depth = waiting.pop()
        try:
            status = directory.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(directory) as entries:
                for entry in entries:
                    left -= 1
                    if left < 0:
                        return
                    if entry.name.startswith("."):
                        continue
                    if not entry.is_dir():
                        yield directory / entry.name
                    elif depth < _DEEPEST:
                        waiting.append((directory / entry.name, depth + 1))
        except OSError:
            # No permission, or gone in the meantime.
            continue


def shards_of(path: Path) -> tuple[Path, ...]:
    """All files of the model whose first file is `path`, in order; those that are not there too."""
    shard = shard_of(path.name)
    if shard is None or not 1 <= shard.count <= _MOST_SHARDS:
        return (path,)
    return tuple(path.with_name(_shard_name(path, shard, number)) for number in range(1, shard.count + 1))


def first_shard(path: Path) -> Path:
    """The first file of the model that the file at `path` belongs to."""
    return shards_of(path)[0]


def title_of(path: Path) -> str:
    """What the user knows the file as. What stands in it as its name is too often "models" or "final"."""
    shard = shard_of(path.name)
    if shard is not None:
        return shard.stem
    return path.stem if is_gguf(path.name) else path.name


class Projectors:
    """The vision projectors in a folder, for the models in it and below it."""

    def __init__(self, folder: Path, is_projector: Callable[[Path], bool]) -> None:
        """`is_projector` tells what a file is whose name alone does not tell."""
        names = _gguf_names(folder)
        named = [name for name in names if is_companion(name)]
        if not named and len(names) <= _MOST_OPENED:
            named = [name for name in names if shard_of(name) is None and is_projector(folder / name)]
        self._found = [(words_of(name) - _GENERIC, folder / name) for name in named if is_projector(folder / name)]
        others = {frozenset(words_of(name)) for name in names if name not in named} if self._found else set()
        self._one_model = len(others) <= 1

    def of(self, path: Path) -> Path | None:
        """The one that goes with the model at `path` by its name; None if there is none.

        One whose name names no model goes with what else lies there only if all of that is the same model.
        """
        if not self._found:
            return None
        words = words_of(path.name)
        fitting = [
            (-len(named), str(file)) for named, file in self._found if named <= words and (named or self._one_model)
        ]
        return Path(min(fitting)[1]) if fitting else None


def is_model_beside(companion: Path, but: tuple[Path, ...]) -> bool:
    """Whether another model than that of the files `but` lies where `companion` does."""
    folder = companion.parent
    return any(is_model_file(name) and folder / name not in but for name in _gguf_names(folder))


def _gguf_names(folder: Path) -> list[str]:
    """The names of the GGUF files in `folder`, sorted; none where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except OSError:
        return []
    return sorted(name for name in names if is_gguf(name) and not name.startswith("."))


def _shard_name(path: Path, shard: Shard, number: int) -> str:
    return f"{shard.stem}-{number:05}-of-{shard.count:05}{path.suffix}"
