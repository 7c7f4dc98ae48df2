"""What was measured of models on this machine, so that it is measured once.

Pure functions on a dict that can be kept as JSON: for each way to run a model, named by `key_of`, its `Tuning`.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from desktop.engine import computer
from desktop.engine.api import ModelSpec, Tuning

_MOST = 100
"""Tunings that are remembered; the oldest are forgotten."""
_MOST_THREADS = 4096
_MOST_COSTS = 64

Tunings = dict[str, dict[str, Any]]


def key_of(attempt: ModelSpec) -> str:
    """Names how a model is run: its file, llama.cpp's build, the processors, the GPUs, the KV cache, the attention.

    With any of them changed it is measured again. Counts of threads that the user insists on are measured with them.
    Of the processors those count that the program may use: less in a container than the computer has.
    """
    try:
        status = Path(attempt.path).stat()
        identity = (status.st_size, status.st_mtime_ns)
    except OSError:
        identity = (0, 0)
    machine = (computer.processor(), os.cpu_count(), computer.usable_processors(), computer.build_stamp())
    run = (attempt.n_gpu_layers, attempt.devices, attempt.n_threads, attempt.eager)
    cache = (attempt.kv_type, attempt.flash_attention)
    facts = json.dumps((attempt.path, identity, machine, run, cache))
    return hashlib.sha256(facts.encode()).hexdigest()[:32]


def get(tunings: Tunings, key: str) -> Tuning | None:
    """What is kept under `key`."""
    values = tunings.get(key)
    return None if values is None else Tuning(**values | {"batch_costs": tuple(values["batch_costs"])})


def put(tunings: Tunings, key: str, tuning: Tuning) -> Tunings:
    """`tunings` with one more, or with a newer one."""
    kept = {name: values for name, values in tunings.items() if name != key}
    kept[key] = asdict(tuning) | {"batch_costs": list(tuning.batch_costs)}
    return dict(list(kept.items())[-_MOST:])


def sane(values: object) -> Tunings:
    """`values` as far as they were written by this module and can be used."""
    if not isinstance(values, dict):
        return {}
    return {key: entry for key, entry in values.items() if isinstance(entry, dict) and _is_sane(entry)}


def _is_sane(entry: dict[str, Any]) -> bool:
    costs = entry.get("batch_costs")
    return (
        entry.keys() == {"n_threads", "n_threads_batch", "batch_costs"}
        and all(_is_count(entry[name]) for name in ("n_threads", "n_threads_batch"))
        and isinstance(costs, list)
        and len(costs) <= _MOST_COSTS
        and all(isinstance(cost, float) and math.isfinite(cost) and cost > 0 for cost in costs)
    )


def _is_count(value: object) -> bool:
    return type(value) is int and 1 <= value <= _MOST_THREADS
