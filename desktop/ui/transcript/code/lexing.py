"""Pygments' lexers, read a few lines at a time. Knows no Qt; the only door of Pygments."""

from __future__ import annotations

import time
from bisect import bisect_right
from enum import StrEnum
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from pygments.lexer import Lexer, RegexLexer

_MAX_CHUNK = 32
_MAX_STUCK = 50
"""So often a lexer may change its state without taking a character."""
_GLANCE = 16
"""The clock is looked at once in so many steps."""


class Ink(StrEnum):
    """What a piece of code is. Each is a token of the theme: `ink_keyword` and so on."""

    KEYWORD = "keyword"
    NAME = "name"
    """A function or a class where it is defined, a heading, a tag."""
    TYPE = "type"
    """What the language brings along, an attribute, a decorator."""
    STRING = "string"
    NUMBER = "number"
    COMMENT = "comment"
    ADDED = "added"
    REMOVED = "removed"


Range = tuple[int, int, Ink]
"""From where to where, and in which ink."""

State = tuple[str, ...]
"""A lexer's stack of states."""


class Read(NamedTuple):
    """What reading a stretch gives: the ranges of each line, and where it can be read on from with which state."""

    lines: list[list[Range]]
    marks: list[tuple[int, State]]


class Reader(Protocol):
    """Reads lines with one of Pygments' lexers."""

    near: int
    """So many lines may be read again with the one that is being written."""

    def start(self, text: str) -> State:
        """The state to begin `text` with."""

    def read(self, lines: list[str], state: State, *, is_start: bool, limit_s: float) -> Read:
        """Read lines that begin with `state`; `is_start` says whether the text begins with them.

        Raises:
            TooSlow: `limit_s` of the thread's time were not enough.
        """


class TooSlow(Exception):
    """Reading took more time than it was given: the text may be written for that."""


class _Limit:
    """Ends a loop that takes too long. Counts the thread's own time: a busy computer takes no colours away."""

    def __init__(self, limit_s: float) -> None:
        self._due_s = time.thread_time() + limit_s
        self._steps = 0

    def step(self) -> None:
        """One step is done.

        Raises:
            TooSlow
        """
        self._steps += 1
        if self._steps % _GLANCE == 0 and time.thread_time() > self._due_s:
            raise TooSlow


class _ByState:
    """Reads with a lexer of regular expressions, which can begin at any line: its stack says what goes on there.

    The loop is that of `pygments.lexer.RegexLexer`, which keeps its stack to itself.
    """

    near = 500

    def __init__(self, lexer: RegexLexer) -> None:
        self._lexer = lexer
        # Where a lexer comes in variants, its rules are its own and not its class's.
        self._rules: dict[str, list[Any]] = {**vars(type(lexer)), **vars(lexer)}["_tokens"]

    def start(self, text: str) -> State:
        # Models write PHP without its opening tag.
        return ("root", "php") if "php" in self._rules and not text.lstrip().startswith("<") else ("root",)

    def read(self, lines: list[str], state: State, *, is_start: bool, limit_s: float) -> Read:
        # A line break before the first line tells the lexer that the text does not begin there.
        lead = 0 if is_start else 1
        source = "\n" * lead + "\n".join(lines) + "\n"
        tokens: list[tuple[int, int, Any]] = []
        starts = _starts(lines, lead)
        numbers = {start: number for number, start in enumerate(starts)}
        marks: dict[int, State] = {}
        stack = list(state)
        position, stuck = lead, 0
        limit = _Limit(limit_s)
        while position < len(source):
            limit.step()
            if position in numbers:
                marks[numbers[position]] = tuple(stack)
            end = self._step(source, position, stack, tokens, limit)
            stuck = stuck + 1 if end == position else 0
            position = end if stuck < _MAX_STUCK else end + 1
        return Read(_by_line(starts, tokens), [*marks.items(), (len(lines), tuple(stack))])

    def _step(
        self, source: str, position: int, stack: list[str], tokens: list[tuple[int, int, Any]], limit: _Limit
    ) -> int:
        """Take one match. Returns where it ends."""
        for match, action, new_state in self._rules[stack[-1]]:
            found = match(source, position)
            if found is None:
                continue
            if callable(action):
                for at, token, text in action(self._lexer, found):
                    limit.step()  # it may call another lexer
                    tokens.append((at, at + len(text), token))
            elif action is not None:
                tokens.append((position, found.end(), action))
            if new_state is not None:
                _change(stack, new_state)
            return int(found.end())
        if source[position] == "\n":
            stack[:] = ["root"]
        return position + 1


