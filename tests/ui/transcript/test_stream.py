"""Markdown in any pieces gives what it gives at once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.ui.transcript.text import markdown
from desktop.ui.transcript.text.closing import close_inline
from desktop.ui.transcript.text.inline import References, Span, spans
from desktop.ui.transcript.text.markdown import Kind
from desktop.ui.transcript.text.stream import MarkdownStream

DOCUMENT = """# Title

A paragraph with `code`, **bold** and a [link](https://example.com/a_(b)).
It goes on.

Setext
------

1. one
2. two
   - inner **a**
   - inner b

     more of b
3. three
```python
def f():
    return "```"

    # 中文
```
~~~
tilde
~~~

> quote
> > inner
lazy
> - item

- [x] done
- [ ] open
* other list

| a | b |
|---|:-:|
| 1 | `2` |
| 3 |

text | with a bar

    indented code

***
**“引号”**后。最后一段
两行。
"""

_LINES = st.sampled_from(
    [
        "text", "**bold** `x`", "中文**“好”**了", "[x](http://a.b", "[a]: http://x.y", "![i](j)", "<b>", "**", "\\",
        "", "", " ", "   ", "- item", "* item", "+", "- ", "-   - x", "- [ ] t", "  - inner", "1. one", "1.", "2) two",
        "1986. z", ">", "> quote", "> > q", "# head", "---", "===", "    deep", "\tx", " \ty",
        "$$", "$$", "  $$", "> $$", "$$ z $$", "$$ z", "y $$", "\\[", "\\]", "   \\[ x \\]", "    \\[", "- $$",
        "\\begin{align}", "\\end{align}", "[^1]: note", "    more", "x[^1]", "[^2] [a]", "[^2]:", "\\(a", "$b$ $5",
        "| $|x|$ | b<br>c |",
        "```", "````py", "~~~", "  ```", "\t```", "| a | b |", "|---|---|", "| 1 | 2 |", "a | b", "-|-",
    ]
)  # fmt: skip


def blocks_of(text: str, cuts: list[int]) -> list[markdown.Block]:
    """What is shown after the text has come in pieces and has ended."""
    return finished(text, cuts).blocks


def finished(text: str, cuts: list[int]) -> MarkdownStream:
    stream = MarkdownStream()
    for end in [*sorted(cuts), len(text)]:
        stream.feed(text[:end])
    stream.finish()
    return stream


@settings(max_examples=60)
@given(st.data())
def test_any_split_of_a_document_gives_the_same_picture(data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(DOCUMENT)), max_size=40))
    whole, _ = markdown.parse(DOCUMENT)
    assert blocks_of(DOCUMENT, cuts) == whole


def test_character_by_character_gives_the_same_picture() -> None:
    whole, _ = markdown.parse(DOCUMENT)
    assert blocks_of(DOCUMENT, list(range(len(DOCUMENT)))) == whole


@settings(max_examples=100)
@given(st.lists(_LINES, max_size=14), st.data())
def test_any_split_of_any_text_ends_as_it_is_at_once(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join(lines)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=12))
    whole, references = markdown.parse(text)
    stream = finished(text, cuts)
    assert stream.blocks == whole
    assert drawn(whole, stream.references) == drawn(whole, references)


def drawn(blocks: list[markdown.Block], references: References) -> list[list[Span]]:
    """What the definitions make of the blocks."""
    return [spans(text, references) for block in blocks for text in (block.text, *sum(block.rows, ()))]


@settings(max_examples=100)
@given(st.lists(_LINES, max_size=14))
def test_a_text_in_lines_gives_what_it_gives_at_once(lines: list[str]) -> None:
    text = "\n".join(lines)
    ends = [index + 1 for index, character in enumerate(text) if character == "\n"]
    whole, _ = markdown.parse(text)
    assert blocks_of(text, ends) == whole


