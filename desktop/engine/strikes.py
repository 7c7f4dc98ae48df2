"""Which ways to load a model have taken the engine process down, so that they are not taken again.

Pure functions on a dict that can be kept as JSON: for each way, named by `key_of`, how many strikes it has. Two strikes
and it is skipped.

- A process that dies while it loads is two strikes: it would die again.
- A process that dies while it answers is one. Drivers also die of a computer that slept; an answer takes it back.
- A load that was begun and never ended, because all of the program is gone, is one. The driver may have taken the
  desktop down, or somebody has killed the program: the second time it is no accident.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from desktop.engine import computer
from desktop.engine.api import ModelSpec, SystemInfo

AT_LOAD, AT_ANSWER, _UNFINISHED = 2, 1, 1
_LIMIT = 2
_MOST = 200
"""Ways that are remembered; the oldest are forgotten."""

Strikes = dict[str, Any]


def key_of(wanted: ModelSpec, way: str, gpus: Sequence[str], info: SystemInfo) -> str:
    """Names a `way` to load a model: the file, what is wanted, llama.cpp's build, the GPUs and their drivers.

    With any of them changed it is another way, and is tried again. What is chosen by the free memory of the moment
    does not count.
    """
    try:
        status = Path(wanted.path).stat()
        identity = (status.st_size, status.st_mtime_ns)
    except OSError:
        identity = (0, 0)
    used = [(device.name, device.description, device.backend) for device in info.devices if device.name in gpus]
    settings = (wanted.path, wanted.n_ctx, wanted.n_gpu_layers, wanted.kv_type, way)
    facts = (identity, settings, info.versions, info.build, computer.build_stamp(), used, computer.driver_stamp())
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def settle(strikes: Strikes) -> None:
    """Count what was begun by processes that are gone."""
    for entry in strikes.values():
        if entry.get("begun") is not None and not _lives(entry["begun"]):
            entry["strikes"] += _UNFINISHED
            entry["begun"] = None


def is_out(strikes: Strikes, key: str) -> bool:
    """Whether this way is to be skipped."""
    return key in strikes and strikes[key]["strikes"] >= _LIMIT


def tell(strikes: Strikes, key: str) -> bool:
    """Whether it is to be told that this way is skipped: once."""
    told, strikes[key]["told"] = strikes[key]["told"], True
    return not told


def begin(strikes: Strikes, key: str, path: str) -> None:
    """This way to load the model at `path` is taken now."""
    import psutil

    entry = strikes.pop(key, None) or {"path": path, "strikes": 0, "told": False}
    strikes[key] = entry | {"begun": [os.getpid(), psutil.Process().create_time()]}
    for oldest in list(strikes)[:-_MOST]:
        del strikes[oldest]


def end(strikes: Strikes, key: str, path: str, count: int = 0) -> None:
    """What was begun has ended, with so many strikes more."""
    entry = strikes.setdefault(key, {"path": path, "strikes": 0, "told": False})
    entry |= {"strikes": entry["strikes"] + count, "begun": None}
    if not entry["strikes"]:
        del strikes[key]


def clear(strikes: Strikes, key: str) -> None:
    """This way has proved good."""
    strikes.pop(key, None)


def concern(strikes: Strikes, path: str) -> bool:
    """Whether a way to load the model at `path` is skipped."""
    return any(entry["path"] == path and is_out(strikes, key) for key, entry in strikes.items())


def forget(strikes: Strikes, path: str) -> None:
    """Whatever there is against the model at `path`."""
    for key in [key for key, entry in strikes.items() if entry["path"] == path]:
        del strikes[key]


def sane(values: object) -> Strikes:
    """`values` as far as they were written by this module."""
    if not isinstance(values, dict):
        return {}
    return {key: entry for key, entry in values.items() if isinstance(entry, dict) and _is_sane(entry)}


def _is_sane(entry: dict[str, Any]) -> bool:
    begun = entry.get("begun")
    return (
        isinstance(entry.get("path"), str)
        and isinstance(entry.get("strikes"), int)
        and isinstance(entry.get("told"), bool)
        and (begun is None or (isinstance(begun, list) and [type(each) for each in begun] == [int, float]))
    )


def _lives(process: list[float]) -> bool:
    """Whether the process with that id is there and is no later one that has the same."""
    import psutil

    pid, created_at = process
    try:
        return abs(psutil.Process(int(pid)).create_time() - created_at) < 1.0
    except psutil.Error:
        return False
