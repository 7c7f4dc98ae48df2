"""`fireside prompt`: what a model would be given."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from desktop.chat.message import Role, Turn
from desktop.cli.command import Command
from desktop.engine.api import Request
from desktop.errors import BadInput


def prompt(command: Command, args: argparse.Namespace) -> int:
    """Print the prompt that a list of messages makes, and nothing else: no newline follows it."""
    turns = _turns(args.messages)
    template = _text(args.template, "template") if args.template is not None else None
    spec = command.spec(command.model(args.model))
    rendered = command.engine().prompt(Request(spec, turns, template=template))
    command.terminal.write(rendered.text)
    return 0


def _turns(path: Path) -> tuple[Turn, ...]:
    """The messages in the JSON file at `path`.

    Raises:
        BadInput: it cannot be read, or is no list of messages.
    """
    try:
        values = json.loads(_text(path, "messages"))
    except (ValueError, RecursionError) as error:
        raise BadInput(str(path), "messages", str(error)) from error
    if not isinstance(values, list) or not values:
        raise BadInput(str(path), "messages")
    return tuple(_turn(path, value) for value in values)


def _turn(path: Path, value: object) -> Turn:
    if not isinstance(value, dict) or not isinstance(value.get("content"), str):
        raise BadInput(str(path), "messages", json.dumps(value, ensure_ascii=False))
    try:
        return Turn(Role(str(value.get("role"))), value["content"])
    except ValueError as error:
        raise BadInput(str(path), "messages", json.dumps(value, ensure_ascii=False)) from error


def _text(path: Path, wanted: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return raw.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise BadInput(str(path), wanted, error.strerror or "" if isinstance(error, OSError) else "") from error
