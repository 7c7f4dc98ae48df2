"""Full-text search over titles and messages. The index is written in the transaction of what it indexes."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.store.database import Database
from desktop.store.words import fts_query, phrases, snippet, words


@dataclass(frozen=True, slots=True)
class Hit:
    """A chat whose title matches (`message_id` None), or a message whose text does.

    `snippet` is one line, for a title hit the title; `marks` are the (start, end) of what matched in it. `created_at`
    is the message's or the chat's, in seconds since the epoch.
    """

    chat_id: int
    message_id: int | None
    title: str
    snippet: str
    marks: tuple[tuple[int, int], ...]
    created_at: float


def index_title(database: Database, chat_id: int, title: str) -> None:
    """Let the chat be found by `title`, and by no earlier title."""
    database.write("INSERT OR REPLACE INTO title_words (rowid, words) VALUES (?, ?)", chat_id, words(title))


def index_message(database: Database, message_id: int, text: str) -> None:
    """Let the message be found by `text`, and by no earlier text."""
    database.write("INSERT OR REPLACE INTO message_words (rowid, words) VALUES (?, ?)", message_id, words(text))


def erase_chat(database: Database, chat_id: int) -> None:
    """Take the chat's title and messages out of the index. They stay in the file until `compact`."""
    database.write(
        "DELETE FROM message_words WHERE rowid IN (SELECT id FROM messages WHERE chat_id = ?)",
        chat_id,
    )
    database.write("DELETE FROM title_words WHERE rowid = ?", chat_id)


def compact(database: Database) -> None:
    """Write the index anew without what was erased from it.

    FTS5 only notes what is deleted, and keeps the words until it merges the parts of its index. (Its `secure-delete`
    option came with SQLite 3.42.)
    """
    database.write("INSERT INTO message_words (message_words) VALUES ('optimize')")
    database.write("INSERT INTO title_words (title_words) VALUES ('optimize')")


def search(database: Database, text: str, limit: int) -> list[Hit]:
    """What contains all words of `text`: chats by their titles first, then messages, each the newest first.

    Any text is a query. Words are found by their beginnings, Chinese, Japanese and Korean anywhere; quotation marks
    hold words together.
    """
    wanted = phrases(text)
    if not wanted:
        return []
    query = fts_query(wanted)
    titles = database.rows(
        """
        SELECT chats.id AS chat_id, NULL AS message_id, title, title AS text, created_at
        FROM title_words JOIN chats ON chats.id = title_words.rowid
        WHERE title_words MATCH ? AND deleted_at IS NULL
        ORDER BY updated_at DESC, chats.id DESC LIMIT ?
        """,
        query,
        limit,
    )
    messages = database.rows(
        """
        SELECT chat_id, messages.id AS message_id, title, text, messages.created_at
        FROM message_words
        JOIN messages ON messages.id = message_words.rowid
        JOIN chats ON chats.id = chat_id
        WHERE message_words MATCH ? AND deleted_at IS NULL
        ORDER BY message_words.rowid DESC LIMIT ?
        """,
        query,
        limit - len(titles),
    )
    return [
        Hit(row["chat_id"], row["message_id"], row["title"], *snippet(row["text"], wanted), row["created_at"])
        for row in (*titles, *messages)
    ]
