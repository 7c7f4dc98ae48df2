"""The letters of a PDF as they are searched and copied. Knows no Qt.

WORKAROUND (Qt 6.11): where a font has one glyph for two characters, QPdfEngine tells the first one of Unicode
(QFontSubset::getReverseMap): a tab for a space, and in Chinese fonts the radical ⽂ for 文. Nobody would find 文字.
"""

from __future__ import annotations

import re
import unicodedata

# CJK Radicals Supplement: those that are words by themselves. Unicode has no decomposition for them.
_RADICALS = "⺠⻅⻆⻉⻋⻑⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻰⼾"
_WORDS = "民见角贝车長长门青韦页风飞食马骨鬼鱼鸟卤麦黄黾齐齿龙户"
_WORD_OF = dict(zip(_RADICALS, _WORDS, strict=True))

_MAP = re.compile(rb"begincmap.*?endcmap", re.DOTALL)
_LETTERS = re.compile(rb"\[[^\]]*\]")
_TOLD_WRONG = re.compile(rb"<(0009|2[EF][0-9A-F]{2})>")


def with_words(data: bytes) -> bytes:
    """A part of a PDF by Qt, with the letters that were meant in its tables of letters. No byte moves."""
    return _MAP.sub(lambda table: _LETTERS.sub(lambda letters: _TOLD_WRONG.sub(_word, letters[0]), table[0]), data)


def _word(code: re.Match[bytes]) -> bytes:
    told = chr(int(code[1], 16))
    word = " " if told == "\t" else _WORD_OF.get(told) or unicodedata.normalize("NFKC", told)
    return b"<%04X>" % ord(word)
