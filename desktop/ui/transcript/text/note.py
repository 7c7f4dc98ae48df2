"""Footnotes in Markdown, as on GitHub: `[^1]` in the text and `[^1]: what it says` on a line of its own.

A definition may have several paragraphs, indented by four columns, and may come after its use. It is kept among the
references under a key that no link's label can have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

TO_COME = "note:"
"""In the references: definitions may still come, so every reference to a footnote is taken for one."""

_REFERENCE = re.compile(r"\[\^([^\s\[\]]{1,100})\]")
_DEFINITION = re.compile(r"\[\^([^\s\[\]]{1,100})\]:")
_INDENT = 4


def key(label: str) -> str:
    """Where the references hold the footnote `label`. The labels of links are in upper case there."""
    return TO_COME + label.casefold()


def are_all_defined(text: str, references: Mapping[str, Any]) -> bool:
    """Whether each `[^…]` of `text` has its definition."""
    return "[^" not in text or all(key(label) in references for label in _labels(text))


def _labels(text: str) -> Iterable[str]:
    return {match[1] for match in _REFERENCE.finditer(text)}


def inline_rule(state: StateInline, silent: bool) -> bool:
    """markdown-it's rule for references to footnotes."""
    if state.src[state.pos] != "[" or state.linkLevel:
        return False
    match = _REFERENCE.match(state.src, state.pos, state.posMax)
    references = state.env["references"]
    if match is None or not (TO_COME in references or key(match[1]) in references):
        return False
    if not silent:
        token = state.push("note", "", 0)
        token.content = match[1]
    state.pos = match.end()
    return True


def block_rule(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """markdown-it's rule for what a footnote says."""
    start = state.bMarks[start_line] + state.tShift[start_line]
    if not state.src.startswith("[^", start) or state.is_code_block(start_line):
        return False
    match = _DEFINITION.match(state.src, start, state.eMarks[start_line])
    if match is None:
        return False
    if silent:
        return True
    token = state.push("note_open", "", 1)
    token.content = match[1]
    token.map = lines = [start_line, 0]
    _read_inside(state, start_line, end_line, match.end())
    state.push("note_close", "", -1)
    lines[1] = state.line
    if state.line <= start_line:
        state.line = lines[1] = start_line + 1
    state.env["references"].setdefault(key(match[1]), {"href": "", "title": "", "map": lines})
    return True


def _read_inside(state: StateBlock, line: int, end_line: int, begin: int) -> None:
    """Read the blocks of a footnote, whose first line begins at `begin`, behind the colon."""
    kept = state.bMarks[line], state.tShift[line], state.sCount[line], state.blkIndent, state.parentType
    text = begin
    while text < state.eMarks[line] and state.src[text] in " \t":
        text += 1
    state.bMarks[line], state.tShift[line] = begin, text - begin
    state.blkIndent += _INDENT
    state.sCount[line] = state.blkIndent
    state.parentType = "footnote"
    state.line = line
    state.md.block.tokenize(state, line, end_line)
    state.bMarks[line], state.tShift[line], state.sCount[line], state.blkIndent, state.parentType = kept


def add_rules(parser: Any) -> None:
    """Teach a markdown-it parser footnotes."""
    parser.inline.ruler.before("link", "note", inline_rule)
    parser.block.ruler.before(
        "reference", "note", block_rule, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
