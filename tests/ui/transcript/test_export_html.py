"""The chat as one HTML file: what it says, how it is nested, and that nothing in it runs or is fetched."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from desktop.chat.message import State
from desktop.ui.i18n import choose_language
from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.export.html import html_page
from desktop.ui.transcript.export.plain_files import markdown_file
from desktop.ui.transcript.message.message_view import MessageState
from desktop.ui.transcript.row import Row
from tests.ui.transcript.rows import answer, question

VOID = {"meta", "br", "hr", "img", "input", "source", "path", "use", "rect"}
RUNS_OR_LOADS = {"script", "iframe", "object", "embed", "link", "base", "form", "style-src", "video", "audio", "button"}
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=https://evil.example/x.png onerror=alert(1)>",
    "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](vbscript:x) [d](file:///etc/passwd) [e](data:text/html,x)",
    '[a](<javascript:alert(1)>) <javascript:alert(1)> [f](https://a.example/"onmouseover=alert(1)//)',
    "![x](https://evil.example/x.png) ![y](data:image/png;base64,AAAA) ![z](file:///etc/passwd)",
    '```"><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\n```',
    "| <b>a</b> | `</td><script>` |\n|--|--|\n| <i onclick=x> | [x](javascript:1) |",
    "$</svg><script>alert(1)</script>$ $$\\text{</svg><script>alert(1)</script>}$$ $\\href{javascript:alert(1)}{x}$",
    '[^"><script>]: note <script>alert(1)</script>\n\ntext[^"><script>]',
    "# <svg onload=alert(1)>\n> <style>@import 'https://evil.example'</style>",
    "\x00\x08\ud800\u202e<!-- --><![CDATA[ ]]>&lt;script&gt; &#60;script&#62;",
    "```mermaid\nflowchart LR\n A[<script>alert(1)</script>] --> B\n```",
]


class Page(HTMLParser):
    """A parsed page. `outline` has the tags as they are nested, `text` what can be read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.outline: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self.outline.append("/".join([*self._open, tag]))
        if tag not in VOID:
            self._open.append(tag)

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def _page(*rows: Row, title: str = "Title", states: dict[int, MessageState] | None = None) -> Page:
    return Page("".join(html_page(title, rows, (states or {}).get)))


def _body(markdown: str) -> str:
    """What the answer `markdown` is in the page, without attributes that only fonts and voices want."""
    html = "".join(html_page("Title", [answer(1, markdown)]))
    body = html.partition('<div class="text">\n')[2].partition("</div>\n</article>")[0]
    return re.sub(r' (dir|lang)="\w+"', "", body)


def _assert_harmless(page: Page) -> None:
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    for tag, attributes in page.tags:
        assert tag not in RUNS_OR_LOADS
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert "url(" not in value
            if name in ("src", "srcset"):
                assert value.startswith("data:image/svg+xml;base64,")
            elif name in ("href", "xlink:href"):
                assert urlsplit(value).scheme in ("http", "https", "mailto") or value[1:] in ids, value


def test_no_link_has_a_mail_program_take_files_along() -> None:
    assert "href" not in _body("[write](mailto:a@b.example?attach=/etc/passwd)")
    assert 'href="mailto:a@b.example?subject=x"' in _body("[write](mailto:a@b.example?subject=x)")


def test_a_page_needs_nothing_else_and_runs_nothing() -> None:
    page = _page(question(1, "Question?"), answer(2, "Answer with a [link](https://example.org)."))
    policies = [each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    ]
    _assert_harmless(page)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_hostile_stays_text(text: str) -> None:
    rows = [question(1, text), answer(2, text, reasoning=text, row={"model_title": text, "notice": text})]
    page = _page(*rows, title=text, states={2: MessageState(unfolded=True)})
    _assert_harmless(page)
    assert page.all("script") == []
    _assert_harmless(_page(answer(1, "\n\n".join(HOSTILE))))


@given(st.text(alphabet="<>\"'&`*_[]()!#$\\|-:/ \nabjs^~{}", max_size=200))
@settings(max_examples=150)
def test_no_text_breaks_out(text: str) -> None:
    _assert_harmless(_page(question(1, text), answer(2, text), title=text))


