from __future__ import annotations

from desktop.chat.message import Message, Role, State, Turn
from desktop.chat.prompt import title_from, turns_of


def message(role: Role, text: str, state: State = State.COMPLETE) -> Message:
    return Message(id=0, chat_id=1, parent_id=None, role=role, state=state, text=text, created_at=0.0)


def test_the_system_prompt_comes_first_and_only_if_it_says_something() -> None:
    path = [message(Role.USER, "hi")]
    assert turns_of(path, "Be brief.") == (Turn(Role.SYSTEM, "Be brief."), Turn(Role.USER, "hi"))
    assert turns_of(path, " \n") == (Turn(Role.USER, "hi"),)


def test_a_failed_answer_leaves_its_two_questions_as_one_turn() -> None:
    path = [message(Role.USER, "one"), message(Role.ASSISTANT, "", State.FAILED), message(Role.USER, "two")]
    assert turns_of(path) == (Turn(Role.USER, "one\n\ntwo"),)


def test_an_interrupted_answer_is_part_of_the_conversation() -> None:
    path = [message(Role.USER, "q"), message(Role.ASSISTANT, "half", State.INTERRUPTED), message(Role.USER, "and?")]
    assert [turn.text for turn in turns_of(path)] == ["q", "half", "and?"]


def test_a_title_is_the_first_line_that_says_something() -> None:
    assert title_from("\n\n  How are you?  \nFine.") == "How are you?"
    assert title_from("") == ""


def test_a_long_title_is_cut_at_a_word_but_chinese_anywhere() -> None:
    words = title_from("word " * 30)
    assert words.endswith("word…")
    assert len(words) <= 61
    chinese = title_from("炉" * 100)
    assert chinese == "炉" * 60 + "…"
