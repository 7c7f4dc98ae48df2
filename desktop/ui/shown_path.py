"""The path of the open chat that is shown, and the rows that show it."""

from __future__ import annotations

from desktop.chat.message import Message, Role
from desktop.chat.prompt import ends_of_turns
from desktop.store.chats import Store
from desktop.ui.answers import Answers
from desktop.ui.models.choice import Models
from desktop.ui.rows import make_row
from desktop.ui.transcript.row import Row


class ShownPath:
    """`messages` from the first to the leaf, and a row for each; of what is being written the newest text."""

    def __init__(self, store: Store, models: Models, answers: Answers) -> None:
        self._store = store
        self._models = models
        self._answers = answers
        self._titles: dict[str, str] = {}
        self.messages: list[Message] = []
        self.rows: list[Row] = []

    def read(self, chat_id: int | None) -> None:
        """Read it anew: the path of this chat, none without one."""
        path = self._store.path(chat_id) if chat_id is not None else []
        self._titles = self._models.titles()
        branches = self._store.branches(path)
        ends = ends_of_turns(path)
        self.rows = [
            make_row(
                message, siblings.index(message.id), len(siblings), self._titles, self._answers.get(message.id), ends
            )
            for message, siblings in zip(path, branches, strict=True)
        ]
        self.messages = [row.message for row in self.rows]

    def reword(self) -> None:
        """Read the models' titles anew; `update` words a row with them."""
        self._titles = self._models.titles()

    def find(self, message_id: int) -> Message | None:
        """The message with this id, if it is on the path."""
        return next((each for each in self.messages if each.id == message_id), None)

    def question_of(self, message: Message) -> int | None:
        """Below which message of the path its question is answered anew: an answer's parent, or the question itself."""
        return message.parent_id if message.role is Role.ASSISTANT else message.id

    def index(self, message_id: int) -> int:
        """Where on the path the message with this id stands.

        Raises:
            StopIteration: nowhere.
        """
        return next(i for i, each in enumerate(self.messages) if each.id == message_id)

    def down_to(self, message_id: int | None) -> list[Message]:
        """The path down to this message of it; None is before the first."""
        return self.messages[: self.index(message_id) + 1] if message_id is not None else []

    def versions(self, message_id: int) -> list[Row]:
        """A row for each version of this message of the path, the oldest first."""
        siblings = self._store.siblings(message_id)
        ends = ends_of_turns(self.messages)
        return [
            make_row(self._store.message(each), index, len(siblings), self._titles, self._answers.get(each), ends)
            for index, each in enumerate(siblings)
        ]

    def update(self, message: Message) -> int | None:
        """Take over what is new of `message`, and return its row; None if it is not on the path."""
        if self.find(message.id) is None:
            return None
        index = self.index(message.id)
        self.messages[index] = message
        self.rows[index] = self.renewed(self.rows[index], message)
        return index

    def renewed(self, row: Row, message: Message) -> Row:
        """`row` with what is new of its message, which is on the path or a version of one that is."""
        writing = self._answers.get(message.id)
        ends = ends_of_turns(self.messages) if message.statistics is not None else ()
        return make_row(message, row.branch, row.branches, self._titles, writing, ends)
