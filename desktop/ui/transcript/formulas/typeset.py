"""Formulas as pictures: LaTeX in, glyphs in their places out. Knows no Qt.

The typesetter has a font of its own that draws mathematics and no Chinese. So Chinese takes its room as stand-ins, and
`texts` says what is to be drawn there with the system's fonts. What would be drawn wrong is not drawn at all: the
reader is shown the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape

from desktop.ui.transcript.formulas import latex
from desktop.ui.transcript.text.script import is_cjk

MAX_CHARS = 2_500
_MAX_GLYPHS = 1_800
_MAX_WIDTH, _MAX_HEIGHT = 400.0, 150.0
_KEPT = 1_000
_MAX_MARKS = 51

_STAND_INS = "".join(map(chr, range(0x24B6, 0x24E9)))
"""Circled letters: all of one width, and nothing that is written in formulas. The first of a run says which run."""
_FILLER = chr(0x24E9)
_ADVANCE = 0.855
_SAME_PLACE = 0.02

_FIRST_EMOJI, _LAST_EMOJI = "\U0001f300", "\U0001faff"
"""As wide as Chinese, and lacking too."""

_SPOKEN = ("en", "pt-BR", "es", "fr", "de", "it", "ru", "zh", "ja", "ko", "hi", "ar", "id", "tr", "nl", "pl")

_MENDED = re.compile(r"rebuilt|one level undone|empty delimiter|delimiter drawn alone|on an empty base")
"""In warnings about what was written wrong and is nevertheless drawn whole."""

_PARTS = re.compile(r"<title.*?</title>|<metadata>.*?</metadata>|<style>.*?</style>|<text .*?</text>", re.DOTALL)
_WARNING = re.compile(r'<mathra:warning rule="([^"]+)">([^<]*)<')
_SPEECH = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL)
_FRAME = re.compile(
    r'<svg [^>]*?viewBox="([^"]*)" width="([\d.]+)em" height="([\d.]+)em" style="vertical-align: (-?[\d.]+)em"[^>]*>'
)
_USE = re.compile(r'<use href="#(g\d+)" (?:x="([-\d.]+)" y="([-\d.]+)"|transform="([^"]+)")([^>]*)/>')
_BAR = re.compile(r'<rect x="([-\d.]+)" y="([-\d.]+)" width="40" height="([\d.]+)"([^/]*)/>')
_AXIS = 258
"""So high above the baseline is the middle of fractions and arrays, in thousandths of an em."""
_PLACE = re.compile(r"translate\(([-\d.]+) ([-\d.]+)\)(?: scale\(([\d.]+)\))?")


@dataclass(frozen=True, slots=True)
class Text:
    """A run that the font of formulas lacks. `x` and `baseline` count from the formula's upper left corner, in em.

    `size` is the em of the run's own font, `colour` what the formula says, or "".
    """

    x: float
    baseline: float
    size: float
    text: str
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that is set. Lengths are in em.

    `svg` is whole, with the `texts` in it, and takes its colour from where it stands. `speech` is for screen readers.
    """

    svg: str
    width: float
    ascent: float
    descent: float
    speech: str
    texts: tuple[Text, ...] = ()


def typeset(source: str, *, display: bool, language: str = "en") -> Formula | None:
    """`source`, as a `display` formula or in a line. None if it cannot be set as it is meant: show the source."""
    if len(source) > MAX_CHARS:
        return None
    return _typeset(source, display, language)


@lru_cache(maxsize=_KEPT)
def _typeset(source: str, display: bool, language: str) -> Formula | None:
    spoken = language if language in _SPOKEN else language.partition("_")[0].partition("-")[0]
    spoken = spoken if spoken in _SPOKEN else "en"
    wanted = latex.known(source.strip())
    if not wanted or not latex.is_bounded(wanted):
        return None
    marked, runs = _with_stand_ins(wanted)
    if len(runs) > _MAX_MARKS:
        return None
    drawn = _drawn(marked, display, spoken)
    if drawn is None and "\\\\" in marked:
        drawn = _drawn(latex.broken_lines(marked), display, spoken)
    if drawn is None:
        return None
    raw = _render(wanted, display, spoken) if runs else drawn
    said = _SPEECH.search(raw or "")
    return _formula(wanted, drawn, unescape(said[1]) if said else source, runs)


def _drawn(source: str, display: bool, language: str) -> str | None:
    """The typesetter's picture. None where something in it is missing or wrong."""
    svg = _render(source, display, language)
    if svg is None or svg.count("<use ") > _MAX_GLYPHS:
        return None
    return svg if all(_MENDED.search(warning) for _, warning in _WARNING.findall(svg)) else None


def _render(source: str, display: bool, language: str) -> str | None:
    import mathra

    try:
        return str(mathra.tex_to_svg(source, language, display=display))
    except ValueError:  # nested too deep
        return None


