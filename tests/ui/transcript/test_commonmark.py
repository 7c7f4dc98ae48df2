"""The examples of the CommonMark specification and of GFM's extensions say what their HTML says.

Compared is text: one string for each block, HTML's against ours. White space counts in code only, elsewhere a run of
it is one space and none at the ends. An image is its alternative text; the addresses that we add are left out. Where
list items begin and how deep a quote is shows in no text and is tested in test_markdown.

Raw HTML is text for us. The examples with raw HTML are the only ones that differ, and they say what the stock parser
says when it is told that HTML is text.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from typing_extensions import override

from desktop.ui.transcript.text.inline import LINE_BREAK, References, source, spans
from desktop.ui.transcript.text.markdown import Block, Kind, parse

DATA = Path(__file__).parents[2] / "data" / "markdown"

HAS_RAW_HTML = {
    "commonmark_0.31.2": {
        *(21, 31, *range(148, 157), *range(158, 192), 201, 308, 309, 344, 475, 476, 477, 491, 494, 524, 536),
        *(613, 614, 615, 616, 617, 623, 625, 626, 627, 628, 629, 630, 631, 642, 643),
    },
    "gfm_0.29_extensions": {652},
}


def examples(name: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found


class _Text(HTMLParser):
    """The text of HTML, a string for each block."""

    _IN_LINE = ("a", "em", "strong", "code", "img", "br", "del", "input")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts = [""]
        self._in_code = False
        self.feed(html)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._IN_LINE:
            self.parts.append("")
        self._in_code |= tag == "pre"
        self.parts[-1] += dict(attrs).get("alt") or "" if tag == "img" else "\n" if tag == "br" else ""

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag not in self._IN_LINE:
            self.parts.append("")
        self._in_code &= tag != "pre"

    @override
    def handle_data(self, data: str) -> None:
        self.parts[-1] += _code(data) if self._in_code else data


def _code(text: str) -> str:
    return text.removesuffix("\n").replace("\n", "\ue000").replace(" ", "\ue001").replace("\t", "\ue002")


def _fair(parts: list[str]) -> list[str]:
    # HTML's white space: a no-break space is none.
    return [part for part in (re.sub(r"[ \t\n\f\r]+", " ", part).strip(" ") for part in parts) if part]


def ours(blocks: list[Block], references: References) -> list[str]:
    parts = []
    for block in blocks:
        texts = [cell for row in block.rows for cell in row] or [block.text]
        for text in texts:
            if block.kind is Kind.CODE:
                parts.append(_code(text + "\n"))
            elif block.kind is Kind.PLAIN:
                parts.append(text)
            elif block.kind is Kind.FORMULA:
                parts.append(f"$${text}$$")
            else:
                shown = "".join(source(span) for span in spans(text, references) if not span.muted)
                parts.append(shown.replace(LINE_BREAK, "\n"))
    return parts


@pytest.mark.parametrize("name", HAS_RAW_HTML)
def test_examples_say_what_their_html_says(name: str) -> None:
    different = {}
    for example in examples(name):
        expected, found = _fair(_Text(example["html"]).parts), _fair(ours(*parse(example["markdown"])))
        if expected != found:
            different[int(example["example"])] = (example["markdown"], expected, found)
    assert {number: text for number, text in different.items() if number not in HAS_RAW_HTML[name]} == {}
    assert set(different) == HAS_RAW_HTML[name]


@pytest.mark.parametrize("name", HAS_RAW_HTML)
def test_examples_with_raw_html_say_it_as_text(name: str) -> None:
    stock = MarkdownIt("commonmark", {"html": False}).disable(["html_block", "html_inline"])
    for example in examples(name):
        if int(example["example"]) in HAS_RAW_HTML[name]:
            html = stock.render(example["markdown"])
            assert _fair(ours(*parse(example["markdown"]))) == _fair(_Text(html).parts), example["example"]
