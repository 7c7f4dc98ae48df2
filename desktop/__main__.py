"""`fireside` and `python -m desktop`: a command of the command line, or the window."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from desktop import cli
from desktop.cli.terminal import Terminal
from desktop.ui.i18n import tr


def main() -> int:
    """Run the program. Returns the exit code."""
    return cli.main(sys.argv[1:], _open_window)


def _open_window(data_dir: Path | None) -> int:
    terminal = Terminal(sys.stdout, sys.stderr)
    if not _has_display():
        terminal.tell(
            tr(
                "There is no display for the window: “xvfb-run fireside” gives it a virtual one, "
                "and “fireside ask” works without."
            )
        )
        return 1
    try:
        from desktop.app import main as open_window
    except ImportError as error:
        # Only a native library that does not load has a path: Qt is there, but the system lacks something it needs.
        if error.path is None or error.path.endswith(".py"):
            raise
        terminal.tell(tr("The window cannot open: {reason}", reason=error))
        terminal.tell(tr("“fireside doctor” names the system packages that are missing."))
        return 1
    return open_window(data_dir)


def _has_display() -> bool:
    """Whether Qt will find a screen. Without one it would end the process with a message of its own."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


if __name__ == "__main__":
    sys.exit(main())
