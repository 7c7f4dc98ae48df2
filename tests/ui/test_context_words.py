"""What the line under the composer says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop.chat.message import Overflow
from desktop.ui.context_words import (
    ContextUse,
    Way,
    context_line,
    reading_line,
    summarising_line,
    way_cost,
    way_title,
)

WAYS = (
    Way(Overflow.DROP, 14, read_tokens=2100, wait_s=12.0),
    Way(Overflow.SUMMARISE, 14, read_tokens=2700, wait_s=40.0),
    Way(Overflow.STOP, 14),
)


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (None, ""),
        (ContextUse(0, 8192, unread_tokens=0), ""),
        (ContextUse(1204, 8192), "1,204 of 8,192 tokens"),
        (ContextUse(1204, 8192, unread_tokens=30), "1,204 of 8,192 tokens · continues at once"),
        (ContextUse(1204, 8192, unread_tokens=190, reading_s=0.9), "1,204 of 8,192 tokens · continues at once"),
        (
            ContextUse(1204, 8192, unread_tokens=190, reading_s=6.0),
            "1,204 of 8,192 tokens · reads 190 tokens first, about 6 s",
        ),
        (ContextUse(1204, 8192, unread_tokens=900, reading_s=0.4), "1,204 of 8,192 tokens · continues at once"),
        (ContextUse(1204, 8192, unread_tokens=1200), "1,204 of 8,192 tokens · reads 1,200 tokens first"),
        (
            ContextUse(14_100, 32_768, unread_tokens=14_000, reading_s=40.2),
            "14,100 of 32,768 tokens · reads 14,000 tokens first, about 40 s",
        ),
        (ContextUse(20, 8192, unread_tokens=20), "20 of 8,192 tokens"),
        (
            ContextUse(4000, 8192, ways=(Way(Overflow.DROP, 2),)),
            "The context is full: the 2 oldest messages will be left out",
        ),
        (
            ContextUse(4000, 8192, ways=(Way(Overflow.DROP, 14, read_tokens=2100, wait_s=12.2),)),
            "The context is full: the 14 oldest messages will be left out · reads 2,100 tokens first, about 12 s",
        ),
        (
            ContextUse(4000, 8192, ways=WAYS, chosen=Overflow.SUMMARISE),
            "The context is full: the 14 oldest messages will be summarised first · about 40 s",
        ),
        (
            ContextUse(8100, 8192, ways=WAYS, chosen=Overflow.STOP),
            "The context is full: there will be no answer until you choose what to leave out",
        ),
        (
            ContextUse(4000, 8192, ways=(replace(WAYS[1], no_room=True),), chosen=Overflow.SUMMARISE),
            "No room for a summary: the 14 oldest messages will be left out · reads 2,700 tokens first, about 40 s",
        ),
        (
            ContextUse(4100, 8192, unread_tokens=9, ways=(replace(WAYS[0], is_new=False),)),
            "4,100 of 8,192 tokens, without the 14 oldest messages · continues at once",
        ),
        (
            ContextUse(
                4100, 8192, ways=(Way(Overflow.STOP, 1, is_new=False, is_summarised=True),), chosen=Overflow.STOP
            ),
            "4,100 of 8,192 tokens, the oldest message as a summary",
        ),
    ],
)
def test_the_line_says_what_the_next_question_costs(use: ContextUse | None, said: str) -> None:
    assert context_line(use).replace("\N{NO-BREAK SPACE}", " ") == said


def test_reading_says_what_is_left_once_that_is_known() -> None:
    assert reading_line(512, 4000, None) == "Reading 512 of 4,000 tokens"
    assert reading_line(512, 4000, 75.0) == "Reading 512 of 4,000 tokens, about 1 min 15 s left"


def test_each_way_says_what_it_does_and_costs() -> None:
    told = [(way_title(way), way_cost(way)) for way in WAYS]
    assert told == [
        ("Leave out the 14 oldest messages", "about 12 s"),
        ("Summarise the 14 oldest messages", "about 40 s"),
        ("Do not answer, and tell me", ""),
    ]
    without = replace(WAYS[1], no_room=True)
    assert way_title(without) == "No room for a summary: leave out the 14 oldest messages"
    assert way_title(replace(without, messages=1)) == "No room for a summary: leave out the oldest message"
    assert way_cost(Way(Overflow.DROP, 2, is_new=False, read_tokens=20)) == "at once"
    assert way_cost(Way(Overflow.DROP, 2, read_tokens=184, wait_s=0.4)) == "at once"
    assert way_cost(Way(Overflow.DROP, 2, read_tokens=184, wait_s=6.0)) == "about 6 s"
    assert way_cost(Way(Overflow.SUMMARISE, 2, read_tokens=20)) == "reads 20 tokens"
    assert way_cost(Way(Overflow.DROP, 2, read_tokens=2100)) == "reads 2,100 tokens"


def test_a_summary_says_how_far_it_is() -> None:
    assert summarising_line(12, 0, 0, 0) == "Summarising the 12 oldest messages…"
    assert summarising_line(12, 512, 900, 0) == "Summarising the 12 oldest messages… Reading 512 of 900 tokens"
    assert summarising_line(1, 900, 900, 42) == "Summarising the oldest message… 42 tokens written"
