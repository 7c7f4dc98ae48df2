"""What an explanation of an error is made of. Knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.ui.i18n import tr
from desktop.ui.quantities import gigabytes

# What a stranger's file says is shown, but not at any length.
_DETAIL_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happened, why, and what the user can do now. `why` and `next` may be empty."""

    what: str
    why: str = ""
    next: str = ""


def memory_words(needed_bytes: int, free_bytes: int) -> str:
    """How much memory is needed and free; 0 bytes are needed where it is not known."""
    if not needed_bytes:
        return tr("There is not enough free memory.")
    return tr(
        "It needs about {needed} of memory, {free} are free.",
        needed=gigabytes(needed_bytes),
        free=gigabytes(free_bytes),
    )


def clipped(detail: str) -> str:
    """A stranger's words on one line, at a bearable length."""
    line = " ".join(detail.split())
    return line if len(line) <= _DETAIL_CHARACTERS else line[: _DETAIL_CHARACTERS - 1] + "…"
