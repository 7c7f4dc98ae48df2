"""A JSON object in a file of its own: written in one step, private to the user, never lost when it is damaged."""

from __future__ import annotations

import contextlib
import glob
import json
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

_ABANDONED_S = 3600

_log = logging.getLogger(__name__)


def read(path: Path) -> dict[str, Any]:
    """The object in the file at `path`; empty if there is none.

    A file that is no JSON object is set aside as `NAME.damaged`, so that nothing of it is lost.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        # In one line: of the settings it is said on stderr, as they are read before there is a log.
        _log.warning("%s cannot be read; it is set aside (%s)", path.name, type(error).__name__)
        values = None
    if isinstance(values, dict):
        return values
    try:
        path.replace(path.with_name(path.name + ".damaged"))
    except OSError:
        _log.warning("%s cannot be set aside", path.name, exc_info=True)
    return {}


def write(path: Path, values: dict[str, Any], *, indent: int | None = 2) -> None:
    """Write `values` to `path` in one step: a crash leaves the old file or the new one.

    Of several that write it at the same time, in whatever process, one is the last. Without `indent` it is all one
    line, which is several times faster: for what nobody will read.

    Raises:
        OSError: the disk is full or read-only.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Of this writer alone: with a common name, one would put in place what another has only begun.
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_native_id()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        # A file name that is not UTF-8 has lone surrogates in Python. As backslash escapes they are JSON, and return.
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(json.dumps(values, ensure_ascii=False, indent=indent))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sweep(path)


def _sweep(path: Path) -> None:
    """Remove what processes have left that were killed while they wrote `path`."""
    with contextlib.suppress(OSError):
        for part in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
            if time.time() - part.stat().st_mtime > _ABANDONED_S:
                part.unlink()
