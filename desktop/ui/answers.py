"""The answers that are being written: from the engine's events to messages on disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.chat.message import Message
from desktop.chat.prompt import conversation_of
from desktop.engine.answer import Fitted, answer, ended
from desktop.engine.api import Finished, Loaded, LoadEvent, LoadProgress, PrefillProgress, Request, Token
from desktop.errors import AppError, StoreError
from desktop.store.chats import Store
from desktop.ui.context_words import reading_line
from desktop.ui.engine_thread import EngineThread, Job, Produced
from desktop.ui.i18n import tr
from desktop.ui.models.choice import Models

# Text that is not on disk yet gets at most this old, so that a kill loses less than a second of it.
_SAVE_MS = 800
# What the first moments of reading say about its end is no use.
_TELLING_S = 1.0


@dataclass(eq=False)
class Answer:
    """An answer that is being written, or waits for its turn. `message` holds the text so far."""

    message: Message
    request: Request
    progress: str = ""
    """What happens before the first token, worded."""
    reading_since: float | None = None
    job: Job | None = None
    finished: Finished | None = None
    ended: bool = False
    reasoning_since: float | None = None
    unsaved: bool = False

    def reading(self, progress: PrefillProgress) -> str:
        """How far the reading of the prompt is, worded; with the time left, once that can be told."""
        now = time.monotonic()
        if self.reading_since is None:
            self.reading_since = now
        read, total = progress.read - progress.reused, progress.total - progress.reused
        took = now - self.reading_since
        left_s = took / read * (total - read) if read and took >= _TELLING_S else None
        return reading_line(read, total, left_s)


class Answers(QObject):
    """Writes answers, one after another, and keeps each on disk while it grows.

    Signals:
        grew(answer: Answer): its text, reasoning or progress differs; once a frame at most
        ended(message: Message): it has its last state
        failed(error: AppError): answers cannot be written to disk; they are kept in memory and tried again
    """

    grew = Signal(object)
    ended = Signal(object)
    failed = Signal(object)

    def __init__(self, store: Store, engine: EngineThread, models: Models, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._engine = engine
        self._models = models
        self._answers: dict[int, Answer] = {}
        self._disk_failed = False
        self._saving = QTimer(self)
        self._saving.setSingleShot(True)
        self._saving.setInterval(_SAVE_MS)
        self._saving.timeout.connect(self.save)

    def begin(self, message: Message, request: Request) -> None:
        """Write `message`, an empty or continued answer that is on disk as STREAMING, with what the engine says."""
        request = replace(request, conversation=conversation_of(message.chat_id))
        writing = Answer(message, request, progress=self._waiting())
        job = Job(
            work=lambda engine: answer(engine, request),
            on_events=lambda events: self._on_events(writing, events),
            on_done=lambda error: self._on_done(writing, error),
        )
        writing.job = job
        self._answers[message.id] = writing
        self._engine.submit(job)

    def get(self, message_id: int) -> Answer | None:
        """The answer with this message id, if it is still being written."""
        return self._answers.get(message_id)

    def of_chat(self, chat_id: int) -> list[Answer]:
        """The answers of this chat that are still being written."""
        return [each for each in self._answers.values() if each.message.chat_id == chat_id and not each.ended]

    def chats(self) -> set[int]:
        """The ids of the chats that are being answered."""
        return {each.message.chat_id for each in self._answers.values() if not each.ended}

    def stop(self, chat_id: int) -> None:
        """End the answers of this chat; their text so far stays."""
        for writing in self.of_chat(chat_id):
            if writing.job is not None:
                self._engine.cancel(writing.job)

    def save(self) -> None:
        """Write to disk what is not there yet."""
        for writing in list(self._answers.values()):
            if writing.ended:
                self._finish(writing)
            elif writing.unsaved:
                self._guard_disk(partial(self._save, writing))
        if any(each.unsaved or each.ended for each in self._answers.values()):
            self._saving.start()

    def _waiting(self) -> str:
        if any(not each.ended for each in self._answers.values()):
            return tr("Waiting for another answer to end")
        return ""

    def _on_events(self, writing: Answer, events: list[Produced]) -> None:
        text: list[str] = []
        reasoning: list[str] = []
        for event in events:
            if isinstance(event, Token):
                (reasoning if event.reasoning else text).append(event.text)
            else:
                self._on_event(writing, event)
        if text or reasoning:
            self._append(writing, "".join(text), "".join(reasoning))
        self.grew.emit(writing)

    def _on_event(self, writing: Answer, event: Produced) -> None:
        if isinstance(event, LoadEvent):
            self._models.on_load_event(writing.request.model, event)
        if isinstance(event, LoadProgress):
            writing.progress = tr("Loading the model… {percent} %", percent=round(event.fraction * 100))
        elif isinstance(event, Loaded | Fitted):
            writing.progress = tr("Thinking…")
        elif isinstance(event, PrefillProgress) and event.total - event.reused > 1:
            # A short prompt is read before anybody could read how far it is.
            writing.progress = writing.reading(event)
        elif isinstance(event, Finished):
            writing.finished = event

    def _append(self, writing: Answer, text: str, reasoning: str) -> None:
        now = time.monotonic()
        message = writing.message
        if reasoning and writing.reasoning_since is None:
            writing.reasoning_since = now
        reasoning_s = message.reasoning_s
        if writing.reasoning_since is not None and not message.text:
            reasoning_s = now - writing.reasoning_since
        writing.message = replace(
            message, text=message.text + text, reasoning=message.reasoning + reasoning, reasoning_s=reasoning_s
        )
        writing.progress = ""
        writing.unsaved = True
        if not self._saving.isActive():
            self._saving.start()

    def _on_done(self, writing: Answer, error: BaseException | None) -> None:
        writing.ended = True
        writing.message = ended(writing.message, writing.finished, error)
        if isinstance(error, AppError):
            self._models.on_load_error(error)
        self._finish(writing)
        self.ended.emit(writing.message)
        if error is not None and not isinstance(error, AppError):
            raise error

    def _finish(self, writing: Answer) -> None:
        if self._guard_disk(lambda: self._store.finish(writing.message)):
            del self._answers[writing.message.id]
        else:
            self._saving.start()

    def _save(self, writing: Answer) -> None:
        message = writing.message
        self._store.update_text(message.id, message.text, message.reasoning)
        writing.unsaved = False

    def _guard_disk(self, write: Callable[[], object]) -> bool:
        """Whether `write` reached the disk. The first failure of a row is told; the text stays in memory."""
        try:
            write()
        except StoreError as error:
            if not self._disk_failed:
                self._disk_failed = True
                self.failed.emit(error)
            return False
        self._disk_failed = False
        return True
