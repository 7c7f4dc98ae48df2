r"""Formulas in Markdown: `$…$` and `\(…\)` in running text, `$$…$$`, `\[…\]`, `\begin{…}` also on lines of their own.

What is inside is TeX: no emphasis, escape or link is read there. What is not closed is text. Whether a dollar is money
or a shell's is decided by pandoc's rule (no space inside the dollars, no digit behind) and by what stands around.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

MAX_LINES = 200
MAX_CHARS = 8_000
_MAX_INLINE_CHARS = 2_000

_ENVIRONMENTS = re.compile(
    r"align(?:ed|at|edat)?|array|[bBpvV]?matrix|smallmatrix|[dr]?cases|CD|displaymath|eqnarray|equation|flalign"
    r"|gather(?:ed)?|math|multline|split|subequations"
)
"""Those that may stand bare, as in LaTeX; also with a star."""

GROWING = "growing"
"""In markdown-it's `env`: how many lines the text has so far, if its end is still to come."""

Ends = dict[tuple[str, str], tuple[int, int]]
"""Where in a text a closing mark was looked for, and where it was found."""

_BEGIN = re.compile(r"\\begin\{([A-Za-z]+)(\*?)\}")
_TO_DOLLAR = re.compile(r"[^\\$]*(?:\\.[^\\$]*)*\$", re.DOTALL)
_TEX = re.compile(r"\\[A-Za-z]|\^|_\{|^_")
"""What only TeX has: it may stand close to letters, as in H$_2$O."""
_ORDINAL = re.compile(r"(?:th|st|nd|rd|s)\b")
_WORD = re.compile(r"[A-Za-z]{2,}")
_NUMBERS = re.compile(r"[\d\s,;.\-–]*")


@dataclass(frozen=True, slots=True)
class Found:
    """A formula in running text: its source, where it ends, and whether it is written as one on its own line."""

    tex: str
    end: int
    display: bool


def find(text: str, start: int, end: int, ends: Ends | None = None) -> Found | None:
    """The formula that begins at `start` and ends before `end`. `ends` is what earlier calls have found out."""
    ends = {} if ends is None else ends
    if text[start] == "$":
        return (
            _in_two_dollars(text, start, end, ends) if text.startswith("$$", start) else _in_dollars(text, start, end)
        )
    return _in_brackets(text, start, end, ends)


def _in_dollars(text: str, start: int, end: int) -> Found | None:
    match = _TO_DOLLAR.match(text, start + 1, min(end, start + _MAX_INLINE_CHARS))
    if match is None:
        return None
    tex = match[0][:-1]
    before, after = text[start - 1 : start], text[match.end() : min(match.end() + 1, end)]
    if not tex or tex[0].isspace() or tex[-1].isspace() or _is_digit(after):
        return None
    is_tex = _TEX.search(tex) is not None
    if tex[0] not in "\\_^" and (_is_letter(before) or (_is_digit(before) and not _is_letter(tex[0]))):
        return None
    if (_is_letter(after) or after in ("_", "(", "{")) and not is_tex:
        is_name = _ORDINAL.match(text, match.end()) or (after == "(" and _is_letter(tex) and len(tex) == 1)
        return Found(tex, match.end(), display=False) if is_name else None
    if _is_digit(tex[0]) and not is_tex and _is_prose(tex):
        return None
    return Found(tex, match.end(), display=False)


def _is_prose(tex: str) -> bool:
    """What stands between two amounts of money."""
    return len(_WORD.findall(tex)) > 1 or any(character in "，。；、！？：（）" for character in tex)


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _is_digit(character: str) -> bool:
    return character.isascii() and character.isdigit()


def _in_two_dollars(text: str, start: int, end: int, ends: Ends) -> Found | None:
    close = _closing(text, "$$", start + 2, ends)
    if close < 0 or close + 2 > end or close - start > MAX_CHARS:
        return None
    tex = text[start + 2 : close].strip()
    around = text[start + 2], text[close + 2 : close + 3]
    if not tex or around[0] == "$" or around[1] == "$" or _is_digit(around[1]):
        return None
    return Found(tex, close + 2, display=True)