def test_lists_and_quotes_are_in_each_other_again() -> None:
    text = "3. three\n4. four\n   - inner\n\n     more\n   - [x] done\n9) other\n\n"
    text += "> quote\n> 1. in it\n>\n> > deeper\n\nend"
    body = _body(text).replace("\n", "")
    assert body == (
        '<ol start="3"><li><p>three</p></li><li><p>four</p><ul><li><p>inner</p><p>more</p></li>'
        '<li class="task"><input type="checkbox" disabled checked> <p>done</p></li></ul></li></ol>'
        '<ol start="9"><li><p>other</p></li></ol>'
        "<blockquote><p>quote</p><ol><li><p>in it</p></li></ol><blockquote><p>deeper</p></blockquote></blockquote>"
        "<p>end</p>"
    )


def test_blocks_are_what_they_are() -> None:
    page = _page(answer(1, "# One\n\n###### Six\n\n---\n\n**bold** *it* ~~gone~~ `x < y`\n\nline\\\nbreak"))
    inner = [path.rpartition("div/")[2] for path in page.outline if "article/div/" in path]
    assert inner == ["h1", "h6", "hr", "p", "p/strong", "p/em", "p/s", "p/code", "p", "p/br"]
    assert "x < y" in page.text


def test_tables_keep_their_alignments() -> None:
    body = _body("| a | b | c |\n|:--|:-:|--:|\n| 1 | `2` | **3** |")
    assert '<th class="left">a</th><th class="center">b</th><th class="right">c</th>' in body
    assert (
        '<td class="left">1</td><td class="center"><code>2</code></td><td class="right"><strong>3</strong></td>' in body
    )
    assert body.count("<thead>") == body.count("<tbody>") == 1


def test_long_code_and_tables_are_whole_again() -> None:
    lines = "\n".join(f"line {number}" for number in range(700))
    rows = "\n".join(f"| {number} |" for number in range(100))
    page = _page(answer(1, f"```\n{lines}\n```\n\n| n |\n|--|\n{rows}"))
    assert lines in page.text
    assert len(page.all("pre")) == len(page.all("table")) == 1
    assert len(page.all("tr")) == 101


def test_code_has_its_colours_its_language_and_its_numbers() -> None:
    body = _body('```py\ndef f(x):\n    return "a<b"\n```')
    assert "<figcaption>Python</figcaption>" in body
    assert '<span class="ink-keyword">def</span> <span class="ink-name">f</span>' in body
    assert '<span class="ink-string">&quot;a&lt;b&quot;</span>' in body
    states = {1: MessageState(text={0: BlockState(is_numbered=True)})}
    numbered = "".join(html_page("T", [answer(1, '```py\na = """1\n2"""\n```')], states.get))
    lines = re.findall(r'<span class="line">(.*)</span>\n?', numbered.partition("<code>")[2].partition("</code>")[0])
    assert [re.sub("<.*?>", "", line) for line in lines] == ["a = &quot;&quot;&quot;1", "2&quot;&quot;&quot;"]


def test_formulas_are_pictures_with_their_source_and_their_words() -> None:
    page = _page(answer(1, "In line $\\frac{a}{b}$.\n\n$$x^2$$\n\n$\\unknowncommand{x}$"))
    pictures = page.all("svg")
    assert len(pictures) == 2
    assert all(each["aria-label"] and "vertical-align" in each["style"] for each in pictures)
    assert [each["title"] for each in page.all("span") if each.get("class") == "formula"] == ["\\frac{a}{b}", "x^2"]
    assert "$\\unknowncommand{x}$" in page.text


def test_diagrams_are_pictures_in_both_themes_unless_the_source_is_shown() -> None:
    rows = [answer(1, "```mermaid\nflowchart LR\n A --> B\n```")]

    def draw(source: str, dark: bool) -> str:
        return f"<svg>{source} {dark}</svg>"

    page = Page("".join(html_page("T", rows, draw=draw)))
    _assert_harmless(page)
    (light,), (dark,) = page.all("img"), page.all("source")
    assert b64decode(light["src"].partition(",")[2]) == b"<svg>flowchart LR\n A --> B False</svg>"
    assert b64decode(dark["srcset"].partition(",")[2]) == b"<svg>flowchart LR\n A --> B True</svg>"
    assert light["alt"] == "flowchart LR\n A --> B"
    sources = {1: MessageState(text={0: BlockState(shows_source=True)})}
    assert "A --> B" in Page("".join(html_page("T", rows, sources.get, draw))).text
    assert "A --> B" in Page("".join(html_page("T", rows, draw=lambda _source, _dark: ""))).text


