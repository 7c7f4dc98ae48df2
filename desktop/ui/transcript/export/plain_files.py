"""A chat as Markdown, as it was written, and as plain text. Knows no Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from desktop.ui.dates import stamp
from desktop.ui.i18n import tr
from desktop.ui.transcript.export.html import Chosen, notice_of
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.words import speaker


def markdown_file(
    title: str, rows: Iterable[Row], chosen: Callable[[int], Chosen | None] = lambda _message_id: None
) -> Iterator[str]:
    """The messages as they were written, each under a heading that says whose it is. Reasoning where it is open."""
    yield f"# {' '.join(title.split()) or tr('New chat')}\n"
    for row in rows:
        message = row.message
        who = " ".join(speaker(row).split())
        yield f"\n## {who} · {stamp(message.created_at)}\n"
        state = chosen(message.id)
        if message.reasoning and state is not None and state.unfolded:
            quoted = "\n".join(f"> {line}".rstrip() for line in message.reasoning.strip().split("\n"))
            yield f"\n{quoted}\n"
        if message.text:
            yield f"\n{message.text.strip(chr(10))}\n"
        if notice := notice_of(row):
            yield f"\n*{notice}*\n"
