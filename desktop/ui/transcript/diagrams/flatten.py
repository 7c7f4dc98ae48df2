"""The SVG that the library draws, turned into a plain drawing.

Style sheets are resolved, markers and reused parts are put where they are shown, and of all elements only shapes and
texts are kept: what comes out can neither load anything nor run anything, and every painter agrees on how it looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from xml.etree import ElementTree

from desktop.ui.transcript.diagrams.css import INHERITED, Element, Sheet, fraction, inherit
from desktop.ui.transcript.diagrams.geometry import (
    Ends,
    Matrix,
    ends,
    numbers,
    rotation,
    scaling,
    transform,
    translation,
)
from desktop.ui.transcript.diagrams.lines import Line, Measure, lines
from desktop.ui.transcript.diagrams.paint import colour
from desktop.ui.transcript.diagrams.plain import Drawing, Shape, Text

_SHAPES: Mapping[str, tuple[str, ...]] = {
    "path": ("d",),
    "rect": ("x", "y", "width", "height", "rx", "ry"),
    "circle": ("cx", "cy", "r"),
    "ellipse": ("cx", "cy", "rx", "ry"),
    "line": ("x1", "y1", "x2", "y2"),
    "polygon": ("points",),
    "polyline": ("points",),
}
_GROUPS = frozenset({"g", "a", "switch", "svg"})
_OWN = frozenset({"opacity", "display", "transform", "alignment-baseline", "rx", "ry"})
_START = {"fill": "#000000", "stroke": "none", "stroke-width": "1", "font-size": "16"}
_WHITE = "#ffffff"
"""With this the library covers the line under an arrow's head, whatever the theme."""
_MAX_DEPTH = 120
_MAX_ELEMENTS = 20_000


class CannotDraw(Exception):
    """The library's picture is none that can be shown, or too large."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What holds for the children of an element."""

    path: tuple[Element, ...]
    style: Mapping[str, str]
    matrix: Matrix
    opacity: float
    in_marker: bool = False


