"""The sha256 of a file, with progress, and stopped at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from desktop.errors import BadModelFile, Flaw, NoSuchModel

_SHA256 = re.compile(r"[0-9a-f]{64}")

# About a millisecond of hashing; a slow disk takes a hundredth of a second for it.
_CHUNK_BYTES = 1 << 20


def sha256_of(path: Path, on_read: Callable[[int], None], stop: Callable[[], bool]) -> str | None:
    """The sha256 of the file at `path` in hexadecimal digits; None as soon as `stop()` is true.

    `on_read` is told the number of bytes of each piece.

    Raises:
        NoSuchModel, BadModelFile: it cannot be read.
    """
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    try:
        with path.open("rb", buffering=0) as file:
            while n_bytes := file.readinto(buffer):
                if stop():
                    return None
                digest.update(buffer[:n_bytes])
                on_read(n_bytes)
    except FileNotFoundError as error:
        raise NoSuchModel(str(path)) from error
    except PermissionError as error:
        raise BadModelFile(str(path), Flaw.NO_PERMISSION) from error
    except OSError as error:
        raise BadModelFile(str(path), Flaw.DAMAGED, error.strerror or "") from error
    return digest.hexdigest()


def named_sha256(path: Path) -> str:
    """The sha256 that a file in a cache of Hugging Face or Ollama is named by there; empty for all other files."""
    name = path.resolve().name.removeprefix("sha256-").removeprefix("sha256:")
    return name if _SHA256.fullmatch(name) else ""
