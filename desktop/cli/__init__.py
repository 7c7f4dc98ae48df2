"""The same program without a window, for scripts and servers."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from desktop import settings as settings_file
from desktop.cli.arguments import data_dir_option
from desktop.cli.command import Command, exit_code
from desktop.cli.terminal import Terminal
from desktop.errors import AppError
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.i18n import choose_language


def main(argv: Sequence[str], open_window: Callable[[Path | None], int]) -> int:
    """Do what the arguments `argv` say; without a command, `open_window` on the data directory.

    Returns:
        The exit code, see `command.exit_code`.

    Raises:
        SystemExit: the arguments make no sense (2), or help was asked for (0).
    """
    terminal = Terminal(sys.stdout, sys.stderr)
    # The help speaks the user's language, which stands in the settings, which lie in the data directory.
    known, others = data_dir_option().parse_known_args(argv)
    data_dir: Path | None = known.__dict__.get("data_dir")
    try:
        paths = Paths.under(data_dir) if data_dir else Paths.default()
    except AppError as error:
        terminal.error(error)
        return exit_code(error)
    settings = settings_file.load(paths.settings)
    choose_language(settings.language)
    if not others:
        return open_window(data_dir)
    # Not before: the window shall not wait for what the commands need.
    from desktop.cli.parser import parser

    args = parser().parse_args(argv)
    if args.run is None:
        return open_window(data_dir)
    return _run(args, paths, settings, terminal)


def _run(args: argparse.Namespace, paths: Paths, settings: Settings, terminal: Terminal) -> int:
    """Do the command of `args`; its exit code."""
    terminal.as_json = getattr(args, "json", False)
    # A polite kill takes everything apart as the end does: the engine's process, and what a load is remembered by.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        with Command(paths, settings, terminal) as command:
            return int(args.run(command, args))
    except AppError as error:
        terminal.error(error)
        return exit_code(error)
    except BrokenPipeError:
        # Whoever read the output has seen enough (`| head`). Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
