"""A child process that behaves as told: `stand_in.py ROOT BEHAVIOUR`. It speaks the wire and has no model."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

sys.path.insert(0, sys.argv[1])

from desktop.engine.api import Device, Loaded, LoadProgress, SystemInfo
from desktop.engine.wire import Bug, Call, Describe, Done, Hello, Load, Render, Reply, decode, encode

LOADED = Loaded(n_ctx=512, n_ctx_train=512, n_layers=2, n_gpu_layers=0, has_template=True, size_bytes=1, load_s=0.0)

CPU = Device("CPU", "A processor", "cpu", 1 << 34, 1 << 34, "CPU")
GPU = Device("CUDA0", "A GPU", "gpu", 1 << 34, 1 << 34, "CUDA", "0000:01:00.0")


def say(number: int, *events: object) -> None:
    os.write(1, encode(Reply(number, events)))  # type: ignore[arg-type]


def main() -> None:
    behaviour = sys.argv[2]
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
            info = SystemInfo((), "", gpu, (GPU, CPU) if gpu else (CPU,), n_threads=1, weights_repacked=True)
            say(message.number, info, Done())
        elif isinstance(message.task, Load):
            if behaviour == "load aborts" or (behaviour == "gpu aborts" and message.task.model.n_gpu_layers != 0):
                os.abort()
            if behaviour == "file goes":
                Path(message.task.model.path).unlink()
                os.abort()
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


main()