class _Flattener:
    def __init__(self, root: ElementTree.Element, measure: Measure, paper: str) -> None:
        self._measure = measure
        self._paper = paper
        self._sheet = Sheet("".join(node.text or "" for node in root.iter() if _kind(node) == "style"))
        self._by_id = {node.attrib["id"]: node for node in root.iter() if "id" in node.attrib}
        self._count = 0
        self.shapes: list[Shape] = []
        self.texts: list[Text] = []

    def walk(self, node: ElementTree.Element, place: _Place) -> None:
        """Add what `node` shows."""
        self._count += 1
        if self._count > _MAX_ELEMENTS or len(place.path) > _MAX_DEPTH:
            raise CannotDraw
        kind = _kind(node)
        if kind not in _GROUPS and kind not in _SHAPES and kind not in ("text", "use"):
            return
        inner, own = self._enter(node, kind, place)
        if own.get("display") == "none" or not inner.matrix.is_finite:
            return
        if kind in _SHAPES:
            self._add_shape(node, kind, inner, own)
        elif kind == "text":
            self._add_text(node, inner)
        elif kind == "use":
            self._walk_used(node, inner)
        else:
            if kind == "svg" and place.path:
                inner = replace(inner, matrix=inner.matrix @ _view(node))
            for child in node:
                self.walk(child, inner)

    def style_of(self, node: ElementTree.Element, path: tuple[Element, ...]) -> dict[str, str]:
        """The declarations for `node`, which `path` leads to: attributes, style sheet, own style."""
        style = {name: value for name, value in node.attrib.items() if name in INHERITED or name in _OWN}
        return style | self._sheet.style(path, node.get("style", ""))

    def _enter(self, node: ElementTree.Element, kind: str, place: _Place) -> tuple[_Place, dict[str, str]]:
        path = (*place.path, Element.of(kind, node.attrib))
        own = self.style_of(node, path)
        style = inherit(place.style, own)
        matrix = place.matrix @ _moved(node, own)
        opacity = place.opacity * fraction(own.get("opacity", "1"))
        return _Place(path, style, matrix, opacity, place.in_marker), own

    def _add_shape(self, node: ElementTree.Element, kind: str, place: _Place, own: Mapping[str, str]) -> None:
        style = place.style
        look = {name: value for name in _SHAPES[kind] if (value := _geometry(node, name, own))}
        if style.get("visibility") in ("hidden", "collapse"):
            return
        painted = False
        for name in ("fill", "stroke"):
            ink, opacity = colour(style[name], style["color"], self._gradients)
            opacity *= place.opacity * fraction(style.get(f"{name}-opacity", "1"))
            if (place.in_marker and ink == _WHITE) or (
                name == "fill" and ink != "none" and _is_label_ground(place.path)
            ):
                ink = self._paper
            if name == "stroke" and next(iter(numbers(style["stroke-width"])), 0.0) <= 0:
                ink = "none"
            look[name] = ink if opacity > 0 else "none"
            if look[name] != "none":
                painted = True
                if opacity < 1:
                    look[f"{name}-opacity"] = f"{opacity:g}"
        if look["stroke"] != "none":
            look["stroke-width"] = f"{numbers(style['stroke-width'])[0]:g}"
            dashes = numbers(style.get("stroke-dasharray", ""))
            if any(dash > 0 for dash in dashes) and not any(dash < 0 for dash in dashes):
                look["stroke-dasharray"] = " ".join(f"{dash:g}" for dash in dashes)
            look |= {name: style[name] for name in ("stroke-linecap", "stroke-linejoin") if name in style}
        if "fill-rule" in style:
            look["fill-rule"] = style["fill-rule"]
        if painted:
            self.shapes.append(Shape(kind, look, place.matrix))
        if not place.in_marker:
            self._add_markers(node, kind, place)

    def _add_markers(self, node: ElementTree.Element, kind: str, place: _Place) -> None:
        names = [(name, _reference(node.get(name, ""))) for name in ("marker-start", "marker-end")]
        if not any(name in self._by_id for _, name in names):
            return
        found = _ends_of(node, kind)
        if found is None:
            return
        for side, name in names:
            marker = self._by_id.get(name)
            if marker is not None and _kind(marker) == "marker":
                self._add_marker(marker, found, place, is_start=side == "marker-start")

    def _add_marker(self, marker: ElementTree.Element, found: Ends, place: _Place, *, is_start: bool) -> None:
        point, angle = (found.start, found.start_angle) if is_start else (found.end, found.end_angle)
        orient = marker.get("orient", "0")
        if orient == "auto-start-reverse":
            angle += 180 * is_start
        elif orient != "auto":
            angle = next(iter(numbers(orient)), 0.0)
        size = 1.0
        if marker.get("markerUnits", "strokeWidth") == "strokeWidth":
            size = next(iter(numbers(place.style["stroke-width"])), 1.0)
        view = numbers(marker.get("viewBox", ""))
        if len(view) == 4 and view[2] > 0 and view[3] > 0:  # noqa: PLR2004  left, top, width, height
            size *= min(_number(marker, "markerWidth", 3) / view[2], _number(marker, "markerHeight", 3) / view[3])
        matrix = translation(*point) @ rotation(angle) @ scaling(size, size)
        matrix = place.matrix @ matrix @ translation(-_number(marker, "refX"), -_number(marker, "refY"))
        path = (place.path[0], Element.of("marker", marker.attrib))
        # Where the library says nothing, an arrow's head has the colour of its line.
        style = {**_START, "fill": place.style["stroke"], "color": place.style["stroke"]}
        inner = _Place(path, inherit(style, self.style_of(marker, path)), matrix, place.opacity, in_marker=True)
        for child in marker:
            self.walk(child, inner)

    def _walk_used(self, node: ElementTree.Element, place: _Place) -> None:
        target = self._by_id.get(_href(node).removeprefix("#")) if _href(node).startswith("#") else None
        if target is None:
            return
        inner = replace(place, matrix=place.matrix @ translation(_number(node, "x"), _number(node, "y")))
        if _kind(target) == "symbol":
            inner, _ = self._enter(target, "symbol", inner)
            for child in target:
                self.walk(child, inner)
        else:
            self.walk(target, inner)

    def _add_text(self, node: ElementTree.Element, place: _Place) -> None:
        for line in lines(node, place.path, place.style, self.style_of, self._measure):
            self._add_line(line, place)

    def _add_line(self, line: Line, place: _Place) -> None:
        x = line.left
        for run in line.runs:
            style = run.style
            ink, opacity = colour(style["fill"], style["color"], self._gradients)
            opacity *= place.opacity * run.opacity * fraction(style.get("fill-opacity", "1"))
            if ink != "none" and run.words.strip() and style.get("visibility") != "hidden":
                words = run.words
                look = (run.size, run.bold, run.italic, ink, opacity)
                self.texts.append(Text(words, x, line.baseline + run.rise, run.width, *look, place.matrix))
            x += run.width

    def _gradients(self, reference: str) -> str:
        """A colour for what is filled with the gradient `reference`."""
        gradient = self._by_id.get(_reference(reference))
        stops = [] if gradient is None else [stop for stop in gradient if _kind(stop) == "stop"]
        return stops[0].get("stop-color", "none") if stops else "none"


