"""Rows of the database as the values that the rest of the program knows, and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, fields

from desktop.chat.message import Chat, FinishReason, Message, NoSummary, Role, Sampling, State, Statistics
from desktop.settings import sampling_from


def to_chat(row: sqlite3.Row) -> Chat:
    """The chat in a row of the table `chats`."""
    return Chat(
        id=row["id"],
        title=row["title"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        leaf_id=row["leaf_id"],
        system=row["system"],
        model=row["model"],
        sampling=_to_sampling(row["sampling"]),
        draft=row["draft"],
    )


def to_message(row: sqlite3.Row) -> Message:
    """The message in a row of the table `messages`."""
    return Message(
        id=row["id"],
        chat_id=row["chat_id"],
        parent_id=row["parent_id"],
        role=Role(row["role"]),
        state=State(row["state"]),
        text=row["text"],
        created_at=row["created_at"],
        reasoning=row["reasoning"],
        reasoning_s=row["reasoning_s"],
        model=row["model"],
        sampling=_to_sampling(row["sampling"]),
        finish=FinishReason(row["finish"]) if row["finish"] else None,
        statistics=_to_statistics(row["statistics"]),
        error=json.loads(row["error"]) if row["error"] else None,
        summary=row["summary"],
    )


def to_json(value: Sampling | Statistics | Mapping[str, object] | None) -> str | None:
    """The value for a JSON column."""
    if value is None:
        return None
    return json.dumps(asdict(value) if isinstance(value, Sampling | Statistics) else value, ensure_ascii=False)


def _to_sampling(column: str | None) -> Sampling | None:
    return sampling_from(json.loads(column)) if column else None


def _to_statistics(column: str | None) -> Statistics | None:
    if not column:
        return None
    values = json.loads(column)
    told = {each.name: values[each.name] for each in fields(Statistics) if each.name in values}
    # A later version may know more reasons.
    no_summary = NoSummary(told["no_summary"]) if told.get("no_summary") in set(NoSummary) else None
    return Statistics(**told | {"no_summary": no_summary})
