"""What crosses the pipe to the process that draws: a JSON object a line, pixels as so many bytes behind it.

No pickle: what a compromised process can send is a picture or a fault.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import BinaryIO

READY = b"ready\n"
"""What the process says first."""
MAX_LINE_BYTES = 8 << 20
MAX_PNG_BYTES = 64 << 20


class Why(StrEnum):
    """Why there is no picture."""

    MISSING = "missing"
    """Nothing on this computer can draw it."""
    SYNTAX = "syntax"
    LARGE = "large"
    SLOW = "slow"
    CRASH = "crash"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no picture, and in which line of the source, from 1; 0 where that is not known."""

    why: Why
    line: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """A diagram to be drawn: `scale` pixels to a unit, in `variables` (a theme) on `ground`, texts in `families`.

    `inks` are the colours for texts that could not be read otherwise. Without `scale` only the SVG is wanted.
    """

    source: str
    scale: float
    variables: dict[str, object]
    ground: str
    inks: Sequence[str]
    families: Sequence[str]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A diagram, `width` × `height` units large."""

    width: float
    height: float
    svg: str
    png: bytes


def send_task(pipe: BinaryIO, task: Task) -> None:
    """Write `task`."""
    pipe.write(json.dumps(asdict(task)).encode() + b"\n")
    pipe.flush()


def receive_task(pipe: BinaryIO) -> Task | None:
    """The next task; None at the end."""
    line = pipe.readline()
    return Task(**json.loads(line)) if line else None


def send_answer(pipe: BinaryIO, answer: Drawn | Fault) -> None:
    """Write `answer`."""
    if isinstance(answer, Fault):
        pipe.write(json.dumps({"why": answer.why, "line": answer.line}).encode() + b"\n")
    else:
        head = {"width": answer.width, "height": answer.height, "svg": answer.svg, "bytes": len(answer.png)}
        pipe.write(json.dumps(head).encode() + b"\n" + answer.png)
    pipe.flush()


def receive_answer(pipe: BinaryIO) -> Drawn | Fault:
    """The next answer.

    Raises:
        ValueError: what came is none, or nothing came.
        OSError: the pipe is broken.
    """
    line = pipe.readline(MAX_LINE_BYTES)
    try:
        head = json.loads(line)
        if "why" in head:
            return Fault(Why(head["why"]), int(head["line"]))
        size = int(head["bytes"])
        png = pipe.read(size) if 0 <= size <= MAX_PNG_BYTES else b""
        drawn = Drawn(float(head["width"]), float(head["height"]), str(head["svg"]), png)
    except (KeyError, TypeError) as error:
        raise ValueError from error
    if len(png) != size or not (0 < drawn.width < 1e6 and 0 < drawn.height < 1e6):  # noqa: PLR2004  sane sizes
        raise ValueError
    return drawn
