"""Reads mutations of a model's header under limits that end this process: MODEL COPY COUNT.

Each mutation may take a second of processor time and 200 MB of memory. Prints how many were refused and how many read.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from desktop.errors import BadModelFile
from desktop.hub.gguf import read_gguf
from desktop.hub.header import read_header, unpack

_SECONDS = 1.0
_MEMORY_BYTES = 200_000_000
_NASTY = [b"\0" * 8, b"\xff" * 8, (2**63).to_bytes(8, "little"), (2**31).to_bytes(8, "little"), b"\x09\0\0\0\x09\0\0\0"]


def main(model: Path, copy: Path, count: int) -> None:
    chance = random.Random(20)
    size_bytes = model.stat().st_size
    with model.open("rb") as file:
        gguf = read_gguf(lambda offset, length: os.pread(file.fileno(), length, offset), "model", size_bytes)
        # The rest is the tensors' data, which is left as a hole.
        front = os.pread(file.fileno(), size_bytes - sum(tensor.size_bytes for tensor in gguf.tensors), 0)
    copy.write_bytes(front)
    os.truncate(copy, size_bytes)
    right = read_header(copy)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY_BYTES, resource.RLIM_INFINITY))
    refused = read = 0
    for _ in range(count):
        at = _mutate(copy, chance, len(front), size_bytes)
        # Its default action is to end the process.
        signal.setitimer(signal.ITIMER_PROF, _SECONDS)
        try:
            header = read_header(copy)
            assert unpack(json.loads(json.dumps(asdict(header)))) == header
            read += 1
        except BadModelFile:
            refused += 1
        signal.setitimer(signal.ITIMER_PROF, 0)
        with copy.open("r+b") as file:
            file.seek(at)
            file.write(front[at:] if copy.stat().st_size < size_bytes else front[at : at + 8])
            file.truncate(size_bytes)
    assert read_header(copy) == right, "a mutation was not undone"
    sys.stdout.write(f"{refused} {read}")


def _mutate(copy: Path, chance: random.Random, front_bytes: int, size_bytes: int) -> int:
    """Change or cut the file, and return where: most of what can go wrong stands at the beginning and at the end."""
    near = chance.choice([200, 4_000, front_bytes])
    at = chance.randrange(near) if chance.random() < 0.7 else front_bytes - 1 - chance.randrange(min(20_000, near))
    if chance.random() < 0.05:
        os.truncate(copy, at)
        return at
    raw = chance.choice([chance.randbytes(1), chance.randbytes(4), chance.choice(_NASTY)])
    with copy.open("r+b") as file:
        file.seek(at)
        file.write(raw[: size_bytes - at])
    return at


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
