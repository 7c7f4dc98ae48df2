"""The colours of code. Knows no Qt; the only door of Pygments.

A text that grows costs what is new. It is read in stretches of whole lines, each from the lexer's state at its
beginning, and a stretch is settled once some lines behind it are there. What colours a line gets depends on the text
alone, never on how it came in pieces.
"""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_right
from enum import StrEnum
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from desktop.ui.transcript.languages import language as named

if TYPE_CHECKING:
    from pygments.lexer import Lexer, RegexLexer

_log = logging.getLogger(__name__)

_STRETCH = 8
_AHEAD = 4
"""A stretch is settled when so many more lines are there: what follows may say what a line is."""
_MAX_STRETCH_CHARS = 20_000
_MAX_STRETCH_S = 0.25
"""Code that takes longer to read than this gets no colours any more: it may be written for that."""
_MAX_LINE_CHARS = 1_000
"""What lies behind in a line gets no colours: some lexers' time grows with the square of a line's length."""
_MAX_CHUNK = 32
_MAX_STUCK = 50
"""So often a lexer may change its state without taking a character."""


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

_State = tuple[str, ...]
"""A lexer's stack of states."""


class _Read(NamedTuple):
    """What reading a stretch gives: the ranges of each line, and where it can be read on from with which state."""

    lines: list[list[Range]]
    marks: list[tuple[int, _State]]


class _Reader(Protocol):
    """Reads lines with one of Pygments' lexers."""

    near: int
    """So many lines may be read again with the one that is being written."""

    def start(self, text: str) -> _State:
        """The state to begin `text` with."""

    def read(self, lines: list[str], state: _State, *, is_start: bool) -> _Read:
        """Read lines that begin with `state`; `is_start` says whether the text begins with them."""


class Highlighter:
    """Colours a text that grows.

    `lines` is what is known of each line, counted from its start; `changed_from` the first line that the last `feed`
    has changed. `is_done` says whether all that was fed has its colours, or there was no time for it.
    """

    def __init__(self, reader: _Reader) -> None:
        self.lines: list[list[Range]] = [[]]
        self.changed_from = 0
        self.is_done = True
        self._reader = reader
        self._text = ""
        self._source = [""]
        self._settled = 0
        self._state: _State | None = None
        self._size = _STRETCH + _AHEAD
        self._complete = 0
        self._resume: tuple[int, _State] | None = None
        self._gave_up = False

    def feed(self, text: str, stretches: int | None = None) -> list[Range]:
        """Take `text`, which begins with all that was fed before, and read it, or so many stretches of lines of it.

        Returns the ranges that are new or have changed, from the first changed line on.
        """
        if not text.startswith(self._text):
            self.__dict__.update(Highlighter(self._reader).__dict__)
        first, *more = text[len(self._text) :].split("\n")
        self._text = text
        self.changed_from = len(self._source) - 1
        self._source[-1] += first
        self._source += more
        self.lines += [[] for _ in more]
        if self._state is None and text.strip():
            self._state = self._reader.start(text)
        if self._state is not None:
            self._advance(stretches)
        return self._ranges()

    def _ranges(self) -> list[Range]:
        found = []
        start = sum(len(line) + 1 for line in self._source[: self.changed_from])
        for line, ranges in zip(self._source[self.changed_from :], self.lines[self.changed_from :], strict=True):
            found += [(start + first, start + last, ink) for first, last, ink in ranges]
            start += len(line) + 1
        return found

    def _advance(self, stretches: int | None) -> None:
        """Settle what can be settled, then read the rest as if the text ended here."""
        last = len(self._source) - 1
        while self._settled + self._size <= last and not self._gave_up:
            if stretches == 0:
                self.is_done = False
                return
            stretches = None if stretches is None else stretches - 1
            self._settle()
        self.is_done = True
        if self._complete != last:
            self._resume = None
            if last > self._settled:
                self._resume = self._show(self._settled, last, self._state or ())
            self._complete = last
        first, state = self._resume or (self._settled, self._state or ())
        if last - first > self._reader.near:
            first, state = last, self._reader.start(self._text)
        self._show(first, last + 1, state)

    def _settle(self) -> None:
        """Settle the next stretch; where it cannot be told where it ends, look farther ahead the next time."""
        end = self._settled + self._size
        read = self._timed(self._settled, end, self._state or ())
        mark = next(((line, state) for line, state in read.marks if _STRETCH <= line < self._size), None)
        if mark is None:
            is_long = sum(map(len, self._source[self._settled : end])) > _MAX_STRETCH_CHARS
            if not is_long:
                self._size *= 2
                return
            mark = read.marks[-1] if read.marks else (self._size, self._reader.start(self._text))
        count, self._state = mark
        self._take(self._settled, read.lines[:count])
        self._settled += count
        self._size = _STRETCH + _AHEAD

    def _show(self, first: int, end: int, state: _State) -> tuple[int, _State] | None:
        """Read some lines, and say from where on a further line can be read: before the last of them."""
        read = self._timed(first, end, state)
        self._take(first, read.lines)
        count = end - first
        return next(((first + line, at) for line, at in reversed(read.marks) if line < count), None)

    def _timed(self, first: int, end: int, state: _State) -> _Read:
        lines = [line[:_MAX_LINE_CHARS] for line in self._source[first:end]]
        if self._gave_up:
            return _Read([[] for _ in lines], [])
        before = time.perf_counter()
        try:
            read = self._reader.read(lines, state, is_start=first == 0)
        except Exception:  # noqa: BLE001
            # Six hundred lexers by many hands, over a text by anybody: one that stumbles must not end the painting.
            _log.exception("no colours: %s stumbled", self._reader)
            read = _Read([[] for _ in lines], [])
            self._gave_up = True
        self._gave_up |= time.perf_counter() - before > _MAX_STRETCH_S
        return read

    def _take(self, first: int, lines: list[list[Range]]) -> None:
        for number, ranges in enumerate(lines, first):
            if self.lines[number] != ranges:
                self.lines[number] = ranges
                self.changed_from = min(self.changed_from, number)


