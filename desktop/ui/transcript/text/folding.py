"""What counts as the same text when it is searched: case, accents, width and the shape of quotation marks do not."""

from __future__ import annotations

import re
from unicodedata import category, normalize

_MAX_KEPT = 100_000


class _Folds(dict[int, str]):
    """By code point, what a character counts as: its small letter without accent, in the usual width."""

    def __missing__(self, code: int) -> str:
        if len(self) > _MAX_KEPT:
            self.clear()
        made = self[code] = _fold(chr(code))
        return made


class _Bones(dict[int, str]):
    """By code point, the letters and digits of what a character counts as."""

    def __missing__(self, code: int) -> str:
        if len(self) > _MAX_KEPT:
            self.clear()
        made = self[code] = "".join(filter(str.isalnum, FOLDS[code]))
        return made


_QUOTES = {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"'}
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\ufe00-\ufe2f]")
"""What is written over and under letters that are letters without it too. The dots of が and the vowels of Hindi are
not: they make other letters."""


def _fold(character: str) -> str:
    if character in _QUOTES:
        return _QUOTES[character]
    if character.isspace() or character in "\u2028\u2029":
        return " "
    if category(character) == "Cf" or character == "\u00ad":
        return ""  # nobody can see it, or type it
    # Twice: a double-struck ℝ has no small letter, but the R that it stands for has.
    plain = normalize("NFKD", normalize("NFKD", character).casefold())
    return normalize("NFC", _ACCENTS.sub("", plain))


FOLDS, BONES = _Folds(), _Bones()


def folded(text: str) -> str:
    """`text` as it is compared."""
    return text.translate(FOLDS)
