"""A chat as one HTML file that needs nothing else: no script, no font, no picture from anywhere. Knows no Qt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from desktop.chat.message import Role, State
from desktop.ui.dates import stamp
from desktop.ui.i18n import language, tr
from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.export.html_blocks import (
    Drawing,
    blocks_html,
    language_attribute,
    no_drawing,
    plain_html,
)
from desktop.ui.transcript.export.html_inline import text_html
from desktop.ui.transcript.export.html_look import style_sheet
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.text import markdown
from desktop.ui.transcript.words import reasoning_title, speaker

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


class Chosen(Protocol):
    """What the reader has chosen for one message: whether the reasoning is open, and how blocks are shown."""

    @property
    def unfolded(self) -> bool | None: ...  # noqa: D102
    @property
    def reasoning(self) -> Mapping[int, BlockState]: ...  # noqa: D102
    @property
    def text(self) -> Mapping[int, BlockState]: ...  # noqa: D102


def html_page(
    title: str,
    rows: Iterable[Row],
    chosen: Callable[[int], Chosen | None] = lambda _message_id: None,
    draw: Drawing = no_drawing,
) -> Iterator[str]:
    """The page in pieces, at least one a message. `chosen` is asked by the message's id, `draw` for diagrams."""
    yield _head(title)
    for row in rows:
        yield from _message(row, chosen(row.message.id), draw)
    yield f"</main>\n<footer>Fireside · {stamp(time.time())}</footer>\n</body>\n</html>\n"


def _head(title: str) -> str:
    shown = text_html(" ".join(title.split()) or tr("New chat"))
    spoken = language().replace("_", "-")
    return (
        f'<!DOCTYPE html>\n<html lang="{spoken}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="generator" content="Fireside">\n'
        f"<title>{shown}</title>\n<style>{style_sheet()}</style>\n</head>\n<body>\n<main>\n"
        f'<h1 dir="auto"{language_attribute(title)}>{shown}</h1>\n'
    )


def _message(row: Row, chosen: Chosen | None, draw: Drawing) -> Iterator[str]:
    message = row.message
    is_answer = message.role is Role.ASSISTANT
    moment = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(message.created_at))
    yield (
        f'<article class="{"answer" if is_answer else "question"}">\n<p class="said"><b>{text_html(speaker(row))}</b>'
        f'<time datetime="{moment}">{stamp(message.created_at)}</time></p>\n'
    )
    name = f"m{message.id}"
    if message.reasoning:
        is_open = " open" if chosen is not None and chosen.unfolded else ""
        title = text_html(reasoning_title(message, is_now=False))
        yield f'<details class="reasoning"{is_open}><summary>{title}</summary>\n<div>'
        states = chosen.reasoning if chosen is not None else {}
        yield from blocks_html(*markdown.parse(message.reasoning), states, f"{name}-r", draw)
        yield "</div></details>\n"
    yield '<div class="text">\n'
    if is_answer:
        states = chosen.text if chosen is not None else {}
        yield from blocks_html(*markdown.parse(message.text), states, name, draw)
    elif message.text:
        yield plain_html(message.text)
    yield "</div>\n"
    if notice := notice_of(row):
        yield f'<p class="{"error" if row.is_error else "notice"}">{text_html(notice)}</p>\n'
    yield "</article>\n"


def notice_of(row: Row) -> str:
    """What is to be said under the message in a file, where nothing is written on."""
    return tr("This answer was still being written.") if row.message.state is State.STREAMING else row.notice
