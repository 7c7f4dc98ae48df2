from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum
from itertools import product
from typing import get_type_hints

import pytest

from desktop import errors
from desktop.chat.message import FinishReason, Message, Role, Sampling, State, Statistics
from desktop.errors import (
    AppError,
    BadModelFile,
    ContextFull,
    Crash,
    EngineCrashed,
    Flaw,
    ModelDoesNotFit,
    NoSuchModel,
    PromptTooLong,
    TemplateFailed,
    TemplateFault,
)
from desktop.packed_errors import pack
from desktop.ui.error_text import explain, message_notice, one_line
from desktop.ui.i18n import choose_language
from desktop.ui.quantities import gigabytes

# Values that bring every branch of the words about.
FACTS: dict[type, list[object]] = {
    str: ["", "name", "/somewhere/model.gguf"],
    int: [0, 9_000_000_000],
    bool: [False, True],
}
VALUES_OF_STR_FACTS = {
    "during": ["", "load", "prefill", "decode", "template"],
    "wanted": ["messages", "template", "other"],
}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    choose_language("en")
    yield
    choose_language("en")


def kinds_below(kind: type[AppError]) -> list[type[AppError]]:
    children = kind.__subclasses__()
    return [kind] if not children else [each for child in children for each in kinds_below(child)]


def all_errors() -> list[AppError]:
    found: list[AppError] = []
    for kind in kinds_below(AppError):
        hints = get_type_hints(kind, vars(errors))
        choices = []
        for each in fields(kind):
            hint = hints[each.name]
            if issubclass(hint, StrEnum):
                choices.append(list(hint))
            else:
                choices.append(VALUES_OF_STR_FACTS.get(each.name) or FACTS[hint])
        found += [kind(*facts) for facts in product(*choices)]
    return found


ALL = all_errors()


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_error_is_worded(language: str) -> None:
    choose_language("zh_CN" if language == "zh_CN" else "en")
    assert len({type(error) for error in ALL}) == len(kinds_below(AppError)) > 12
    for error in ALL:
        words = explain(error)
        assert words.what, error
        for sentence in (words.what, words.why, words.next):
            assert "{" not in sentence, error
            assert type(error).__name__ not in sentence, error
            if language == "zh_CN":
                assert (
                    not sentence or re.search("[\u4e00-\u9fff]", sentence) or sentence == getattr(error, "detail", "")
                )
        assert "\n" not in one_line(error)


@pytest.mark.parametrize(
    ("make", "members"),
    [
        (lambda flaw: BadModelFile("m.gguf", flaw, "x"), list(Flaw)),
        (lambda crash: EngineCrashed(crash, "decode", 9_000_000_000, 6_000_000_000), list(Crash)),
        (lambda fault: TemplateFailed(fault, "x"), list(TemplateFault)),
    ],
)
def test_members_of_an_enum_are_told_apart(make: type[AppError], members: list[object]) -> None:
    assert len({one_line(make(member)) for member in members}) == len(members)


def test_an_error_without_words_is_a_bug() -> None:
    class Unheard(AppError):
        pass

    with pytest.raises(TypeError):
        explain(Unheard())
    del Unheard


def test_sizes_in_gigabytes() -> None:
    assert gigabytes(5_140_000_000) == "5.1 GB"
    words = explain(ModelDoesNotFit("/x/big.gguf", 9_000_000_000, 6_040_000_000))
    assert words.what == "big.gguf does not fit into memory."
    assert words.why == "It needs about 9.0 GB of memory, 6.0 GB are free."
    assert "draft" not in words.next
    assert "draft" in explain(ModelDoesNotFit("/x/big.gguf", 9, 6, fits_without_draft=True)).next
    crash = EngineCrashed(Crash.OUT_OF_MEMORY, "load", 9_000_000_000, 6_000_000_000)
    assert "9.0 GB" in one_line(crash)


@pytest.mark.parametrize("error", [ContextFull(199, 256, 2), PromptTooLong(230, 256)])
def test_a_context_can_be_full_with_fewer_tokens_than_it_holds(error: AppError) -> None:
    assert "holds 256, the answer included" in explain(error).why


def test_a_strangers_text_is_clipped_to_one_line() -> None:
    line = one_line(TemplateFailed(TemplateFault.REFUSED, "no\n\nroles " + "x" * 100_000))
    assert "refuses this chat: no roles xxx" in line
    assert len(line) < 500


def test_no_model_file_and_no_model_name() -> None:
    assert "/gone/model.gguf is not there" in one_line(NoSuchModel("/gone/model.gguf"))
    assert "no model called “llama”" in one_line(NoSuchModel("llama"))
    assert "No model is chosen" in one_line(NoSuchModel(""))


def message(state: State, finish: FinishReason | None = None, **more: object) -> Message:
    return Message(1, 1, None, Role.ASSISTANT, state, "text", 0.0, finish=finish, **more)  # type: ignore[arg-type]


def statistics(generated_tokens: int, left_out_messages: int = 0) -> Statistics:
    return Statistics(10, 0, generated_tokens, 0.1, 100.0, 50.0, 4096, left_out_messages)


def test_notices() -> None:
    packed = pack(EngineCrashed(Crash.KILLED, "decode"))
    assert message_notice(message(State.COMPLETE, FinishReason.END)) == ""
    assert message_notice(message(State.STREAMING)) == ""
    assert message_notice(message(State.STOPPED, FinishReason.STOPPED)) == "Stopped by you."
    assert "died while it was writing" in message_notice(message(State.INTERRUPTED, error=packed))
    assert "closed" in message_notice(message(State.INTERRUPTED))
    assert "closed" in message_notice(message(State.FAILED, error={"type": "OfAnotherVersion"}))
    full = message(State.COMPLETE, FinishReason.LENGTH, statistics=statistics(5))
    assert message_notice(full) == "Ended because the context is full."
    limit = message(
        State.COMPLETE, FinishReason.LENGTH, statistics=statistics(1000), sampling=Sampling(max_tokens=1000)
    )
    assert message_notice(limit) == "Ended at the length limit of 1,000 tokens."
    some = message(State.STOPPED, FinishReason.STOPPED, statistics=statistics(5, left_out_messages=2))
    assert message_notice(some) == "Stopped by you. 2 earlier messages did not fit the context and were left out."
    one = message(State.COMPLETE, FinishReason.END, statistics=statistics(5, left_out_messages=1))
    assert message_notice(one) == "1 earlier message did not fit the context and was left out."
    choose_language("zh_CN")
    assert message_notice(some) == "你停止了这次回答。有 2 条较早的消息放不进上下文，已略去。"


def test_without_qt() -> None:
    program = "import sys, desktop.ui.error_text; print([name for name in sys.modules if name.startswith('PySide6')])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
