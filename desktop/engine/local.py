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
    ModelSpec,
    PrefillProgress,
    Prompt,
    Request,
    SystemInfo,
    Token,
    Tuning,
)
from desktop.engine.ladder import PlainPlanner, Planner, climb_down
from desktop.engine.process import COMMAND, EngineProcess, cpu_lacks, crash_of, killed_after
from desktop.engine.refuse import failed_load, refuse_bad_files
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
    Stop,
    Task,
    Tune,
    Use,
)
from desktop.errors import (
    AppError,
    Crash,
    EngineCrashed,
    EngineUnavailable,
    LoadCancelled,
    NoSuchModel,
    TemplateFailed,
    TemplateFault,
)

STATES_BYTES = 4 << 30
_KEEP_LIMIT_S = 5.0
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

    What is read of a conversation is kept below the folder `states`, in `states_bytes` in all.
    `planner` decides how models are loaded; by default as they are asked for, else on the processor. What `tune` has
    measured is worth nothing where other programs used more than `most_others` cores meanwhile.
    """

    def __init__(
        self,
        log: Path,
        *,
        planner: Planner | None = None,
        states: Path | None = None,
        states_bytes: int = STATES_BYTES,
        most_others: float = computer.CALM_CORES,
        command: Sequence[str] = COMMAND,
        render_limit_s: float = RENDER_LIMIT_S,
    ) -> None:
        self._log = log
        self._planner: Planner = planner or PlainPlanner()
        self._command = command
        self._states = states
        self._states_bytes = states_bytes
        self._most_others = most_others
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
                    elif isinstance(event, Finished) and self._attempt is not None:
                        self._planner.answered(self._attempt, event)
                    if isinstance(event, PrefillProgress | Token | Finished):
                        yield event

    def prompt(self, request: Request) -> Prompt:
        """See `Engine.prompt`."""
        with self._running() as run:
            if self._loaded is None or self._loaded[0] != request.model:
                list(self._load(run, request.model))
            with self._limited(run):
                return self._ask(run, "template", Render(request), Prompt)

    def tune(self, model: ModelSpec) -> Tuning | None:
        """See `Engine.tune`."""
        with self._running() as run:
            if self._loaded is None or self._loaded[0] != model or (attempt := self._attempt) is None:
                return None
            if (known := self._planner.tuning(attempt)) is not None:
                return known
            others = computer.OtherPrograms()
            found = [event for event in self._call(run, "", Tune()) if isinstance(event, Tuning)]
            if not found or others.cores() > self._most_others:
                return None
            self._planner.tuned(attempt, found[0])
            list(self._call(run, "", Use(found[0])))
            return found[0]

    @property
    def tuning(self) -> Tuning | None:
        """How the loaded model runs, if that was measured."""
        return None if self._attempt is None else self._planner.tuning(self._attempt)

    def system_info(self) -> SystemInfo:
        """Versions, build and devices of llama.cpp.

        Raises:
            EngineUnavailable, EngineCrashed
        """
        with self._running() as run:
            if self._process is None:
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
        self._keep()
        if (process := self._let_go()[0]) is not None:
            process.end()

    def close(self) -> None:
        """See `Engine.close`."""
        self.unload()

    def _load(self, run: _Run, model: ModelSpec) -> Iterator[LoadEvent]:
        try:
            yield from self._load_as(run, model, model)
        except NoSuchModel as error:
            if error.name != model.draft_path:
                raise
            # It went after it was listed. Whoever has asked wants an answer, which needs no draft model.
            yield from self._load_as(run, model, replace(model, draft_path=None))

    def _load_as(self, run: _Run, model: ModelSpec, wanted: ModelSpec) -> Iterator[LoadEvent]:
        """Load `model`, or what of it is `wanted` after all."""
        refuse_bad_files(wanted)
        if self._loaded is not None:
            self.unload()
        self._free_bytes = computer.free_memory_bytes()
        try:
            info, crash = self._describe(run, eager=wanted.eager)
            plan = self._planner.plan(wanted, info)
            for event in climb_down(self._planner, model, plan, lambda spec: self._load_once(run, spec), crash):
                if isinstance(event, Loaded):
                    self._loaded = (model, event)
                yield event
        finally:
            if self._loaded is None:
                self.unload()  # what a failed load has left in the process's memory

    def _describe(self, run: _Run, *, eager: bool) -> tuple[SystemInfo, EngineCrashed | None]:
        """What the engine runs on. Where asking the GPUs kills the process, that, and the rest without them."""
        try:
            self._start(run, eager=eager)
            return self._ask(run, "load", Describe(), SystemInfo), None
        except EngineCrashed as crash:
            self._start(run, gpus=False, eager=eager)
            return self._ask(run, "load", Describe(), SystemInfo), crash

    def _load_once(self, run: _Run, attempt: ModelSpec) -> Iterator[LoadEvent]:
        """Load as `attempt` says, in a process that has loaded nothing yet."""
        if self._attempt is not None:
            self.unload()
        self._start(run, gpus=attempt.devices != (), eager=attempt.eager)
        self._attempt = attempt
        try:
            with contextlib.closing(self._call(run, "load", self._load_task(attempt))) as events:
                for event in events:
                    if isinstance(event, Loaded):
                        with self._lock:
                            if run.stopped:  # and with that killed, after it had said this
                                raise LoadCancelled
                            run.during = ""  # from here on a stop does not cost the model
                    if isinstance(event, LoadEvent):
                        yield event
        except EngineCrashed as crash:
            on_gpu = self._hello is not None and self._hello.gpu and attempt.n_gpu_layers != 0
            raise failed_load(crash, attempt, self._free_bytes, on_gpu=on_gpu) from None

    def _keep(self) -> None:
        """Have what was read kept, if that can be done in a moment."""
        if self._loaded is not None and self._states is not None:
            run = _Run()  # one of its own: a stop that comes meanwhile is for the load that this makes room for
            with self._limited(run, _KEEP_LIMIT_S), contextlib.suppress(AppError, EngineBug):
                list(self._call(run, "", Keep()))

    def _load_task(self, attempt: ModelSpec) -> Load:
        states = str(self._states) if self._states is not None and self._states_bytes else ""
        return Load(attempt, states, self._states_bytes, self._planner.tuning(attempt))

    def _start(self, run: _Run, *, gpus: bool = True, eager: bool = False) -> None:
        """Have a process that has said hello. A new one sees the GPUs only with `gpus`, and is as `eager` as told.

        Raises:
            EngineUnavailable, LoadCancelled
            CannotWrite: the log.
        """
        if self._process is not None and self._process.eager != eager:
            self.unload()
        if self._process is not None:
            return
        with self._lock:
            if run.stopped:
                raise LoadCancelled
            run.during = "load"
            self._hello = None
            try:
                process = self._process = EngineProcess(self._log, self._command, gpus=gpus, eager=eager)
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
                    if isinstance(event, Failed) and isinstance(event.error, EngineCrashed):
                        raise self._death(run, event.error.crash)  # it lives, but can do nothing any more
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

    def _death(self, run: _Run, told: Crash | None = None) -> AppError:
        """Bury the process; the error that its death is. `told` is what the process said of it itself."""
        process, loaded, attempt = self._let_go()
        if process is None:
            raise RuntimeError("there is no engine process")
        status = process.end()
        if run.expired:
            return TemplateFailed(TemplateFault.TOO_SLOW, f"{self._render_limit_s:g} s")
        if run.stopped and run.during == "load":
            return LoadCancelled()
        if self._hello is None:
            return EngineUnavailable(process.last_words(), cpu_lacks())
        crash = EngineCrashed(told or crash_of(process, status), run.during)
        if loaded is not None and attempt is not None:
            self._planner.end(loaded[0], attempt, crash)
        if crash.crash is Crash.OUT_OF_MEMORY and loaded is not None:
            crash.needed_bytes, crash.free_bytes = loaded[1].size_bytes, self._free_bytes
        return crash

    def _let_go(self) -> tuple[EngineProcess | None, tuple[ModelSpec, Loaded] | None, ModelSpec | None]:
        """The process, the model and how that was loaded, which are ours no more: the process is to be ended."""
        with self._lock:
            gone = self._process, self._loaded, self._attempt
            self._process = self._loaded = self._attempt = None
        if gone[1] is not None:
            self._planner.released()
        return gone

    @contextlib.contextmanager
    def _running(self) -> Iterator[_Run]:
        run = _Run()
        if self._process is not None and self._process.is_dead:
            self._death(run)  # it died while nothing was asked of it: no answer's error
        with self._lock:
            self._run = run
        try:
            yield run
        finally:
            with self._lock:
                if self._run is run:
                    self._run = None

    def _limited(self, run: _Run, limit_s: float | None = None) -> contextlib.AbstractContextManager[threading.Timer]:
        """End the process if the timer is not cancelled in time, by default in that for rendering."""

        def expire() -> None:
            run.expired = True

        return killed_after(self._render_limit_s if limit_s is None else limit_s, self._process, expire)
