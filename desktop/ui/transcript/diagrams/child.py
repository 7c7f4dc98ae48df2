"""The process that draws: tasks come in on stdin, pictures go out on stdout. It ends when stdin does."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import sys
from typing import TYPE_CHECKING, BinaryIO

from desktop.ui.transcript.diagrams.wire import READY, Drawn, Fault, Task, Why, receive_task, send_answer

if TYPE_CHECKING:
    from desktop.ui.transcript.diagrams.draw import Artist

MEMORY_BYTES = 2 << 30
"""Of address space: Qt and the library map a quarter of it before they do anything."""
_LAST_RESORT_S = 30.0


def main() -> None:
    """Serve the parent until it goes."""
    stdin, stdout = os.fdopen(os.dup(0), "rb"), _claim_stdout()
    _limit()
    # Only what is drawn counts here, not where: no display is touched.
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtGui import QGuiApplication

    application = QGuiApplication([])
    from desktop.ui.transcript.diagrams.draw import Artist

    stdout.write(READY)
    stdout.flush()
    artists: dict[str, Artist] = {}
    while (task := receive_task(stdin)) is not None:
        look = json.dumps([task.families, task.variables, task.ground, task.inks])
        if look not in artists:
            artists.clear()
            artists[look] = Artist(task.families, task.variables, task.ground, task.inks)
        # Where the parent died while this hangs in native code, nobody else would end it.
        faulthandler.dump_traceback_later(_LAST_RESORT_S, exit=True, file=stdout)
        answer = _answer(artists[look], task)
        faulthandler.cancel_dump_traceback_later()
        send_answer(stdout, answer)
    del application


def _answer(artist: Artist, task: Task) -> Drawn | Fault:
    from desktop.ui.transcript.diagrams.draw import NotUnderstood
    from desktop.ui.transcript.diagrams.flatten import CannotDraw

    try:
        drawing = artist.draw(task.source)
        png = artist.png(drawing, task.scale) if task.scale else b""
        return Drawn(drawing.width, drawing.height, artist.svg(drawing), png)
    except NotUnderstood as error:
        return Fault(Why.SYNTAX, error.line)
    except (CannotDraw, MemoryError, RecursionError):
        return Fault(Why.LARGE)


def _claim_stdout() -> BinaryIO:
    """The parent's pipe for us alone: what a library prints goes nowhere."""
    ours = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return ours


def _limit() -> None:
    """Take from this process what drawing does not need, where the system can do that."""
    if sys.platform == "win32":
        return
    import resource

    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS has limits that cannot be set
            resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    main()
