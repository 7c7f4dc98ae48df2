"""The engine process: tasks come in on stdin, events go out on stdout, everything said goes to stderr, the log.

`desktop/engine/wire.py` says what the lines are. The main thread works; a second one reads stdin, so that a `Stop` is
heard while the main thread is in native code, and the end of stdin too: the parent is gone, and so is this process.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, BinaryIO

from desktop.engine.api import LoadProgress, ModelSpec, Token
from desktop.engine.wire import (
    Answer,
    Bug,
    Call,
    Describe,
    Done,
    Failed,
    Generate,
    Hello,
    Keep,
    Load,
    Render,
    Reply,
    Stop,
    Task,
    Tune,
    Use,
    decode,
    encode,
)
from desktop.errors import AppError, EngineCrashed

if TYPE_CHECKING:
    from desktop.engine.llama.draft import Draft
    from desktop.engine.llama.generate import Generator
    from desktop.engine.llama.model import Model
    from desktop.engine.llama.states import KeptStates
    from desktop.engine.llama.stopping import StopSwitch

_REST_S = 0.5
"""After so long without a call what was read is kept. Sooner, the next question of a quick user would wait for it."""
_GATHER_S = 0.03
"""Tokens that come faster than this share a line: each line wakes the reader at the other end, on a core that is wanted
for the next token. The window shows fewer pictures a second."""


def main() -> None:
    """Serve the parent until it goes."""
    outbox = Outbox(_claim_stdout())
    _be_a_good_neighbour()
    inbox = Inbox()
    # Only now: it takes a third of a second, in which the parent may go already.
    from desktop.engine.llama.library import llama_cpp, start
    from desktop.engine.llama.stopping import StopSwitch

    start()
    switch = StopSwitch()
    inbox.attach(switch)
    outbox.send(0, [Hello(gpu=bool(llama_cpp.llama_supports_gpu_offload()))])
    Engine(inbox, outbox, switch).serve()


class Outbox:
    """Writes replies. Tokens are gathered, but the first and whatever is no token goes out at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._gathered: list[Answer] = []
        self._gather_until = 0.0

    def put(self, number: int, event: Answer) -> None:
        """One event of the call of that number."""
        self._gathered.append(event)
        if not isinstance(event, Token):
            self._gather_until = 0.0  # the token after it is an answer's first
        elif (now := time.monotonic()) < self._gather_until:
            return
        else:
            self._gather_until = now + _GATHER_S
        self.send(number, self._gathered)
        self._gathered = []

    def send(self, number: int, events: list[Answer]) -> None:
        """These events in one line, now."""
        self._file.write(encode(Reply(number, tuple(events))))
        self._file.flush()


class Inbox:
    """Reads what the parent says, in a thread of its own."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Call] = SimpleQueue()
        self._switch: StopSwitch | None = None
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def attach(self, switch: StopSwitch) -> None:
        """From now on stops turn `switch`. The parent sends nothing before it has heard `Hello`."""
        self._switch = switch

    def next_call(self, timeout_s: float | None = None) -> Call | None:
        """The next task; waits for it, at most for so long. None: there was none."""
        try:
            return self._calls.get(timeout=timeout_s)
        except Empty:
            return None

    def _read(self) -> None:
        try:
            for line in sys.stdin.buffer:
                message = decode(line)
                if isinstance(message, Stop) and self._switch is not None:
                    self._switch.stop(message.number)
                elif isinstance(message, Call):
                    self._calls.put(message)
        finally:
            # The parent is gone or talks nonsense. The main thread may be in the middle of a long computation or of a
            # load, and nothing here needs saving.
            os._exit(0)


class Engine:
    """Does one task after another."""

    def __init__(self, inbox: Inbox, outbox: Outbox, switch: StopSwitch) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._switch = switch
        self._generator: Generator | None = None

    def serve(self) -> None:
        """For ever: the inbox ends the process."""
        while True:
            call = self._inbox.next_call(_REST_S if self._generator is not None else None)
            if call is None and self._generator is not None:
                self._generator.rest()
                call = self._inbox.next_call()
            if call is None:
                continue
            self._switch.begin(call.number)
            try:
                for event in self._events(call):
                    self._outbox.put(call.number, event)
                self._outbox.put(call.number, Done())
            except AppError as error:
                if isinstance(error, EngineCrashed):
                    self._generator = None  # good for nothing any more: the parent ends this process
                self._outbox.put(call.number, Failed(error))
            except Exception:  # noqa: BLE001  a bug ends its call, and the parent reports it
                traceback.print_exc()
                self._outbox.put(call.number, Bug(traceback.format_exc()))
            self._switch.end()

    def _events(self, call: Call) -> Iterator[Answer]:
        task: Task = call.task
        if isinstance(task, Load):
            from desktop.engine.llama.generate import Generator

            model, draft = self._load(
                task.model, lambda fraction: self._outbox.put(call.number, LoadProgress(fraction))
            )
            self._generator = Generator(model, self._switch, _states(task, model), draft)
            if task.tuning is not None:
                self._generator.set_tuning(task.tuning)
            # Measured again: a draft model is in it now.
            yield replace(model.loaded, memory_bytes=model.taken_bytes())
        elif isinstance(task, Describe):
            from desktop.engine.llama.devices import describe

            yield describe()
        elif self._generator is None:
            raise RuntimeError("no model is loaded")
        elif isinstance(task, Keep):
            self._generator.rest()
        elif isinstance(task, Tune):
            if (tuning := self._generator.tune()) is not None:
                yield tuning
        elif isinstance(task, Use):
            self._generator.set_tuning(task.tuning)
        elif isinstance(task, Render):
            yield self._generator.prompt(task.request)
        elif isinstance(task, Generate):
            yield from self._generator.generate(task.request)

    def _load(self, spec: ModelSpec, on_progress: Callable[[float], None]) -> tuple[Model, Draft | None]:
        """The model, and its draft model if it has one; the progress is that of both, by their files' sizes."""
        from desktop.engine.llama.draft import Draft
        from desktop.engine.llama.model import Model

        if spec.draft_path is None:
            return Model(spec, on_progress), None
        large, small = _size(spec.path), _size(spec.draft_path)
        share = large / max(1, large + small)
        model = Model(spec, lambda fraction: on_progress(share * fraction))
        rest = 1.0 - share
        draft = Draft(spec.draft_path, model, spec, self._switch, lambda fraction: on_progress(share + rest * fraction))
        return model, draft


def _size(path: str) -> int:
    """In bytes; 0 of a file that is gone: who loads it says so."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _states(task: Load, model: Model) -> KeptStates | None:
    """Where what is read is kept, if that is wanted and possible."""
    if not task.states:
        return None
    from desktop.engine.llama.states import KeptStates, fingerprint

    try:
        found = fingerprint(Path(task.model.path), *model.depends_on)
    except OSError:
        return None
    return KeptStates(Path(task.states), found, task.states_bytes)


def _claim_stdout() -> BinaryIO:
    """Stdout for replies alone: what native code prints there goes to stderr from now on."""
    mine = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(mine, "wb")


def _be_a_good_neighbour() -> None:
    """Leave a trace in the log, no dump of a user's chat on the disk; be the one that goes when memory runs out."""
    faulthandler.enable()
    # What is kept of a conversation is for its owner alone.
    os.umask(0o077)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # Linux only
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


if __name__ == "__main__":
    main()
