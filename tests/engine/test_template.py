"""Chat templates: the same prompts as llama.cpp's server, and nothing that a template does harms the process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from desktop.chat.message import Role, Turn
from desktop.engine.llama.reasoning import ReasoningSplitter
from desktop.engine.llama.template import ChatTemplate
from desktop.errors import TemplateFailed, TemplateFault

TEMPLATES = Path(__file__).parents[1] / "data" / "templates"
REFERENCES = json.loads((TEMPLATES / "references.json").read_text(encoding="utf-8"))
NAMES = sorted(REFERENCES["templates"])

QUESTION = Turn(Role.USER, "Count to five.")
CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@cache
def shipped(name: str) -> ChatTemplate:
    """A template that llama.cpp ships, on the day that the references were made."""
    reference = REFERENCES["templates"][name]
    noon = datetime.fromisoformat(REFERENCES["date"] + "T12:00:00")
    source = (TEMPLATES / name).read_text(encoding="utf-8")
    return ChatTemplate(source, reference["bos"], reference["eos"], now=lambda: noon)


def turns(messages: list[dict[str, str]]) -> list[Turn]:
    return [Turn(Role(each["role"]), each["content"]) for each in messages]


def fault_of(source: str, *given: Turn) -> TemplateFailed:
    with pytest.raises(TemplateFailed) as raised:
        ChatTemplate(source, "", "").render(given or [QUESTION])
    return raised.value


def test_the_references_cover_every_template() -> None:
    assert {each.name for each in TEMPLATES.glob("*.jinja")} == set(NAMES)
    assert len(NAMES) >= 70


@pytest.mark.parametrize("conversation", list(REFERENCES["conversations"]))
@pytest.mark.parametrize("name", NAMES)
def test_renders_what_llama_cpps_server_renders(name: str, conversation: str) -> None:
    given = turns(REFERENCES["conversations"][conversation])
    assert {"prompt": shipped(name).render(given)} == REFERENCES["templates"][name]["prompts"][conversation]


@pytest.mark.parametrize("name", NAMES)
def test_a_continued_answer_is_the_end_of_the_prompt(name: str) -> None:
    said = "One, </think> two, \n "
    given = [Turn(Role.SYSTEM, "Be brief."), QUESTION, Turn(Role.ASSISTANT, said)]
    prompt = shipped(name).render(given, continue_last=True)
    before = prompt.removesuffix(said)
    assert before != prompt
    assert "Be brief." in before
    assert QUESTION.text in before
    assert "fireside" not in before
    # No reasoning is left open: what the model writes next goes on with the answer.
    assert ReasoningSplitter(before).feed("three") == [(False, "three")]


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("Qwen-Qwen2.5-7B-Instruct.jinja", "Count to five.<|im_end|>\n<|im_start|>assistant\nOne, "),
        ("Qwen-Qwen3-0.6B.jinja", "<|im_start|>assistant\n<think>\n\n</think>\n\nOne, "),
        ("google-gemma-2-2b-it.jinja", "Count to five.<end_of_turn>\n<start_of_turn>model\nOne, "),
        ("openai-gpt-oss-120b.jinja", "<|start|>assistant<|channel|>final<|message|>One, "),
    ],
)
def test_continues_inside_the_answers_own_frame(name: str, end: str) -> None:
    prompt = shipped(name).render([QUESTION, Turn(Role.ASSISTANT, "One, ")], continue_last=True)
    assert prompt.endswith(end)


def test_continues_where_a_template_takes_no_answer_at_the_end() -> None:
    source = "{% if messages[-1].role != 'user' %}{{ raise_exception('no') }}{% endif %}" + CHATML
    prompt = ChatTemplate(source, "", "").render([QUESTION, Turn(Role.ASSISTANT, "One")], continue_last=True)
    assert prompt == "<|im_start|>user\nCount to five.<|im_end|>\n<|im_start|>assistant\nOne"


def test_continues_after_closing_the_reasoning_that_the_template_opens() -> None:
    source = "{{ messages[0].content }}{% if add_generation_prompt %}<think>\n{% endif %}"
    prompt = ChatTemplate(source, "", "").render([QUESTION, Turn(Role.ASSISTANT, "One")], continue_last=True)
    assert prompt == "Count to five.<think>\n\n</think>\n\nOne"


@pytest.mark.parametrize(
    "source",
    [
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHATML,
        CHATML.replace("messages %}", "messages if m.role != 'system' %}"),
    ],
    ids=["refused", "dropped"],
)
def test_a_system_message_that_is_not_taken_joins_the_first_question(source: str) -> None:
    prompt = ChatTemplate(source, "", "").render([Turn(Role.SYSTEM, "Be brief."), QUESTION])
    assert prompt == "<|im_start|>user\nBe brief.\nCount to five.<|im_end|>\n<|im_start|>assistant\n"


def test_a_template_that_wants_parts_is_given_parts() -> None:
    source = "{% for m in messages %}{% for part in m.content %}{{ part.text }}{% endfor %}{% endfor %}"
    assert ChatTemplate(source, "", "").render([QUESTION]) == "Count to five."


def test_the_dialect_of_transformers() -> None:
    source = (
        "{{ bos_token }}{% for i in [1, 2, 3] %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}"
        "{% generation %}{{ {'ü': '<&'}|tojson }}{% endgeneration %}{{ strftime_now('%Y') }}{{ eos_token }}"
    )
    template = ChatTemplate(source, "<s>", "</s>", now=lambda: datetime(2031, 5, 6))  # noqa: DTZ001 -- local time
    assert template.render([QUESTION]) == '<s>13{"ü": "<&"}2031</s>'


def test_a_refusal_carries_the_templates_words() -> None:
    failure = fault_of("{{ raise_exception('Only ' ~ messages|length ~ ' message?') }}")
    assert (failure.fault, failure.detail) == (TemplateFault.REFUSED, "Only 1 message?")


@pytest.mark.parametrize("source", ["{% if %}", "{{ 1 / 0 }}", "{{ nope() }}", "{{ 1|nope }}", "{% include 'x' %}"])
def test_an_error_in_a_template_is_named(source: str) -> None:
    failure = fault_of(source)
    assert failure.fault is TemplateFault.BROKEN
    assert "Error" in failure.detail


def test_a_template_works_again_after_it_failed() -> None:
    template = ChatTemplate("{{ raise_exception('odd') if messages|length is odd else 'even' }}", "", "")
    with pytest.raises(TemplateFailed):
        template.render([QUESTION])
    assert template.render([QUESTION, QUESTION]) == "even"


def doubling(expression: str, start: str = "'aaaa'") -> str:
    """A template that makes n.x of n.x sixty times over."""
    return (
        f"{{% set n = namespace(x={start}) %}}{{% for i in range(60) %}}{{% set n.x = {expression} %}}{{% endfor %}}"
        "{{ n.x }}"
    )


SHARED = "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}"

TOO_SLOW = {
    "nested ranges": "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    "generators": "{{ range(100000)|map('string')|map('upper')|map('lower')|list|length }}" * 100,
    "a large source": "{{ 'a' }}" * 100_000,
}
TOO_LARGE = {
    "text times number": "{{ 'a' * 10**9 }}",
    "constants": "{{ 'a' * 1000000000 }}",
    "number times list": "{{ 10**9 * [0] }}",
    "power": "{{ 9**(9**9) }}",
    "squares": doubling("n.x * n.x", "9"),
    "+": doubling("n.x + n.x"),
    "~": doubling("n.x ~ n.x"),
    "list +": doubling("n.x + n.x", "[1]"),
    "join filter": doubling("[n.x, n.x]|join"),
    "join method": doubling("''.join([n.x, n.x])"),
    "replace filter": doubling("n.x|replace('a', 'aa')"),
    "replace method": doubling("n.x.replace('a', 'aa')"),
    "set block": doubling("n.x").replace("{% set n.x = n.x %}", "{% set n.x %}{{ n.x }}{{ n.x }}{% endset %}"),
    "% width": "{{ '%999999999d' % 1 }}",
    "% star": "{{ '%*d' % (999999999, 1) }}",
    "format filter": "{{ '%999999999d'|format(1) }}",
    "format method": "{{ '{:{w}}'.format(1, w=999999999) }}",
    "indent": "{{ 'a\nb'|indent(10**9) }}",
    "batch": "{{ [1]|batch(10**9, 0)|list }}",
    "many values": "{% set n = namespace(x=[]) %}{% for i in range(100000) %}"
    "{% set n.x = n.x + ['a' * (8000000 + i)] %}{% endfor %}",
    "output": ("{% for i in range(100000) %}{{ '" + "a" * 100 + "' }}{% endfor %}"),
    "source": "a" * 2_000_000,
}
BROKEN = {
    "macro recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "recursive loop": "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "nested brackets": "{{ " + "[" * 5000 + "]" * 5000 + " }}",
    "nested parentheses": "{{ " + "(" * 100_000 + "1" + ")" * 100_000 + " }}",
    "nested not": "{{ " + "not " * 5000 + "1 }}",
    "nested blocks": "{% if 1 %}" * 5000 + "{% endif %}" * 5000,
    "a large range": "{{ range(10**9)|list }}",
    "classes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "globals": "{{ raise_exception.__globals__['__builtins__'] }}",
    "attr filter": "{{ (''|attr('__class__')).__mro__ }}",
    "format string": "{{ '{0.__class__.__mro__}'.format('').upper().x.y }}",
    "center": "{{ 'a'.center(10**9) }}",
    "bytes": "{{ (5).to_bytes(10**9, 'big') }}",
    "changing the messages": "{{ messages.append(1) }}",
    "a file": "{% include '/etc/passwd' %}",
}
EITHER = {
    # Time or size runs out first, as fast as the machine is.
    "shared parts as text": SHARED + "{{ n.x }}",
    "shared parts as JSON": SHARED + "{{ n.x|tojson }}",
    "shared parts trimmed": SHARED + "{{ n.x|trim }}",
    "shared parts formatted": SHARED + "{{ '%s' % (n.x,) }}{{ '{}'.format(n.x) }}",
    "shared parts in a refusal": SHARED + "{{ raise_exception(n.x) }}",
    "lists of numbers": "{% set n = namespace(x=[]) %}{% for i in range(100000) %}"
    "{% set n.x = n.x + [range(100000)|list] %}{% endfor %}",
}
HOSTILE = [
    pytest.param(source, faults, time_limit_s, id=name)
    for sources, faults, time_limit_s in (
        (TOO_SLOW, {TemplateFault.TOO_SLOW}, 0.3),
        (EITHER, {TemplateFault.TOO_SLOW, TemplateFault.TOO_LARGE}, 0.3),
        # Time enough for a busy machine: these must end for their own reason.
        (TOO_LARGE, {TemplateFault.TOO_LARGE}, 60),
        (BROKEN, {TemplateFault.BROKEN}, 60),
    )
    for name, source in sources.items()
]
MEMORY_LIMIT_BYTES = 128 * 1024 * 1024


class Child:
    """A process of its own that renders."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.render_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def render(self, source: str, time_limit_s: float) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"source": source, "time_limit_s": time_limit_s, "memory_limit_bytes": MEMORY_LIMIT_BYTES}
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def end(self) -> int:
        """Close the pipe; the process's exit code."""
        self._process.communicate()
        return self._process.returncode


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    child = Child()
    yield child
    assert child.end() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="the child measures its memory with the resource module")
@pytest.mark.parametrize(("source", "faults", "time_limit_s"), HOSTILE)
def test_a_hostile_template_is_ended_and_the_process_goes_on(
    child: Child, source: str, faults: set[TemplateFault], time_limit_s: float
) -> None:
    answer = child.render(source, time_limit_s)
    assert answer.get("fault") in faults, answer
    assert answer["grown_bytes"] < MEMORY_LIMIT_BYTES + 64 * 1024 * 1024
    assert child.render(CHATML, 60)["prompt"].endswith("<|im_start|>assistant\n")