@settings(max_examples=100)
@given(st.lists(_LINES, max_size=14))
def test_committed_blocks_never_change(lines: list[str]) -> None:
    text = "\n".join(lines)
    stream = MarkdownStream()
    committed: list[markdown.Block] = []
    for end in range(1, len(text) + 1):
        stream.feed(text[:end])
        assert stream._committed[: len(committed)] == committed
        committed = list(stream._committed)


@pytest.mark.parametrize(
    "text",
    [
        "a $x^2 + y_1$ and $5 and $10 then $z$.",
        "价格是$5，不是$6。设$x_1$为\\(y\\)的",
        "Text:\n$$\nx = \\frac{a}{b}\n$$\nmore",
        "Text:\n\\[\nx\n\\]\n\n\\begin{align}\na &= b\n\\end{align}\n",
        "see [docs](http://exa.example/x) <https://x.example/z> &amp; `code` **b** *i* ~~s~~ a[^1] end.\n\n[^1]: note",
        "[a] b\n\n[a]: http://ref.example\n\nend",
        "| a | b |\n|---|---|\n| 1<br>2 | **x** |\n",
        "1. one\n   - two `x`\n   - [ ] task\n2. three\n\n```py\nx = 1\n```\nend",
        "use $HOME/bin and ${PATH} here ok, 5 < 6 & 7",
    ],
)
def test_no_letter_that_was_shown_goes_again(text: str) -> None:
    stream = MarkdownStream()
    before = ""
    for end in range(1, len(text) + 1):
        stream.feed(text[:end])
        shown = " ".join(markdown.plain_text(block, stream.references) for block in stream.blocks)
        letters = "".join(filter(str.isalnum, shown))
        assert letters.startswith(before), text[:end]
        before = letters


def test_a_formula_that_turns_out_to_be_text_belongs_to_the_paragraph_before() -> None:
    text = "text\n$$\nx\n$$"
    stream = MarkdownStream()
    stream.feed(text)
    assert [block.kind for block in stream.blocks] == [Kind.PARAGRAPH, Kind.FORMULA]
    stream.feed(text + " z")
    stream.finish()
    assert stream.blocks == markdown.parse(text + " z")[0]
    assert [block.kind for block in stream.blocks] == [Kind.PARAGRAPH]


def test_a_table_that_turns_out_to_be_text_belongs_to_the_paragraph_before() -> None:
    text = "text\n| a |\n|---"
    stream = MarkdownStream()
    stream.feed(text)
    stream.feed(text + "|---|")
    stream.finish()
    assert stream.blocks == markdown.parse(text + "|---|")[0]
    assert [block.kind for block in stream.blocks] == [Kind.PARAGRAPH]


def test_what_is_too_long_is_plain_while_it_comes_as_at_its_end() -> None:
    for text in ("a\n" * 5_001, "word " * 20_001):
        stream = MarkdownStream()
        stream.feed(text[:1_000])
        assert stream.blocks[0].kind is Kind.PARAGRAPH
        stream.feed(text)
        assert stream.blocks == markdown.parse(text)[0]
        stream.finish()
        assert stream.blocks == markdown.parse(text)[0]


