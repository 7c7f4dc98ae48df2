"""One reading of a model file's header: `ours` or `gguf` (the package's GGUFReader), MODEL. Prints its seconds."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def reader(name: str) -> Callable[[Path], Any]:
    if name == "ours":
        from desktop.hub.header import read_header

        return read_header
    from gguf import GGUFReader

    make: Callable[[Path], Any] = GGUFReader
    return make


if __name__ == "__main__":
    read, model = reader(sys.argv[1]), Path(sys.argv[2])
    with model.open("rb") as file:
        file.read(16 << 20)  # neither waits for the disk
    started = time.perf_counter()
    read(model)
    print(json.dumps({"read": time.perf_counter() - started}))
