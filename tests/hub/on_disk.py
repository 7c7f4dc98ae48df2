"""Puts small models on the disk: in one file, in several, with a projector."""

from __future__ import annotations

import hashlib
from pathlib import Path

from desktop.hub.remote import Choice, RemoteFile
from tests.hub.gguf_file import GgufFile, string, tensor, u32


def model_file(directory: Path, name: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_bytes(GgufFile().encode())
    return path


def shard_files(directory: Path, stem: str, count: int, shape: tuple[int, int] = (16, 4)) -> list[Path]:
    """A model in several files, of which each has a tensor of F32; larger ones are holes that take no room."""
    paths = []
    for number in range(count):
        file = GgufFile()
        file.keys |= {"split.no": u32(number), "split.count": u32(count)}
        file.tensors = [tensor(f"blk.{number}.ffn_up.weight", shape)]
        paths.append(directory / f"{stem}-{number + 1:05}-of-{count:05}.gguf")
        directory.mkdir(parents=True, exist_ok=True)
        paths[-1].write_bytes(file.encode())
        with paths[-1].open("rb+") as written:
            written.truncate(written.seek(0, 2) + 4 * (shape[0] * shape[1] - 64))
    return paths


def projector_file(directory: Path, name: str) -> Path:
    path = model_file(directory, name)
    keys = {"general.architecture": string("clip"), "general.type": string("mmproj"), "clip.version": u32(1)}
    path.write_bytes(GgufFile(keys).encode())
    return path


def chosen(folder: Path, files: list[Path], companions: list[Path]) -> Choice:
    """`files` below `folder`, the place of owner/repo, as the hub would offer them."""
    remote = [
        tuple(
            RemoteFile(
                file.relative_to(folder).as_posix(), file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest()
            )
            for file in each
        )
        for each in (files, companions)
    ]
    return Choice("owner/repo", "c" * 40, "Q8_0", *remote)
