"""`fireside ask`: a question, and its answer as it is written. Both are saved as the window saves them."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType

from desktop.chat.message import Chat, FinishReason, Message, Overflow, Sampling
from desktop.chat.prompt import conversation_of, cut_before, ends_of_turns, title_from, turns_of
from desktop.cli.chats import chat_with
from desktop.cli.command import Command, exit_code
from desktop.cli.terminal import Terminal
from desktop.engine.answer import Happening, answer, ended
from desktop.engine.api import Engine, Finished, Loaded, LoadProgress, PrefillProgress, Request, Token
from desktop.engine.summary import Summarised, Summarising
from desktop.errors import AppError, CannotWrite, LoadCancelled, StoreError
from desktop.store.chats import Store
from desktop.ui.context_words import summarising_line
from desktop.ui.error_text import message_notice
from desktop.ui.i18n import tr
from desktop.ui.model_words import fallback_words, no_draft

# Text that is not on disk yet gets at most this old, so that a kill loses less than a second of it.
_SAVE_S = 0.8


def ask(command: Command, args: argparse.Namespace) -> int:
    """Save the question, then stream the answer to it."""
    text = _question(args.text)
    if not text.strip():
        command.terminal.tell(tr("There is no question. “fireside ask --help” says how to give one."))
        return 2
    if args.alternatives and not args.json:
        command.terminal.tell(tr("--alternatives needs --json."))
        return 2
    store = command.store()
    chat = chat_with(store, args.chat) if args.chat is not None else None
    model = command.model(args.model if args.model is not None else chat.model if chat else None)
    sampling = _sampling(args, chat.sampling if chat and chat.sampling else command.settings.sampling)
    chat = _opened(store, chat, args.system, command.settings.system, text, model.name)
    command.write_answers()
    path = store.path(chat.id)
    question, message = store.add_question(
        chat.id, path[-1].id if path else None, text, model=model.name, sampling=sampling
    )
    turns = turns_of([*path, question], chat.system)
    request = Request(
        command.spec(model),
        turns,
        sampling,
        conversation=conversation_of(chat.id),
        n_alternatives=args.alternatives,
    )
    if model.loading.draft and request.model.draft_path is None:
        command.terminal.tell(no_draft(model.loading.draft))
    overflow = command.settings.overflow if args.overflow is None else args.overflow
    code = _Writing(store, command.terminal, [*path, question], message).write(command.engine(), request, overflow)
    if code == 0:
        with suppress(CannotWrite):
            command.library.note_used(model.name)
    return code


def _question(words: list[str]) -> str:
    if words and words != ["-"]:
        return " ".join(words)
    if not words and sys.stdin.isatty():
        return ""
    return sys.stdin.buffer.read().decode("utf-8", errors="replace")


def _sampling(args: argparse.Namespace, sampling: Sampling) -> Sampling:
    """`sampling` with what the command line says otherwise."""
    said = {name: getattr(args, name) for name in ("temperature", "seed", "max_tokens")}
    return replace(sampling, **{name: value for name, value in said.items() if value is not None})


def _opened(store: Store, chat: Chat | None, system: str | None, default_system: str, text: str, model: str) -> Chat:
    """The chat that goes on, or a new one; with the system prompt `system`, if one is given."""
    if chat is None:
        return store.create_chat(title_from(text), default_system if system is None else system, model)
    if system is not None:
        store.set_system(chat.id, system)
    return store.chat(chat.id)


class _Writing:
    """An answer on its way from the engine to stdout and to the disk."""

    def __init__(self, store: Store, terminal: Terminal, path: list[Message], message: Message) -> None:
        self._store = store
        self._terminal = terminal
        self._path = path
        self._message = message
        self._saved = time.monotonic()
        self._reasoning_since: float | None = None
        self._finished: Finished | None = None

    def write(self, engine: Engine, request: Request, overflow: Overflow) -> int:
        """Have `request` answered by `engine`. Returns the exit code."""
        error: AppError | None = None
        with _stopped_by_signals(engine) as signals:
            try:
                for event in answer(engine, request, overflow, cut_before(self._path, overflow)):
                    self._take(event)
                    if signals:
                        # It may have come between two calls, when there was nothing to stop.
                        engine.stop()
            except AppError as raised:
                error = raised
            except (BrokenPipeError, KeyboardInterrupt):
                # Nobody reads the answer any more, or nobody wants to wait even for its end.
                self._save_end(None)
                raise
        self._save_end(error)
        if error is not None and not isinstance(error, LoadCancelled):
            self._terminal.error(error, chat=self._message.chat_id, message_id=self._message.id)
            return exit_code(error)
        self._tell_end()
        return 128 + signals[0] if signals else 0

    def _take(self, event: Happening) -> None:
        if isinstance(event, Token):
            self._grow(event)
        elif isinstance(event, Finished):
            self._finished = event
        elif isinstance(event, Summarised):
            with suppress(StoreError):
                # A full disk will be told when the answer ends; the next question has a summary written again.
                self._store.set_summary(ends_of_turns(self._path)[event.turns - 1].id, event.text)
        if self._terminal.as_json:
            self._as_json(event)
        else:
            self._as_text(event)

    def _grow(self, token: Token) -> None:
        now = time.monotonic()
        message = self._message
        if token.reasoning:
            if self._reasoning_since is None:
                self._reasoning_since = now
            message = replace(
                message, reasoning=message.reasoning + token.text, reasoning_s=now - self._reasoning_since
            )
        else:
            message = replace(message, text=message.text + token.text)
        self._message = message
        if now - self._saved >= _SAVE_S:
            self._saved = now
            try:
                self._store.update_text(message.id, message.text, message.reasoning)
            except StoreError:
                # The disk may have space again when the answer ends; if not, that will be told.
                return

    def _as_text(self, event: Happening) -> None:
        if isinstance(event, Token):
            if event.reasoning:
                self._terminal.progress(tr("Thinking…"))
            else:
                self._terminal.write(event.text)
        elif isinstance(event, LoadProgress):
            self._terminal.progress(tr("Loading the model… {percent} %", percent=round(event.fraction * 100)))
        elif isinstance(event, Loaded):
            self._tell_loaded(event)
        elif isinstance(event, PrefillProgress):
            self._terminal.progress(
                tr("Reading {read} of {total} tokens", read=f"{event.read:,}", total=f"{event.total:,}")
            )
        elif isinstance(event, Summarising):
            self._terminal.progress(summarising_line(event.turns, event.read, event.total, event.written))

    def _tell_loaded(self, loaded: Loaded) -> None:
        if loaded.fallback is not None:
            self._terminal.tell(fallback_words(loaded.fallback))
        if loaded.lost_draft:
            self._terminal.tell(no_draft(Path(loaded.lost_draft).stem))
        if not loaded.has_template:
            self._terminal.tell(tr("This is a base model: it has not learnt to answer, it continues the text."))

    def _as_json(self, event: Happening) -> None:
        match event:
            case LoadProgress(fraction):
                self._terminal.data({"type": "load", "fraction": fraction})
            case Loaded():
                self._terminal.data({"type": "load", "fraction": 1.0, **asdict(event)})
            case PrefillProgress():
                self._terminal.data({"type": "prefill", **asdict(event)})
            case Summarising(turns, read, total, written):
                self._terminal.data(
                    {"type": "summarising", "messages": turns, "read": read, "total": total, "written": written}
                )
            case Summarised(turns, text):
                self._terminal.data({"type": "summary", "messages": turns, "text": text})
            case Token(text, token_id, reasoning):
                token: dict[str, object] = {"type": "token", "text": text, "id": token_id, "reasoning": reasoning}
                if event.logprob is not None:
                    token["logprob"] = event.logprob
                    token["alternatives"] = [each._asdict() for each in event.alternatives]
                self._terminal.data(token)

    def _save_end(self, error: AppError | None) -> None:
        self._message = ended(self._message, self._finished, error)
        self._store.finish(self._message)

    def _tell_end(self) -> None:
        message, statistics = self._message, self._message.statistics
        if self._terminal.as_json:
            self._terminal.data(
                {
                    "type": "finished",
                    "reason": message.finish or FinishReason.STOPPED,
                    "statistics": asdict(statistics) if statistics else None,
                    "seed": message.sampling.seed if message.sampling else None,
                    "chat": message.chat_id,
                    "message": message.id,
                    "model": message.model,
                }
            )
        elif message.text and not message.text.endswith("\n"):
            self._terminal.line("")
        if notice := message_notice(message):
            self._terminal.tell(notice)
        if statistics is not None and statistics.generated_tokens:
            self._terminal.tell(
                tr(
                    "{speed} tok/s · first token after {wait} s · {used} of {n_ctx} tokens of context · chat {chat}",
                    speed=f"{statistics.decode_tokens_per_s:.1f}",
                    wait=f"{statistics.time_to_first_token_s:.2f}",
                    used=f"{statistics.prompt_tokens + statistics.generated_tokens:,}",
                    n_ctx=f"{statistics.n_ctx:,}",
                    chat=message.chat_id,
                )
            )


@contextmanager
def _stopped_by_signals(engine: Engine) -> Iterator[list[int]]:
    """Ctrl+C and a polite kill stop the answer and let it be saved; the signals that came are listed.

    A second Ctrl+C is a KeyboardInterrupt.
    """
    came: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)
        # Not here: the signal may have come while this very thread holds the engine's lock.
        threading.Thread(target=engine.stop, daemon=True).start()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
