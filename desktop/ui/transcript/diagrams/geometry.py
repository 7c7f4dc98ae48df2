"""Where things stand in a drawing: transforms, and the ends of paths."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_CALL = re.compile(r"(\w+)\s*\(([^)]*)\)")
_SEGMENT = re.compile(r"([MmLlHhVvCcSsQqTtAaZz])([^MmLlHhVvCcSsQqTtAaZz]*)")
_LENGTHS = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "a": 7}

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The affine map (x, y) → (a·x + c·y + e, b·x + d·y + f)."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def __matmul__(self, other: Matrix) -> Matrix:
        """First `other`, then this."""
        return Matrix(
            self.a * other.a + self.c * other.b,
            self.b * other.a + self.d * other.b,
            self.a * other.c + self.c * other.d,
            self.b * other.c + self.d * other.d,
            self.a * other.e + self.c * other.f + self.e,
            self.b * other.e + self.d * other.f + self.f,
        )

    @property
    def svg(self) -> str:
        """As a `transform` attribute has it."""
        return f"matrix({self.a:g},{self.b:g},{self.c:g},{self.d:g},{self.e:.6g},{self.f:.6g})"

    def apply(self, point: Point) -> Point:
        """Where `point` comes to lie."""
        x, y = point
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f

    @property
    def is_finite(self) -> bool:
        """False where a number overflowed."""
        return all(map(math.isfinite, (self.a, self.b, self.c, self.d, self.e, self.f)))


def translation(x: float, y: float) -> Matrix:
    """A shift."""
    return Matrix(e=x, f=y)


def scaling(x: float, y: float) -> Matrix:
    """A change of size."""
    return Matrix(a=x, d=y)


def rotation(degrees: float) -> Matrix:
    """A turn around the origin."""
    angle = math.radians(degrees)
    return Matrix(math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle))


def numbers(text: str) -> list[float]:
    """All numbers in `text`, whatever stands between them."""
    return [float(number) for number in _NUMBER.findall(text)]


def transform(text: str) -> Matrix:
    """A `transform` attribute: https://www.w3.org/TR/SVG11/coords.html#TransformAttribute. The unknown is left out."""
    matrix = Matrix()
    for name, arguments in _CALL.findall(text):
        matrix = matrix @ _step(name, numbers(arguments))
    return matrix


def _step(name: str, values: Sequence[float]) -> Matrix:
    found = Matrix()
    match name, list(values):
        case ("translate", [x]) | ("translateX", [x]):
            found = translation(x, 0)
        case ("translateY", [y]):
            found = translation(0, y)
        case ("translate", [x, y]):
            found = translation(x, y)
        case ("scale", [x]):
            found = scaling(x, x)
        case ("scale", [x, y]):
            found = scaling(x, y)
        case ("rotate", [angle]):
            found = rotation(angle)
        case ("rotate", [angle, x, y]):
            found = translation(x, y) @ rotation(angle) @ translation(-x, -y)
        case ("matrix", [a, b, c, d, e, f]):
            found = Matrix(a, b, c, d, e, f)
    return found


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a path begins and ends, and in which direction it goes there, in degrees."""

    start: Point
    start_angle: float
    end: Point
    end_angle: float


def ends(path: str) -> Ends | None:
    """The ends of a path, or None where it has none."""
    points = corners(path)
    if len(points) < 2:  # noqa: PLR2004  a point has no direction
        return None
    first = next((point for point in points[1:] if point != points[0]), points[0])
    last = next((point for point in reversed(points[:-1]) if point != points[-1]), points[-1])
    return Ends(points[0], _angle(points[0], first), points[-1], _angle(last, points[-1]))


def corners(path: str) -> list[Point]:
    """The points that a path runs through and is drawn to."""
    points: list[Point] = []
    x = y = 0.0
    for letter, arguments in _SEGMENT.findall(path):
        values = numbers(arguments)
        kind = letter.lower()
        if kind == "z":
            continue
        length = _LENGTHS[kind]
        for start in range(0, len(values) - length + 1, length):
            ox, oy = (x, y) if letter.islower() else (0.0, 0.0)
            step = values[start : start + length]
            if kind == "h":
                found = [(ox + step[0], y)]
            elif kind == "v":
                found = [(x, oy + step[0])]
            elif kind == "a":
                found = [(ox + step[5], oy + step[6])]
            else:
                found = [(ox + step[at], oy + step[at + 1]) for at in range(0, length, 2)]
            x, y = found[-1]
            points.extend(found)
    return points


def _angle(start: Point, end: Point) -> float:
    return math.degrees(math.atan2(end[1] - start[1], end[0] - start[0]))
