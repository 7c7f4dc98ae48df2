"""Blocks as HTML. Knows no Qt. The screen's flat list of blocks becomes lists and quotes in each other again."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.code.languages import is_diagram
from desktop.ui.transcript.export.html_code import code_html
from desktop.ui.transcript.export.html_inline import formula_html, inline_html, text_html
from desktop.ui.transcript.text import note
from desktop.ui.transcript.text.inline import References, plain_inline
from desktop.ui.transcript.text.markdown import INSIDE, NOTE, QUOTE, TASK_DONE, TASK_OPEN, Block, Kind
from desktop.ui.transcript.text.script import has_cjk
from desktop.ui.transcript.text.whole import joined, wholes

Drawing = Callable[[str, bool], str]
"""A diagram's source, and whether it is for a dark page: its SVG, empty where it cannot be drawn."""

_NUMBER = re.compile(r"(\d{1,9})(.)")
_KANA, _HANGUL = re.compile("[\u3040-\u30ff]"), re.compile("[\uac00-\ud7a3]")


def no_drawing(_source: str, _dark: bool) -> str:
    """Where there is nobody to draw: diagrams are shown as their source."""
    return ""


def language_attribute(text: str) -> str:
    """` lang="…"` where `text` is Chinese, Japanese or Korean: fonts differ by it, and so do screen readers' voices."""
    if not has_cjk(text):
        return ""
    if _KANA.search(text):
        return ' lang="ja"'
    return ' lang="ko"' if _HANGUL.search(text) else ' lang="zh"'


def blocks_html(
    blocks: Sequence[Block], references: References, states: Mapping[int, BlockState], name: str, draw: Drawing
) -> Iterable[str]:
    """The blocks of one text in pieces of HTML. `name` begins the ids in it."""
    found = list(_numbered(blocks))
    labels = dict.fromkeys(note.key(block.note) for _, block in found if block.note)
    notes = {label: f"{name}-note-{number}" for number, label in enumerate(labels, 1)}
    nest = _Nest(notes)
    writer = _Writer(references, notes, draw)
    for index, block in found:
        yield nest.enter(block)
        yield writer.leaf(block, states.get(index) or BlockState())
    yield nest.leave()


def _numbered(blocks: Sequence[Block]) -> Iterator[tuple[int, Block]]:
    """The blocks with their pieces put together again, each with the number of its first piece."""
    index = 0
    for pieces in wholes(blocks):
        rows = tuple(row for piece in pieces for row in piece.rows)
        yield index, replace(pieces[0], text=joined(pieces), rows=rows, closed=pieces[-1].closed)
        index += len(pieces)


@dataclass(slots=True)
class _Open:
    """A quote, list or footnote that is open. `number` is that of a list's item, `delimiter` what stands behind it."""

    tag: str
    end: str
    number: int = 0
    delimiter: str = ""


class _Nest:
    """What the block that is written stands in."""

    def __init__(self, notes: Mapping[str, str]) -> None:
        self._open: list[_Open] = []
        self._notes = notes
        self._begun: set[str] = set()

    def enter(self, block: Block) -> str:
        """Close what ends and open what begins with `block`."""
        depth = 0
        for depth, indent in enumerate([*block.indents, None]):
            is_open = depth < len(self._open)
            if indent is None or not is_open or not self._goes_on(self._open[depth], indent):
                break
        markers = block.indents[depth:]
        if markers and depth < len(self._open):
            item = self._next_item(self._open[depth], markers[0])
            if item:
                return self._close(depth + 1) + item + self._begin(markers[1:], block)
        return self._close(depth) + self._begin(markers, block)

    def leave(self) -> str:
        """Close everything."""
        return self._close(0)

    def _goes_on(self, opened: _Open, indent: str) -> bool:
        return (indent == QUOTE) == (opened.tag == "blockquote") and indent in (QUOTE, INSIDE)

    def _close(self, depth: int) -> str:
        ends = "".join(each.end for each in reversed(self._open[depth:]))
        del self._open[depth:]
        return ends

    def _next_item(self, opened: _Open, marker: str) -> str:
        """Another item of the list that is open; "" if `marker` begins something else."""
        number = _NUMBER.fullmatch(marker)
        if opened.tag == "ol" and number is not None and number[2] == opened.delimiter:
            expected = opened.number = opened.number + 1
            opened.number = int(number[1])
            return "</li>\n<li>" if opened.number == expected else f'</li>\n<li value="{opened.number}">'
        if opened.tag == "ul" and number is None and marker not in (QUOTE, INSIDE) and not marker.startswith(NOTE):
            return "</li>\n" + _bullet(marker)
        return ""

    def _begin(self, markers: Iterable[str], block: Block) -> str:
        parts = []
        for marker in markers:
            number = _NUMBER.fullmatch(marker)
            if marker == QUOTE:
                self._open.append(_Open("blockquote", "</blockquote>\n"))
                parts.append("<blockquote>\n")
            elif number is not None:
                start = int(number[1])
                self._open.append(_Open("ol", "</li>\n</ol>\n", start, number[2]))
                parts.append(("<ol>\n" if start == 1 else f'<ol start="{start}">\n') + "<li>")
            elif marker == INSIDE:
                self._open.append(_Open("div", "</div>\n"))
                parts.append("<div>")
            elif marker.startswith(NOTE):
                self._open.append(_Open("note", "</div>\n"))
                parts.append(self._note(marker, block))
            else:
                self._open.append(_Open("ul", "</li>\n</ul>\n"))
                parts.append("<ul>\n" + _bullet(marker))
        return "".join(parts)

    def _note(self, marker: str, block: Block) -> str:
        key = note.key(block.note)
        target = self._notes.get(key, "")
        is_first = key not in self._begun
        self._begun.add(key)
        name = f' id="{target}"' if target and is_first else ""
        return f'<div class="note" role="doc-footnote"{name}><sup>{text_html(marker.removeprefix(NOTE))}</sup> '