def _in_brackets(text: str, start: int, end: int, ends: Ends) -> Found | None:
    display = text.startswith("\\[", start)
    close = _closing(text, "\\]" if display else "\\)", start + 2, ends)
    if close < 0 or close + 2 > end or close - start > MAX_CHARS:
        return None
    tex = text[start + 2 : close].strip()
    if not tex.strip("\\ "):
        return None
    # An escaped bracket: a mark of a source, [1], or the text of a link that is none.
    if display and (_NUMBERS.fullmatch(tex) or text.startswith("(", close + 2)):
        return None
    return Found(tex, close + 2, display)


def _closing(text: str, mark: str, start: int, ends: Ends) -> int:
    """Where the next `mark` is that is not escaped itself; -1 where there is none. Asked in order, costs one pass."""
    first, found = ends.get((mark, text), (0, -2))
    if first <= start and (found == -1 or found >= start):
        return found
    found = text.find(mark, start)
    while found >= 0 and _is_escaped(text, found, start):
        found = text.find(mark, found + 1)
    ends[mark, text] = start, found
    return found


def _is_escaped(text: str, position: int, start: int) -> bool:
    before = position
    while before > start and text[before - 1] == "\\":
        before -= 1
    return (position - before) % 2 == 1


def is_open(text: str, start: int) -> bool:
    """Whether the formula that seems to begin at `start` may still be closed: until then it need not be shown."""
    if len(text) - start > _MAX_INLINE_CHARS:
        return False
    if text.startswith(("\\(", "\\[", "$$"), start):
        return not _SENTENCE.search(text, start)
    if 0 <= text.find("$", start + 1) < len(text) - 1:
        return False
    tex = text[start + 1 :]
    if not tex or tex[0].isspace() or (_is_letter(text[start - 1 : start]) and tex[0] not in "\\_^"):
        return not tex
    if _TEX.search(tex):
        return not _SENTENCE.search(tex)
    is_money = _is_digit(tex[0]) and (_is_prose(tex) or " " in tex)
    return not is_money and len(_WORD.findall(tex)) < 2  # noqa: PLR2004  two words are prose


_SENTENCE = re.compile(r"(?<![\\{A-Za-z])[A-Za-z]{3,}(?: [A-Za-z]{2,}){3}")


def inline_rule(state: StateInline, silent: bool) -> bool:
    """markdown-it's rule for formulas in running text."""
    start = state.pos
    if state.src[start] == "\\":
        if state.src[start + 1 : start + 2] not in ("(", "["):
            return False
        if state.src[start + 1] == "[" and state.linkLevel:
            return False
    elif state.src[start] != "$":
        return False
    found = find(state.src, start, state.posMax, state.env.setdefault("formula ends", {}))
    if found is None:
        return state.src.startswith("$$", start) and _skip_dollars(state, silent)
    if not silent:
        token = state.push("formula", "", 0)
        token.content = found.tex
        token.meta = {"display": found.display}
    state.pos = found.end
    return True


def _skip_dollars(state: StateInline, silent: bool) -> bool:
    end = state.pos
    while end < state.posMax and state.src[end] == "$":
        end += 1
    if not silent:
        state.append_pending(state.src[state.pos : end])
    state.pos = end
    return True


