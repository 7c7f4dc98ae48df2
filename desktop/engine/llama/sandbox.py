"""Jinja for templates that come with strangers' model files.

Jinja's sandbox keeps a template away from Python. What it does not do is keep single steps small: `'a' * 10**9`,
`9**9**9` and `'%999999999d' % 1` are one operation each, which no time limit can interrupt. So every operation that can
make much out of little is measured before it is done, and the methods and filters are those that chat templates use.

What stays possible is a comparison of two structures that share their parts many times over (`[x, x]` forty levels
deep, twice): it takes no memory and never returns to Python. The engine's parent ends a process that does not answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from types import BuiltinMethodType
from typing import Any, NoReturn

from jinja2 import filters, nodes, pass_environment
from jinja2.compiler import CodeGenerator, Frame
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from typing_extensions import override

MAX_CHARS = 8 * 1024 * 1024
"""The longest text or list that a template may make: several times what the longest contexts hold."""

_MAX_INT_BITS = 4096
_MAX_INDENT = 16

# fmt: off
_METHODS: dict[type, set[str]] = {
    str: {
        "capitalize", "count", "endswith", "find", "format", "index", "isalnum", "isalpha", "isdigit", "islower",
        "isspace", "isupper", "join", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace",
        "rfind", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper",
    },
    dict: {"get", "items", "keys", "values"},
    list: {"count", "index"},
    tuple: {"count", "index"},
    int: set(),
    float: set(),
}
"""What may be called on plain values. Everything else is Jinja's own (loops, macros, namespaces)."""

_FILTERS = [
    "abs", "attr", "batch", "count", "d", "default", "dictsort", "first", "float", "groupby", "int", "items", "last",
    "length", "list", "map", "max", "min", "reject", "rejectattr", "reverse", "safe", "select", "selectattr", "sort",
    "unique",
]
"""Jinja's filters whose result is no larger than what they are given. The others that templates use are below."""

_TEXT_FILTERS = ["capitalize", "e", "escape", "lower", "title", "trim", "upper"]
"""The same, of those that make a text of what they are given first."""
# fmt: on


class TooLarge(Exception):
    """The template makes more than it may."""


class Refused(Exception):
    """The template called `raise_exception`: the message is its own."""


class _CodeGenerator(CodeGenerator):
    """Sends `~` through the environment, where its result is measured."""

    @override
    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("environment.concat(map(environment.finalize, (")
        for each in node.nodes:
            self.visit(each, frame)
            self.write(", ")
        self.write(")))")


class _Generation(Extension):
    """`{% generation %}…{% endgeneration %}` marks the answers for training; for rendering it means nothing."""

    tags = {"generation"}  # noqa: RUF012 -- Jinja's declaration

    @override
    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Formatter(SandboxedFormatter):
    """`str.format` with modest widths."""

    @override
    def format_field(self, value: object, format_spec: str) -> str:
        if re.search(r"\d{4}", format_spec):
            raise TooLarge(f"the format {format_spec[:40]!r}")
        return str(super().format_field(value, format_spec))


class Sandbox(ImmutableSandboxedEnvironment):
    """Chat templates' dialect of Jinja: the options and additions that Hugging Face's transformers gave it.

    https://huggingface.co/docs/transformers/chat_templating_writing names them: trimmed blocks, loop controls,
    `raise_exception`, `strftime_now`, and a `tojson` that does not escape for HTML.
    """

    code_generator_class = _CodeGenerator
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.loopcontrols", _Generation],
            finalize=to_text,
        )
        self.filters = {name: filters.FILTERS[name] for name in _FILTERS}
        self.filters |= {name: _of_text(filters.FILTERS[name]) for name in _TEXT_FILTERS}
        self.filters |= {
            "format": lambda text, *args, **kwargs: _percent(to_text(text), kwargs or args),
            "indent": _indent,
            "join": _join_filter,
            "replace": lambda text, old, new, count=-1: _replace(to_text(text), to_text(old), to_text(new), count),
            "string": to_text,
            "tojson": _to_json,
        }
        for unwanted in ("lipsum", "cycler", "joiner"):
            del self.globals[unwanted]
        self.globals["raise_exception"] = _refuse
        self.globals["strftime_now"] = lambda form: now().strftime(form[:100])

    @staticmethod
    @override
    def concat(parts: Iterable[str]) -> str:
        """What Jinja joins the parts of a macro, of a block and of `~` with."""
        return _join("", parts)

    @override
    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        for kind, allowed in _METHODS.items():
            if isinstance(obj, kind):
                return attr in allowed
        return super().is_safe_attribute(obj, attr, value)

    @override
    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        if not isinstance(value, BuiltinMethodType) or value.__name__ != "format":
            return None
        text = value.__self__
        if not isinstance(text, str):
            return None

        def measured(*args: object, **kwargs: object) -> str:
            _check_structure([args, kwargs])
            return _Formatter(self).vformat(text, args, kwargs)

        return measured

    @override
    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, str) and isinstance(obj, BuiltinMethodType):
            measured = _MEASURED_METHODS.get(obj.__name__)
            if measured is not None:
                obj = partial(measured, owner)
        return super().call(context, obj, *args, **kwargs)

    @override
    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            return _percent(left, right)
        if operator == "+" and isinstance(left, str) and isinstance(right, Undefined):
            # llama.cpp takes it for "", and so do templates that were made for it.
            return left
        if operator == "+" and _is_series(left) and _is_series(right):
            _check_size(len(left) + len(right))
        elif operator == "*" and _is_series(left) and isinstance(right, int):
            _check_size(len(left) * right)
        elif operator == "*" and _is_series(right) and isinstance(left, int):
            _check_size(len(right) * left)
        elif isinstance(left, int) and isinstance(right, int):
            if operator == "*":
                _check_bits(left.bit_length() + right.bit_length())
            elif operator == "**":
                _check_bits(left.bit_length() * abs(right))
        return super().call_binop(context, operator, left, right)


