"""The user's settings: one frozen value, kept as a JSON file."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from desktop import json_file
from desktop.chat.message import Overflow, Sampling

Theme = Literal["system", "light", "dark"]
Language = Literal["system", "en", "zh_CN"]

ZOOM_LIMITS = (0.5, 3.0)
GB = 10**9


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose. None lets the program choose.

    Unknown keys of a newer version's file are kept in `extra` and written back.
    """

    theme: Theme = "system"
    language: Language = "system"
    zoom: float = 1.0
    model: str | None = None
    """The name of the model that new chats use."""
    n_ctx: int | None = None
    n_gpu_layers: int | None = None
    n_threads: int | None = None
    eager: bool = False
    """Answers take all of the processor, and other programs wait."""
    loads_at_start: bool = True
    """The model is loaded before anything is asked, where it leaves the computer memory enough."""
    sampling: Sampling = field(default_factory=Sampling)
    system: str = ""
    """The system prompt of new chats."""
    overflow: Overflow = Overflow.DROP
    """What happens when a chat no longer fits the context."""
    endpoint: str | None = None
    """The address of the hub, where it is a mirror."""
    proxy: str | None = None
    """An HTTP proxy's address. By default as the system has it."""
    offline: bool = False
    """Nothing is asked of the network at all."""
    downloads_at_once: int = 2
    unload_after_min: int | None = None
    """Minutes without an answer after which the model's memory is given back. By default never."""
    states_gb: int = 4
    """So much of the disk may hold what models have read of chats, so that chats go on at once. 0 keeps nothing."""
    window: dict[str, Any] = field(default_factory=dict)
    """Geometry and sidebar, as the window left them."""
    extra: dict[str, Any] = field(default_factory=dict)


def load(path: Path) -> Settings:
    """The settings in the file at `path`; defaults for whatever is missing or makes no sense.

    A file that is no JSON object is set aside as `settings.json.damaged`, so that nothing of it is lost.
    """
    return _from_values(json_file.read(path))


def save(settings: Settings, path: Path) -> None:
    """Write the settings to `path` in one step: a crash leaves the old file or the new one.

    Raises:
        OSError: the disk is full or read-only.
    """
    values = asdict(settings)
    values |= values.pop("extra")
    json_file.write(path, values)


def sampling_from(values: object) -> Sampling:
    """The sampling that `dataclasses.asdict` made of one; defaults for whatever is missing or makes no sense."""
    if not isinstance(values, dict):
        return Sampling()
    good: dict[str, Any] = {}
    for name, kinds in _SAMPLING_KINDS.items():
        value = values.get(name)
        if isinstance(value, kinds) and not isinstance(value, bool) and _makes_sense(name, value):
            good[name] = value
    stop = values.get("stop")
    if isinstance(stop, list | tuple):
        good["stop"] = tuple(word for word in stop if isinstance(word, str) and word)
    return Sampling(**good)


_SAMPLING_KINDS: dict[str, tuple[type, ...]] = {
    "temperature": (int, float),
    "top_k": (int,),
    "top_p": (int, float),
    "min_p": (int, float),
    "repeat_penalty": (int, float),
    "seed": (int,),
    "max_tokens": (int,),
}


def _makes_sense(name: str, value: Any) -> bool:
    """Whether a sampler can work with it: the file may be edited by hand, and Python's JSON knows NaN."""
    if name == "seed":
        return True
    return math.isfinite(value) and (value > 0 if name == "repeat_penalty" else value >= 0)


def _from_values(values: dict[str, Any]) -> Settings:
    known = {each.name for each in fields(Settings)} - {"extra"}
    good: dict[str, Any] = {
        "sampling": sampling_from(values.get("sampling")),
        "extra": {name: value for name, value in values.items() if name not in known},
    }
    for name, choices in (("theme", get_args(Theme)), ("language", get_args(Language))):
        if values.get(name) in choices:
            good[name] = values[name]
    if values.get("overflow") in tuple(Overflow):
        good["overflow"] = Overflow(values["overflow"])
    zoom = values.get("zoom")
    if isinstance(zoom, int | float) and ZOOM_LIMITS[0] <= zoom <= ZOOM_LIMITS[1]:
        good["zoom"] = float(zoom)
    for name in ("n_ctx", "n_gpu_layers", "n_threads"):
        number = values.get(name)
        if isinstance(number, int) and not isinstance(number, bool) and number >= 0:
            good[name] = number
    for name, least in (("downloads_at_once", 1), ("unload_after_min", 1), ("states_gb", 0)):
        number = values.get(name)
        if isinstance(number, int) and not isinstance(number, bool) and number >= least:
            good[name] = number
    for name, kind in (
        ("model", str),
        ("system", str),
        ("endpoint", str),
        ("proxy", str),
        ("offline", bool),
        ("eager", bool),
        ("loads_at_start", bool),
        ("window", dict),
    ):
        if isinstance(values.get(name), kind):
            good[name] = values[name]
    return Settings(**good)
