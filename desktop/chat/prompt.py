"""From the messages of a chat to what a model is given."""

from __future__ import annotations

from collections.abc import Iterable

from desktop.chat.message import Message, Role, Turn
from desktop.errors import PromptTooLong

_TITLE_CHARACTERS = 60


def turns_of(path: Iterable[Message], system: str = "") -> tuple[Turn, ...]:
    """The turns that the messages of `path` make, root first, after the chat's system prompt.

    Answers without text (nothing was ever answered) are left out, and neighbours of the same role become one turn:
    many chat templates insist that user and assistant alternate. A question that was refused as too long is left out
    too, or every later one would be. Reasoning is not given back to the model.
    """
    said: list[Message] = []
    for message in path:
        if message.text:
            said.append(message)
        elif said and message.error is not None and message.error.get("type") == PromptTooLong.__name__:
            said.pop()
    turns = [Turn(Role.SYSTEM, system)] if system.strip() else []
    for message in said:
        if turns and turns[-1].role == message.role:
            turns[-1] = Turn(message.role, f"{turns[-1].text}\n\n{message.text}")
        else:
            turns.append(Turn(message.role, message.text))
    return tuple(turns)


def conversation_of(chat_id: int) -> str:
    """The name that an engine keeps what it has read of a chat under."""
    return f"chat-{chat_id}"


def title_from(question: str) -> str:
    """A chat's first title: the first line of its first question that says something, cut at a word."""
    line = next((each.strip() for each in question.splitlines() if each.strip()), "")
    if len(line) <= _TITLE_CHARACTERS:
        return line
    cut = line[:_TITLE_CHARACTERS]
    # Chinese has no spaces to cut at: there the cut stays where it is.
    words = cut.rsplit(None, 1)
    return (words[0] if len(words[0]) > _TITLE_CHARACTERS // 2 else cut).rstrip() + "…"
