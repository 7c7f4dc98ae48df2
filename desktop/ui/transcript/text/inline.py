"""The text inside a block as runs of one style each.

Everything here is untrusted text. Raw HTML is text, and an image is its alternative text and address. A link to
anything but `address.LINK_SCHEMES` is text followed by its address; so is one whose text pretends to lead elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from desktop.ui.transcript.text.address import bare_addresses, has_scheme, is_disguised, isolated, may_open
from desktop.ui.transcript.text.script import has_right_to_left, is_cjk

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LINE_BREAK = "\u2028"
FORMULA_CHARACTER = "\ufffc"
"""What stands for a formula where text is laid out."""
ISOLATE, _END_OF_ISOLATE = "\u2066", "\u2069"
MAX_NESTING = 40
_MAX_CHARS = 20_000
_MAX_BRACKETS = 1_000
"""markdown-it's time for unclosed brackets grows with their square."""

References = Mapping[str, Mapping[str, Any]]
"""The document's link reference definitions by label, as markdown-it keeps them."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style. `href` is an address that may be opened. `muted` marks what the renderer added.

    A `formula`'s text is its TeX without delimiters; it has one style from end to end. `display` marks one that stands
    in running text but is written as one on its own line. A `note` is a reference to the footnote of that label: its
    text is what is shown, raised.
    """

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False
    muted: bool = False
    href: str = ""
    formula: bool = False
    display: bool = False
    note: str = ""


@cache
def parser() -> MarkdownIt:
    """For blocks (`markdown`) and for what is inside them. Made for the first text: so the window opens sooner."""
    from markdown_it import MarkdownIt

    from desktop.ui.transcript.text import formula, note, table
    from desktop.ui.transcript.text.cjk import CjkParserInline

    made = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING})
    made.inline = CjkParserInline()
    made.enable("strikethrough")
    for extension in (formula, note, table):
        extension.add_rules(made)
    made.disable(["html_block", "html_inline"])
    made.core.ruler.enableOnly(["normalize", "block"])
    # Every link is parsed, so that none of its text is lost; `spans` decides which may be opened.
    made.validateLink = _any_link  # type: ignore[method-assign]
    return made


def _any_link(url: str) -> bool:  # noqa: ARG001  markdown-it calls it by name
    return True


def is_too_much(text: str) -> bool:
    """Whether `text` would take long to parse, so that it is shown as it is."""
    return len(text) > _MAX_CHARS or text.count("[") > _MAX_BRACKETS


def spans(text: str, references: References | None = None) -> list[Span]:
    """The styled runs of a block's `text`; line breaks are LINE_BREAK."""
    if is_too_much(text):
        return [Span(text.replace("\n", LINE_BREAK))]
    tokens: list[Token] = []
    parser().inline.parse(text, parser(), {"references": references or {}}, tokens)
    found = _Reader().read(tokens)
    return list(map(_isolated, found)) if has_right_to_left(text) else found


class _Reader:
    """Turns markdown-it's tokens into runs."""

    def __init__(self) -> None:
        self._style = Span("")
        self._depth = {"strong": 0, "em": 0, "s": 0}
        self._found: list[Span] = []
        self._text = ""
        self._links: list[tuple[str, int]] = []

    def read(self, tokens: Sequence[Token]) -> list[Span]:
        for index, token in enumerate(tokens):
            if token.type == "text" or (token.type == "text_special" and token.content not in (":", "@")):
                self._text += token.content
                continue
            self._end_text()
            if token.type == "softbreak":
                before = self._found[-1].text if self._found else ""
                after = tokens[index + 1].content if index + 1 < len(tokens) else ""
                self._add(_soft_break(before, after))
            else:
                self._read_one(token)
        self._end_text()
        return [span for span in self._found if span.text]

    def _read_one(self, token: Token) -> None:
        match token.type:
            case "text_special":
                self._add(token.content)
            case "code_inline":
                self._add(token.content, code=True)
            case "formula":
                self._add(token.content, formula=True, display=token.meta["display"])
            case "note":
                self._add(token.content, note=token.content)
            case "hardbreak":
                self._add(LINE_BREAK)
            case "link_open":
                self._open_link(str(token.attrGet("href") or ""))
            case "link_close":
                self._close_link()
            case "image":
                self._read_image(token)
            case _:
                self._depth[token.type.partition("_")[0]] += token.nesting
                bold, italic, strike = (depth > 0 for depth in self._depth.values())
                self._style = replace(self._style, bold=bold, italic=italic, strike=strike)

    def _add(self, text: str, **style: Any) -> None:
        self._found.append(replace(self._style, text=text, **style))

    def _end_text(self) -> None:
        """Add the text so far. Addresses that stand bare in it become links."""
        text, self._text = self._text, ""
        end = 0
        for start, stop, href in () if self._style.href else bare_addresses(text):
            self._add(text[end:start])
            self._add(text[start:stop], href=href)
            end = stop
        self._add(text[end:])

    def _open_link(self, address: str) -> None:
        self._links.append((address, len(self._found)))
        self._style = replace(self._style, href=address if may_open(address) else "")

    def _close_link(self) -> None:
        self._style = replace(self._style, href="")
        address, start = self._links.pop()
        text = "".join(span.text for span in self._found[start:])
        if is_disguised(text, address) if may_open(address) else has_scheme(address):
            self._add(f" ({isolated(address, text)})", muted=True)

    def _read_image(self, token: Token) -> None:
        address = str(token.attrGet("src") or "")
        text = "".join(span.text for span in _Reader().read(token.children or []) if not span.muted)
        self._add(text)
        self._add(f" ({isolated(address, text)})" if text else address, muted=True)


def plain_inline(text: str, references: References | None = None) -> str:
    """The text of `spans`, formulas as their source between dollars."""
    return "".join(map(source, spans(text, references))).replace(LINE_BREAK, "\n")


def source(span: Span) -> str:
    """What is copied, searched and said of `span`: its text, a formula between dollars."""
    if not span.formula:
        return without_isolates(span.text)
    return f"$${span.text}$$" if span.display else f"${span.text}$"


def without_isolates(text: str) -> str:
    """`text` without what keeps code and addresses in their order between words that run from right to left."""
    return text if text.isascii() else text.replace(ISOLATE, "").replace(_END_OF_ISOLATE, "")


def _isolated(span: Span) -> Span:
    is_address = span.href.endswith(span.text) and "/" in span.text
    return replace(span, text=ISOLATE + span.text + _END_OF_ISOLATE) if span.code or is_address else span


def _soft_break(before: str, after: str) -> str:
    """A space; nothing between two CJK characters, whose writers break lines anywhere."""
    return "" if before and after and is_cjk(before[-1]) and is_cjk(after[0]) else " "
