"""As much of CSS as the style sheets of drawn diagrams use: which declarations hold for an element.

Selectors are types, classes, ids and attributes, joined as descendants or children. A rule with anything else, such as
`:hover`, is left out: it would not show in a picture.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from desktop.ui.transcript.diagrams.geometry import numbers

INHERITED = frozenset(
    {"color", "fill", "fill-opacity", "fill-rule", "font-size", "font-style", "font-weight", "visibility"}
    | {"stroke", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-opacity", "stroke-width"}
    | {"text-anchor", "dominant-baseline"}
)
"""What children take over."""

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_PART = re.compile(
    r"""(?P<type>\*|[\w-]+) | \.(?P<class>[^\s.#\[:>]+) | \#(?P<id>[^\s.#\[:>]+)
    | \[(?P<name>[\w:-]+)(?:=["']?(?P<value>[^"'\]]*)["']?)?\]""",
    re.VERBOSE,
)
_IMPORTANT = re.compile(r"!\s*important\s*$")


@dataclass(frozen=True, slots=True)
class Element:
    """What selectors ask of an element."""

    type: str
    attributes: Mapping[str, str]
    classes: frozenset[str]

    @classmethod
    def of(cls, kind: str, attributes: Mapping[str, str]) -> Element:
        """The element with these attributes."""
        return cls(kind, attributes, frozenset(attributes.get("class", "").split()))


@dataclass(frozen=True, slots=True)
class _Simple:
    """What stands between two blanks of a selector: `rect.actor[name="A"]`."""

    type: str
    classes: frozenset[str]
    attributes: tuple[tuple[str, str | None], ...]
    is_child: bool
    """Whether it has to be a child of what matches the part before, not only within it."""

    def matches(self, element: Element) -> bool:
        return (
            self.type in ("", "*", element.type)
            and self.classes <= element.classes
            and all(
                name in element.attributes and value in (None, element.attributes[name])
                for name, value in self.attributes
            )
        )


@dataclass(frozen=True, slots=True)
class _Rule:
    parts: tuple[_Simple, ...]
    rank: tuple[int, int, int, int]
    """Specificity, then the place in the sheet."""
    declarations: tuple[tuple[str, str, bool], ...]

    def matches(self, path: Sequence[Element]) -> bool:
        return self.parts[-1].matches(path[-1]) and _holds(self.parts, len(self.parts) - 2, path, len(path) - 2)


class Sheet:
    """The rules of one style sheet, parsed."""

    def __init__(self, text: str) -> None:
        self._by_class: defaultdict[str, list[_Rule]] = defaultdict(list)
        self._by_type: defaultdict[str, list[_Rule]] = defaultdict(list)
        for place, match in enumerate(_RULE.finditer(_COMMENT.sub("", text))):
            found = tuple(declarations(match[2]))
            for selector in match[1].split(","):
                rule = _rule(selector.strip(), place, found)
                if rule is not None:
                    self._add(rule)

    def style(self, path: Sequence[Element], inline: str) -> dict[str, str]:
        """The declarations for the last element of `path`, which leads to it from the root."""
        element = path[-1]
        rules = [rule for name in element.classes for rule in self._by_class[name] if rule.matches(path)]
        rules += [rule for name in (element.type, "") for rule in self._by_type[name] if rule.matches(path)]
        rules.sort(key=lambda rule: rule.rank)
        plain: dict[str, str] = {}
        important: dict[str, str] = {}
        for rule in rules:
            for name, value, is_important in rule.declarations:
                (important if is_important else plain)[name] = value
        for name, value, is_important in declarations(inline):
            (important if is_important else plain)[name] = value
        return plain | important

    def _add(self, rule: _Rule) -> None:
        last = rule.parts[-1]
        if last.classes:
            self._by_class[next(iter(last.classes))].append(rule)
        else:
            self._by_type[last.type.replace("*", "")].append(rule)


def declarations(text: str) -> Iterator[tuple[str, str, bool]]:
    """Name, value and importance of each declaration in `text`."""
    for declaration in text.split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            plain = _IMPORTANT.sub("", value).strip()
            yield name.strip().lower(), plain, len(plain) != len(value.strip())


def _holds(parts: Sequence[_Simple], part: int, path: Sequence[Element], element: int) -> bool:
    """Whether the first `part` + 1 parts match the ancestors up to `element`."""
    while part >= 0:
        if parts[part + 1].is_child:
            if element < 0 or not parts[part].matches(path[element]):
                return False
        else:
            while element >= 0 and not parts[part].matches(path[element]):
                element -= 1
            if element < 0:
                return False
        part -= 1
        element -= 1
    return True


def _rule(selector: str, place: int, found: tuple[tuple[str, str, bool], ...]) -> _Rule | None:
    parts: list[_Simple] = []
    rank = [0, 0, 0]
    is_child = False
    for word in selector.replace(">", " > ").split():
        if word == ">":
            is_child = True
            continue
        simple = _simple(word, is_child=is_child)
        if simple is None:
            return None
        parts.append(simple)
        is_child = False
        ids = sum(name == "id" for name, _ in simple.attributes)
        rank[0] += ids
        rank[1] += len(simple.classes) + len(simple.attributes) - ids
        rank[2] += simple.type not in ("", "*")
    return _Rule(tuple(parts), (rank[0], rank[1], rank[2], place), found) if parts else None


def _simple(word: str, *, is_child: bool) -> _Simple | None:
    kind = ""
    classes = set()
    attributes: list[tuple[str, str | None]] = []
    end = 0
    for match in _PART.finditer(word):
        if match.start() != end:
            return None
        end = match.end()
        if match["type"]:
            kind = match["type"]
        elif match["class"]:
            classes.add(match["class"])
        elif match["id"]:
            attributes.append(("id", match["id"]))
        else:
            attributes.append((match["name"], match["value"]))
    return _Simple(kind, frozenset(classes), tuple(attributes), is_child) if end == len(word) else None


def inherit(style: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The style of an element with its `own` declarations in one with `style`; `font-size` in pixels."""
    found = dict(style)
    for name, value in own.items():
        if name in INHERITED and value and value not in ("inherit", "revert", "unset"):
            found[name] = _font_size(value, style) if name == "font-size" else value
    return found


def _font_size(value: str, style: Mapping[str, str]) -> str:
    """`value` in pixels."""
    found = numbers(value)
    size = found[0] if found else 16.0
    outer = float(style["font-size"])
    for unit, share in (("em", outer), ("ex", outer / 2), ("%", outer / 100), ("pt", 4 / 3)):
        if value.endswith(unit):
            size *= share
    return f"{min(max(size, 1.0), 200.0):g}"


def fraction(value: str) -> float:
    """An opacity, 0 to 1."""
    found = numbers(value)
    return min(max(found[0] / (100 if value.endswith("%") else 1), 0.0), 1.0) if found else 1.0
