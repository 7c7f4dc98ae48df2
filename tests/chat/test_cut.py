"""How a conversation was cut so far, told from its messages alone."""

from __future__ import annotations

from dataclasses import replace

from desktop.chat.message import Message, NoSummary, Overflow, Role, State, Statistics
from desktop.chat.prompt import Cut, cut_before, ends_of_turns, turns_of
from desktop.errors import PromptTooLong
from desktop.packed_errors import pack

STATISTICS = Statistics(10, 0, 5, 0.1, 100.0, 10.0, 512)


def path_of(*texts: str) -> list[Message]:
    roles = (Role.USER, Role.ASSISTANT)
    return [
        Message(i + 1, 1, i or None, roles[i % 2], State.COMPLETE, text, 0.0, statistics=STATISTICS if i % 2 else None)
        for i, text in enumerate(texts)
    ]


def test_the_newest_answer_tells_the_cut() -> None:
    path = path_of("q", "a", "q", "a", "q", "a", "q")
    assert cut_before(path, Overflow.DROP) == Cut()
    path[3] = replace(path[3], statistics=replace(STATISTICS, left_out_messages=2))
    assert cut_before(path[:5], Overflow.DROP) == Cut(2)
    assert cut_before(path, Overflow.DROP) == Cut()
    missing = replace(STATISTICS, left_out_messages=4, no_summary=NoSummary.NOT_WRITTEN)
    path[5] = replace(path[5], statistics=missing)
    assert cut_before(path, Overflow.SUMMARISE) == Cut(4, no_summary=NoSummary.NOT_WRITTEN)


def test_a_summary_stands_for_the_path_down_to_its_message() -> None:
    path = path_of("q", "a", "q", "a", "q", "a", "q")
    path[1] = replace(path[1], summary="First.")
    path[3] = replace(path[3], summary="Second.")
    path[5] = replace(path[5], statistics=replace(STATISTICS, left_out_messages=4, summarised=True))
    assert cut_before(path, Overflow.SUMMARISE) == Cut(4, "Second.")
    assert cut_before(path[:3], Overflow.SUMMARISE) == Cut(2, "First.")
    # Who chose that nothing more shall go keeps what went; who chose that messages are left out needs no summary.
    assert cut_before(path, Overflow.STOP) == Cut(4, "Second.")
    assert cut_before(path, Overflow.DROP) == Cut(4)
    assert cut_before(path[:5], Overflow.STOP) == Cut()


def test_a_summary_of_the_last_question_too_is_for_what_follows_it() -> None:
    path = path_of("q", "a", "q", "a", "q")
    path[1] = replace(path[1], summary="First.")
    path[3] = replace(path[3], summary="Second.")
    assert cut_before(path, Overflow.SUMMARISE) == Cut(4, "Second.")
    # The answer itself is written on: its question must stay.
    assert cut_before(path[:4], Overflow.SUMMARISE) == Cut(2, "First.")


def test_turns_are_counted_as_a_model_is_given_them() -> None:
    too_long = pack(PromptTooLong(9, 8))
    path = path_of("one", "", "two", "a", "long", "", "three")
    path[5] = replace(path[5], state=State.FAILED, error=too_long)
    path[3] = replace(path[3], summary="Both.")
    assert [turn.text for turn in turns_of(path)] == ["one\n\ntwo", "a", "three"]
    assert [message.text for message in ends_of_turns(path)] == ["two", "a", "three"]
    assert cut_before(path, Overflow.SUMMARISE) == Cut(2, "Both.")
