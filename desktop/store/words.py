"""Text cut into words for the search: what is indexed, what a query asks for, where a hit lies in its text.

Languages that are written without spaces have no word borders to cut at. Each of their characters is a word of its own,
and a query for several in a row is a phrase, so that every substring is found: 学习 in 机器学习很有趣. Other words are
found by their beginnings, without regard to case and accents.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from unicodedata import normalize

Phrase = tuple[str, ...]
"""Words that follow each other. The last is the beginning of a word."""

_ALONE = (
    "+#"  # C++, C#
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai and Lao, Burmese, Khmer
    "\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff"  # Hangul
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3100-\u312f"  # radicals, iteration marks, Suzhou numerals, Bopomofo
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
    "\u20a0-\u20cf\u2190-\u2bff\U0001f000-\U0001faff"  # currencies, arrows and other symbols, emoji
)
"""Characters that are words of their own, as ranges of a regular expression."""

_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
_NO_WORD = re.compile(rf"[^\w{_ALONE}]+")
"""Accents, and the spaces and signs that some characters are made of: ﷺ, ½."""
_PHRASE = re.compile(r'"([^"]*)"|(\S+)')
_SPACE = re.compile(r"\s")

_MAX_PHRASES = 32
"""A pasted page is no query; SQLite refuses expressions that are too long."""
_BEFORE = 40
_WIDTH = 160


def words(text: str) -> str:
    """The words of `text`, folded, with single spaces between them."""
    return " ".join(map(_folded, _WORD.findall(normalize("NFC", text))))


def phrases(query: str) -> list[Phrase]:
    """What the user asks for: everything that stands between spaces, or between quotation marks."""
    found = (tuple(words(quoted or plain).split()) for quoted, plain in _PHRASE.findall(query))
    return [phrase for phrase in found if phrase][:_MAX_PHRASES]


def fts_query(wanted: list[Phrase]) -> str:
    """The FTS5 expression for texts with all of these phrases."""
    # Inside quotation marks nothing but a quotation mark has a meaning, and no word contains one.
    return " ".join(f'"{" ".join(phrase)}"*' for phrase in wanted)


def snippet(text: str, wanted: list[Phrase]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A line of `text` around the first place where one of the phrases stands.

    Returns:
        The line, and the (start, end) of each match in it.
    """
    text = normalize("NFC", text)
    start = _line_start(text, _first_match(text, wanted))
    cut = text[start : start + _WIDTH]
    before = "…" if start else ""
    after = "…" if start + _WIDTH < len(text) else ""
    line = before + _SPACE.sub(" ", cut) + after
    return line, tuple((begin + len(before), end + len(before)) for begin, end in _matches(cut, wanted))


@lru_cache(maxsize=1 << 14)
def _folded(word: str) -> str:
    """Without case, accents and compatibility forms (full-width letters)."""
    if word.isascii():
        return word.lower()
    # Twice: a double-struck ℝ has no small letter, but the R that it stands for has, and İ becomes an i with a dot.
    decomposed = normalize("NFKD", normalize("NFKD", word).casefold())
    # Back to NFC: it puts Hangul syllables and voiced kana together again, which accents are not.
    return normalize("NFC", _NO_WORD.sub("", decomposed))


def _first_match(text: str, wanted: list[Phrase]) -> int:
    """Where the first of the phrases begins in `text`; 0 if there is none."""
    line = f" {words(text)}"
    places = [place for phrase in wanted if (place := line.find(_needle(phrase))) >= 0]
    if not places:
        return 0
    nth = line.count(" ", 0, min(places))
    return next(islice(_WORD.finditer(text), nth, None)).start()


def _matches(text: str, wanted: list[Phrase]) -> list[tuple[int, int]]:
    """Where the phrases stand in `text`, from left to right, without overlaps."""
    spans = [found.span() for found in _WORD.finditer(text)]
    line = f" {words(text)}"
    found: list[tuple[int, int]] = []
    for phrase in wanted:
        for place in re.finditer(re.escape(_needle(phrase)), line):
            nth = line.count(" ", 0, place.start())
            found.append((spans[nth][0], spans[nth + len(phrase) - 1][1]))
    apart: list[tuple[int, int]] = []
    for start, end in sorted(found, key=lambda span: (span[0], -span[1])):
        if not apart or start >= apart[-1][1]:
            apart.append((start, end))
    return apart


def _needle(phrase: Phrase) -> str:
    """The phrase as it stands in a line of words that begins with a space."""
    return f" {' '.join(phrase)}"


def _line_start(text: str, first: int) -> int:
    """Where to cut, so that the match at `first` has some text before it and no word is cut in two."""
    start = max(0, first - _BEFORE)
    if start == 0:
        return 0
    after_space = _SPACE.search(text, start, first)
    return after_space.end() if after_space else start