def block_rule(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """markdown-it's rule for formulas on lines of their own."""
    start = state.bMarks[start_line] + state.tShift[start_line]
    if start >= state.eMarks[start_line] or state.src[start] not in "$\\":
        return False
    marks = _block_marks(state, start, start_line)
    if marks is None:
        return False
    opening, closing = marks
    last = _last_line(state, start_line, end_line, start + len(opening), closing)
    if last is None:
        return False
    is_open = last < 0
    last = end_line - 1 if is_open else last
    lines = state.getLines(start_line, last + 1, state.sCount[start_line], False).strip()
    tex = lines if opening.startswith("\\b") else lines.removeprefix(opening)
    if not is_open and not opening.startswith("\\b"):
        tex = tex.removesuffix(closing)
    if not is_open and not tex.strip("\\ \t\n"):
        return False
    if not silent:
        token = state.push("formula_block", "", 0)
        token.content = tex.strip()
        token.markup = opening
        token.map = [start_line, last + 1]
        token.meta = {"open": is_open}
        state.line = last + 1
    return True


def _block_marks(state: StateBlock, start: int, line: int) -> tuple[str, str] | None:
    """How the formula that may begin at `start` opens and closes."""
    text = state.src
    if text.startswith("$$", start) and not text.startswith("$$$", start):
        return "$$", "$$"
    if text.startswith("\\[", start):
        return "\\[", "\\]"
    begin = _BEGIN.match(text, start, state.eMarks[line])
    if begin is None or not _ENVIRONMENTS.fullmatch(begin[1]) or state.is_code_block(line):
        return None
    return begin[0], f"\\end{{{begin[1]}{begin[2]}}}"


def _last_line(state: StateBlock, first: int, end_line: int, start: int, closing: str) -> int | None:
    """The line that ends with the closing mark; -1 if that may still come; None if this is no formula.

    As in LaTeX there is no empty line in a formula, but Markdown's writers leave some at its edges.
    """
    growing: int | None = state.env.get(GROWING)
    close = _closing(state.src, closing, start, state.env.setdefault("formula ends", {}))
    may_come = growing is not None and growing <= end_line <= first + MAX_LINES
    if close < 0 and (not may_come or len(state.src) - start > MAX_CHARS):
        return None
    lines = range(first, min(end_line, first + MAX_LINES))
    if close >= 0:
        return _line_of(state, lines, start, close, closing)
    indent = min(state.blkIndent, state.sCount[first])
    if not all(_is_inside(state, line, indent) for line in lines):
        return None
    return -1 if _gap(state, lines, start, len(state.src)) is None else None


def _line_of(state: StateBlock, lines: range, start: int, close: int, closing: str) -> int | None:
    """The line that the mark at `close` ends; None where it ends none or lies beyond what the formula stands in."""
    refused: dict[tuple[int, int], int] = state.env.setdefault("formulas refused", {})
    # A formula that interrupts a list item stands in what the list stands in.
    indent = min(state.blkIndent, state.sCount[lines[0]])
    is_near = close - start <= MAX_CHARS and state.src.count("\n", start, close) < MAX_LINES
    if not is_near or refused.get((close, indent), -1) >= lines[0]:
        return None
    for line in lines:
        if not _is_inside(state, line, indent):
            refused[close, indent] = line - 1
            return None
        if close < state.eMarks[line]:
            is_at_end = not state.src[close + len(closing) : state.eMarks[line]].strip(" \t")
            gap = _gap(state, range(lines[0], line + 1), start, close)
            if is_at_end and gap is None:
                return line
            refused[close, indent] = gap if is_at_end and gap is not None else line
            return None
    return None


def _is_inside(state: StateBlock, line: int, indent: int) -> bool:
    """Whether `line` is within the list item or quote that is being read."""
    return state.isEmpty(line) or state.sCount[line] >= max(0, indent)


def _gap(state: StateBlock, lines: range, start: int, end: int) -> int | None:
    """The last empty line that parts what these lines say from `start` to `end`."""
    begins = [start, *(state.bMarks[line] + state.tShift[line] for line in lines[1:])]
    ends = [min(end, state.eMarks[line]) for line in lines]
    marks = "".join("x" if state.src[a:b].strip() else " " for a, b in zip(begins, ends, strict=True))
    gap = marks.rstrip().rfind(" ")
    return lines[gap] if " " in marks.strip() else None


def only_formula(text: str) -> Found | None:
    """The display formula that the paragraph `text` is."""
    if not text.startswith(("$$", "\\[")) or not text.endswith(("$$", "\\]")):
        return None
    found = find(text, 0, len(text))
    return found if found is not None and found.end == len(text) and found.display else None


def add_rules(parser: Any) -> None:
    """Teach a markdown-it parser formulas."""
    parser.inline.ruler.before("escape", "formula", inline_rule)
    parser.block.ruler.before("code", "formula", block_rule, {"alt": ["paragraph", "reference", "blockquote", "list"]})