def _change(stack: list[str], new_state: Any) -> None:
    """Do with `stack` what a rule says."""
    if new_state == "#push":
        new_state = (stack[-1],)
    for state in (new_state,) if isinstance(new_state, int) else new_state:
        if state == "#pop" or isinstance(state, int):
            count = abs(state) if isinstance(state, int) else 1
            del stack[max(1, len(stack) - count) :]
        else:
            stack.append(stack[-1] if state == "#push" else state)


class _ByChunk:
    """Reads with a lexer that can begin only at the beginning: in chunks that seem to stand for themselves."""

    near = 3

    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer

    def start(self, text: str) -> State:
        del text
        return ()

    def read(self, lines: list[str], state: State, *, is_start: bool, limit_s: float) -> Read:
        del state, is_start
        source = "\n".join(lines) + "\n"
        limit = _Limit(limit_s)
        tokens = []
        for start, token, text in self._lexer.get_tokens_unprocessed(source):
            limit.step()
            tokens.append((start, start + len(text), token))
        marks = [
            (number, ())
            for number, line in enumerate(lines)
            if number and (number >= _MAX_CHUNK or not line[:1].isspace())
        ]
        return Read(_by_line(_starts(lines, 0), tokens), [(0, ()), *marks, (len(lines), ())])


def _starts(lines: list[str], lead: int) -> list[int]:
    """Where each line starts, and where the one behind the last would."""
    return list(accumulate((len(line) + 1 for line in lines), initial=lead))


def _by_line(starts: list[int], tokens: list[tuple[int, int, Any]]) -> list[list[Range]]:
    """The ranges of each line. Those of one ink that touch are one."""
    lines: list[list[Range]] = [[] for _ in starts[1:]]
    for start, end, token in tokens:
        ink = _ink(token)
        number = max(0, bisect_right(starts, start) - 1)
        while ink is not None and number < len(lines) and starts[number] < end:
            base = starts[number]
            first, last = max(0, start - base), min(end, starts[number + 1] - 1) - base
            line = lines[number]
            if line and line[-1][1] == first and line[-1][2] is ink:
                first = line.pop()[0]
            if first < last:
                line.append((first, last, ink))
            number += 1
    return lines


@cache
def _ink(token: Any) -> Ink | None:
    """The ink of a token of Pygments: that of itself or of the nearest above it."""
    return None if not token else _inks()[token] if token in _inks() else _ink(token.parent)


@cache
def _inks() -> dict[Any, Ink | None]:
    from pygments.token import Comment, Generic, Keyword, Literal, Name, Operator

    return {
        Comment: Ink.COMMENT,
        Comment.Hashbang: Ink.COMMENT,
        Comment.Preproc: Ink.TYPE,
        Comment.PreprocFile: Ink.STRING,
        Generic.Deleted: Ink.REMOVED,
        Generic.Error: Ink.REMOVED,
        Generic.Heading: Ink.NAME,
        Generic.Inserted: Ink.ADDED,
        Generic.Prompt: Ink.COMMENT,
        Generic.Strong: Ink.KEYWORD,
        Generic.Subheading: Ink.NAME,
        Keyword: Ink.KEYWORD,
        Keyword.Constant: Ink.NUMBER,
        Keyword.Type: Ink.TYPE,
        Literal: Ink.STRING,
        Literal.Number: Ink.NUMBER,
        Literal.String.Affix: Ink.KEYWORD,
        Literal.String.Doc: Ink.COMMENT,
        Literal.String.Escape: Ink.NUMBER,
        Literal.String.Interpol: None,
        Name.Attribute: Ink.TYPE,
        Name.Builtin: Ink.TYPE,
        Name.Class: Ink.NAME,
        Name.Constant: Ink.NUMBER,
        Name.Decorator: Ink.TYPE,
        Name.Entity: Ink.NUMBER,
        Name.Exception: Ink.TYPE,
        Name.Function: Ink.NAME,
        Name.Label: Ink.NAME,
        Name.Property: Ink.TYPE,
        Name.Tag: Ink.NAME,
        Operator.Word: Ink.KEYWORD,
    }


@cache
def make_reader(name: str) -> Reader | None:
    """For what Pygments calls `name`. Compiles its regular expressions, which may take 0.3 s."""
    from pygments.lexer import ExtendedRegexLexer, RegexLexer
    from pygments.lexers import LEXERS, find_lexer_class

    found = next((full for _, full, aliases, *_ in LEXERS.values() if name in aliases), None)
    kind = find_lexer_class(found) if found else None
    if kind is None:
        return None
    lexer = kind()
    if not isinstance(lexer, RegexLexer) or isinstance(lexer, ExtendedRegexLexer):
        return _ByChunk(lexer)
    return _ByState(lexer)
