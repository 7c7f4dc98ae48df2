"""The open chat: its path, its branches, and what the user does with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal

from desktop.chat.message import Chat, Message, Overflow, Role, Sampling, State
from desktop.errors import AppError
from desktop.settings import Settings
from desktop.store.chats import Store
from desktop.store.search import Hit
from desktop.ui.answers import Answers
from desktop.ui.asking import Asking
from desktop.ui.context import ContextMeter
from desktop.ui.context_words import ContextUse
from desktop.ui.models.choice import Models
from desktop.ui.rows import can_retry
from desktop.ui.shown_path import ShownPath
from desktop.ui.transcript.row import Row


class Session(QObject):
    """What the user does with chats, on the store and through the answers.

    Signals:
        opened(): another chat is shown; `chat` and `rows` are its own
        chats_changed(): the list of chats differs
        rows_changed(first: int): the rows from `first` on are others
        row_changed(index: int): one row's text, state or progress differs
        message_changed(message: Message): the same of any message, shown or not; `renewed` makes its row
        answering_changed(answering: bool): the open chat is being answered, or no more
        context_changed(): `context` differs
        failed(error: AppError): something went wrong that belongs to no row
        refused(): something was to be written, but the open chat is being answered
    """

    opened = Signal()
    chats_changed = Signal()
    rows_changed = Signal(int)
    row_changed = Signal(int)
    message_changed = Signal(object)
    answering_changed = Signal(bool)
    context_changed = Signal()
    failed = Signal(object)
    refused = Signal()

    def __init__(
        self,
        store: Store,
        models: Models,
        answers: Answers,
        meter: ContextMeter,
        settings: Settings,
        *,
        erase_deleted: Callable[[], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._erase_deleted = erase_deleted
        self._store = store
        self._models = models
        self._answers = answers
        self._asking = Asking(store, models, answers)
        self._meter = meter
        self._settings = settings
        self._new = self._blank()
        self._path = ShownPath(store, models, answers)
        self.chat: Chat | None = None
        """The open chat; None while it is a new one that has no message yet."""
        answers.grew.connect(lambda writing: self._update_row(writing.message))
        answers.ended.connect(self._on_ended)
        answers.summarised.connect(self._update_row)
        answers.failed.connect(self.failed)
        meter.changed.connect(self.context_changed)
        self.set_settings(settings)

    @property
    def rows(self) -> list[Row]:
        """What the transcript shows of the open chat."""
        return self._path.rows

    @property
    def shown(self) -> Chat:
        """The open chat, also while it is new: then its id is 0."""
        return self.chat or self._new

    @property
    def answering(self) -> bool:
        """Whether the open chat is being answered."""
        return self.chat is not None and bool(self._answers.of_chat(self.chat.id))

    @property
    def sampling(self) -> Sampling:
        """How the open chat's next answers are sampled."""
        return self.shown.sampling or self._settings.sampling

    @property
    def context(self) -> ContextUse | None:
        """How full the context is, None where nothing is known yet."""
        return self._meter.use

    def chats(self) -> list[Chat]:
        """All chats, the newest activity first."""
        return self._store.chats()

    def answering_chats(self) -> set[int]:
        """The ids of the chats that are being answered."""
        return self._answers.chats()

    def search(self, text: str) -> list[Hit]:
        """Where the titles and messages say `text`."""
        return self._store.search(text)

    def set_settings(self, settings: Settings) -> None:
        """The settings are now these."""
        self._settings = settings
        self._asking.overflow = settings.overflow
        self._meter.set_overflow(settings.overflow)
        if self.chat is None and not self._new.draft:
            self._new = self._blank()

    def retranslate(self) -> None:
        """Word the rows in the language that is chosen now."""
        self._path.reword()
        for row in list(self.rows):
            self._update_row(row.message)

    # Chats

    def start_new(self) -> None:
        """Show a new chat. It is on disk when it has its first message."""
        if self.chat is not None:
            self._new = self._blank()
        self.chat = None
        self._models.show(self._settings.model)
        self._show()

    def open_chat(self, chat_id: int, message_id: int | None = None) -> None:
        """Show a chat, on the branch of the message `message_id` where one is given.

        Raises:
            NoSuchChat
        """
        chat = self._store.chat(chat_id)
        if message_id is not None and all(each.id != message_id for each in self._store.path(chat_id)):
            self._store.set_leaf(chat_id, self._store.newest_leaf(message_id))
            chat = self._store.chat(chat_id)
        self.chat = chat
        self._models.show(chat.model or self._settings.model)
        self._show()

    def rename(self, chat_id: int, title: str) -> None:
        """Give the chat another title; one of nothing but spaces changes nothing."""
        if title.strip() and self._guarded(lambda: self._store.rename(chat_id, title.strip())):
            self._reload_chat()
            self.chats_changed.emit()

    def delete(self, chat_id: int) -> None:
        """Hide the chat. `undo_delete` brings it back until `forget_deleted`."""
        self._answers.stop(chat_id)
        if self._guarded(lambda: self._store.delete(chat_id)):
            if self.chat is not None and self.chat.id == chat_id:
                self.start_new()
            self.chats_changed.emit()

    def undo_delete(self, chat_id: int) -> None:
        """Bring a deleted chat back, and show it."""
        if self._guarded(lambda: self._store.restore(chat_id)):
            self.chats_changed.emit()
            self.open_chat(chat_id)

    def forget_deleted(self) -> None:
        """Erase the deleted chats from the disk; that may take a second and happens elsewhere."""
        self._erase_deleted()

    def set_system(self, text: str) -> None:
        """The open chat's system prompt."""
        if self.chat is None:
            self._new = replace(self._new, system=text)
        else:
            chat_id = self.chat.id
            self._guarded(lambda: self._store.set_system(chat_id, text))
            self._reload_chat()

    def set_sampling(self, sampling: Sampling | None) -> None:
        """The open chat's sampling; None follows the settings."""
        if self.chat is None:
            self._new = replace(self._new, sampling=sampling)
        else:
            chat_id = self.chat.id
            self._guarded(lambda: self._store.set_sampling(chat_id, sampling))
            self._reload_chat()

    def set_model(self, name: str) -> None:
        """The open chat uses the model called `name` from now on, and so do new chats.

        Raises:
            NoSuchModel
        """
        self._models.choose(name)
        if self.chat is not None:
            chat_id = self.chat.id
            self._guarded(lambda: self._store.set_model(chat_id, name))
            self._reload_chat()

    def save_draft(self, text: str) -> None:
        """Keep what the composer holds, for when the chat is opened again."""
        self._meter.set_draft(text)
        if self.chat is None:
            self._new = replace(self._new, draft=text)
        elif text != self.chat.draft:
            chat_id = self.chat.id
            self._guarded(lambda: self._store.set_draft(chat_id, text))
            self.chat = replace(self.chat, draft=text)

    def refresh(self) -> None:
        """Take over what another process, such as `fireside ask`, wrote meanwhile."""
        if not self._store.changed_elsewhere():
            return
        self.chats_changed.emit()
        if self.chat is not None and not self.answering:
            self._reload_chat()
            self._reload_rows(0)

    # Messages

    def send(self, text: str) -> bool:
        """Ask `text` at the end of the open chat. False if nothing came to disk: then nothing was asked either."""
        if not text.strip() or self._is_busy():
            return False
        return self._ask(text, self.rows[-1].message.id if self.rows else None)

    def edit(self, message_id: int, text: str) -> bool:
        """Put `text` beside a message, as a branch. A question is asked, an answer stands as it was written."""
        message = self._path.find(message_id)
        if message is None or not text.strip() or self._is_busy():
            return False
        if message.role is Role.USER:
            return self._ask(text, message.parent_id)
        return self._guarded(
            lambda: self._store.add_message(
                message.chat_id, message.parent_id, message.role, text, State.COMPLETE, model=message.model
            )
        ) and self._moved(message)

    def regenerate(self, message_id: int) -> bool:
        """Answer the question before this answer once more, or this question, as a branch."""
        message = self._path.find(message_id)
        return message is not None and self._have_answered(self._path.question_of(message), self._asking.answer)

    def try_several(self, message_id: int, count: int) -> bool:
        """Have the question before this answer, or this question, answered `count` times at once, as branches.

        See `asking.varied` for how they are kept from being all the same.
        """
        message = self._path.find(message_id)
        return message is not None and self._have_answered(
            self._path.question_of(message), partial(self._asking.try_several, count=count)
        )

    def continue_answer(self, message_id: int) -> bool:
        """Write on where this answer ended. The answer as it was stays, as a branch."""
        message = self._path.find(message_id)
        if message is None or message.role is not Role.ASSISTANT:
            return False
        return self._have_answered(message.parent_id, partial(self._asking.write_on, begun=message))

    def retry(self, message_id: int, overflow: Overflow | None = None) -> bool:
        """Answer again after an error. A failed answer without any text is overwritten.

        `overflow` is what becomes, just this once, of what does not fit: then an answer that was begun is written on.
        """
        message = self._path.find(message_id)
        if message is None or not can_retry(message):
            return False
        if (message.text or message.reasoning) and overflow is None:
            return self.regenerate(message_id)
        return self._have_answered(message.parent_id, partial(self._asking.retry, failed=message, overflow=overflow))

    def stop(self) -> None:
        """End the answers of the open chat; their text so far stays."""
        self._answers.stop(self.shown.id)

    def versions(self, message_id: int) -> list[Row]:
        """A row for each version of a message, the oldest first; none if the message is not shown."""
        return self._path.versions(message_id) if self._path.find(message_id) is not None else []

    def renewed(self, row: Row, message: Message) -> Row:
        """`row`, one of `versions`, with what is new of its message."""
        return self._path.renewed(row, message)

    def select_branch(self, message_id: int, step: int) -> None:
        """Show the sibling of this message that is `step` further, on its newest path."""
        message = self._path.find(message_id)
        if message is None:
            return
        siblings = self._store.siblings(message_id)
        index = siblings.index(message_id) + step
        if 0 <= index < len(siblings):
            leaf = self._store.newest_leaf(siblings[index])
            self._guarded(lambda: self._store.set_leaf(message.chat_id, leaf))
            self._moved(message)

    # How it is done

    def _blank(self) -> Chat:
        return Chat(id=0, title="", created_at=0, updated_at=0, system=self._settings.system)

    def _is_busy(self) -> bool:
        """Whether nothing can be written in the open chat now, which is told."""
        if self.answering:
            self.refused.emit()
        return self.answering

    def _ask(self, text: str, parent_id: int | None) -> bool:
        """Save the question and an empty answer below `parent_id`, then have it answered."""
        path = self._path.down_to(parent_id)
        try:
            if self.chat is None:
                self.chat = self._asking.create_chat(self._new, text)
                self._new = self._blank()
            self._asking.ask(self.chat, path, self.sampling, text)
        except AppError as error:
            self.failed.emit(error)
            return False
        self.save_draft("")
        self._begun(len(path))
        return True

    def _have_answered(self, parent_id: int | None, ask: Callable[[Chat, list[Message], Sampling], object]) -> bool:
        """Have the path down to `parent_id` answered, as `ask` does it. False if nothing was asked."""
        if self.chat is None or self._is_busy():
            return False
        chat, path = self.chat, self._path.down_to(parent_id)
        if not self._guarded(lambda: ask(chat, path, self.sampling)):
            return False
        self._begun(len(path))
        return True

    def _begun(self, first: int) -> None:
        self._reload_chat()
        self._reload_rows(first)
        self._tell()
        self.chats_changed.emit()

    def _moved(self, message: Message) -> bool:
        """The chat's path leads elsewhere from `message`'s parent on."""
        first = self._path.index(message.id)
        self._reload_chat()
        self._reload_rows(first)
        self._tell()
        return True

    def _show(self) -> None:
        self._reload_rows(None)
        self.opened.emit()
        self._tell()

    def _reload_chat(self) -> None:
        if self.chat is not None:
            self.chat = self._store.chat(self.chat.id)

    def _reload_rows(self, first: int | None) -> None:
        """Read the path anew. `first` tells who listens from where on it differs; None tells nobody."""
        self._path.read(self.chat.id if self.chat is not None else None)
        if first is not None:
            self.rows_changed.emit(min(first, len(self.rows)))

    def _update_row(self, message: Message) -> None:
        self.message_changed.emit(message)
        index = self._path.update(message)
        if index is not None:
            self.row_changed.emit(index)

    def _on_ended(self, message: Message) -> None:
        self._update_row(message)
        self.chats_changed.emit()
        if self.chat is not None and message.chat_id == self.chat.id:
            self._tell()

    def _tell(self) -> None:
        """Say whether the open chat is being answered, and how full the context is."""
        self.answering_changed.emit(self.answering)
        self._meter.pause(bool(self._answers.chats()))
        self._meter.show(self._path.messages, self.shown.system, self.sampling, self.shown.draft)

    def _guarded(self, write: Callable[[], object]) -> bool:
        """Whether `write` reached the disk; why not is told by `failed`."""
        try:
            write()
        except AppError as error:
            self.failed.emit(error)
            return False
        return True
