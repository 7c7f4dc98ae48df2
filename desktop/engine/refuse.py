"""Refuses files that can be no model before a process is started for them."""

from __future__ import annotations

import stat
from pathlib import Path

from desktop.errors import BadModelFile, Flaw, NoSuchModel

_MAGIC = b"GGUF"
_HEADER_BYTES = 24  # magic, version, number of tensors, number of metadata: the least that every file has


def refuse_bad_file(path: str) -> None:
    """Raise if there is no readable GGUF file at `path`.

    Raises:
        NoSuchModel, BadModelFile
    """
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
