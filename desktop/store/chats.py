"""All chats of the user: trees of messages, of which each chat shows one path."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from desktop.chat.message import Chat, Message, Role, Sampling, State
from desktop.errors import DamagedDatabase, NoSuchChat
from desktop.store.database import Database, Value
from desktop.store.rows import to_chat, to_json, to_message
from desktop.store.search import Hit, compact, erase_chat, index_message, index_title, search


class Store:
    """The chats in one database, for one thread. What a method changed is on disk when it returns.

    Any method may raise the errors of `open`. Methods that take a chat's id raise NoSuchChat if there is no such chat
    or it is deleted; an unknown message's id is a KeyError.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._data_version = self._read_data_version()

    @classmethod
    def open(cls, path: Path, backups: Path) -> Self:
        """Open the chats at `path`; create or migrate the database there. See `Database.open`.

        Raises:
            NewerDatabase: a newer program wrote it.
            DamagedDatabase: it is no database, or not one of this program.
            CannotWrite: no permission, a read-only disk, a full disk.
            DataInUse: another process kept it locked for seconds.
        """
        return cls(Database.open(path, backups))

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    # Chats

    def create_chat(
        self, title: str = "", system: str = "", model: str | None = None, sampling: Sampling | None = None
    ) -> Chat:
        """A new chat without messages."""
        now = time.time()
        with self._database.transaction():
            chat_id = self._database.insert(
                "INSERT INTO chats (title, created_at, updated_at, system, model, sampling) VALUES (?, ?, ?, ?, ?, ?)",
                *(title, now, now, system, model, to_json(sampling)),
            )
            index_title(self._database, chat_id, title)
        return self.chat(chat_id)

    def chats(self) -> list[Chat]:
        """All chats, the one with the newest message first."""
        rows = self._database.rows("SELECT * FROM chats WHERE deleted_at IS NULL ORDER BY updated_at DESC, id DESC")
        return [to_chat(row) for row in rows]

    def chat(self, chat_id: int) -> Chat:
        """The chat with this id."""
        row = self._database.row("SELECT * FROM chats WHERE id = ? AND deleted_at IS NULL", chat_id)
        if row is None:
            raise NoSuchChat(str(chat_id))
        return to_chat(row)

    def rename(self, chat_id: int, title: str) -> None:
        """Give the chat a title."""
        with self._database.transaction():
            self._change(chat_id, "UPDATE chats SET title = ? WHERE id = ? AND deleted_at IS NULL", title)
            index_title(self._database, chat_id, title)

    def set_system(self, chat_id: int, system: str) -> None:
        """Set the chat's system prompt."""
        self._change(chat_id, "UPDATE chats SET system = ? WHERE id = ? AND deleted_at IS NULL", system)

    def set_model(self, chat_id: int, model: str | None) -> None:
        """Set the name of the model that answers next; None follows the settings."""
        self._change(chat_id, "UPDATE chats SET model = ? WHERE id = ? AND deleted_at IS NULL", model)

    def set_sampling(self, chat_id: int, sampling: Sampling | None) -> None:
        """Set how the next answers are sampled; None follows the settings."""
        self._change(chat_id, "UPDATE chats SET sampling = ? WHERE id = ? AND deleted_at IS NULL", to_json(sampling))

    def set_draft(self, chat_id: int, draft: str) -> None:
        """Keep what the user has typed and not sent."""
        self._change(chat_id, "UPDATE chats SET draft = ? WHERE id = ? AND deleted_at IS NULL", draft)

    def set_leaf(self, chat_id: int, message_id: int | None) -> None:
        """Show the path that ends at this message of the chat; None shows none."""
        self._change(chat_id, "UPDATE chats SET leaf_id = ? WHERE id = ? AND deleted_at IS NULL", message_id)

    def delete(self, chat_id: int) -> None:
        """Hide the chat everywhere. `restore` brings it back until `purge` erases it."""
        self._change(chat_id, "UPDATE chats SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL", time.time())

    def restore(self, chat_id: int) -> Chat:
        """Bring a deleted chat back.

        Raises:
            NoSuchChat: it was purged.
        """
        self._change(chat_id, "UPDATE chats SET deleted_at = NULL WHERE id = ?")
        return self.chat(chat_id)

    def purge(self, chat_id: int | None = None) -> None:
        """Erase one deleted chat, or all, so that their text is no longer in the database's files.

        It rewrites the whole file: do it in a job, with a Store of its own. What cannot be erased now, because an
        answer is still being written into the chat or another process is just reading, is left to the next purge.
        """
        erasable = """
            SELECT id FROM chats WHERE deleted_at IS NOT NULL AND (id = ?1 OR ?1 IS NULL)
            AND NOT EXISTS (SELECT 1 FROM messages WHERE chat_id = chats.id AND state = 'streaming')
        """
        with self._database.transaction():
            doomed = [row["id"] for row in self._database.rows(erasable, chat_id)]
            for each in doomed:
                erase_chat(self._database, each)
                self._database.write(
                    "UPDATE chats SET leaf_id = NULL, title = '', system = '', draft = '' WHERE id = ?", each
                )
                self._database.write("DELETE FROM messages WHERE chat_id = ?", each)
            if doomed:
                compact(self._database)
        if not doomed or not self._database.rewrite():
            return
        # The emptied chats go last, so that the next purge takes up one that did not come to this line.
        with self._database.transaction():
            for each in doomed:
                self._database.write("DELETE FROM chats WHERE id = ?", each)

    # Messages

    def add_message(
        self,
        chat_id: int,
        parent_id: int | None,
        role: Role,
        text: str,
        state: State = State.COMPLETE,
        *,
        model: str | None = None,
        sampling: Sampling | None = None,
        reasoning: str = "",
    ) -> Message:
        """A new message below `parent_id` of the same chat (None: at the root). The chat then shows the path to it."""
        with self._database.transaction():
            message_id = self._add(chat_id, parent_id, role, text, state, model, sampling, reasoning)
        return self.message(message_id)

    def add_question(
        self, chat_id: int, parent_id: int | None, text: str, *, model: str | None, sampling: Sampling | None
    ) -> tuple[Message, Message]:
        """The user's message and the empty answer to it that is about to stream: both or, if that fails, neither."""
        with self._database.transaction():
            question = self._add(chat_id, parent_id, Role.USER, text)
            answer = self._add(chat_id, question, Role.ASSISTANT, "", State.STREAMING, model, sampling)
        return self.message(question), self.message(answer)

    def add_answers(
        self, chat_id: int, parent_id: int | None, count: int, *, model: str | None, sampling: Sampling | None
    ) -> list[Message]:
        """`count` empty answers below `parent_id` that are about to stream: all or, if that fails, none.

        The chat then shows the first.
        """
        with self._database.transaction():
            ids = [
                self._add(chat_id, parent_id, Role.ASSISTANT, "", State.STREAMING, model, sampling)
                for _ in range(count)
            ]
            self.set_leaf(chat_id, ids[0])
        return [self.message(each) for each in ids]

    def update_text(self, message_id: int, text: str, reasoning: str = "") -> None:
        """Save the text so far of a streaming answer. Without effect on a message that is finished."""
        # INTERRUPTED too: where `writers` cannot tell, a window calls `recover` while `fireside ask` is streaming.
        self._database.write(
            "UPDATE messages SET text = ?, reasoning = ? WHERE id = ? AND state IN ('streaming', 'interrupted')",
            *(text, reasoning, message_id),
        )

    def set_summary(self, message_id: int, summary: str) -> None:
        """Keep a summary of the path down to this message."""
        self._database.write("UPDATE messages SET summary = ? WHERE id = ?", summary, message_id)

    def finish(self, ended: Message) -> Message:
        """Save how a streaming answer ended. `sampling` is what was really used, with the seed; None keeps the old."""
        with self._database.transaction():
            self._database.write(
                """
                UPDATE messages SET state = ?, text = ?, reasoning = ?, reasoning_s = ?, finish = ?, statistics = ?,
                sampling = coalesce(?, sampling), error = ? WHERE id = ?
                """,
                *(ended.state, ended.text, ended.reasoning, ended.reasoning_s, ended.finish),
                *(to_json(ended.statistics), to_json(ended.sampling), to_json(ended.error), ended.id),
            )
            message = self.message(ended.id)
            self._database.write("UPDATE chats SET updated_at = ? WHERE id = ?", time.time(), message.chat_id)
            index_message(self._database, message.id, message.text)
        return message

    def restart(self, message_id: int, *, model: str | None, sampling: Sampling | None) -> Message:
        """Make a failed answer an empty streaming one again, to be written anew; the chat shows the path to it."""
        with self._database.transaction():
            self._database.write(
                """
                UPDATE messages SET state = 'streaming', text = '', reasoning = '', reasoning_s = 0, finish = NULL,
                statistics = NULL, error = NULL, model = ?, sampling = ? WHERE id = ?
                """,
                *(model, to_json(sampling), message_id),
            )
            message = self.message(message_id)
            self._database.write("UPDATE chats SET leaf_id = ? WHERE id = ?", message_id, message.chat_id)
        return message

    def recover(self) -> int:
        """Mark the answers that a killed program left streaming as INTERRUPTED.

        Returns:
            How many there were.
        """
        with self._database.transaction():
            left = self._database.rows("SELECT id, text FROM messages WHERE state = 'streaming'")
            for row in left:
                self._database.write("UPDATE messages SET state = 'interrupted' WHERE id = ?", row["id"])
                index_message(self._database, row["id"], row["text"])
        return len(left)

    def message(self, message_id: int) -> Message:
        """The message with this id."""
        row = self._database.row("SELECT * FROM messages WHERE id = ?", message_id)
        if row is None:
            raise KeyError(message_id)
        return to_message(row)

    # The tree

    def path(self, chat_id: int, leaf_id: int | None = None) -> list[Message]:
        """The messages from the root to `leaf_id`, by default to the chat's leaf."""
        chat = self.chat(chat_id)
        rows = self._database.rows(
            """
            WITH RECURSIVE path (id, parent_id, height) AS (
                SELECT id, parent_id, 0 FROM messages WHERE id = ? AND chat_id = ?
                UNION ALL
                SELECT messages.id, messages.parent_id, height + 1
                FROM path JOIN messages ON messages.id = path.parent_id
            )
            SELECT messages.* FROM path JOIN messages ON messages.id = path.id ORDER BY height DESC
            """,
            *(chat.leaf_id if leaf_id is None else leaf_id, chat_id),
        )
        return [to_message(row) for row in rows]

    def siblings(self, message_id: int) -> list[int]:
        """The ids of the message and of the other children of its parent, oldest first."""
        return self.branches([self.message(message_id)])[0]

    def branches(self, path: Sequence[Message]) -> list[list[int]]:
        """`siblings` of each message of a path, with one query for all."""
        if not path:
            return []
        children: dict[int | None, list[int]] = defaultdict(list)
        for row in self._database.rows(
            "SELECT id, parent_id FROM messages WHERE chat_id = ? ORDER BY id", path[0].chat_id
        ):
            children[row["parent_id"]].append(row["id"])
        return [children[message.parent_id] for message in path]

    def newest_leaf(self, message_id: int) -> int:
        """The leaf below the message (or itself) that was added last: where to go on when the user switches to it."""
        # Ids grow, and a child is younger than its parent: the greatest id below is a leaf.
        return self._database.number(
            """
            WITH RECURSIVE below (id, chat_id) AS (
                SELECT id, chat_id FROM messages WHERE id = ?
                UNION ALL
                SELECT messages.id, messages.chat_id
                FROM below JOIN messages ON messages.chat_id = below.chat_id AND messages.parent_id = below.id
            )
            SELECT max(id) FROM below
            """,
            self.message(message_id).id,
        )

    # The whole

    def search(self, text: str, limit: int = 50) -> list[Hit]:
        """What contains all words of `text`; see `search.search`."""
        return search(self._database, text, limit)

    def backup(self, target: Path) -> None:
        """Write a copy of everything to `target`. Others may go on writing meanwhile."""
        self._database.copy_to(target)

    def check(self) -> None:
        """Read the whole database and see whether it is sound.

        Raises:
            DamagedDatabase: it is not.
        """
        if [row[0] for row in self._database.rows("PRAGMA quick_check(1)")] != ["ok"]:
            raise DamagedDatabase(str(self._database.path))

    def changed_elsewhere(self) -> bool:
        """Whether another connection, perhaps of another process, has changed something since the last call."""
        before, self._data_version = self._data_version, self._read_data_version()
        return before != self._data_version

    def _read_data_version(self) -> int:
        return self._database.number("PRAGMA data_version")

    def _change(self, chat_id: int, sql: str, *values: Value) -> None:
        """Run an UPDATE of a chat whose last placeholder is the id."""
        if self._database.write(sql, *values, chat_id) == 0:
            raise NoSuchChat(str(chat_id))

    def _add(
        self,
        chat_id: int,
        parent_id: int | None,
        role: Role,
        text: str,
        state: State = State.COMPLETE,
        model: str | None = None,
        sampling: Sampling | None = None,
        reasoning: str = "",
    ) -> int:
        """Insert a message and make it the chat's leaf, inside the caller's transaction."""
        now = time.time()
        self.chat(chat_id)
        message_id = self._database.insert(
            """
            INSERT INTO messages (chat_id, parent_id, role, state, text, created_at, reasoning, model, sampling)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            *(chat_id, parent_id, role, state, text, now, reasoning, model, to_json(sampling)),
        )
        self._database.write("UPDATE chats SET leaf_id = ?, updated_at = ? WHERE id = ?", message_id, now, chat_id)
        index_message(self._database, message_id, text)
        return message_id
