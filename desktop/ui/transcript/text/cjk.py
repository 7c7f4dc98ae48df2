"""Emphasis as Chinese, Japanese and Korean writers expect it.

CommonMark closes `**` after punctuation only before a space or more punctuation, because Latin text has a space there.
Chinese has none: `**“引号”**后` would show its asterisks. The rule here is the one of the CommonMark proposal
"CJK-friendly emphasis" (https://github.com/tats-u/markdown-cjk-friendly, specification.md): punctuation of these
scripts does not count as punctuation, and one of their characters beside the run counts as a boundary.
"""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType
from typing_extensions import override

from desktop.ui.transcript.text.script import is_cjk


class CjkParserInline(ParserInline):
    """markdown-it's inline parser with the rule above."""

    @override
    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


class _State(StateInline):
    @override
    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:
        marker = self.src[start]
        end = start
        while end < self.posMax and self.src[end] == marker:
            end += 1
        before = self.src[start - 1] if start > 0 else " "
        after = self.src[end] if end < self.posMax else " "
        can_start = not _is_space(after) and (not _is_punctuation(after) or _is_boundary(before))
        can_end = not _is_space(before) and (not _is_punctuation(before) or _is_boundary(after))
        if canSplitWord:
            return Scanned(can_start, can_end, end - start)
        return Scanned(
            can_start and (not can_end or _is_punctuation(before)),
            can_end and (not can_start or _is_punctuation(after)),
            end - start,
        )


def _is_space(character: str) -> bool:
    return isWhiteSpace(ord(character))


def _is_punctuation(character: str) -> bool:
    return (isMdAsciiPunct(ord(character)) or isPunctChar(character)) and not is_cjk(character)


def _is_boundary(character: str) -> bool:
    return _is_space(character) or _is_punctuation(character) or is_cjk(character)
