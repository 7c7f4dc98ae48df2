"""Reasoning is told from the answer, however the text is cut into pieces."""

from __future__ import annotations

import re
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.engine.llama.reasoning import ReasoningSplitter, closing, control_markers, is_marked_by

GPT_OSS = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes."
FAMILIES = {
    "Qwen, DeepSeek": ("<|im_start|>assistant\n", "<think>\nHm.\n</think>\n\nYes."),
    "opened by the prompt": ("<|im_start|>assistant\n<think>\n", "Hm.\n</think>\n\nYes."),
    "opened without a break": ("<|Assistant|><think>", "Hm.</think>Yes."),
    "Seed": ("<seed:bos>assistant\n", "<seed:think>Hm.</seed:think>Yes."),
    "MiniMax": ("]~b]ai\n<mm:think>\n", "Hm.\n</mm:think>\n\nYes."),
    "Kimi 1.5": ("<|im_middle|>", "◁think▷Hm.◁/think▷Yes."),
    "Ministral": ("[/INST]", "[THINK]Hm.[/THINK]Yes."),
    "Cohere": ("<|CHATBOT_TOKEN|><|START_THINKING|>", "Hm.<|END_THINKING|><|START_RESPONSE|>Yes.<|END_RESPONSE|>"),
    "Cohere MoE": ("<|CHATBOT_TOKEN|>", "<|START_THINKING|>Hm.<|END_THINKING|><|START_TEXT|>Yes.<|END_TEXT|>"),
    "Gemma 4": ("<|turn>model\n", "<|channel>thought\nHm.\n<channel|>Yes."),
    "Gemma 4, opened": ("<|turn>model\n<|channel>thought\n", "Hm.\n<channel|>Yes."),
    "Kimi K3": (
        "<|open|>think<|sep|>",
        "Hm.<|close|>think<|sep|><|open|>response<|sep|>Yes.<|close|>response<|sep|>",
    ),
    "Solar": ("<|begin|>assistant", "<|think|>Hm.<|end|><|begin|>assistant<|content|>Yes.<|end|>"),
    "gpt-oss": ("<|start|>assistant", GPT_OSS),
    "Muse": ("<|start|>assistant", " to=self<|message|>Hm.<|eom|><|start|>assistant to=user<|message|>Yes.<|eot|>"),
    "Apriel": ("<|begin_assistant|>\nHere are my reasoning steps:\n", "Hm.\n[BEGIN FINAL RESPONSE]\nYes."),
}


def split(tail: str, pieces: list[str], *, continues: bool = False) -> list[tuple[bool, str]]:
    """All that comes out, neighbours of one kind joined."""
    splitter = ReasoningSplitter(tail, continues=continues)
    out = [each for piece in pieces for each in splitter.feed(piece)] + splitter.flush()
    assert all(text for _, text in out)
    return [
        (reasoning, "".join(text for _, text in group)) for reasoning, group in groupby(out, key=lambda each: each[0])
    ]


@pytest.mark.parametrize(("tail", "text"), FAMILIES.values(), ids=FAMILIES)
def test_each_family_is_known_by_character_and_at_once(tail: str, text: str) -> None:
    assert split(tail, [text]) == [(True, "Hm."), (False, "Yes.")]
    assert split(tail, list(text)) == [(True, "Hm."), (False, "Yes.")]


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "The tag <think> opens it, </think> closes it.",
        "```html\n<think>x</think>\n```\nafter",
        "\n  indented",
        "<thin",
        "<table>",
        "[1, 2]",
        "a < b\n\n",
        "",
    ],
)
def test_text_stays_as_it_is(text: str) -> None:
    expected = [(False, text)] if text else []
    assert split("<|im_start|>assistant\n", [text]) == expected
    assert split("<|im_start|>assistant\n", list(text)) == expected
    assert split("<|im_start|>assistant\n<think>\n\n</think>\n\n", list(text)) == expected


def test_a_mark_inside_the_answer_that_follows_reasoning_is_text() -> None:
    assert split("<think>", ["Hm.</think>", "Write <think>, then </think>."]) == [
        (True, "Hm."),
        (False, "Write <think>, then </think>."),
    ]


def test_reasoning_that_is_never_closed_is_reasoning() -> None:
    assert split("", ["<think>", "Hm. </thi"]) == [(True, "Hm. </thi")]


def test_reasoning_in_several_parts() -> None:
    text = "<|channel|>analysis<|message|>One.<|end|><|start|>assistant<|channel|>analysis<|message|>Two.<|end|>"
    text += "<|start|>assistant<|channel|>commentary<|message|>Wait.<|end|>"
    text += "<|start|>assistant<|channel|>final<|message|>Yes."
    assert split("<|start|>assistant", [text]) == [(True, "One.Two."), (False, "Wait.Yes.")]


def test_empty_reasoning_is_nothing() -> None:
    assert split("<think>\n", ["\n</think>\n\nYes."]) == [(False, "Yes.")]


def test_a_continued_answer_has_no_marks() -> None:
    assert split("write <think>", ["<think>x</think>"], continues=True) == [(False, "<think>x</think>")]


def test_text_comes_as_soon_as_it_is_certain() -> None:
    splitter = ReasoningSplitter("<think>\n")
    assert splitter.feed("Well, 1 <") == [(True, "Well, 1")]
    assert splitter.feed(" 2") == [(True, " < 2")]
    assert splitter.feed("</think>\n\n") == []
    assert splitter.feed("Yes") == [(False, "Yes")]
    assert splitter.feed(" \n") == [(False, " \n")]


MARKS = [text for _, text in FAMILIES.values()] + [*sorted(control_markers()), "thought", "<", "|", "\n", " ", "ü", "x"]


@given(
    tail=st.sampled_from([tail for tail, _ in FAMILIES.values()]),
    text=st.lists(st.sampled_from(MARKS), max_size=8).map("".join),
    cuts=st.lists(st.integers(0, 400)),
)
def test_how_the_text_is_cut_makes_no_difference(tail: str, text: str, cuts: list[int]) -> None:
    bounds = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    assert split(tail, [text[start:end] for start, end in pairwise(bounds)]) == split(tail, [text])


@pytest.mark.parametrize("text", [text for _, text in FAMILIES.values()], ids=FAMILIES)
def test_every_token_of_a_mark_is_one_to_render(text: str) -> None:
    assert set(re.findall(r"<[^<>]*\|>|<\|[^<>]*>|\[/?THINK\]", text)) <= control_markers()


@pytest.mark.parametrize("tail", [tail for tail, _ in FAMILIES.values()], ids=FAMILIES)
def test_closing_leads_to_the_answer(tail: str) -> None:
    ended = tail + closing(tail)
    assert split(ended, ["Yes."]) == [(False, "Yes.")]


def test_knows_templates_with_reasoning() -> None:
    assert is_marked_by("{{ '<think>' }}")
    assert not is_marked_by("{{ '<|im_start|>' }}")
