"""An engine that says what it is told: for tests, screenshots and `--demo`."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence

from desktop.chat.message import FinishReason, Statistics
from desktop.engine.api import (
    Event,
    Finished,
    Loaded,
    LoadEvent,
    LoadProgress,
    ModelSpec,
    PrefillProgress,
    Prompt,
    Request,
    Token,
    Tuning,
)
from desktop.errors import AppError, LoadCancelled

Reply = Sequence[str | AppError | threading.Event]
"""What one answer consists of: texts are said word by word, an error is raised, an event is waited for."""

_WORD = re.compile(r"\s*\S+|\s+")
_THINK = re.compile(r"(<think>|</think>)")


class ScriptedEngine:
    """Gives `replies` one after another, then from the start again. A token is a word with the space before it.

    Several answers to one request are the next replies, said word by word in turns.
    `<think>` and `</think>` in a reply mark reasoning. `pace_s` is the time that a token takes.
    """

    def __init__(self, replies: Sequence[Reply | str], *, n_ctx: int = 4096, pace_s: float = 0.0) -> None:
        self.requests: list[Request] = []
        """What was asked, for tests to look at."""
        self._given = 0
        self._replies = [[reply] if isinstance(reply, str) else list(reply) for reply in replies]
        self._n_ctx = n_ctx
        self._pace_s = pace_s
        self._loaded: ModelSpec | None = None
        self._stop = threading.Event()
        self._running = False

    def load(self, model: ModelSpec) -> Iterator[LoadEvent]:
        """See `Engine.load`. Every model loads."""
        if self._loaded != model:
            self._begin()
            for percent in (0, 50, 100):
                if self._stop.is_set():
                    raise LoadCancelled
                yield LoadProgress(percent / 100)
            self._running = False
        self._loaded = model
        n_ctx = model.n_ctx or self._n_ctx
        yield Loaded(
            n_ctx=n_ctx,
            n_ctx_train=n_ctx,
            n_layers=1,
            n_gpu_layers=0,
            has_template=True,
            size_bytes=0,
            load_s=0.0,
            kv_type=model.kv_type or "f16",
        )

    def generate(self, request: Request) -> Iterator[Event]:
        """See `Engine.generate`."""
        if self._loaded != request.model:
            yield from self.load(request.model)
        self.requests.append(request)
        self._begin()
        try:
            prompt_tokens = self.prompt(request).n_tokens
            yield PrefillProgress(prompt_tokens, prompt_tokens, 0)
            answers = [self._say(self._next_reply(), request, answer) for answer in range(request.n_answers)]
            while answers:
                for each in list(answers):
                    event = next(each, None)
                    if event is None:
                        answers.remove(each)
                    else:
                        yield event
        finally:
            self._running = False

    def prompt(self, request: Request) -> Prompt:
        """See `Engine.prompt`. The prompt is one line a turn."""
        text = "\n".join(f"{turn.role}: {turn.text}" for turn in request.turns)
        return Prompt(text, len(_WORD.findall(text)))

    def tune(self, _model: ModelSpec) -> Tuning | None:
        """See `Engine.tune`. There is nothing to measure."""
        return None

    def stop(self) -> None:
        """See `Engine.stop`."""
        if self._running:
            self._stop.set()

    def unload(self) -> None:
        """See `Engine.unload`."""
        self._loaded = None

    def close(self) -> None:
        """See `Engine.close`."""
        self.stop()
        self.unload()

    def _begin(self) -> None:
        self._stop.clear()
        self._running = True

    def _next_reply(self) -> Reply:
        self._given += 1
        return self._replies[(self._given - 1) % len(self._replies)]

    def _say(self, reply: Reply, request: Request, answer: int) -> Iterator[Event]:
        prompt_tokens = self.prompt(request).n_tokens
        started = time.monotonic()
        n_tokens, reason, said = 0, FinishReason.END, ""
        limit = request.sampling.max_tokens
        for word, thinking in self._words(reply):
            if self._stop.wait(self._pace_s) if self._pace_s else self._stop.is_set():
                reason = FinishReason.STOPPED
                break
            if limit is not None and n_tokens >= limit:
                reason = FinishReason.LENGTH
                break
            before = len(said)
            said += word
            ends = [at for at in (said.find(stop) for stop in request.sampling.stop) if at >= 0]
            if ends:
                yield Token(said[before : min(ends)], n_tokens, thinking, answer)
                reason = FinishReason.STOP_WORD
                break
            yield Token(word, n_tokens, thinking, answer)
            n_tokens += 1
        speed = n_tokens / max(time.monotonic() - started, 1e-6)
        statistics = Statistics(prompt_tokens, 0, n_tokens, 0.0, speed, speed, request.model.n_ctx or self._n_ctx)
        yield Finished(reason, statistics, (request.sampling.seed or 0) + answer, answer=answer)

    def _words(self, reply: Reply) -> Iterator[tuple[str, bool]]:
        """The words of a reply, each with whether it is reasoning."""
        thinking = False
        for piece in reply:
            if isinstance(piece, AppError):
                raise piece
            if isinstance(piece, threading.Event):
                while not (piece.wait(0.01) or self._stop.is_set()):
                    pass
                continue
            for part in _THINK.split(piece):
                if part in ("<think>", "</think>"):
                    thinking = part == "<think>"
                else:
                    yield from ((word, thinking) for word in _WORD.findall(part))
