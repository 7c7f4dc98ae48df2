"""What the line under the composer says."""

from __future__ import annotations

import pytest

from desktop.ui.context_words import ContextUse, context_line, reading_line


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (None, ""),
        (ContextUse(0, 8192, unread_tokens=0), ""),
        (ContextUse(1204, 8192), "1,204 of 8,192 tokens"),
        (ContextUse(1204, 8192, unread_tokens=30, reading_s=9.0), "1,204 of 8,192 tokens · continues at once"),
        (ContextUse(1204, 8192, unread_tokens=900, reading_s=0.4), "1,204 of 8,192 tokens · continues at once"),
        (ContextUse(1204, 8192, unread_tokens=1200), "1,204 of 8,192 tokens · reads 1,200 tokens first"),
        (
            ContextUse(14_100, 32_768, unread_tokens=14_000, reading_s=40.2),
            "14,100 of 32,768 tokens · reads 14,000 tokens first, about 40 s",
        ),
        (ContextUse(20, 8192, unread_tokens=20), "20 of 8,192 tokens"),
        (
            ContextUse(8000, 8192, 2, unread_tokens=9),
            "The context is full: the 2 oldest messages will be left out",
        ),
    ],
)
def test_the_line_says_what_the_next_question_costs(use: ContextUse | None, said: str) -> None:
    assert context_line(use) == said


def test_reading_says_what_is_left_once_that_is_known() -> None:
    assert reading_line(512, 4000, None) == "Reading 512 of 4,000 tokens"
    assert reading_line(512, 4000, 75.0) == "Reading 512 of 4,000 tokens, about 1 min 15 s left"
