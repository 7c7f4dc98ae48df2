"""The app's own log: warnings and bugs, never the text of a chat."""

from __future__ import annotations

import logging
import logging.handlers
import os
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start(directory: Path) -> None:
    """Log warnings and worse to `fireside.log` in `directory`: two files of 1 MB at most, private to the user.

    Raises:
        OSError: the file cannot be created.
    """
    path = directory / "fireside.log"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=1_000_000, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter(_FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
