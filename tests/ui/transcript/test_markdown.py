"""Markdown becomes the blocks and runs that it says, and nothing of an untrusted text is lost or followed."""

from __future__ import annotations

import pytest

from desktop.ui.transcript.text import markdown
from desktop.ui.transcript.text.inline import Span, plain_inline, spans
from desktop.ui.transcript.text.markdown import Block, Kind, parse


def blocks(text: str) -> list[Block]:
    return parse(text)[0]


def test_lists_are_flat_and_say_what_they_stand_in() -> None:
    found = blocks("3. a\n4. b\n   - c\n\n     d\n\n   e\n> - q\n>\n> p")
    assert [(block.text, block.indents) for block in found] == [
        ("a", ("3.",)),
        ("b", ("4.",)),
        ("c", ("", "◦")),
        ("d", ("", "")),
        ("e", ("",)),
        ("q", (">", "•")),
        ("p", (">",)),
    ]


def test_tasks_rules_headings_and_code() -> None:
    found = blocks("- [x] a\n- [ ] b\n\n---\n\n## h\n\n```c++ title\nx\n\ny\n```\n\n    z")
    assert [(block.kind, block.text, block.level, block.language) for block in found] == [
        (Kind.PARAGRAPH, "a", 0, ""),
        (Kind.PARAGRAPH, "b", 0, ""),
        (Kind.RULE, "", 0, ""),
        (Kind.HEADING, "h", 2, ""),
        (Kind.CODE, "x\n\ny", 0, "c++"),
        (Kind.CODE, "z", 0, ""),
    ]
    assert [block.indents for block in found[:2]] == [("☑",), ("☐",)]


def test_a_table_keeps_its_cells_and_alignments() -> None:
    (table,) = blocks("| a | b | c |\n|:--|:-:|--:|\n| `1` | 2 |\n")
    assert table.rows == (("a", "b", "c"), ("`1`", "2", ""))
    assert table.alignments == ("left", "center", "right")


@pytest.mark.parametrize(
    ("text", "bold"),
    [
        ("**“引号”**后", "“引号”"),
        ("前**“引号”**后", "“引号”"),
        ("他说**（注意）**这个", "（注意）"),
        ("**重点：**后面", "重点："),
        ("这是**《书名》**。", "《书名》"),
        ("**「日本語」**です", "「日本語」"),
        ("plain **bold** text", "bold"),
        ('a **"quoted"** b', '"quoted"'),
    ],
)
def test_emphasis_beside_cjk_punctuation(text: str, bold: str) -> None:
    assert [span.text for span in spans(text) if span.bold] == [bold]


@pytest.mark.parametrize("text", ["2 ** 3 ** 4", "a** b **c", "snake_case_name", 'a**"b"**c'])
def test_what_is_no_emphasis_in_latin_text_stays_none(text: str) -> None:
    assert spans(text) == [Span(text)]


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "smb://host/x", "ms-msdt:/id", "vbscript:x"],
)
def test_a_forbidden_link_is_text_with_its_address(address: str) -> None:
    found = spans(f"[click](<{address}>) <{address}>")
    assert all(not span.href for span in found)
    assert "click" in plain_inline(f"[click](<{address}>)")
    assert address in plain_inline(f"[click](<{address}>)")


@pytest.mark.parametrize(
    "address", ["https://a.example/x?y=1", "http://a.example", "mailto:a@b.example", "HTTPS://A.example"]
)
def test_an_allowed_link_is_one(address: str) -> None:
    assert spans(f"[x]({address})") == [Span("x", href=address)]