def _bullet(marker: str) -> str:
    if marker not in (TASK_OPEN, TASK_DONE):
        return "<li>"
    return f'<li class="task"><input type="checkbox" disabled{" checked" if marker == TASK_DONE else ""}> '


class _Writer:
    """Writes what a block says, without what it stands in."""

    def __init__(self, references: References, notes: Mapping[str, str], draw: Drawing) -> None:
        self._references, self._notes, self._draw = references, notes, draw

    def leaf(self, block: Block, state: BlockState) -> str:  # noqa: PLR0911  a table, one row a kind
        """The block, as the reader wants it (`state`)."""
        match block.kind:
            case Kind.HEADING:
                level = min(max(block.level, 1), 6)
                return f'<h{level} dir="auto"{language_attribute(block.text)}>{self._inline(block.text)}</h{level}>\n'
            case Kind.CODE:
                return self._code(block, state)
            case Kind.RULE:
                return "<hr>\n"
            case Kind.TABLE:
                return self._table(block)
            case Kind.FORMULA:
                return f'<p class="formula-line">{formula_html(block.text, display=True)}</p>\n'
        if block.kind is Kind.PLAIN:
            return plain_html(block.text)
        return f'<p dir="auto"{language_attribute(block.text)}>{self._inline(block.text)}</p>\n'

    def _inline(self, text: str) -> str:
        return inline_html(text, self._references, self._notes)

    def _code(self, block: Block, state: BlockState) -> str:
        if is_diagram(block.language) and block.closed and not state.shows_source:
            light, dark = self._draw(block.text, False), self._draw(block.text, True)
            if light:
                return _diagram(block.text, light, dark or light)
        return code_html(block.text, block.language, is_numbered=state.is_numbered, wraps=state.wraps)

    def _table(self, block: Block) -> str:
        head, *rows = block.rows or ((),)
        parts = ['<div class="table"><table>\n<thead>', self._row(head, block, "th"), "</thead>\n<tbody>"]
        parts += [self._row(row, block, "td") for row in rows]
        return "".join(parts) + "</tbody>\n</table></div>\n"

    def _row(self, cells: Iterable[str], block: Block, tag: str) -> str:
        return "<tr>" + "".join(self._cell(text, column, block, tag) for column, text in enumerate(cells)) + "</tr>\n"

    def _cell(self, text: str, column: int, block: Block, tag: str) -> str:
        alignment = block.alignments[column] if column < len(block.alignments) else ""
        look = f' class="{alignment}"' if alignment in ("left", "center", "right") else ""
        language = language_attribute(plain_inline(text, self._references)) if not text.isascii() else ""
        return f'<{tag}{look} dir="auto"{language}>{self._inline(text)}</{tag}>'


def plain_html(text: str) -> str:
    """`text` line by line, as it is."""
    return f'<p class="plain" dir="auto"{language_attribute(text)}>{text_html(text)}</p>\n'


def _diagram(source: str, light: str, dark: str) -> str:
    """As an image, which can run nothing and has its names for itself; in the page's own theme."""
    return (
        '<figure class="diagram"><picture>'
        f'<source media="screen and (prefers-color-scheme: dark)" srcset="{_picture(dark)}">'
        f'<img src="{_picture(light)}" alt="{text_html(source)}">'
        "</picture></figure>\n"
    )


def _picture(svg: str) -> str:
    return "data:image/svg+xml;base64," + b64encode(svg.encode("utf-8", "replace")).decode("ascii")
