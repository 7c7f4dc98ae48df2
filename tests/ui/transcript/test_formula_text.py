r"""Formulas are found where they are written, and a dollar that is money or a shell's stays one."""

from __future__ import annotations

import pytest

from desktop.ui.transcript.text.inline import Span, plain_inline, spans
from desktop.ui.transcript.text.markdown import Block, Kind, parse, plain_text
from desktop.ui.transcript.text.stream import MarkdownStream


def formulas(text: str) -> list[str]:
    return [span.text for span in spans(text) if span.formula]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a $x^2$ b", ["x^2"]),
        ("设$x$为$f(x)$的根", ["x", "f(x)"]),
        ("H$_2$O and CO$_2$.", ["_2", "_2"]),
        ("the $n$th and $i$-th", ["n", "i"]),
        ("the 2$\\pi$ period", ["\\pi"]),
        ("$f$(x)", ["f"]),
        ("**$E=mc^2$**", ["E=mc^2"]),
        ("$a\nb$", ["a\nb"]),
        ("\\(a_1\\) and \\(b\\)", ["a_1", "b"]),
        ("so \\[ x \\] and $$ y $$.", ["x", "y"]),
        ("$x \\$ y$", ["x \\$ y"]),
        ("$$a \\\\[4pt] b$$", ["a \\\\[4pt] b"]),
        ("$10 kg$", ["10 kg"]),
    ],
)
def test_formulas_in_running_text(text: str, found: list[str]) -> None:
    assert formulas(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $10",
        "价格是$5，不是$6",
        "花了$5，剩下$。",
        "It costs $20 per month (in US$).",
        "costs 5$, or 10$.",
        "echo $HOME and $PATH",
        "$HOME:$PATH",
        "${HOME}/${USER}",
        "$(pwd)/$(date)",
        "$ x $",
        "a $x b",
        "$$ alone",
        "^a$ and ^b$",
        "`$x$` and `\\(y\\)`",
    ],
)
def test_dollars_that_are_none(text: str) -> None:
    assert formulas(text) == []
    assert plain_inline(text) == text.replace("`", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\\$5 and \\$6", "$5 and $6"),
        ("\\[1\\] and \\[2, 3\\]", "[1] and [2, 3]"),
        ("[\\[a\\]](http://a.example)", "[a]"),
        ("\\[a\\](b)", "[a](b)"),
        ("\\( open", "( open"),
    ],
)
def test_escapes_stay_escapes(text: str, shown: str) -> None:
    assert formulas(text) == []
    assert plain_inline(text) == shown


@pytest.mark.parametrize("tex", ["a_1*b_2*", "\\{x\\}", "a [b](c) `d`", "\\&amp;<b>", "\\|x\\|"])
def test_nothing_is_read_in_a_formula(tex: str) -> None:
    assert spans(f"*a* ${tex}$") == [Span("a", italic=True), Span(" "), Span(tex, formula=True)]


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("$$\nx\n- y\n= z\n$$", "x\n- y\n= z"),
        ("$$x$$", "x"),
        ("$$ x\n+ y $$", "x\n+ y"),
        ("$$\n\nx\n\n$$", "x"),
        ("\\[\nx\n\\]", "x"),
        ("  \\[ x \\]", "x"),
        ("        \\[\n        x\n        \\]", "x"),
        ("\\begin{align*}\na &= b \\\\\n\\end{align*}", "\\begin{align*}\na &= b \\\\\n\\end{align*}"),
    ],
)
def test_formulas_on_lines_of_their_own(text: str, tex: str) -> None:
    assert parse(text)[0] == [Block(Kind.FORMULA, tex)]
    around = parse(f"before\n\n{text}\nafter")[0]
    assert [block.text for block in around] == ["before", tex, "after"]


def test_formulas_interrupt_paragraphs_and_stand_in_lists_quotes_and_notes() -> None:
    text = "a:\n$$\nx\n$$\nb\n- c\n  \\[\n  y\n  \\]\n- d\n> $$\n> z\n> $$\n\n[^1]: $$w$$"
    assert [(block.kind, block.text, block.indents) for block in parse(text)[0]] == [
        (Kind.PARAGRAPH, "a:", ()),
        (Kind.FORMULA, "x", ()),
        (Kind.PARAGRAPH, "b", ()),
        (Kind.PARAGRAPH, "c", ("•",)),
        (Kind.FORMULA, "y", ("",)),
        (Kind.PARAGRAPH, "d", ("•",)),
        (Kind.FORMULA, "z", (">",)),
        (Kind.FORMULA, "w", ("^1",)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "$$\nopen",
        "$$\na\n\nb\n$$ c",
        "$$x$$ and text",
        "\\[ open",
        "\\begin{document}\nx\n\\end{document}",
        "\\begin{align}\nx\n\\end{aligned}",
        "- $$\n- x\n- $$",
        "$$$x$$$",
        "$$\n$$",
    ],
)
def test_what_is_no_block_of_formula_is_text(text: str) -> None:
    assert all(block.kind is not Kind.FORMULA for block in parse(text)[0])
    stream = MarkdownStream()
    stream.feed(text)
    stream.finish()
    assert stream.blocks == parse(text)[0]


def test_a_bar_in_a_formula_parts_no_cells_where_the_row_would_not_fit() -> None:
    (table,) = parse("| $|x|$ | b |\n|---|---|\n| $P(A|B)$ | $5 |\n| $c|d$ |\n| $5|$6 |")[0]
    assert table.rows == (("$|x|$", "b"), ("$P(A|B)$", "$5"), ("$c", "d$"), ("$5", "$6"))


def test_a_formula_is_copied_as_its_source() -> None:
    blocks, references = parse("a $x$ \\[y\\]\n\n$$z$$\n\n| $u$ | v |\n|---|---|\n| w | $t$ |")
    assert [plain_text(block, references) for block in blocks] == ["a $x$ $$y$$", "$$z$$", "$u$\tv\nw\t$t$"]


@pytest.mark.parametrize(
    ("coming", "shown"),
    [
        ("a\n\n$", ["a"]),
        ("a\n\n$$\n", ["a"]),
        ("a\n\n$$\nx = 1", ["a", "x = 1"]),
        ("a\n\n$$\nx = 1\n$", ["a", "x = 1"]),
        ("a\n\n\\[ x \\", ["a", "x"]),
        ("a\n\n\\begin{ali", ["a"]),
        ("a $x^", ["a"]),
        ("a $x^2$", ["a"]),
        ("a $x^2$ b", ["a $x^2$ b"]),
        ("a \\(x + y", ["a"]),
        ("for $5 you get", ["for $5 you get"]),
        ("see $HOME and more", ["see $HOME and more"]),
    ],
)
def test_a_formula_that_is_coming_is_not_shown_as_text(coming: str, shown: list[str]) -> None:
    stream = MarkdownStream()
    stream.feed(coming)
    assert [block.text.rstrip() for block in stream.blocks] == shown


def test_a_formula_is_open_until_its_end_has_come() -> None:
    stream = MarkdownStream()
    text = "$$\nx\n"
    stream.feed(text)
    assert [(block.text, block.closed) for block in stream.blocks] == [("x", False)]
    stream.feed(text + "$$\n")
    assert [(block.text, block.closed) for block in stream.blocks] == [("x", True)]
