"""The schema, one function a version: a new database runs all of them, an old one those that it lacks.

A released migration is never changed; something new is a new function at the end. Each runs inside a transaction that
`database.py` holds, so it must not commit: no `executescript`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

Migration = Callable[[sqlite3.Connection], None]

APPLICATION_ID = 0x46495245
"""Says in the file's header whose database it is: "FIRE"."""


def _chats_and_messages(connection: sqlite3.Connection) -> None:
    for statement in (
        """
        CREATE TABLE chats (
            id         INTEGER PRIMARY KEY AUTOINCREMENT,
            title      TEXT NOT NULL,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            deleted_at REAL,  -- hidden since then; erased by the next purge
            leaf_id    INTEGER,
            system     TEXT NOT NULL,
            model      TEXT,
            sampling   TEXT,  -- JSON
            draft      TEXT NOT NULL DEFAULT '',
            FOREIGN KEY (leaf_id, id) REFERENCES messages (id, chat_id)
        ) STRICT
        """,
        # AUTOINCREMENT: an id is never used again, so a greater id is a later message.
        # The foreign keys of two columns keep a tree inside its chat.
        """
        CREATE TABLE messages (
            id          INTEGER PRIMARY KEY AUTOINCREMENT,
            chat_id     INTEGER NOT NULL REFERENCES chats (id),
            parent_id   INTEGER,
            role        TEXT NOT NULL,
            state       TEXT NOT NULL,
            text        TEXT NOT NULL,
            created_at  REAL NOT NULL,
            reasoning   TEXT NOT NULL,
            reasoning_s REAL NOT NULL DEFAULT 0,
            model       TEXT,
            sampling    TEXT,  -- JSON
            finish      TEXT,
            statistics  TEXT,  -- JSON
            error       TEXT,  -- JSON
            UNIQUE (id, chat_id),
            FOREIGN KEY (parent_id, chat_id) REFERENCES messages (id, chat_id)
        ) STRICT
        """,
        "CREATE INDEX messages_by_parent ON messages (chat_id, parent_id)",
        "CREATE INDEX messages_streaming ON messages (id) WHERE state = 'streaming'",
        # What `words.py` makes of titles and texts, by chat id and by message id. The tokenizer only splits at the
        # spaces between those words: all knowledge of languages is in words.py. Hits are sorted by age, not by rank,
        # so the sizes that ranking needs are not kept.
        "CREATE VIRTUAL TABLE title_words USING fts5(words, tokenize = \"ascii tokenchars '+#'\", columnsize = 0)",
        "CREATE VIRTUAL TABLE message_words USING fts5(words, tokenize = \"ascii tokenchars '+#'\", columnsize = 0)",
        f"PRAGMA application_id = {APPLICATION_ID}",
    ):
        connection.execute(statement)


def _summaries(connection: sqlite3.Connection) -> None:
    # Of the path from the root down to the message. Not searched: nobody wrote it, and what it says is in the messages.
    connection.execute("ALTER TABLE messages ADD COLUMN summary TEXT NOT NULL DEFAULT ''")


MIGRATIONS: tuple[Migration, ...] = (_chats_and_messages, _summaries)