class _ByState:
    """Reads with a lexer of regular expressions, which can begin at any line: its stack says what goes on there.

    The loop is that of `pygments.lexer.RegexLexer`, which keeps its stack to itself.
    """

    near = 500

    def __init__(self, lexer: RegexLexer) -> None:
        self._lexer = lexer
        # Where a lexer comes in variants, its rules are its own and not its class's.
        self._rules: dict[str, list[Any]] = {**vars(type(lexer)), **vars(lexer)}["_tokens"]

    def start(self, text: str) -> _State:
        # Models write PHP without its opening tag.
        return ("root", "php") if "php" in self._rules and not text.lstrip().startswith("<") else ("root",)

    def read(self, lines: list[str], state: _State, *, is_start: bool) -> _Read:
        # A line break before the first line tells the lexer that the text does not begin there.
        lead = 0 if is_start else 1
        source = "\n" * lead + "\n".join(lines) + "\n"
        tokens: list[tuple[int, int, Any]] = []
        starts = _starts(lines, lead)
        numbers = {start: number for number, start in enumerate(starts)}
        marks: dict[int, _State] = {}
        stack = list(state)
        position, stuck = lead, 0
        while position < len(source):
            if position in numbers:
                marks[numbers[position]] = tuple(stack)
            end = self._step(source, position, stack, tokens)
            stuck = stuck + 1 if end == position else 0
            position = end if stuck < _MAX_STUCK else end + 1
        return _Read(_by_line(starts, tokens), [*marks.items(), (len(lines), tuple(stack))])

    def _step(self, source: str, position: int, stack: list[str], tokens: list[tuple[int, int, Any]]) -> int:
        """Take one match. Returns where it ends."""
        for match, action, new_state in self._rules[stack[-1]]:
            found = match(source, position)
            if found is None:
                continue
            if callable(action):
                tokens += [(at, at + len(text), token) for at, token, text in action(self._lexer, found)]
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

    def start(self, text: str) -> _State:
        del text
        return ()

    def read(self, lines: list[str], state: _State, *, is_start: bool) -> _Read:
        del state, is_start
        source = "\n".join(lines) + "\n"
        found = self._lexer.get_tokens_unprocessed(source)
        tokens = [(start, start + len(text), token) for start, token, text in found]
        marks = [
            (number, ())
            for number, line in enumerate(lines)
            if number and (number >= _MAX_CHUNK or not line[:1].isspace())
        ]
        return _Read(_by_line(_starts(lines, 0), tokens), [(0, ()), *marks, (len(lines), ())])


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


def highlighter(language: str) -> Highlighter | None:
    """For code in `language`, as it is named behind a fence. None where nobody knows its colours.

    The first of each language compiles its regular expressions, which may take 0.3 s: see `is_prepared`.
    """
    lexer = named(language).lexer
    reader = _reader(lexer) if lexer else None
    return Highlighter(reader) if reader else None


def is_prepared(language: str) -> bool:
    """Whether `highlighter` would answer at once. If not it is prepared for that, in a thread of its own."""
    lexer = named(language).lexer
    if not lexer or lexer in _prepared:
        return True
    if lexer not in _preparing:
        _preparing[lexer] = threading.Thread(target=_reader, args=(lexer,), name=f"colours of {lexer}", daemon=True)
        _preparing[lexer].start()
    return False


_preparing: dict[str, threading.Thread] = {}
_prepared: set[str] = set()
_lock = threading.Lock()


def _reader(lexer: str) -> _Reader | None:
    with _lock:
        made = _make_reader(lexer)
    _prepared.add(lexer)
    return made


@cache
def _make_reader(name: str) -> _Reader | None:
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
