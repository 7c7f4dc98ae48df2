"""Which parts of a growing answer are said, and how they are worded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.ui.i18n import choose_language
from desktop.ui.transcript.speech.announce import Announcer, finished
from desktop.ui.transcript.speech.spoken import spoken_text
from desktop.ui.transcript.text import markdown
from desktop.ui.transcript.text.stream import MarkdownStream


@pytest.fixture
def chinese() -> Iterator[None]:
    choose_language("zh_CN")
    yield
    choose_language("en")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Tea is hot. Milk", "Tea is hot."),
        ("Tea is hot.", ""),
        ("It is 3.14 or so", ""),
        ("Ask Dr. Smith or J. R. Tolkien", ""),
        ("Take some, e.g. green tea. Or", "Take some, e.g. green tea."),
        ("“Is it hot?” she asked. Yes", "“Is it hot?” she asked."),
        ("Wait... he said. Yes", "Wait... he said."),
        ("茶很热。牛", "茶很热。"),
        ("“茶很热吗？”他问", "“茶很热吗？”"),
        ("One line\nand", "One line\n"),
        ("word " * 100, ""),
        ("a word, " * 100, ("a word, " * 100).rstrip()),
    ],
)
def test_sentences_end_where_people_end_them(text: str, said: str) -> None:
    assert text[: finished(text)] == said


def test_each_sentence_is_said_once_as_soon_as_it_is_finished() -> None:
    assert _announced("Tea is **hot**. ", "Milk ", "is not. And", " sugar", end=True) == [
        "Tea is hot.",
        "Milk is not.",
        "And sugar",
    ]


def test_code_is_named_when_it_is_complete_and_not_read_out() -> None:
    said = _announced("Look:\n\n```python\nprint(1)\n", "print(2)\n", "```\n\nDone", " it is", end=True)
    assert said == ["Look:", "Code, Python, 2 lines", "Done it is"]


def test_long_code_is_named_once() -> None:
    code = "```\n" + "x\n" * 1000 + "```\n"
    assert _announced(code, "\nDone.", end=True) == ["Code, 1,000 lines", "Done."]


def test_what_was_there_before_is_not_said_again() -> None:
    blocks, references = markdown.parse("Tea is hot. Milk is not. And")
    announcer = Announcer()
    announcer.skip(blocks, references)
    blocks, references = markdown.parse("Tea is hot. Milk is not. And sugar is sweet.")
    assert announcer.next(blocks, references, is_done=True) == "And sugar is sweet."


@given(st.lists(st.sampled_from(["Tea ", "is. ", "**hot**, ", "\n\n", "- milk\n", "热。", "`x`! "]), max_size=30))
def test_everything_is_said_once_whatever_the_steps(pieces: list[str]) -> None:
    blocks, references = markdown.parse("".join(pieces))
    whole = " ".join(spoken_text(blocks, references).split())
    assert " ".join(" ".join(_announced(*pieces, end=True)).split()).replace(" ", "") == whole.replace(" ", "")


def test_a_message_is_spoken_without_its_markdown() -> None:
    text = (
        "# Tea\n\nIt is **hot**, says [he](https://a.example).\n\n1. Warm\n2. Pour\n\n- [x] cups\n- [ ] cake\n\n"
        "| a | b |\n|---|---|\n| `1` | 2 |\n\n```sql\nSELECT 1\n```\n\n```mermaid\nflowchart LR\nA --> B\n```"
    )
    assert _spoken(text) == [
        "Tea",
        "It is hot, says he.",
        "1. Warm",
        "2. Pour",
        "Done: cups",
        "To do: cake",
        "Table, 2 × 2",
        "a, b",
        "1, 2",
        "Code, SQL, 1 line",
        "SELECT 1",
        "Diagram: flowchart",
        "flowchart LR",
        "A --> B",
    ]


def test_formulas_are_read_out() -> None:
    assert _spoken("Then $a+b$:\n\n$$c^2$$") == ["Then a plus b:", "c squared"]


@pytest.mark.usefixtures("chinese")
def test_names_are_in_the_spoken_language() -> None:
    assert _spoken("```mermaid\npie\n```\n\n```c\n1\n2\n```") == ["图表：饼图", "pie", "代码，C，2 行", "1", "2"]


def _spoken(text: str) -> list[str]:
    return spoken_text(*markdown.parse(text)).split("\n")


def _announced(*pieces: str, end: bool) -> list[str]:
    """What is said after each piece, where something is."""
    stream, announcer, text, said = MarkdownStream(), Announcer(), "", []
    for piece in pieces:
        text += piece
        stream.feed(text)
        said.append(announcer.next(stream.blocks, stream.references, is_done=False))
    if end:
        said.append(announcer.next(*markdown.parse(text), is_done=True))
    return [part for words in said if words for part in words.split("\n") if part.strip()]