def test_footnotes_are_linked() -> None:
    page = _page(answer(7, "Text[^a] and[^b].\n\n[^a]: First.\n[^b]: Second.\n\n    More."))
    assert [each["href"] for each in page.all("a")] == ["#m7-note-1", "#m7-note-2"]
    assert [each["id"] for each in page.all("div") if "id" in each] == ["m7-note-1", "m7-note-2"]
    _assert_harmless(page)


def test_who_when_and_how_it_ended() -> None:
    stopped = answer(2, "Half", State.STOPPED, row={"notice": "Stopped by you.", "model_title": "SmolLM2"})
    failed = answer(3, "", State.FAILED, row={"notice": "No memory.", "is_error": True})
    page = _page(question(1, "Why?"), stopped, failed, answer(4, "So far", State.STREAMING))
    for words in ("You", "SmolLM2", "Stopped by you.", "No memory.", "This answer was still being written."):
        assert words in page.text
    assert [each["class"] for each in page.all("p") if each.get("class") in ("notice", "error")] == [
        *("notice", "error", "notice")
    ]
    assert len(page.all("time")) == 4


def test_reasoning_is_folded_as_it_is_on_the_screen() -> None:
    row = answer(1, "Answer.", reasoning="Let me *think*.", reasoning_s=12.0)
    assert "open" not in _page(row).all("details")[0]
    assert "open" in _page(row, states={1: MessageState(unfolded=True)}).all("details")[0]
    assert "Thought for 12 s" in _page(row).text


@pytest.mark.usefixtures("english_afterwards")
def test_languages_are_named() -> None:
    page = _page(answer(1, "English.\n\n中文。\n\nにほんご\n\n한국어"))
    assert [each.get("lang") for each in page.all("p") if "dir" in each] == [None, "zh", "ja", "ko"]
    assert page.all("html") == [{"lang": "en"}]
    choose_language("zh_CN")
    assert _page().all("html") == [{"lang": "zh-CN"}]


def test_questions_are_shown_as_they_were_written() -> None:
    page = _page(question(1, "  # no heading\n<b>x</b>\n\n**no bold**"))
    assert "  # no heading\n<b>x</b>\n\n**no bold**" in page.text
    assert page.all("strong") == []


def test_markdown_is_what_was_written() -> None:
    rows = [question(1, "Why?"), answer(2, "# Because\n\n`x`\n", reasoning="Hm.\n\nSo.", row={"notice": "Stopped."})]
    text = "".join(markdown_file("A\ntitle", rows))
    assert re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "WHEN", text) == (
        "# A title\n\n## You · WHEN\n\nWhy?\n\n## Answer · WHEN\n\n# Because\n\n`x`\n\n*Stopped.*\n"
    )
    unfolded = {2: MessageState(unfolded=True)}
    assert "\n> Hm.\n>\n> So.\n" in "".join(markdown_file("T", rows, unfolded.get))


def test_it_is_made_without_qt() -> None:
    code = (
        "import sys; from desktop.ui.transcript.export import html, plain_files; from desktop.chat.message import *;"
        "from desktop.ui.transcript.row import Row;"
        "row = Row(Message(1, 1, None, Role.ASSISTANT, State.COMPLETE, '**x** $y$\\n\\n```py\\n1\\n```', 0.0));"
        "''.join(html.html_page('t', [row])); sys.exit(any(name.startswith('PySide6') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_comes_in_pieces() -> None:
    rows: Iterator[Row] = (answer(number, "Text.") for number in range(1000))
    pieces = html_page("T", list(rows))
    assert "<!DOCTYPE html>" in next(pieces)
    assert len(list(pieces)) > 1000
