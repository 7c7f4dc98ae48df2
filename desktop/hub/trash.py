"""The trash of the desktop, where deleted models go so that they can be taken out again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from desktop.errors import NoTrash


def to_trash(files: Iterable[Path]) -> None:
    """Move `files` to the system's trash.

    Raises:
        NoTrash: one of them cannot be moved, and lies where it lay. Those before it are in the trash.
    """
    # Imported here: on some systems it loads half a desktop.
    from send2trash import send2trash

    for file in files:
        try:
            send2trash(str(file))
        except OSError as error:
            raise NoTrash(str(file)) from error
