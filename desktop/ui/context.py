"""How full the context is, and what the next send would leave out: told before it happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.chat.message import Message, Role, Sampling, State
from desktop.chat.prompt import conversation_of, turns_of
from desktop.engine.api import Engine, Request
from desktop.engine.overflow import Fitted, fit
from desktop.errors import AppError, PromptTooLong
from desktop.ui.context_words import ContextUse
from desktop.ui.engine_thread import EngineThread, Job, Produced
from desktop.ui.models.choice import Models, ModelState

# How long the draft must rest before it is counted.
_REST_MS = 500
# The speed of reading fewer tokens than this says little.
_TELLING_TOKENS = 32


class ContextMeter(QObject):
    """Measures the open chat and its draft with the loaded model, when both have rested for a moment.

    Signals:
        changed(): `use` differs
    """

    changed = Signal()

    def __init__(self, engine: EngineThread, models: Models, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._models = models
        self._path: Sequence[Message] = ()
        self._system = ""
        self._sampling = Sampling()
        self._draft = ""
        self._paused = False
        self._reads_per_s = 0.0
        """How fast the model has read lately."""
        self._round = 0
        self.use: ContextUse | None = None
        """None where nothing is known yet."""
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._measure)
        models.changed.connect(self._rest.start)

    def show(self, path: Sequence[Message], system: str, sampling: Sampling, draft: str) -> None:
        """Another chat, or the open one after it changed. At first its newest answer's statistics tell."""
        self._path, self._system, self._sampling, self._draft = path, system, sampling, draft
        newest = next((each.statistics for each in reversed(path) if each.statistics), None)
        n_ctx = self._models.loaded.n_ctx if self._models.loaded else newest.n_ctx if newest else 0
        if newest is not None and newest.prompt_tokens - newest.reused_tokens >= _TELLING_TOKENS:
            self._reads_per_s = newest.prefill_tokens_per_s
        used = newest.prompt_tokens + newest.generated_tokens if newest else 0
        self._set(ContextUse(used, n_ctx) if n_ctx else None)
        self._rest.start()

    def set_draft(self, draft: str) -> None:
        """The composer holds this now."""
        self._draft = draft
        self._rest.start()

    def pause(self, paused: bool) -> None:
        """While an answer is being written the engine has no time to measure."""
        self._paused = paused
        if not paused:
            self._rest.start()

    def _measure(self) -> None:
        loaded = self._models.loaded
        if loaded is None or self._models.state is not ModelState.READY or self._paused:
            return
        question = Message(0, 0, None, Role.USER, State.COMPLETE, self._draft, 0)
        turns = turns_of([*self._path, question], self._system)
        if not turns:
            return
        conversation = conversation_of(self._path[-1].chat_id) if self._path else ""
        request = Request(self._models.spec(), turns, self._sampling, conversation=conversation)
        n_ctx = loaded.n_ctx
        self._round += 1
        this_round = self._round

        def work(engine: Engine) -> Iterator[Produced]:
            yield fit(engine, request, n_ctx)

        def on_events(events: list[Produced]) -> None:
            fitted = events[-1]
            if isinstance(fitted, Fitted) and this_round == self._round:
                unread = fitted.prompt_tokens - fitted.known_tokens
                reading_s = unread / self._reads_per_s if self._reads_per_s else None
                self._set(
                    ContextUse(fitted.prompt_tokens, n_ctx, fitted.left_out, unread_tokens=unread, reading_s=reading_s)
                )

        def on_done(error: BaseException | None) -> None:
            if isinstance(error, PromptTooLong) and this_round == self._round:
                self._set(ContextUse(error.prompt_tokens, n_ctx, too_long=True))
            elif error is not None and not isinstance(error, AppError):
                raise error

        self._engine.submit(Job(work, on_events, on_done))

    def _set(self, use: ContextUse | None) -> None:
        if use != self.use:
            self.use = use
            self.changed.emit()
