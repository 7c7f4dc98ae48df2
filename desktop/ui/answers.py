"""The answers that are being written: from the engine's events to messages on disk."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.chat.message import Message, Overflow, State
from desktop.chat.prompt import conversation_of, cut_before, ends_of_turns
from desktop.engine.answer import answer, ended
from desktop.engine.api import Finished, Loaded, LoadEvent, LoadProgress, PrefillProgress, Request, Token
from desktop.engine.overflow import Fitted
from desktop.engine.summary import Summarised, Summarising
from desktop.errors import AppError, StoreError
from desktop.store.chats import Store
from desktop.ui.context_words import reading_line, summarising_line
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
    progress: str = ""
    """What happens before the first token, worded."""
    ended: bool = False
    interrupted: bool = False
    """Fireside is being closed, and the user has not stopped it before."""
    reasoning_since: float | None = None
    unsaved: bool = False


@dataclass(eq=False)
class Writing:
    """One request, and the answers to it, which the engine writes together."""

    request: Request
    path: Sequence[Message]
    """Down to the question, or to the answer that is continued."""
    answers: list[Answer]
    job: Job | None = None
    reading_since: float | None = None

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
    """Writes answers, those to one request together, and keeps each on disk while it grows.

    Signals:
        grew(answer: Answer): its text, reasoning or progress differs; once a frame at most
        ended(message: Message): it has its last state
        summarised(message: Message): it has a summary of the path down to it now
        failed(error: AppError): answers cannot be written to disk; they are kept in memory and tried again
    """

    grew = Signal(object)
    ended = Signal(object)
    summarised = Signal(object)
    failed = Signal(object)

    def __init__(self, store: Store, engine: EngineThread, models: Models, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._engine = engine
        self._models = models
        self._writings: list[Writing] = []
        self._answers: dict[int, Answer] = {}
        self._disk_failed = False
        self._saving = QTimer(self)
        self._saving.setSingleShot(True)
        self._saving.setInterval(_SAVE_MS)
        self._saving.timeout.connect(self.save)

    def begin(self, messages: Sequence[Message], request: Request, path: Sequence[Message], overflow: Overflow) -> None:
        """Write `messages` with what the engine says: the answers to `request`, in their order.

        They are on disk as STREAMING, all empty; or the only one is to be continued. `path` is what the request's turns
        were made of; what does not fit the context of it is treated as `overflow` says.
        """
        request = replace(request, conversation=conversation_of(messages[0].chat_id), n_answers=len(messages))
        waiting = self._waiting()
        before = cut_before(path, overflow)
        writing = Writing(request, path, [Answer(message, progress=waiting) for message in messages])
        writing.job = Job(
            work=lambda engine: answer(engine, request, overflow, before),
            on_events=lambda events: self._on_events(writing, events),
            on_done=lambda error: self._on_done(writing, error),
        )
        self._writings.append(writing)
        self._answers.update((each.message.id, each) for each in writing.answers)
        self._engine.submit(writing.job)

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
        for writing in self._writings:
            if writing.job is not None and writing.answers[0].message.chat_id == chat_id:
                self._engine.cancel(writing.job)

    def interrupt(self) -> None:
        """Fireside is being closed, which stops all answers: those that the user has not stopped end INTERRUPTED."""
        for writing in self._writings:
            if writing.job is not None and not writing.job.cancelled.is_set():
                for each in writing.answers:
                    each.interrupted = True

    def save(self) -> None:
        """Write to disk what is not there yet."""
        for each in list(self._answers.values()):
            if each.ended:
                self._finish(each)
            elif each.unsaved:
                self._guard_disk(partial(self._save, each))
        if any(each.unsaved or each.ended for each in self._answers.values()):
            self._saving.start()

    def _waiting(self) -> str:
        if any(not each.ended for each in self._answers.values()):
            return tr("Waiting for another answer to end")
        return ""

    def _on_events(self, writing: Writing, events: list[Produced]) -> None:
        said: dict[int, list[Token]] = defaultdict(list)
        for event in events:
            if isinstance(event, Token):
                said[event.answer].append(event)
            elif not isinstance(event, Finished):
                self._on_progress(writing, event)
        for number, tokens in said.items():
            self._append(writing.answers[number], tokens)
        for event in events:
            if isinstance(event, Finished):
                self._end(writing.answers[event.answer], event, None)

    def _on_progress(self, writing: Writing, event: Produced) -> None:
        progress = None
        if isinstance(event, LoadEvent):
            self._models.on_load_event(writing.request.model, event)
        elif isinstance(event, Summarised):
            self._keep_summary(writing, event)
        if isinstance(event, LoadProgress):
            progress = tr("Loading the model… {percent} %", percent=round(event.fraction * 100))
        elif isinstance(event, Loaded | Fitted):
            progress = tr("Thinking…")
        elif isinstance(event, Summarising):
            progress = summarising_line(event.turns, event.read, event.total, event.written)
        elif isinstance(event, PrefillProgress) and event.total - event.reused > 1:
            # A short prompt is read before anybody could read how far it is.
            progress = writing.reading(event)
        if progress is not None:
            for each in writing.answers:
                each.progress = progress
                self.grew.emit(each)

    def _keep_summary(self, writing: Writing, event: Summarised) -> None:
        """It belongs to the last message that it stands for: there every branch below finds it."""
        message = ends_of_turns(writing.path)[event.turns - 1]
        if self._guard_disk(lambda: self._store.set_summary(message.id, event.text)):
            self.summarised.emit(replace(message, summary=event.text))

    def _append(self, writing: Answer, tokens: Sequence[Token]) -> None:
        text = "".join(token.text for token in tokens if not token.reasoning)
        reasoning = "".join(token.text for token in tokens if token.reasoning)
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
        self.grew.emit(writing)

    def _on_done(self, writing: Writing, error: BaseException | None) -> None:
        self._writings.remove(writing)
        if isinstance(error, AppError):
            self._models.on_load_error(error)
        for each in writing.answers:
            if not each.ended:
                self._end(each, None, error)
        if error is not None and not isinstance(error, AppError):
            raise error

    def _end(self, writing: Answer, finished: Finished | None, error: BaseException | None) -> None:
        writing.ended = True
        writing.message = ended(writing.message, finished, error)
        if writing.interrupted and writing.message.state is State.STOPPED:
            writing.message = replace(writing.message, state=State.INTERRUPTED, finish=None)
        self._finish(writing)
        self.ended.emit(writing.message)

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
