"""Runs a GGUF model on this computer: the parent's half. The engine process (`llama/`) does the work.

A process loads one model in its life, and unloading ends it: that gives back all memory, the GPU's too, and a model
never meets what another left behind. A process that dies takes its answer with it, and the next request starts a new
one.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from desktop.engine import computer
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
    SystemInfo,
    Token,
)
from desktop.engine.ladder import PlainPlanner, Planner, fallback
from desktop.engine.process import COMMAND, EngineProcess, cpu_lacks, crash_of
from desktop.engine.refuse import refuse_bad_file
from desktop.engine.wire import Answer, Bug, Call, Describe, Done, Failed, Generate, Hello, Load, Render, Stop, Task
from desktop.errors import (
    AppError,
    BadModelFile,
    Crash,
    EngineCrashed,
    EngineUnavailable,
    Flaw,
    LoadCancelled,
    ModelDoesNotFit,
    NoSuchModel,
    TemplateFailed,
    TemplateFault,
)

RENDER_LIMIT_S = 20.0
"""A process that renders and tokenises for longer is ended. Its own limits are tighter: this is for when they fail."""

Kind = TypeVar("Kind")


class EngineBug(Exception):
    """The engine process met what should never happen; its traceback."""


@dataclass(eq=False)
class _Run:
    """What the engine does now, for `stop` to end it from another thread."""

    during: str = ""
    """As `EngineCrashed.during` has it."""
    call: int = 0
    """The number of the call that the process works on, 0 between calls."""
    stopped: bool = False
    expired: bool = False
    """Whether the process was ended because it rendered for too long."""


class LocalEngine:
    """An `Engine` in a process of its own, which is started when first needed and logs to the file at `log`.

    `planner` decides how models are loaded; by default as they are asked for, else on the processor.
    """

    def __init__(
        self,
        log: Path,
        *,
        planner: Planner | None = None,
        command: Sequence[str] = COMMAND,
        render_limit_s: float = RENDER_LIMIT_S,
    ) -> None:
        self._log = log
        self._planner: Planner = planner or PlainPlanner()
        self._command = command
        self._render_limit_s = render_limit_s
        self._process: EngineProcess | None = None
        self._hello: Hello | None = None
        self._loaded: tuple[ModelSpec, Loaded] | None = None
        self._attempt: ModelSpec | None = None
        """How the loaded model was loaded."""
        self._free_bytes = 0
        """Before the model was loaded."""
        self._calls = 0
        self._run: _Run | None = None
        # Guards _run and what is sent or killed in its name, so that a stop hits the run that it was meant for.
        self._lock = threading.Lock()

    def load(self, model: ModelSpec) -> Iterator[LoadEvent]:
        """See `Engine.load`."""
        with self._running() as run:
            if self._loaded is not None and self._loaded[0] == model:
                yield self._loaded[1]
            else:
                yield from self._load(run, model)

    def generate(self, request: Request) -> Iterator[Event]:
        """See `Engine.generate`."""
        with self._running() as run:
            if self._loaded is None or self._loaded[0] != request.model:
                yield from self._load(run, request.model)
            with self._limited(run) as limit:
                for event in self._call(run, "template", Generate(request)):
                    if isinstance(event, PrefillProgress):
                        limit.cancel()
                        run.during = "prefill"
                    elif isinstance(event, Token):
                        run.during = "decode"
                    if isinstance(event, PrefillProgress | Token | Finished):
                        yield event

    def prompt(self, request: Request) -> Prompt:
        """See `Engine.prompt`."""
        with self._running() as run:
            if self._loaded is None or self._loaded[0] != request.model:
                for _ in self._load(run, request.model):
                    pass
            with self._limited(run):
                return self._ask(run, "template", Render(request), Prompt)

    def system_info(self) -> SystemInfo:
        """Versions, build and devices of llama.cpp.

        Raises:
            EngineUnavailable, EngineCrashed
        """
        with self._running() as run:
            self._start(run)
            return self._ask(run, "", Describe(), SystemInfo)

    def stop(self) -> None:
        """See `Engine.stop`."""
        with self._lock:
            run = self._run
            if run is None or run.stopped:
                return
            run.stopped = True
            if self._process is not None and run.during == "load":
                # llama.cpp asks whether to go on only when most of a load is over.
                self._process.kill()
            elif self._process is not None and run.call:
                self._process.send(Stop(run.call))

    def unload(self) -> None:
        """See `Engine.unload`."""
        with self._lock:
            process, self._process = self._process, None
            self._loaded = None
        if process is not None:
            process.end()

    def close(self) -> None:
        """See `Engine.close`."""
        self.unload()

    def _load(self, run: _Run, model: ModelSpec) -> Iterator[LoadEvent]:
        refuse_bad_file(model.path)
        if self._loaded is not None:
            self.unload()
        self._free_bytes = computer.free_memory_bytes()
        try:
            yield from self._climb_down(run, model)
        finally:
            if self._loaded is None:
                self.unload()  # what a failed load has left in the process's memory

    def _climb_down(self, run: _Run, model: ModelSpec) -> Iterator[LoadEvent]:
        """Make the planner's attempts until one succeeds, each in a process of its own."""
        self._start(run)
        plan = self._planner.plan(model, self._ask(run, "load", Describe(), SystemInfo))
        *before, last = plan.attempts
        meant = plan.skipped or plan.attempts[0]
        failure: AppError | None = None
        for attempt in before:
            try:
                yield from self._try(run, model, attempt, meant, failure)
            except (EngineCrashed, ModelDoesNotFit) as error:
                failure = failure or error
                self.unload()
            else:
                return
        try:
            yield from self._try(run, model, last, meant, failure)
        except EngineCrashed as crash:
            raise self._why(crash, model) from None

    def _try(
        self, run: _Run, wanted: ModelSpec, attempt: ModelSpec, meant: ModelSpec, failure: AppError | None
    ) -> Iterator[LoadEvent]:
        """Load `wanted` as `attempt` says, where it was `meant` to be loaded otherwise and that ended in `failure`."""
        self._start(run)
        self._planner.begin(wanted, attempt)
        outcome: Loaded | AppError | None = None
        try:
            with contextlib.closing(self._call(run, "load", Load(attempt))) as events:
                for event in events:
                    if isinstance(event, LoadProgress):
                        yield event
                    elif isinstance(event, Loaded):
                        with self._lock:
                            if run.stopped:  # and with that killed, after it had said this
                                raise LoadCancelled
                            run.during = ""  # from here on a stop does not cost the model
                        outcome = event
                        told = fallback(meant, attempt, failure) if attempt != meant else None
                        self._loaded, self._attempt = (wanted, replace(event, fallback=told)), attempt
                        yield self._loaded[1]
        except (EngineCrashed, ModelDoesNotFit) as error:
            outcome = error
            raise
        finally:
            self._planner.end(wanted, attempt, outcome)

    def _why(self, crash: EngineCrashed, model: ModelSpec) -> AppError:
        """What the process's death during a load means."""
        try:
            size_bytes = Path(model.path).stat().st_size
        except OSError:
            return NoSuchModel(model.path)  # its disk was unplugged, and reading on was a memory fault
        if crash.crash is Crash.OUT_OF_MEMORY or (
            crash.crash in (Crash.ABORTED, Crash.KILLED) and size_bytes > self._free_bytes
        ):
            return ModelDoesNotFit(model.path, needed_bytes=size_bytes, free_bytes=self._free_bytes)
        if crash.crash is Crash.ABORTED:
            return BadModelFile(model.path, Flaw.DAMAGED)
        return crash

    def _start(self, run: _Run) -> None:
        """Have a process that has said hello.

        Raises:
            EngineUnavailable, LoadCancelled
            CannotWrite: the log.
        """
        if self._process is not None:
            return
        with self._lock:
            if run.stopped:
                raise LoadCancelled
            run.during = "load"
            self._hello = None
            try:
                process = self._process = EngineProcess(self._log, self._command)
            except OSError as error:
                raise EngineUnavailable(str(error)) from error
        reply = process.receive()
        if reply is None:
            raise self._death(run)
        self._hello = next(event for event in reply.events if isinstance(event, Hello))

    def _ask(self, run: _Run, during: str, task: Task, kind: type[Kind]) -> Kind:
        """The one answer to `task`."""
        answers = [event for event in self._call(run, during, task) if isinstance(event, kind)]
        return answers[0]

    def _call(self, run: _Run, during: str, task: Task) -> Generator[Answer, None, None]:
        """What the process answers. A call that is left early is stopped, and what it still says is skipped later.

        Raises:
            AppError: the call failed, or the process died.
            EngineBug
        """
        process, number = self._send(run, during, task)
        over = False
        try:
            while (reply := process.receive()) is not None:
                for event in reply.events if reply.number == number else ():
                    over = isinstance(event, Done | Failed | Bug)
                    if isinstance(event, Done):
                        return
                    if isinstance(event, Failed):
                        raise event.error
                    if isinstance(event, Bug):
                        raise EngineBug(event.traceback)
                    yield event
            over = True
            raise self._death(run)
        finally:
            with self._lock:
                run.call = 0
            if not over:
                process.send(Stop(number))

    def _send(self, run: _Run, during: str, task: Task) -> tuple[EngineProcess, int]:
        with self._lock:
            if run.stopped and isinstance(task, Load):
                raise LoadCancelled
            process = self._process
            if process is None:
                raise RuntimeError("there is no engine process")
            self._calls += 1
            run.during, run.call = during, self._calls
            process.send(Call(run.call, task))
            if run.stopped:
                process.send(Stop(run.call))
            return process, run.call

    def _death(self, run: _Run) -> AppError:
        """Bury the process; the error that its death is."""
        with self._lock:
            process, self._process = self._process, None
            loaded, self._loaded = self._loaded, None
        if process is None:
            raise RuntimeError("there is no engine process")
        status = process.end()
        if run.expired:
            return TemplateFailed(TemplateFault.TOO_SLOW, f"{self._render_limit_s:g} s")
        if run.stopped and run.during == "load":
            return LoadCancelled()
        if self._hello is None:
            return EngineUnavailable(process.last_words(), cpu_lacks())
        crash = EngineCrashed(crash_of(process, status), run.during)
        if loaded is not None and self._attempt is not None:
            self._planner.end(loaded[0], self._attempt, crash)
        if crash.crash is Crash.OUT_OF_MEMORY and loaded is not None:
            crash.needed_bytes, crash.free_bytes = loaded[1].size_bytes, self._free_bytes
        return crash

    @contextlib.contextmanager
    def _running(self) -> Iterator[_Run]:
        run = _Run()
        with self._lock:
            self._run = run
        try:
            yield run
        finally:
            with self._lock:
                if self._run is run:
                    self._run = None

    @contextlib.contextmanager
    def _limited(self, run: _Run) -> Iterator[threading.Timer]:
        """End the process if the timer is not cancelled in time."""
        process = self._process

        def expire() -> None:
            run.expired = True
            if process is not None:
                process.kill()

        timer = threading.Timer(self._render_limit_s, expire)
        timer.name = "render limit"
        timer.daemon = True
        timer.start()
        try:
            yield timer
        finally:
            timer.cancel()
            timer.join()
