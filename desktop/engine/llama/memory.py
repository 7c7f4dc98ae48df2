"""What the engine process takes of the computer's memory and of the GPUs'."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

from desktop.engine.llama.devices import devices


@dataclass(frozen=True, slots=True)
class Memory:
    """At one moment: what this process has of the computer's memory, and what every GPU has free."""

    process_bytes: int
    gpus: tuple[tuple[str, int], ...]


def process_bytes() -> int:
    """What this process has in memory."""
    return int(psutil.Process().memory_info().rss)


def now() -> Memory:
    """As it is now. Mapped weights count as far as they have been read."""
    gpus = tuple((device.name, device.free_bytes) for device in devices() if device.kind in ("gpu", "igpu"))
    return Memory(process_bytes(), gpus)
