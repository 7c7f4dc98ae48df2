"""What the engine process says at once, and what may wait for more."""

from __future__ import annotations

from io import BytesIO

from desktop.engine.api import PrefillProgress, Token
from desktop.engine.llama.__main__ import Outbox
from desktop.engine.wire import Answer, Done, Reply, decode


def said(pipe: BytesIO) -> list[tuple[Answer, ...]]:
    """The events of each line so far."""
    replies = [decode(line) for line in pipe.getvalue().splitlines()]
    return [reply.events for reply in replies if isinstance(reply, Reply)]


def test_the_first_token_does_not_wait_for_the_second() -> None:
    pipe = BytesIO()
    outbox = Outbox(pipe)
    for _ in range(2):  # the second answer comes right after the first
        before = said(pipe)
        read, first = PrefillProgress(read=3, total=3, reused=0), Token("a", 1)
        outbox.put(1, read)
        outbox.put(1, first)
        assert said(pipe) == [*before, (read,), (first,)]
        outbox.put(1, Token("b", 2))
        outbox.put(1, Done())


def test_nothing_is_lost_or_turned_round() -> None:
    pipe = BytesIO()
    outbox = Outbox(pipe)
    tokens = [Token(str(i), i) for i in range(500)]
    for token in tokens:
        outbox.put(1, token)
    assert len(said(pipe)) < len(tokens)
    outbox.put(1, Done())
    assert [event for events in said(pipe) for event in events] == [*tokens, Done()]
