"""The text inside a block as runs of one style each.

Everything here is untrusted text. Raw HTML is text, an image is its alternative text and address, and a link to
anything but LINK_SCHEMES is text followed by its address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from desktop.ui.transcript.text.script import is_cjk

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LINK_SCHEMES = ("http", "https", "mailto")
LINE_BREAK = "\u2028"
FORMULA_CHARACTER = "\ufffc"
"""What stands for a formula where text is laid out."""
MAX_NESTING = 40

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

    from desktop.ui.transcript.text.cjk import CjkParserInline

    made = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING})
    made.inline = CjkParserInline()
    made.enable(["table", "strikethrough"])
    made.disable(["html_block", "html_inline"])
    made.core.ruler.enableOnly(["normalize", "block"])
    # Every link is parsed, so that none of its text is lost; `spans` decides which may be opened.
    made.validateLink = _any_link  # type: ignore[method-assign]
    return made


def _any_link(url: str) -> bool:  # noqa: ARG001  markdown-it calls it by name
    return True


def spans(text: str, references: References | None = None) -> list[Span]:
    """The styled runs of a block's `text`; line breaks are LINE_BREAK."""
    tokens: list[Token] = []
    parser().inline.parse(text, parser(), {"references": references or {}}, tokens)
    style = Span("")
    depth = {"strong": 0, "em": 0, "s": 0}
    found: list[Span] = []
    blocked: list[str] = []
    for index, token in enumerate(tokens):
        match token.type:
            case "text" | "text_special":
                found.extend(_with_addresses(replace(style, text=token.content)))
            case "code_inline":
                found.append(replace(style, text=token.content, code=True))
            case "softbreak":
                after = tokens[index + 1].content if index + 1 < len(tokens) else ""
                found.append(replace(style, text=_soft_break(found[-1].text if found else "", after)))
            case "hardbreak":
                found.append(replace(style, text=LINE_BREAK))
            case "strong_open" | "strong_close" | "em_open" | "em_close" | "s_open" | "s_close":
                depth[token.type.partition("_")[0]] += token.nesting
                style = replace(style, bold=depth["strong"] > 0, italic=depth["em"] > 0, strike=depth["s"] > 0)
            case "link_open":
                address = str(token.attrGet("href") or "")
                blocked.append("" if may_open(address) or not _has_scheme(address) else address)
                style = replace(style, href=address if may_open(address) else "")
            case "link_close":
                style = replace(style, href="")
                if address := blocked.pop():
                    found.append(replace(style, text=f" ({address})", muted=True))
            case "image":
                address = str(token.attrGet("src") or "")
                found.append(replace(style, text=token.content))
                found.append(replace(style, text=f" ({address})" if token.content else address, muted=True))
    return [span for span in found if span.text]


def may_open(address: str) -> bool:
    """Whether a click may open `address`: it names a scheme of LINK_SCHEMES."""
    scheme, colon, rest = address.partition(":")
    return bool(colon and rest) and scheme.lower() in LINK_SCHEMES


def plain_inline(text: str, references: References | None = None) -> str:
    """The text of `spans`, formulas as their source between dollars."""
    return "".join(map(source, spans(text, references))).replace(LINE_BREAK, "\n")


def shown_inline(text: str, references: References | None = None) -> str:
    """The text of `spans` as a document holds it: FORMULA_CHARACTER for a formula, LINE_BREAK for a line's end."""
    return "".join(FORMULA_CHARACTER if span.formula else span.text for span in spans(text, references))


def source(span: Span) -> str:
    """What is copied, searched and said of `span`: its text, a formula between dollars."""
    if not span.formula:
        return span.text
    return f"$${span.text}$$" if span.display else f"${span.text}$"


def _has_scheme(address: str) -> bool:
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", address) is not None


def _soft_break(before: str, after: str) -> str:
    """A space; nothing between two CJK characters, whose writers break lines anywhere."""
    return "" if before and after and is_cjk(before[-1]) and is_cjk(after[0]) else " "


_ADDRESS = re.compile(r"https?://[^\s<>\"'`\u3000-\u303f\uff00-\uffef“”‘’]+", re.IGNORECASE)


def _with_addresses(span: Span) -> list[Span]:
    """Addresses that stand bare in the text become links, as in GFM's autolink extension."""
    if span.href or "://" not in span.text:
        return [span]
    found = []
    end = 0
    for match in _ADDRESS.finditer(span.text):
        address = match[0].rstrip(".,;:!?*_~")
        if address.endswith(")") and address.count(")") > address.count("("):
            address = address[:-1]
        if not address.partition("://")[2]:
            continue
        found.append(replace(span, text=span.text[end : match.start()]))
        found.append(replace(span, text=address, href=address))
        end = match.start() + len(address)
    found.append(replace(span, text=span.text[end:]))
    return found
