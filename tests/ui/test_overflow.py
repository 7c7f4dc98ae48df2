"""A chat that no longer fits the context: what the user chose happens, is told, and is found again after a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from desktop.chat.message import Message, Overflow, State
from desktop.errors import Crash, EngineCrashed
from desktop.settings import Settings
from desktop.ui.context_words import context_line
from tests.ui.conftest import Desk

Sit = Callable[..., Desk]

LONG = "and so on " * 30


def choose(desk: Desk, overflow: Overflow) -> None:
    desk.session.set_settings(replace(Settings(model=desk.models.current.name), overflow=overflow))  # type: ignore[union-attr]


def ask(desk: Desk, text: str) -> Message:
    assert desk.session.send(text)
    desk.settle()
    return desk.session.rows[-1].message


def summaries(desk: Desk) -> list[str]:
    chat = desk.session.chat
    assert chat is not None
    return [message.summary for message in desk.store.path(chat.id)]


def test_a_summary_is_written_once_and_found_after_a_restart(sit: Sit) -> None:
    desk = sit(LONG, "They met in Oslo.", "short", n_ctx=200)
    choose(desk, Overflow.SUMMARISE)
    ask(desk, "one")
    answer = ask(desk, "two " * 60)
    assert answer.text == "short"
    assert answer.statistics is not None
    assert (answer.statistics.left_out_messages, answer.statistics.summarised) == (2, True)
    assert summaries(desk) == ["", "They met in Oslo.", "", ""]
    row = desk.session.rows[-1]
    assert row.summary == "They met in Oslo."
    assert "A summary stood for the 2 oldest messages" in row.notice
    assert desk.store.search("Oslo") == []

    chat = desk.session.chat
    assert chat is not None
    again = sit("fine", n_ctx=200)
    choose(again, Overflow.SUMMARISE)
    again.session.open_chat(chat.id)
    assert again.session.rows[-1].summary == "They met in Oslo."
    ask(again, "three")
    (request,) = again.engine.requests
    assert "They met in Oslo." in request.turns[0].text
    assert again.session.rows[-1].summary == "They met in Oslo."


def test_every_branch_below_has_the_summary_and_none_above(sit: Sit) -> None:
    desk = sit(LONG, "They met in Oslo.", "short", "other", "first anew", n_ctx=200)
    choose(desk, Overflow.SUMMARISE)
    ask(desk, "one")
    answer = ask(desk, "two " * 60)
    desk.session.regenerate(answer.id)
    desk.settle()
    assert desk.session.rows[-1].message.text == "other"
    assert "They met in Oslo." in desk.engine.requests[-1].turns[0].text
    desk.session.regenerate(desk.session.rows[1].message.id)
    desk.settle()
    assert desk.texts() == ["one", "first anew"]
    assert desk.session.rows[-1].summary == ""
    assert summaries(desk) == ["", ""]


def test_a_summary_can_be_stopped_and_nothing_is_lost(sit: Sit) -> None:
    never = threading.Event()
    desk = sit(LONG, ["They met ", never, "in Oslo."], "short", n_ctx=200)
    choose(desk, Overflow.SUMMARISE)
    ask(desk, "one")
    desk.session.send("two " * 60)
    desk.bot.waitUntil(lambda: "3 tokens written" in desk.session.rows[-1].progress)
    assert desk.session.rows[-1].progress.startswith("Summarising the 2 oldest messages…")
    desk.session.stop()
    desk.settle()
    assert desk.session.rows[-1].message.state is State.STOPPED
    assert summaries(desk) == ["", "", "", ""]
    assert desk.texts()[:3] == ["one", LONG, "two " * 60]


def test_a_summary_survives_an_answer_that_fails_after_it(sit: Sit) -> None:
    desk = sit(LONG, "They met in Oslo.", [EngineCrashed(Crash.KILLED)], "short", n_ctx=200)
    choose(desk, Overflow.SUMMARISE)
    ask(desk, "one")
    failed = ask(desk, "two " * 60)
    assert failed.state is State.FAILED
    desk.session.retry(failed.id)
    desk.settle()
    assert desk.session.rows[-1].message.text == "short"
    assert desk.session.rows[-1].summary == "They met in Oslo."
    assert len(desk.engine.requests) == 4


def test_a_model_without_a_summary_leaves_out_and_says_so(sit: Sit) -> None:
    desk = sit(LONG, " ", "short", n_ctx=200)
    choose(desk, Overflow.SUMMARISE)
    ask(desk, "one")
    ask(desk, "two " * 60)
    notice = desk.session.rows[-1].notice
    assert notice.endswith("2 earlier messages did not fit the context and were left out. The model wrote no summary.")
    assert desk.session.rows[-1].summary == ""


def test_a_question_that_leaves_no_room_for_a_summary_says_so_before_and_after(sit: Sit) -> None:
    desk = sit("short", n_ctx=200)
    choose(desk, Overflow.SUMMARISE)
    ask(desk, "one")
    desk.session.save_draft("two " * 160)
    desk.bot.waitUntil(lambda: desk.session.context is not None and desk.session.context.way is not None)
    assert context_line(desk.session.context).startswith("No room for a summary: the 2 oldest messages will be left")
    ask(desk, "two " * 160)
    chat = desk.session.chat
    assert chat is not None
    for later in (desk, sit(n_ctx=200)):
        later.session.open_chat(chat.id)
        assert later.session.rows[-1].notice.endswith("left out. The question left no room for a summary.")


def test_stop_asks_first_and_each_way_out_works(sit: Sit) -> None:
    desk = sit(LONG, "short", n_ctx=200)
    choose(desk, Overflow.STOP)
    ask(desk, "one")
    refused = ask(desk, "two " * 60)
    row = desk.session.rows[-1]
    assert (refused.state, refused.text, row.is_overflow, row.can_retry) == (State.FAILED, "", True, True)
    assert "The context is full." in row.notice
    assert "Leave out or summarise the 2 oldest messages" in row.notice
    assert len(desk.engine.requests) == 1
    # The question waits: it is no part of what is left out of the chat.
    desk.session.retry(refused.id, Overflow.DROP)
    desk.settle()
    row = desk.session.rows[-1]
    assert (row.message.text, row.is_overflow) == ("short", False)
    assert "2 earlier messages" in row.notice
    # That was for this once, and holds while it fits.
    ask(desk, "three")
    assert desk.session.rows[-1].message.state is State.COMPLETE
    assert ask(desk, "four " * 90).state is State.FAILED


def test_what_is_chosen_and_every_other_way_are_measured(sit: Sit) -> None:
    desk = sit(LONG, "short", n_ctx=200)
    ask(desk, "one")
    desk.session.save_draft("two " * 60)
    desk.bot.waitUntil(lambda: desk.session.context is not None and bool(desk.session.context.ways))
    use = desk.session.context
    assert use is not None
    assert [(way.overflow, way.messages, way.is_new) for way in use.ways] == [
        (Overflow.DROP, 2, True),
        (Overflow.SUMMARISE, 2, True),
        (Overflow.STOP, 2, True),
    ]
    assert use.warns
    drop, summarise, _ = use.ways
    assert drop.read_tokens is not None
    assert summarise.read_tokens is not None
    assert summarise.read_tokens > drop.read_tokens
    choose(desk, Overflow.STOP)
    assert desk.session.context is not None
    assert desk.session.context.chosen is Overflow.STOP
