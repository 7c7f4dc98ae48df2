"""The app's own log: warnings and bugs, never the text of a chat."""

from __future__ import annotations

import logging
import os
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_LIMIT_BYTES = 1_000_000


def start(directory: Path) -> None:
    """Log warnings and worse to `fireside.log` in `directory`, private to the user.

    A log of over a megabyte is begun anew, the old one kept beside it. (`logging.handlers` would do this while the
    program runs; importing it brings half of the network modules into a window that is about to open.)

    Raises:
        OSError: the file cannot be created.
    """
    path = directory / "fireside.log"
    if path.exists() and path.stat().st_size > _LIMIT_BYTES:
        path.replace(path.with_suffix(".old.log"))
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter(_FORMAT))
    # On a full disk: a traceback on stderr for each line that does not fit helps nobody.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