def to_text(value: object) -> str:
    """`str(value)`, measured before where a structure may be much larger than the memory that it takes."""
    if isinstance(value, list | tuple | dict):
        _check_structure(value)
    return str(value)


def _of_text(text_filter: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, *args, **kwargs: text_filter(to_text(value), *args, **kwargs)


def _refuse(message: object = "") -> NoReturn:
    raise Refused(to_text(message))


def _is_series(value: object) -> bool:
    return isinstance(value, str | list | tuple)


def _check_size(length: int) -> None:
    if length > MAX_CHARS:
        raise TooLarge(f"{length} characters or elements")


def _check_bits(bits: int) -> None:
    if bits > _MAX_INT_BITS:
        raise TooLarge(f"a number of {bits} bits")


def _check_structure(value: object) -> None:
    """Refuse a structure whose text would be too long. A part counts wherever it appears."""
    length = 0
    rest = [value]
    while rest:
        each = rest.pop()
        length += len(each) + 2 if isinstance(each, str) else 2
        _check_size(length)
        if isinstance(each, Mapping):
            rest.extend(each.keys())
            rest.extend(each.values())
        elif isinstance(each, list | tuple):
            rest.extend(each)


def _join(separator: str, parts: Iterable[object]) -> str:
    length = 0
    texts: list[str] = []
    for each in parts:
        text = to_text(each)
        length += len(separator) + len(text)
        _check_size(length)
        texts.append(text)
    return separator.join(texts)


@pass_environment
def _join_filter(
    environment: Sandbox, value: Iterable[object], d: object = "", attribute: str | int | None = None
) -> str:
    if attribute is not None:
        value = map(filters.make_attrgetter(environment, attribute), value)
    return _join(to_text(d), value)


def _replace(text: str, old: str, new: str, count: int | None = -1) -> str:
    _check_size(len(text) + text.count(old) * len(new))
    return text.replace(old, new, -1 if count is None else count)


_MEASURED_METHODS: dict[str, Callable[..., str]] = {"replace": _replace, "join": _join}


_LONG_WIDTH = re.compile(r"%(\([^)]*\))?[-+ #0]*(\*|\d{4}|\d*\.(\*|\d{4}))")
"""A width or precision of a %-format that is long, or given by a value."""


def _percent(form: str, values: Any) -> str:
    _check_structure(values)
    if _LONG_WIDTH.search(form):
        raise TooLarge(f"the format {form[:40]!r}")
    return str(form % values)


def _indent(text: object, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    shift = width if isinstance(width, str) else " " * min(width, MAX_CHARS)
    plain = to_text(text)
    _check_size(len(plain) + len(shift) * (plain.count("\n") + 1))
    return filters.do_indent(plain, shift, first, blank)


def _to_json(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """JSON as transformers writes it: Python's own, without HTML escapes."""
    if isinstance(value, Undefined):
        # What llama.cpp prints; Python's encoder would refuse.
        return "null"
    _check_structure(value)
    if indent is not None:
        indent = min(indent, _MAX_INDENT)
    encoder = json.JSONEncoder(ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
    return _join("", encoder.iterencode(value))