def test_a_table_takes_its_rows_and_leaves_the_rest() -> None:
    text = "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 60 + "# head\n"
    stream = finished(text, [30])
    assert stream.blocks == markdown.parse(text)[0]
    assert stream.blocks[-1].kind is Kind.HEADING


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\\[\n" * 4_900, id="formulas without an end"),
        pytest.param("$$ a\n" * 4_900, id="dollars at the start of lines"),
        pytest.param("\\begin{align}\n" * 4_900, id="environments without an end"),
        pytest.param("- $$\n" * 4_900, id="formulas without an end in a list"),
        pytest.param("> \\[\n" * 4_900 + "\n\\]", id="a formula that begins in a quote and ends outside"),
        pytest.param("\\begin{" * 10_000, id="environments without a name"),
        pytest.param("|a|b|\n|-|-|\n" + "|1|2|\n" * 4_900, id="a long table"),
        pytest.param("|" + "a|" * 12_000 + "\n|" + "-|" * 12_000 + "\n" + "|\n" * 4_000, id="a wide table"),
        pytest.param("[^a]: x\n" * 4_900, id="footnotes"),
        pytest.param("[^" * 10_000, id="footnotes without an end"),
        pytest.param("$a " * 6_600, id="dollars"),
    ],
)
def test_hostile_text_comes_to_its_end(text: str) -> None:
    assert finished(text, [len(text) // 2]).blocks == markdown.parse(text)[0]


@settings(max_examples=150)
@given(st.lists(_LINES, max_size=8), st.integers(1, 5))
def test_a_paragraph_that_is_written_on_is_what_it_is_when_all_is_read(lines: list[str], step: int) -> None:
    text = "\n".join(lines)
    stream, reads_all = MarkdownStream(), MarkdownStream()
    for end in range(step, len(text) + step, step):
        stream.feed(text[:end])
        reads_all._running = None
        reads_all.feed(text[:end])
        assert stream.blocks == reads_all.blocks, text[:end]


def test_committed_blocks_are_not_parsed_again() -> None:
    stream = MarkdownStream()
    stream.feed("first\n\nsecond\n\nthi")
    first = stream.blocks[0]
    stream.feed("first\n\nsecond\n\nthird\n\nfourth")
    assert stream.blocks[0] is first
    assert [block.text for block in stream.blocks] == ["first", "second", "third", "fourth"]


def test_line_ends_of_all_kinds_may_be_cut_anywhere() -> None:
    text = "a\r\n\r\nb\rc\r\n"
    stream = MarkdownStream()
    for end in range(len(text) + 1):
        stream.feed(text[:end])
    assert [block.text for block in stream.blocks] == ["a", "b\nc"]


def test_an_open_code_block_grows_and_hides_what_may_be_its_end() -> None:
    stream = MarkdownStream()
    stream.feed("```py\na = 1\n``")
    assert stream.blocks == [markdown.Block(Kind.CODE, "a = 1", language="py", closed=False)]
    stream.feed("```py\na = 1\n```\nafter")
    assert [(block.text, block.closed) for block in stream.blocks] == [("a = 1", True), ("after", True)]


@pytest.mark.parametrize(
    ("coming", "shown"),
    [
        ("a **bo", "a **bo**"),
        ("a **bold*", "a **bold**"),
        ("a **", "a"),
        ("a `co", "a `co`"),
        ("a ``co`d`", "a ``co`d``"),
        ("*it*", "*it*"),
        ("***both**", "***both***"),
        ("a `", "a"),
        ("see [docs](http://exa", "see docs"),
        ("**a `b", "**a `b`**"),
        ("*a **b", "*a **b***"),
        ("~~gone", "~~gone~~"),
        ("2 * 3", "2 * 3"),
        ("snake_case", "snake_case"),
        ("done **bold** and *it*", "done **bold** and *it*"),
        (r"a \*b", r"a \*b"),
        ("中**“文", "中**“文**"),
    ],
)
def test_open_syntax_is_closed_for_display(coming: str, shown: str) -> None:
    assert close_inline(coming) == shown


@pytest.mark.parametrize(
    "coming", ["text\n-", "text\n=", "text\n\n1.", "text\n\n- ", "text\n\n- [", "text\n\n``", "text\n\n#"]
)
def test_a_line_that_may_become_anything_is_not_shown_yet(coming: str) -> None:
    stream = MarkdownStream()
    stream.feed(coming)
    assert [(block.kind, block.text) for block in stream.blocks] == [(Kind.PARAGRAPH, "text")]


def test_a_table_appears_when_its_second_line_is_there() -> None:
    stream = MarkdownStream()
    stream.feed("| a | b |\n|--")
    assert all(block.text == "" for block in stream.blocks)
    stream.feed("| a | b |\n|---|---|\n")
    assert [block.kind for block in stream.blocks] == [Kind.TABLE]