def flatten(svg: str, measure: Measure, current: str, paper: str) -> Drawing:
    """The plain drawing of `svg`, to be painted on `paper`.

    `measure` says how wide a text is, `current` what colour `currentColor` is.

    Raises:
        CannotDraw: it is too large or nothing can be seen of it.
    """
    try:
        root = ElementTree.fromstring(svg)  # noqa: S314  written by the library; its own process has limits
    except ElementTree.ParseError as error:
        raise CannotDraw from error
    view = numbers(root.get("viewBox", ""))
    if len(view) != 4 or view[2] <= 0 or view[3] <= 0:  # noqa: PLR2004  left, top, width, height
        raise CannotDraw
    flattener = _Flattener(root, measure, paper)
    flattener.walk(root, _Place((), {**_START, "color": current}, Matrix(), 1.0))
    left, top, width, height = view
    return _with_room(Drawing(left, top, width, height, flattener.shapes, flattener.texts))


_MARGIN = 8.0


def _with_room(drawing: Drawing) -> Drawing:
    """The same with all its texts in view, and a margin."""
    left, top = drawing.left, drawing.top
    right, bottom = left + drawing.width, top + drawing.height
    for text in drawing.texts:
        for x, y in text.corners:
            left, right = min(left, x), max(right, x)
            top, bottom = min(top, y), max(bottom, y)
    left, top, right, bottom = left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN
    return replace(drawing, left=left, top=top, width=right - left, height=bottom - top)


def _kind(node: ElementTree.Element) -> str:
    tag: object = node.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _is_label_ground(path: Sequence[Element]) -> bool:
    """Whether it only keeps a line out of the words on it. The library gives some of these the colour of nodes."""
    return any("labelBkg" in element.attributes.get("data-merman-source-classes", "").split() for element in path)


def _moved(node: ElementTree.Element, own: Mapping[str, str]) -> Matrix:
    """What `node` is moved by."""
    moved = own.get("transform", "none")
    matrix = transform(node.get("transform", "") if moved == "none" else moved)
    origin = numbers(own.get("transform-origin", "") or node.get("transform-origin", ""))
    if len(origin) == 2:  # noqa: PLR2004  x and y
        matrix = translation(*origin) @ matrix @ translation(-origin[0], -origin[1])
    return matrix


def _geometry(node: ElementTree.Element, name: str, own: Mapping[str, str]) -> str:
    value = node.get(name, "") or own.get(name, "")
    if name in ("d", "points"):
        return value
    found = numbers(value)
    return f"{found[0]:g}" if found else ""


def _ends_of(node: ElementTree.Element, kind: str) -> Ends | None:
    if kind == "path":
        return ends(node.get("d", ""))
    if kind == "line":
        x1, y1, x2, y2 = (_number(node, name) for name in ("x1", "y1", "x2", "y2"))
        return ends(f"M{x1},{y1}L{x2},{y2}")
    if kind == "polyline":
        return ends("M" + node.get("points", ""))
    return None


def _view(node: ElementTree.Element) -> Matrix:
    """Of a nested <svg>."""
    matrix = translation(_number(node, "x"), _number(node, "y"))
    view = numbers(node.get("viewBox", ""))
    if len(view) == 4 and view[2] > 0 and view[3] > 0:  # noqa: PLR2004  left, top, width, height
        size = min(_number(node, "width", view[2]) / view[2], _number(node, "height", view[3]) / view[3])
        matrix = matrix @ scaling(size, size) @ translation(-view[0], -view[1])
    return matrix


def _number(node: ElementTree.Element, name: str, otherwise: float = 0.0) -> float:
    return next(iter(numbers(node.get(name, ""))), otherwise)


def _reference(value: str) -> str:
    return value.removeprefix("url(").removesuffix(")").strip("\"' ").removeprefix("#") if "#" in value else ""


def _href(node: ElementTree.Element) -> str:
    return node.get("href", "") or node.get("{http://www.w3.org/1999/xlink}href", "")
