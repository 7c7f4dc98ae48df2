"""A child process that behaves as told: `stand_in.py ROOT BEHAVIOUR`. It speaks the wire and has no model.

A behaviour that begins with "{" is a `Conduct` as JSON: with GPUs that work, refuse or crash.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from desktop.chat.message import FinishReason, Statistics
from desktop.engine.api import Device, Finished, Loaded, LoadProgress, ModelSpec, SystemInfo, Token
from desktop.engine.wire import Bug, Call, Describe, Done, Failed, Generate, Hello, Load, Render, Reply, decode, encode
from desktop.errors import BadModelFile, Flaw, ModelDoesNotFit

LOADED = Loaded(n_ctx=512, n_ctx_train=512, n_layers=2, n_gpu_layers=0, has_template=True, size_bytes=1, load_s=0.0)
CPU = Device("CPU", "A processor", "cpu", 1 << 34, 1 << 34, "CPU")


@dataclass
class Conduct:
    """What the GPUs of a stand-in are and do, by their names."""

    log: str
    """A file for a line a load: the devices and how many layers they were given."""
    gpus: tuple[str, ...] = ("CUDA0",)
    driver: str = "one"
    abort: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    most_layers: int = 1 << 30
    """With more layers on GPUs it aborts."""
    damaged: bool = False
    hang: bool = False
    abort_at_answer: bool = False
    abort_at_description: bool = False

    def devices(self) -> tuple[Device, ...]:
        """All that can be seen."""
        if os.environ.get("CUDA_VISIBLE_DEVICES") == "-1":
            return (CPU,)
        gpus = (
            Device(name, f"A GPU, driver {self.driver}", "gpu", 1 << 34, 1 << 34, name[:-1], f"0000:0{name[-1]}:00.0")
            for name in self.gpus
        )
        return (*gpus, CPU)

    def load(self, spec: ModelSpec) -> Loaded | Failed:
        """What comes of it, if anything."""
        used = spec.devices or () if spec.n_gpu_layers else ()
        with Path(self.log).open("a", encoding="utf-8") as log:
            log.write(json.dumps([list(used), spec.n_gpu_layers]) + "\n")
        while self.hang:
            threading.Event().wait()
        if set(used) & set(self.abort) or (used and (spec.n_gpu_layers or 0) > self.most_layers):
            os.abort()
        if set(used) & set(self.refuse):
            return Failed(ModelDoesNotFit(spec.path, 2, 1))
        if self.damaged:
            return Failed(BadModelFile(spec.path, Flaw.DAMAGED))
        return replace(LOADED, n_gpu_layers=spec.n_gpu_layers or 0)


def say(number: int, *events: object) -> None:
    os.write(1, encode(Reply(number, events)))  # type: ignore[arg-type]


def serve(conduct: Conduct) -> None:
    gpu = len(conduct.devices()) > 1
    say(0, Hello(gpu=gpu))
    loaded: Loaded | Failed | None = None
    for line in sys.stdin.buffer:
        message = decode(line)
        if not isinstance(message, Call):
            continue
        if isinstance(message.task, Describe):
            if conduct.abort_at_description and gpu:
                os.abort()
            say(message.number, SystemInfo((), "", gpu, conduct.devices(), 1, weights_repacked=True), Done())
        elif isinstance(message.task, Load):
            say(message.number, LoadProgress(0.5))
            loaded = conduct.load(message.task.model)
            say(message.number, loaded, *([] if isinstance(loaded, Failed) else [Done()]))
        elif isinstance(message.task, Generate):
            if conduct.abort_at_answer and isinstance(loaded, Loaded) and loaded.n_gpu_layers:
                os.abort()
            statistics = Statistics(3, 0, 1, 0.1, 1.0, 0.0, 512)
            say(message.number, Token("a", 1), Finished(FinishReason.END, statistics, 0), Done())


def load(behaviour: str, model: ModelSpec) -> None:
    if behaviour == "load aborts" or (behaviour == "gpu aborts" and model.n_gpu_layers != 0):
        os.abort()
    if behaviour == "file goes":
        Path(model.path).unlink()
        os.abort()


def main() -> None:
    behaviour = sys.argv[2]
    if behaviour.startswith("{"):
        return serve(Conduct(**json.loads(behaviour)))
    if behaviour == "no start":
        sys.exit("ImportError: libllama.so is not there")
    if behaviour == "no start, no word":
        sys.exit(1)
    say(0, Hello(gpu=behaviour.startswith("gpu")))
    for line in sys.stdin.buffer:
        message = decode(line)
        if not isinstance(message, Call):
            continue
        if isinstance(message.task, Describe):
            gpu = behaviour.startswith("gpu")
            say(message.number, SystemInfo((), "", gpu, (CPU,), n_threads=1, weights_repacked=True), Done())
        elif isinstance(message.task, Load):
            load(behaviour, message.task.model)
            # In one line: the parent has heard all of it when it is told the first.
            say(message.number, LoadProgress(0.9), LOADED, Done())
        elif isinstance(message.task, Render):
            if behaviour == "nonsense":
                os.write(1, b'{"type":"Popen","args":["sh"]}\n')
            while behaviour == "a line without end":
                os.write(1, b"x" * 65536)
            if behaviour == "bug":
                say(message.number, Bug("ZeroDivisionError"))
                continue
            threading.Event().wait()
    return None


def command(behaviour: str | Conduct) -> tuple[str, ...]:
    """What starts a stand-in that behaves so."""
    told = behaviour if isinstance(behaviour, str) else json.dumps(asdict(behaviour))
    return (sys.executable, __file__, str(Path(__file__).parents[2]), told)


if __name__ == "__main__":
    main()
