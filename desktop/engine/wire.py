"""What crosses the pipe between the app and the engine process: one JSON object a line.

Values are frozen dataclasses, written as their class's name as `type` and their fields, without those that are as by
default; named tuples as lists of their fields. Only the classes named here can arrive, so neither side can make the
other build anything else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from desktop.chat.message import FinishReason, Role, Sampling, Statistics, Turn
from desktop.engine.api import (
    Alternative,
    Device,
    DeviceUse,
    Fallback,
    Finished,
    Guessing,
    Loaded,
    LoadProgress,
    ModelSpec,
    PrefillProgress,
    Prompt,
    Reason,
    Request,
    Step,
    SystemInfo,
    Token,
    Tuning,
)
from desktop.errors import AppError
from desktop.packed_errors import pack, unpack


@dataclass(frozen=True, slots=True)
class Load:
    """Answered by `LoadProgress`, then `Loaded`. A process loads one model in its life.

    What it reads is kept below the folder `states`, in `states_bytes` in all; nowhere if that is "". It runs as
    `tuning` says, where that is known.
    """

    model: ModelSpec
    states: str = ""
    states_bytes: int = 0
    tuning: Tuning | None = None


@dataclass(frozen=True, slots=True)
class Generate:
    """Answered by `PrefillProgress` (the first when the prompt is tokenised), `Token`, `Finished`."""

    request: Request


@dataclass(frozen=True, slots=True)
class Render:
    """Answered by one `Prompt`."""

    request: Request


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep what was read, now: the process is about to end. Answered by nothing but `Done`."""


@dataclass(frozen=True, slots=True)
class Tune:
    """Measure how the loaded model runs best. Answered by one `Tuning`, or by none if that could not be found out."""


@dataclass(frozen=True, slots=True)
class Use:
    """Run the loaded model so from now on. Answered by nothing but `Done`."""

    tuning: Tuning


@dataclass(frozen=True, slots=True)
class Describe:
    """Answered by one `SystemInfo`."""


Task = Load | Generate | Render | Keep | Tune | Use | Describe


@dataclass(frozen=True, slots=True)
class Call:
    """A task for the engine process. Numbers only grow, and each call is answered up to a `Done` or a `Failed`."""

    number: int
    task: Task


@dataclass(frozen=True, slots=True)
class Stop:
    """End the call of that number, whether it runs, waits or has ended long ago."""

    number: int


@dataclass(frozen=True, slots=True)
class Hello:
    """The engine process is up. `gpu` tells whether its build can offload layers."""

    gpu: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """The call ended with an error."""

    error: AppError


@dataclass(frozen=True, slots=True)
class Bug:
    """The call ended with what should never happen."""

    traceback: str


@dataclass(frozen=True, slots=True)
class Done:
    """The call is over."""


Answer = (
    Hello
    | LoadProgress
    | Loaded
    | PrefillProgress
    | Token
    | Finished
    | Prompt
    | Tuning
    | SystemInfo
    | Failed
    | Bug
    | Done
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the call of that number has to say: one or several events, gathered."""

    number: int
    events: tuple[Answer, ...]


Message = Call | Stop | Reply

_TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(Load, Generate, Render, Keep, Tune, Use, Describe, Call, Stop, Hello, Failed, Bug, Done, Reply),
        *(ModelSpec, Request, Turn, Sampling, Device, SystemInfo),
        *(LoadProgress, Loaded, DeviceUse, Fallback, PrefillProgress, Token, Finished, Statistics, Prompt),
        Tuning,
    )
}
_ENUMS: dict[type, dict[str, type[StrEnum]]] = {
    Turn: {"role": Role},
    Request: {"guessing": Guessing},
    Finished: {"reason": FinishReason},
    Fallback: {"step": Step, "reason": Reason},
}


def encode(message: Message) -> bytes:
    """One line, with its end."""
    return _ENCODER.encode(message).encode("ascii") + b"\n"


def decode(line: bytes) -> Message:
    """The message that `encode` was given.

    Raises:
        ValueError: it is none.
    """
    try:
        message = _DECODER.decode(line.decode("ascii"))
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"not a message: {line[:200]!r}") from error
    if isinstance(message, Call | Stop | Reply):
        return message
    raise ValueError(f"not a message: {line[:200]!r}")


# What follows runs for every token, on cores that are wanted for the next one: what can be known before is looked up.
# `dataclasses.asdict` would copy deeply.


def _plain(value: object) -> dict[str, Any]:
    if isinstance(value, AppError):
        return pack(value)
    kind = type(value)
    if kind not in _FIELDS:
        raise TypeError(f"{kind.__name__} does not cross the pipe")
    plain: dict[str, Any] = {"type": kind.__name__}
    for name, default in _FIELDS[kind]:
        told = getattr(value, name)
        if told is not default:
            plain[name] = told
    return plain


def _revive(values: dict[str, Any]) -> object:
    """What `_plain` wrote. The innermost objects come first."""
    kind = _TYPES.get(values.get("type", ""))
    if kind is None:
        return unpack(values)
    del values["type"]
    for name, value in values.items():
        if type(value) is list:
            values[name] = _tuple(value)
    if kind is Token and "alternatives" in values:
        values["alternatives"] = tuple(map(Alternative._make, values["alternatives"]))
    if kind in _ENUMS:
        for name, enum in _ENUMS[kind].items():
            if name in values:
                values[name] = enum(values[name])
    return kind(**values)


def _tuple(value: Any) -> Any:
    """JSON knows lists only, frozen values have tuples only."""
    return tuple(_tuple(each) for each in value) if isinstance(value, list) else value


_FIELDS = {kind: [(each.name, each.default) for each in fields(kind)] for kind in _TYPES.values()}
_ENCODER = json.JSONEncoder(default=_plain, separators=(",", ":"), check_circular=False)
_DECODER = json.JSONDecoder(object_hook=_revive)