def _with_stand_ins(source: str) -> tuple[str, list[str]]:
    """`source` with each run of characters that the font lacks as stand-ins of the same number, and the runs."""
    runs: list[str] = []
    if source.isascii():
        return source, runs
    source = "".join("?" if _STAND_INS[0] <= character <= _FILLER else character for character in source)
    parts: list[str] = []
    run = ""
    for character in [*source, ""]:
        if character and _is_lacking(character):
            run += character
            continue
        if run:
            parts.append(_STAND_INS[min(len(runs), _MAX_MARKS - 1)] + _FILLER * (len(run) - 1))
            runs.append(run)
            run = ""
        parts.append(character)
    return "".join(parts), runs


def _is_lacking(character: str) -> bool:
    return is_cjk(character) or _FIRST_EMOJI <= character <= _LAST_EMOJI


def _formula(source: str, raw: str, speech: str, runs: list[str]) -> Formula | None:
    """What the typesetter drew, freed of what is not drawn, with text instead of stand-ins."""
    svg = re.sub(r"mathra-[0-9a-f]+-(?=g\d)", "", _PARTS.sub("", raw))
    frame = _FRAME.match(svg)
    if frame is None:
        return None
    _, width, height, shift = frame.groups()
    descent = -float(shift)
    ascent = float(height) - descent
    if not (0 < float(width) <= _MAX_WIDTH and 0 < float(height) <= _MAX_HEIGHT):
        return None
    body = svg[frame.end() : -len("</svg>")]
    if "array" in source or "tabular" in source:
        body = _with_bars_in_place(body)
    texts: tuple[Text, ...] = ()
    if runs:
        body, texts = _with_texts(body, runs, ascent)
    body += "".join(_text_element(text, ascent) for text in texts)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{frame[1]}" width="{width}em" height="{height}em" '
        f'style="vertical-align: {shift}em" role="img" aria-label="{escape(speech)}">'
    )
    return Formula(f"{head}{body}</svg>", float(width), ascent, descent, speech, texts)


def _with_bars_in_place(body: str) -> str:
    """`body` with the vertical rules of arrays as high as the arrays, where they were in pieces in wrong places.

    WORKAROUND for mathra 1.5: the piece beside a row that begins `above` below the array's top, `height` high, is at
    `-2 * above - height` instead of `top - above - height`. The array's middle is on the axis.
    """
    made: list[str] = []
    end = 0
    piece = _BAR.search(body)
    while piece is not None:
        made.append(body[end : piece.start()])
        x, more, end = piece[1], piece[4], piece.end()
        total = float(piece[3])
        base = float(piece[2]) + total
        piece = _BAR.match(body, end)
        while piece is not None and piece[1] == x and abs(float(piece[2]) + 2 * total + float(piece[3]) - base) < 1:
            total += float(piece[3])
            end = piece.end()
            piece = _BAR.match(body, end)
        made.append(f'<rect x="{x}" y="{base + _AXIS - total / 2:g}" width="40" height="{total:g}"{more}/>')
        piece = piece or _BAR.search(body, end)
    return "".join([*made, body[end:]])


def _with_texts(body: str, runs: list[str], ascent: float) -> tuple[str, tuple[Text, ...]]:
    """`body` without stand-ins, and the texts in their places."""
    marks = _mark_glyphs()
    texts: list[Text] = []
    rest: Iterator[str] = iter("")

    def take(match: re.Match[str]) -> str:
        nonlocal rest
        glyph, x, y, transform, more = match.groups()
        if glyph not in marks:
            return match[0]
        scale = 1.0
        if transform and (place := _PLACE.match(transform)):
            x, y, scale = place[1], place[2], float(place[3] or 1)
        run = marks[glyph]
        if run is not None and run < len(runs):
            rest = iter(runs[run])
        character = next(rest, "")
        left, baseline, size = float(x or 0) / 1000, ascent - float(y or 0) / 1000, scale * _ADVANCE
        colour = re.search(r'fill="([^"]+)"', more)
        before = texts[-1] if texts and run is None else None
        if before is not None and _continues(before, left, baseline, size):
            texts[-1] = Text(before.x, before.baseline, before.size, before.text + character, before.colour)
        elif character:
            texts.append(Text(left, baseline, size, character, colour[1] if colour else ""))
        return ""

    body = _USE.sub(take, body)
    return re.sub(r'<path id="(g\d+)"[^>]*/>', lambda match: "" if match[1] in marks else match[0], body), tuple(texts)


def _continues(before: Text, x: float, baseline: float, size: float) -> bool:
    end = before.x + len(before.text) * before.size
    apart = (before.baseline - baseline, before.size - size, end - x)
    return max(map(abs, apart)) < _SAME_PLACE


@lru_cache(maxsize=1)
def _mark_glyphs() -> dict[str, int | None]:
    """Which glyph stands for which run; None for the later characters of any."""
    found: dict[str, int | None] = {}
    for number, character in enumerate(_STAND_INS + _FILLER):
        glyph = re.search(r"-(g\d+)", _render(character, display=False, language="en") or "")
        if glyph:
            found[glyph[1]] = number if character != _FILLER else None
    return found


def _text_element(text: Text, ascent: float) -> str:
    colour = escape(text.colour or "currentColor")
    return (
        f'<text x="{text.x * 1000:.0f}" y="{(text.baseline - ascent) * 1000:.0f}" font-size="{text.size * 1000:.0f}" '
        f'fill="{colour}">{escape(text.text)}</text>'
    )
