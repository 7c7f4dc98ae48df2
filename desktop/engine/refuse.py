"""Refuses files that can be no model before a process is started for them, and says why one has died of a file."""

from __future__ import annotations

import stat
from pathlib import Path

from desktop.engine.api import ModelSpec
from desktop.errors import AppError, BadModelFile, Crash, EngineCrashed, Flaw, ModelDoesNotFit, NoSuchModel

_MAGIC = b"GGUF"
_HEADER_BYTES = 24  # magic, version, number of tensors, number of metadata: the least that every file has


def refuse_bad_files(model: ModelSpec) -> None:
    """Raise if there is no readable GGUF file where `model` or its draft model should be.

    Raises:
        NoSuchModel, BadModelFile
    """
    for path in _files(model):
        _refuse_bad_file(path)


def _refuse_bad_file(path: str) -> None:
    file = Path(path)
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a named pipe would wait for ever
            raise BadModelFile(path, Flaw.NOT_A_FILE)
        with file.open("rb") as opened:
            start = opened.read(_HEADER_BYTES)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: no file can have this name
        raise NoSuchModel(path) from None
    except PermissionError:
        raise BadModelFile(path, Flaw.NO_PERMISSION) from None
    except OSError as error:
        raise BadModelFile(path, Flaw.DAMAGED, error.strerror or "") from error
    if not start:
        raise BadModelFile(path, Flaw.EMPTY)
    if not start.startswith(_MAGIC):
        raise BadModelFile(path, Flaw.NOT_GGUF)
    if len(start) < _HEADER_BYTES:
        raise BadModelFile(path, Flaw.TRUNCATED, f"{len(start)} bytes")


def failed_load(crash: EngineCrashed, model: ModelSpec, free_bytes: int, *, on_gpu: bool) -> AppError:
    """What it means that the process died while it loaded `model`.

    `free_bytes` of memory were free before. With `on_gpu` a GPU was used: then its driver is suspected, not the file.
    """
    size_bytes = 0
    for path in _files(model):
        try:
            size_bytes += Path(path).stat().st_size
        except OSError:
            return NoSuchModel(path)  # its disk was unplugged, and reading on was a memory fault
    if crash.crash is Crash.OUT_OF_MEMORY or (
        crash.crash in (Crash.ABORTED, Crash.KILLED) and size_bytes > free_bytes and not on_gpu
    ):
        return ModelDoesNotFit(model.path, needed_bytes=size_bytes, free_bytes=free_bytes)
    # Of two files nobody knows which one it was.
    if crash.crash is Crash.ABORTED and not on_gpu and model.draft_path is None:
        return BadModelFile(model.path, Flaw.DAMAGED)
    return crash


def _files(model: ModelSpec) -> list[str]:
    return [path for path in (model.path, model.draft_path) if path]
