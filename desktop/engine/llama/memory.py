"""What the engine process takes of the computer's memory and of the GPUs'."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import psutil

from desktop.engine.llama.devices import devices


@dataclass(frozen=True, slots=True)
class Memory:
    """At one moment: what this process has of the computer's memory, and what every GPU has free."""

    process_bytes: int
    gpus: tuple[tuple[str, int], ...]


def now() -> Memory:
    """As it is now.

    Of the process it counts what it was promised, touched or not: llama.cpp touches its buffers when it first reads
    a long prompt. Of the mapped weights it counts what has been read.
    """
    info = psutil.Process().memory_info()
    if sys.platform == "win32":
        process_bytes = max(info.private, info.rss)
    elif sys.platform == "linux":
        # "data" are the writable pages of its own, "shared" the resident ones of files.
        process_bytes = info.data + info.shared
    else:
        process_bytes = info.rss
    gpus = tuple((device.name, device.free_bytes) for device in devices() if device.kind in ("gpu", "igpu"))
    return Memory(process_bytes, gpus)
