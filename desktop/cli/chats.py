"""`fireside chats`: list, show and search."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from typing import Any

from desktop.chat.message import Chat, Message, Role
from desktop.cli.command import Command
from desktop.errors import NoSuchChat
from desktop.store.chats import Store
from desktop.store.search import Hit
from desktop.ui.error_text import message_notice
from desktop.ui.i18n import tr


def chat_with(store: Store, chat_id: str) -> Chat:
    """The chat whose number the user gave.

    Raises:
        NoSuchChat: there is none, or it is no number.
    """
    try:
        return store.chat(int(chat_id))
    except (ValueError, OverflowError):
        raise NoSuchChat(chat_id) from None


def list_chats(command: Command, _args: argparse.Namespace) -> int:
    """All chats, the newest first."""
    chats = command.store().chats()
    if command.terminal.as_json:
        command.terminal.data([_chat_facts(chat) for chat in chats], indent=2)
        return 0
    for chat in chats:
        command.terminal.line(f"{chat.id:>6}  {_day(chat.updated_at)}  {_line(chat.title)}")
    return 0


def show_chat(command: Command, args: argparse.Namespace) -> int:
    """The messages of the branch of a chat that was shown last."""
    store = command.store()
    chat = chat_with(store, args.chat)
    path = store.path(chat.id)
    if command.terminal.as_json:
        facts = _chat_facts(chat) | {"messages": [_message_facts(message) for message in path]}
        command.terminal.data(facts, indent=2)
        return 0
    command.terminal.line(f"# {_line(chat.title)}")
    for message in path:
        who = tr("You") if message.role is Role.USER else message.model or tr("Answer")
        command.terminal.line(f"\n## {who} · {_day(message.created_at)} · {message.id}\n\n{message.text}")
        if notice := message_notice(message):
            command.terminal.line(f"\n[{notice}]")
    return 0


def search_chats(command: Command, args: argparse.Namespace) -> int:
    """Where the words of a text are found."""
    store = command.store()
    hits = store.search(" ".join(args.text))
    if command.terminal.as_json:
        command.terminal.data([_hit_facts(store, hit) for hit in hits], indent=2)
        return 0
    for hit in hits:
        command.terminal.line(f"{hit.chat_id:>6}  {_day(hit.created_at)}  {_line(hit.title)}")
        if hit.message_id is not None:
            command.terminal.line(f"        {hit.snippet}")
    return 0


def _chat_facts(chat: Chat) -> dict[str, Any]:
    return {
        "id": chat.id,
        "title": chat.title,
        "created_at": chat.created_at,
        "updated_at": chat.updated_at,
        "model": chat.model,
        "system": chat.system,
    }


def _message_facts(message: Message) -> dict[str, Any]:
    facts = asdict(message)
    del facts["chat_id"]
    return facts


def _hit_facts(store: Store, hit: Hit) -> dict[str, Any]:
    message = _message_facts(store.message(hit.message_id)) if hit.message_id is not None else None
    return {"id": hit.chat_id, "title": hit.title, "snippet": hit.snippet, "message": message}


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _line(title: str) -> str:
    return " ".join(title.split())
