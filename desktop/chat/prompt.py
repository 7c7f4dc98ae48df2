"""From the messages of a chat to what a model is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from desktop.chat.message import Message, NoSummary, Overflow, Role, Turn
from desktop.errors import PromptTooLong

_TITLE_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Cut:
    """What a model is not given of a conversation: its `turns` oldest ones. `summary` stands for them, if not empty."""

    turns: int = 0
    summary: str = ""
    no_summary: NoSummary | None = None
    """Why there is none, where one was wanted."""


def turns_of(path: Iterable[Message], system: str = "") -> tuple[Turn, ...]:
    """The turns that the messages of `path` make, root first, after the chat's system prompt.

    Answers without text (nothing was ever answered) are left out, and neighbours of the same role become one turn:
    many chat templates insist that user and assistant alternate. A question that was refused as too long is left out
    too, or every later one would be. Reasoning is not given back to the model.
    """
    turns = [Turn(Role.SYSTEM, system)] if system.strip() else []
    for said in _said(path):
        text = "\n\n".join(message.text for message in said)
        if turns and turns[-1].role == said[0].role:
            turns[-1] = Turn(Role.SYSTEM, f"{turns[-1].text}\n\n{text}")
        else:
            turns.append(Turn(said[0].role, text))
    return tuple(turns)


def ends_of_turns(path: Iterable[Message]) -> list[Message]:
    """The last message of each turn that `turns_of` makes of `path`, the system prompt apart."""
    return [said[-1] for said in _said(path) if said[0].role is not Role.SYSTEM]


def cut_before(path: Sequence[Message], overflow: Overflow) -> Cut:
    """How the conversation on `path` was cut so far, for the next answer to go on from by the way of `overflow`.

    A summary is the newest that a message of the path carries, of those that leave the last question: an answer that
    is written on may have one of its own. With STOP, which changes nothing by itself, the cut is that of the newest
    answer.
    """
    newest = next((message.statistics for message in reversed(path) if message.statistics is not None), None)
    was_summarised = newest is not None and newest.summarised
    if overflow is Overflow.SUMMARISE or (overflow is Overflow.STOP and was_summarised):
        ends = ends_of_turns(path)
        last_question = max((i for i, end in enumerate(ends) if end.role is Role.USER), default=0)
        for turns in range(last_question, 0, -1):
            if ends[turns - 1].summary:
                return Cut(turns, ends[turns - 1].summary)
    return Cut(newest.left_out_messages, no_summary=newest.no_summary) if newest is not None else Cut()


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


def _said(path: Iterable[Message]) -> list[list[Message]]:
    """The messages of `path` that have something to say, those of one turn together."""
    said: list[Message] = []
    for message in path:
        if message.text:
            said.append(message)
        elif said and message.error is not None and message.error.get("type") == PromptTooLong.__name__:
            said.pop()
    turns: list[list[Message]] = []
    for message in said:
        if turns and turns[-1][0].role == message.role:
            turns[-1].append(message)
        else:
            turns.append([message])
    return turns