def test_bare_addresses_become_links_without_their_punctuation() -> None:
    found = spans("see https://a.example/b_(c), (https://d.example) 或者https://e.example。完")
    assert [span.href for span in found if span.href] == [
        "https://a.example/b_(c)",
        "https://d.example",
        "https://e.example",
    ]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("www.a.example/b, x", ["http://www.a.example/b"]),
        ("mail a.b-c_d@a.example.", ["mailto:a.b-c_d@a.example"]),
        ("访问https://a.example/路径，谢谢", ["https://a.example/路径"]),
        ("https://a.example/?x=1&amp;y=2 z", ["https://a.example/?x=1&y=2"]),
        ("https://a.example/a\\_b", ["https://a.example/a_b"]),
        ("https://a.example\u202etxt.exe", ["https://a.example"]),
        ("https://a.exa\u200bmple", ["https://a.exa"]),
        ("a@b and @name and www. and https:// and x@y.", []),
        ("`https://a.example`", []),
    ],
)
def test_bare_addresses(text: str, addresses: list[str]) -> None:
    assert [span.href for span in spans(text) if span.href] == addresses


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ("[https://bank.example](https://evil.example)", " (https://evil.example)"),
        ("[bank.com/login](https://evil.example/bank.com)", " (https://evil.example/bank.com)"),
        ("[bank.com](https://bank.com.evil.example)", " (https://bank.com.evil.example)"),
        ("[https://bank.com@a.example](https://evil.example)", " (https://evil.example)"),
        ("[a@b.com](mailto:a@b.com)", ""),
        ("[python.org](https://docs.python.org/3/)", ""),
        ("[main.py](https://a.example/x)", ""),
        ("[\u202eelpmaxe.knab](https://evil.example)", " (\u2066https://evil.example\u2069)"),
        ("[www.a.example](https://a.example/x)", ""),
        ("[docs](https://a.example)", ""),
        ("[e.g. this](https://a.example)", ""),
        ("[main.py](src/main.py)", ""),
    ],
)
def test_a_link_that_pretends_to_lead_elsewhere_shows_its_address(text: str, added: str) -> None:
    assert "".join(span.text for span in spans(text) if span.muted) == added


def test_a_line_break_of_html_is_one_in_a_cell_alone() -> None:
    (table, paragraph) = blocks("| a<br>b | `<br>` \\<br> |\n|---|---|\n| c<BR/>d<br />e | <hr> |\n\na<br>b")
    assert [plain_inline(cell) for cell in table.rows[0]] == ["a\nb", "<br> <br>"]
    assert [plain_inline(cell) for cell in table.rows[1]] == ["c\nd\ne", "<hr>"]
    assert plain_inline(paragraph.text) == "a<br>b"
    assert markdown.plain_text(table) == "a b\t<br> <br>\nc d e\t<hr>"


def test_loose_lists_tasks_in_tasks_and_a_table_in_a_list() -> None:
    found = blocks("7. a\n\n8. b\n\n   | x |\n   |---|\n   | y |\n\n- [ ] c\n  - [x] d\n\n    e\n> 2) f")
    assert [(block.text or block.rows, block.indents) for block in found] == [
        ("a", ("7.",)),
        ("b", ("8.",)),
        ((("x",), ("y",)), ("",)),
        ("c", ("☐",)),
        ("d", ("", "☑")),
        ("e", ("", "")),
        ("f", (">", "2)")),
    ]


def test_an_image_is_its_text_and_address() -> None:
    assert spans("![a cat](https://img.example/cat.png)") == [
        Span("a cat"),
        Span(" (https://img.example/cat.png)", muted=True),
    ]


def test_html_is_text() -> None:
    text = '<script>alert(1)</script> vector<int> <think> <img src="x">'
    assert [block.text for block in blocks(text)] == [text]
    assert plain_inline(text) == text


def test_soft_breaks_are_spaces_but_not_between_chinese_characters() -> None:
    assert plain_inline("a\nb") == "a b"
    assert plain_inline("中\n文") == "中文"
    assert plain_inline("a  \nb") == "a\nb"


def test_references_are_found_and_unsafe_ones_are_not_followed() -> None:
    found, references = parse("[a] [b]\n\n[a]: https://x.example\n[b]: javascript:x")
    assert [span.href for span in spans(found[0].text, references)] == ["https://x.example", "", "", ""]


def test_long_blocks_come_in_pieces_that_join_to_the_whole() -> None:
    code = "\n".join(f"line {number}" for number in range(1000))
    pieces = blocks(f"```\n{code}\n```")
    assert len(pieces) > 1
    assert "".join(piece.joint + piece.text for piece in pieces) == code
    assert [piece.first for piece in pieces] == [True] + [False] * (len(pieces) - 1)
    table = "| a |\n|---|\n" + "| b |\n" * 200
    assert sum(len(piece.rows) for piece in blocks(table)) == 201


@pytest.mark.parametrize(
    "text",
    [
        ">" * 10_000 + " deep",
        "[" * 10_000,
        "- " * 5_000 + "x",
        "x" * 300_000,
        "![" * 9_000,
        "*a **b " * 3_000,
        "$" * 10_000,
        "[^" * 9_000,
        "\\begin{" * 10_000,
        "\\[ x " * 10_000,
        "| x |\n|---|\n" + "| y |\n" * 100_000,
    ],
)
def test_hostile_text_loses_nothing(text: str) -> None:
    found, references = parse(text)
    shown = "".join(block.joint + markdown.plain_text(block, references) for block in found)
    markers = text.replace(" ", "")
    assert shown.replace(" ", "") == markers or "x" in shown
    assert all(len(block.text) <= 20_000 for block in found)
