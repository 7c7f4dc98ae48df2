"""Which script a character belongs to."""

from __future__ import annotations

import re
from unicodedata import bidirectional

_RANGES = (
    (0x1100, 0x11FF),  # Hangul Jamo
    (0x2E80, 0xA4CF),  # radicals, CJK punctuation, kana, ideographs, Yi
    (0xAC00, 0xD7FF),  # Hangul syllables
    (0xF900, 0xFAFF),  # compatibility ideographs
    (0xFE30, 0xFE4F),  # vertical forms
    (0xFF00, 0xFFEF),  # full-width and half-width forms
    (0x1B000, 0x1B2FF),  # more kana
    (0x20000, 0x3FFFF),  # ideographs beyond the first plane
)
_FIRST = _RANGES[0][0]
_UPRIGHT = re.compile("[\u0590-\u1c7f\u1cc0-\u1cff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff]")
"""From Hebrew on, without Latin, Greek, Cyrillic, Armenian and Georgian letters, which stand before and between."""


_TURNS = re.compile(
    "[\u0590-\u08ff\u200f\u202b\u202e\u2067\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
"""Letters that are written from right to left, and what makes others be."""


def is_cjk(character: str) -> bool:
    """Whether `character` belongs to the scripts that set no space between words."""
    code = ord(character)
    return code >= _FIRST and any(first <= code <= last for first, last in _RANGES)


def has_cjk(text: str) -> bool:
    """Whether there is Chinese, Japanese or Korean in `text`."""
    return not text.isascii() and any(map(is_cjk, text))


def has_slanted_letters(text: str) -> bool:
    """Whether emphasised `text` is slanted: few scripts are, and fonts have no slanted letters of others."""
    return text.isascii() or not (_UPRIGHT.search(text) or has_cjk(text))


def is_right_to_left(text: str) -> bool:
    """Whether the first letter of `text` belongs to a script that is written from right to left."""
    if text.isascii():
        return False
    return next((kind != "L" for kind in map(bidirectional, text) if kind in ("L", "R", "AL")), False)


def has_right_to_left(text: str) -> bool:
    """Whether anything in `text` is written from right to left."""
    return not text.isascii() and _TURNS.search(text) is not None
