"""Footnotes are found with their definitions, wherever these stand."""

from __future__ import annotations

from desktop.ui.transcript.text.inline import Span, plain_inline, spans
from desktop.ui.transcript.text.markdown import parse
from desktop.ui.transcript.text.stream import MarkdownStream


def test_a_reference_is_raised_where_it_is_defined_and_text_where_not() -> None:
    blocks, references = parse("a[^1] b[^x]\n\n[^1]: note")
    assert spans(blocks[0].text, references) == [Span("a"), Span("1", note="1"), Span(" b[^x]")]


def test_a_definition_has_paragraphs_and_ends_where_the_indent_ends() -> None:
    blocks, _ = parse("[^1]: first\ngoes on\n\n    second\n\n    - item\n[^b]: other\n\nend\n[^c]:\n")
    assert [(block.text, block.indents, block.note) for block in blocks] == [
        ("first\ngoes on", ("^1",), "1"),
        ("second", ("",), "1"),
        ("item", ("", "•"), "1"),
        ("other", ("^b",), "b"),
        ("end", (), ""),
        ("", ("^c",), "c"),
    ]


def test_a_link_may_be_named_like_a_note() -> None:
    blocks, references = parse("[a][^1] [b]\n\n[^1]: note\n\n[b]: http://b.example")
    assert spans(blocks[0].text, references) == [
        Span("[a]"),
        Span("1", note="1"),
        Span(" "),
        Span("b", href="http://b.example"),
    ]


def test_a_reference_is_raised_while_its_definition_may_come_and_text_if_it_never_comes() -> None:
    text = "a[^1] b\n\nmore"
    stream = MarkdownStream()
    stream.feed(text)
    assert Span("1", note="1") in spans(stream.blocks[0].text, stream.references)
    stream.finish()
    assert plain_inline(stream.blocks[0].text, stream.references) == "a[^1] b"


def test_references_are_another_object_only_when_links_come() -> None:
    text = "a[^1] b\n\n[^1]: note\n\nend"
    stream = MarkdownStream()
    stream.feed("a")
    before = stream.references
    stream.feed(text)
    stream.finish()
    assert stream.references is before
    assert Span("1", note="1") in spans(stream.blocks[0].text, stream.references)
    stream = MarkdownStream()
    stream.feed("[a]\n\n[a]: http://a.example\n")
    assert stream.references is not before
    assert spans("[a]", stream.references) == [Span("a", href="http://a.example")]
