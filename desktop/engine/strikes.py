"""Which ways to load a model have taken the engine process down, so that they are not taken again.

Pure functions on a dict that can be kept as JSON: for each way, named by `key_of`, how many strikes it has. Two strikes
and it is skipped.

- A process that dies while it loads is two strikes: it would die again.
- A process that dies while it answers is one. Drivers also die of a computer that slept; an answer takes it back.
- A load that was begun and never ended, because all of the program is gone, is one. The driver may have taken the
  desktop down, or somebody has killed the program: the second time it is no accident.

Loading fewer layers may help a GPU that crashed at loading; in the other cases all ways to use it have the strike.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
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
        living = [process for process in entry["begun"] if _lives(process)]
        entry["strikes"] += _UNFINISHED * (len(entry["begun"]) - len(living))
        entry["begun"] = living


def is_out(strikes: Strikes, key: str) -> bool:
    """Whether this way is to be skipped."""
    return key in strikes and strikes[key]["strikes"] >= _LIMIT


def tell(strikes: Strikes, key: str) -> bool:
    """Whether it is to be told that this way is skipped: once."""
    told, strikes[key]["told"] = strikes[key]["told"], True
    return not told


def begin(strikes: Strikes, keys: Iterable[str], path: str) -> None:
    """The model at `path` is loaded now in one of these ways, which use the same GPUs."""
    import psutil

    process = [os.getpid(), psutil.Process().create_time()]
    for key in keys:
        entry = strikes.pop(key, None) or _new(path)
        strikes[key] = entry | {"begun": [*entry["begun"], process]}
    for oldest in list(strikes)[:-_MOST]:
        del strikes[oldest]


def end(strikes: Strikes, counts: dict[str, int], path: str) -> None:
    """What this process had begun has ended, with so many strikes more for each way."""
    for key, count in counts.items():
        entry = strikes.setdefault(key, _new(path))
        entry["strikes"] += count
        entry["begun"] = [process for process in entry["begun"] if process[0] != os.getpid()]
        if not entry["strikes"] and not entry["begun"]:
            del strikes[key]


def clear(strikes: Strikes, keys: Iterable[str]) -> None:
    """One of these ways has proved good. Those that are out stay out: fewer layers may be what helped."""
    for key in keys:
        if key in strikes and not is_out(strikes, key):
            del strikes[key]


def concern(strikes: Strikes, path: str) -> bool:
    """Whether a way to load the model at `path` is skipped."""
    return any(entry["path"] == path and is_out(strikes, key) for key, entry in strikes.items())


def any_against(strikes: Strikes, path: str) -> bool:
    """Whether a load of the model at `path` has ever ended badly, as far as is remembered."""
    return any(
        entry["strikes"] or not all(_lives(process) for process in entry["begun"])
        for entry in strikes.values()
        if entry["path"] == path
    )


def forget(strikes: Strikes, path: str) -> None:
    """Whatever there is against the model at `path`."""
    for key in [key for key, entry in strikes.items() if entry["path"] == path]:
        del strikes[key]


def sane(values: object) -> Strikes:
    """`values` as far as they were written by this module."""
    if not isinstance(values, dict):
        return {}
    return {key: entry for key, entry in values.items() if isinstance(entry, dict) and _is_sane(entry)}


def _new(path: str) -> dict[str, Any]:
    return {"path": path, "strikes": 0, "told": False, "begun": []}


def _is_sane(entry: dict[str, Any]) -> bool:
    begun = entry.get("begun")
    return (
        isinstance(entry.get("path"), str)
        and isinstance(entry.get("strikes"), int)
        and isinstance(entry.get("told"), bool)
        and isinstance(begun, list)
        and all(isinstance(each, list) and [type(part) for part in each] == [int, float] for each in begun)
    )


def _lives(process: list[float]) -> bool:
    """Whether the process with that id is there and is no later one that has the same."""
    import psutil

    pid, created_at = process
    try:
        return abs(psutil.Process(int(pid)).create_time() - created_at) < 1.0
    except psutil.Error:
        return False
