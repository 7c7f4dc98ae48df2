"""`fireside chats export`: a chat as a file that opens anywhere."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from desktop.chat.message import Message, State
from desktop.cli.chats import chat_with
from desktop.cli.command import Command
from desktop.hub.model import STARTER
from desktop.ui.error_text import message_notice
from desktop.ui.i18n import tr
from desktop.ui.transcript.row import Row

FORMATS = ("html", "markdown")


def export_chat(command: Command, args: argparse.Namespace) -> int:
    """Write the branch of a chat that was shown last to a file, or to stdout."""
    from desktop.ui.transcript.export.files import NewFile

    store = command.store()
    chat = chat_with(store, args.chat)
    text = _text(args.format, chat.title, [_row(message) for message in store.path(chat.id)])
    if args.output is None:
        for part in text:
            command.terminal.write(part)
        return 0
    with NewFile(args.output) as file:
        for part in text:
            file.write(part.encode("utf-8", "replace"))
        file.keep()
    return 0


def _text(kind: str, title: str, rows: list[Row]) -> Iterator[str]:
    if kind == "markdown":
        from desktop.ui.transcript.export.plain_files import markdown_file

        return markdown_file(title, rows)
    from desktop.ui.transcript.export.html import html_page

    return html_page(title, rows)


def _row(message: Message) -> Row:
    title = tr("Starter model") if message.model == STARTER else message.model or ""
    is_error = message.state in (State.INTERRUPTED, State.FAILED)
    return Row(message, model_title=title, notice=message_notice(message), is_error=is_error)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said about an export."""
    parser.add_argument("chat", metavar="ID", help=tr("the chat's number"))
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help=tr("html (the default) or markdown"))
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=tr("write to FILE instead of stdout"))
