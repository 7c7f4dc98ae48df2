"""How full the context is, and what the next send would leave out: told before it happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.chat.message import Message, Overflow, Role, Sampling, State
from desktop.chat.prompt import conversation_of, cut_before, turns_of
from desktop.engine.api import Engine, Request
from desktop.errors import AppError, PromptTooLong
from desktop.ui.context_ways import Speed, measure
from desktop.ui.context_words import ContextUse
from desktop.ui.engine_thread import EngineThread, Job, Produced
from desktop.ui.models.choice import Models, ModelState

# How long the draft must rest before it is counted.
_REST_MS = 500


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
        self._overflow = Overflow.DROP
        self._paused = False
        self._model = self._model_name()
        self._speeds: dict[str, Speed] = {}
        """By the models' names: what one reads in a moment takes another minutes."""
        self._round = 0
        self.use: ContextUse | None = None
        """None where nothing is known yet."""
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._measure)
        models.changed.connect(self._on_models_changed)

    def show(self, path: Sequence[Message], system: str, sampling: Sampling, draft: str) -> None:
        """Another chat, or the open one after it changed. At first its newest answer's statistics tell."""
        self._path, self._system, self._sampling, self._draft = path, system, sampling, draft
        answer = next((each for each in reversed(path) if each.statistics), None)
        if answer is not None and answer.model and answer.statistics is not None:
            self._speeds[answer.model] = self._speeds.get(answer.model, Speed()).after(answer.statistics)
        self._begin()

    def set_draft(self, draft: str) -> None:
        """The composer holds this now."""
        self._draft = draft
        self._rest.start()

    def set_overflow(self, overflow: Overflow) -> None:
        """What becomes of what does not fit."""
        if overflow is self._overflow:
            return
        self._overflow = overflow
        if self.use is not None and any(way.overflow is overflow for way in self.use.ways):
            # Who has just chosen it reads at once what it means; its exact cost follows.
            self._set(replace(self.use, chosen=overflow))
        self._rest.start()

    def pause(self, paused: bool) -> None:
        """While an answer is being written the engine has no time to measure."""
        self._paused = paused
        if not paused:
            self._rest.start()

    def _begin(self) -> None:
        """Tell what the newest answer's statistics say, until it is measured; what is measured now was another case."""
        self._round += 1
        newest = next((each.statistics for each in reversed(self._path) if each.statistics), None)
        n_ctx = self._models.loaded.n_ctx if self._models.loaded else newest.n_ctx if newest else 0
        used = newest.prompt_tokens + newest.generated_tokens if newest else 0
        self._set(ContextUse(used, n_ctx) if n_ctx else None)
        self._rest.start()

    def _on_models_changed(self) -> None:
        if self._model == (model := self._model_name()):
            self._rest.start()
        else:
            self._model = model
            self._begin()

    def _model_name(self) -> str:
        return self._models.current.name if self._models.current is not None else ""

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
        # A model that only continues texts cannot be asked for a summary.
        ways = [each for each in Overflow if each is not Overflow.SUMMARISE or not self._models.is_base]
        chosen = self._overflow if self._overflow in ways else Overflow.DROP
        before = {way: cut_before(self._path, way) for way in ways}
        n_ctx, speed = loaded.n_ctx, self._speeds.get(self._model, Speed())
        found: list[ContextUse] = []
        self._round += 1
        this_round = self._round

        def work(engine: Engine) -> Iterator[Produced]:
            found.append(measure(engine, request, n_ctx, before, chosen, speed))
            yield from ()

        def on_done(error: BaseException | None) -> None:
            if this_round == self._round:
                if isinstance(error, PromptTooLong):
                    self._set(ContextUse(error.prompt_tokens, n_ctx, too_long=True))
                elif found:
                    self._set(found[0])
            if error is not None and not isinstance(error, AppError):
                raise error

        self._engine.submit(Job(work, lambda _: None, on_done))

    def _set(self, use: ContextUse | None) -> None:
        if use != self.use:
            self.use = use
            self.changed.emit()
