"""The arguments that several commands have, and the checks of their values."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from desktop.chat.message import Overflow
from desktop.cli.command import Command
from desktop.engine.api import MOST_ALTERNATIVES
from desktop.ui.i18n import tr

Run = Callable[[Command, argparse.Namespace], int]


def data_dir_option() -> argparse.ArgumentParser:
    """A parser of nothing but `--data-dir`, which all others inherit from."""
    # SUPPRESS: it may stand before and after the command, and where it does not stand it must not undo the other.
    option = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    option.add_argument(
        "--data-dir",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="DIR",
        help=tr("keep everything of the app under DIR"),
    )
    return option


def add_command(
    group: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    run: Run | None,
    details: str = "",
) -> argparse.ArgumentParser:
    """Add a command to `group`. `text` and `details` explain it, `run` does it, unless it has actions of its own."""
    command = group.add_parser(
        name,
        parents=[data_dir_option()],
        help=text,
        description=f"{text}\n\n{details}".strip(),
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if run is not None:
        command.set_defaults(run=run)
    return command


def add_model(parser: argparse.ArgumentParser) -> None:
    """`--model`."""
    parser.add_argument("--model", metavar="NAME|PATH", help=tr("a model's name, or the path of a GGUF file"))


def add_json(parser: argparse.ArgumentParser, text: str) -> None:
    """`--json`; `text` says what is printed then."""
    parser.add_argument("--json", action="store_true", help=text)


def temperature(text: str) -> float:
    """A number from 0 on."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(tr("{value} is no number from 0 on", value=text))
    return value


def whole_number(text: str) -> int:
    """A seed."""
    # llama.cpp's seeds have 32 bits, and the last of them means "draw one".
    return _in_range(text, 0, 2**32 - 2)


def positive(text: str) -> int:
    """A whole number from 1 on."""
    return _in_range(text, 1, 2**31 - 1)


def alternatives(text: str) -> int:
    """How many alternatives are told with each token."""
    return _in_range(text, 1, MOST_ALTERNATIVES)


def overflow(text: str) -> Overflow:
    """What to do about a full context."""
    if text not in tuple(Overflow):
        raise argparse.ArgumentTypeError(tr("{value} is none of: {choices}", value=text, choices=", ".join(Overflow)))
    return Overflow(text)


def _in_range(text: str, least: int, most: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(
            tr("{value} is no whole number from {least} to {most}", value=text, least=least, most=most)
        )
    return value
