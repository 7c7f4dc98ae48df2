"""The texts of an SVG, broken into runs that stand where they are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from desktop.ui.transcript.diagrams.css import Element, fraction, inherit
from desktop.ui.transcript.diagrams.geometry import numbers

Measure = Callable[[str, float, bool, bool], float]
"""How wide a text is at a size in pixels, bold or not, italic or not."""

StyleOf = Callable[[ElementTree.Element, tuple[Element, ...]], Mapping[str, str]]

_SPACES = re.compile(r"\s+")
_BOLD = 600
# From the baseline down to what is aligned, in the font's size: letters of Latin and Chinese alike look centred.
_BASELINES = {
    "central": 0.36,
    "middle": 0.36,
    "hanging": 0.78,
    "text-before-edge": 0.9,
    "before-edge": 0.9,
    "text-top": 0.9,
    "text-after-edge": -0.22,
    "after-edge": -0.22,
}
_ANCHORS = {"middle": 0.5, "end": 1.0}


@dataclass(frozen=True, slots=True)
class Run:
    """Words in one look. `rise` is how far below the line's baseline theirs is."""

    words: str
    style: Mapping[str, str]
    opacity: float
    size: float
    bold: bool
    italic: bool
    width: float
    rise: float


@dataclass(slots=True)
class Line:
    """Runs that are aligned together at `x`."""

    x: float
    baseline: float
    anchor: float = 0.0
    runs: list[Run] = field(default_factory=list)

    @property
    def left(self) -> float:
        """Where the first run begins."""
        return self.x - self.anchor * sum(run.width for run in self.runs)


def lines(
    node: ElementTree.Element,
    path: tuple[Element, ...],
    style: Mapping[str, str],
    style_of: StyleOf,
    measure: Measure,
) -> list[Line]:
    """The lines of a <text>, with the inherited `style` that holds in it."""
    reader = _Reader(style_of, measure)
    reader.read(node, path, style, 1.0, style_of(node, path).get("alignment-baseline", ""))
    return reader.lines


class _Reader:
    """Follows the pen. What moves it is applied when the next letters come: what is nearest to them counts."""

    def __init__(self, style_of: StyleOf, measure: Measure) -> None:
        self.lines: list[Line] = []
        self._style_of = style_of
        self._measure = measure
        self._pen = {"x": 0.0, "y": 0.0}
        self._moves: dict[str, float] = {}
        self._begins = True
        self._start = 0.0
        self._space = ""

    def read(
        self, node: ElementTree.Element, path: tuple[Element, ...], style: Mapping[str, str], share: float, aligned: str
    ) -> None:
        """Add what `node` says; `path` leads to it and includes it."""
        size = float(style["font-size"])
        self._moves |= {name: _length(value, size) for name in ("dx", "dy") if (value := node.get(name))}
        self._pen |= {name: _length(value, size) for name in ("x", "y") if (value := node.get(name))}
        self._begins |= "x" in node.attrib
        keeps = "preserve" in node.attrib.values()
        self._add(node.text or "", style, share, aligned, keeps=keeps)
        for child in node:
            kind = str(child.tag).rpartition("}")[2]
            if kind in ("tspan", "a"):
                inner = (*path, Element.of(kind, child.attrib))
                own = self._style_of(child, inner)
                if own.get("display") != "none":
                    opacity = share * fraction(own.get("opacity", "1"))
                    self.read(child, inner, inherit(style, own), opacity, own.get("alignment-baseline", aligned))
            self._add(child.tail or "", style, share, aligned, keeps=keeps)

    def _add(self, words: str, style: Mapping[str, str], share: float, aligned: str, *, keeps: bool) -> None:
        if not keeps:
            words = ("" if self._begins else self._space) + _SPACES.sub(" ", words)
            self._space = ""
            if self._begins:
                words = words.lstrip()
            if words.endswith(" "):
                # Kept for what follows: at the end of a line it would move what is centred.
                words, self._space = words[:-1], " "
        if not words:
            return
        size = float(style["font-size"])
        self._pen["x"] += self._moves.pop("dx", 0.0)
        self._pen["y"] += self._moves.pop("dy", 0.0)
        if self._begins:
            self._begins = False
            self._start = self._pen["y"]
            below = _BASELINES.get(aligned or style.get("dominant-baseline", ""), 0.0) * size
            anchor = _ANCHORS.get(style.get("text-anchor", ""), 0.0)
            self.lines.append(Line(self._pen["x"], self._start + below, anchor))
        bold = is_bold(style.get("font-weight", ""))
        italic = style.get("font-style", "") in ("italic", "oblique")
        width = self._measure(words, size, bold, italic)
        rise = self._pen["y"] - self._start
        self.lines[-1].runs.append(Run(words, style, share, size, bold, italic, width, rise))


def _length(value: str, size: float) -> float:
    found = numbers(value)
    return found[0] * (size if value.endswith("em") else 1.0) if found else 0.0


def is_bold(weight: str) -> bool:
    """Whether a `font-weight` is painted bold."""
    return weight in ("bold", "bolder") or (weight.isdecimal() and int(weight) >= _BOLD)
