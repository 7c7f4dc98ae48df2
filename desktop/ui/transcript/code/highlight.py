"""The colours of code. Knows no Qt.

A text that grows costs what is new. It is read in stretches of whole lines, each from the lexer's state at its
beginning, and a stretch is settled once some lines behind it are there. What colours a line gets depends on the text
alone, never on how it came in pieces.
"""

from __future__ import annotations

import logging
import threading
import time

from desktop.ui.transcript.code.languages import language as named
from desktop.ui.transcript.code.lexing import Range, Read, Reader, State, TooSlow, make_reader

_log = logging.getLogger(__name__)

_STRETCH = 8
_AHEAD = 4
"""A stretch is settled when so many more lines are there: what follows may say what a line is."""
_MAX_STRETCH_CHARS = 20_000
_MAX_STRETCH_S = 0.25
"""Code that takes longer to read than this gets no colours any more: it may be written for that."""
_MAX_LINE_CHARS = 1_000
"""What lies behind in a line gets no colours: some lexers' time grows with the square of a line's length."""


class Highlighter:
    """Colours a text that grows.

    `lines` is what is known of each line, counted from its start; `changed_from` the first line that the last `feed`
    has changed. `is_done` says whether all that was fed has its colours, or there was no time for it.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._begin()

    def _begin(self) -> None:
        """Forget all that was fed."""
        self.lines: list[list[Range]] = [[]]
        self.changed_from = 0
        self.is_done = True
        self._text = ""
        self._source = [""]
        self._settled = 0
        self._state: State | None = None
        self._size = _STRETCH + _AHEAD
        self._complete = 0
        self._resume: tuple[int, State] | None = None
        self._gave_up = False

    def feed(self, text: str, stretches: int | None = None) -> list[Range]:
        """Take `text` and read what is new in it, or so many stretches of lines of that; another text from its start.

        Returns the ranges that are new or have changed, from the first changed line on.
        """
        if not text.startswith(self._text):
            self._begin()
        if text == self._text and self.is_done:
            self.changed_from = len(self._source)
            return []
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

    def _show(self, first: int, end: int, state: State) -> tuple[int, State] | None:
        """Read some lines, and say from where on a further line can be read: before the last of them."""
        read = self._timed(first, end, state)
        self._take(first, read.lines)
        count = end - first
        return next(((first + line, at) for line, at in reversed(read.marks) if line < count), None)

    def _timed(self, first: int, end: int, state: State) -> Read:
        lines = [line[:_MAX_LINE_CHARS] for line in self._source[first:end]]
        if self._gave_up:
            return Read([[] for _ in lines], [])
        before = time.thread_time()
        try:
            read = self._reader.read(lines, state, is_start=first == 0, limit_s=_MAX_STRETCH_S)
        except TooSlow:
            read = Read([[] for _ in lines], [])
            self._gave_up = True
        except Exception:  # noqa: BLE001
            # Six hundred lexers by many hands, over a text by anybody: one that stumbles must not end the painting.
            _log.exception("no colours: %s stumbled", self._reader)
            read = Read([[] for _ in lines], [])
            self._gave_up = True
        self._gave_up |= time.thread_time() - before > _MAX_STRETCH_S
        return read

    def _take(self, first: int, lines: list[list[Range]]) -> None:
        for number, ranges in enumerate(lines, first):
            if self.lines[number] != ranges:
                self.lines[number] = ranges
                self.changed_from = min(self.changed_from, number)


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


def _reader(lexer: str) -> Reader | None:
    with _lock:
        made = make_reader(lexer)
    _prepared.add(lexer)
    return made
