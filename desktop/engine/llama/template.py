"""Turns a conversation into the text that a model was trained on, by the template that its file carries.

What a template is given is what llama.cpp's server gives it, so that a model sees here what it sees there; the tests
compare the two for every template that llama.cpp ships. `sandbox` and `limits` keep a template within bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Template

from desktop.chat.message import Role, Turn
from desktop.engine.llama.limits import OutOfMemory, OutOfTime, run_limited
from desktop.engine.llama.reasoning import closing, is_marked_by
from desktop.engine.llama.sandbox import Refused, Sandbox, TooLarge
from desktop.errors import TemplateFailed, TemplateFault

TIME_LIMIT_S = 10.0
"""For compiling and rendering. A usual template needs 0.2 s at first, then 0.001 s; but computers are busy."""

MEMORY_LIMIT_BYTES = 512 * 1024 * 1024

_MAX_SOURCE_CHARS = 1024 * 1024
"""The longest that llama.cpp ships has 17,000."""

_MAX_DETAIL = 300
_MARKER = "fireside5d1c7e0continues"
"""Stands for a message's text where its place in the rendering is sought. No whitespace: templates trim."""

_TOO_STRICT = (
    # gpt-oss refuses an answer that quotes its channels, Mistral one that is still empty.
    '{%- if "<|channel|>analysis<|message|>" in message.content or "<|channel|>final<|message|>" in message.content %}',
    (
        "{%- if (message['content'] is none or message['content'] == '' or message['content']|length == 0) and "
        "(message['tool_calls'] is not defined or message['tool_calls'] is none or "
        "message['tool_calls']|length == 0) %}"
    ),
)
"""Conditions of known templates under which they refuse; llama.cpp's server makes them false too."""

_STEPFUN = "You have access to the following functions in JSONSchema format"
"""Templates with this sentence belong to models that loop on white space around a message (llama.cpp issue 24181)."""

Message = dict[str, str | list[dict[str, str]]]


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a template wants its messages."""

    typed_content: bool
    """Content as a list of parts; with plain strings it fails or drops them."""
    system_role: bool
    """A system message is taken, neither refused nor dropped."""


class ChatTemplate:
    """The chat template of a model file.

    `bos` and `eos` are the texts of the vocabulary's tokens. The rendering may begin with `bos`: tokenise it without
    adding another one.
    """

    def __init__(
        self,
        source: str,
        bos: str,
        eos: str,
        *,
        now: Callable[[], datetime] = datetime.now,
        time_limit_s: float = TIME_LIMIT_S,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
    ) -> None:
        self._source = _patched(source)
        self._bos = bos
        self._eos = eos
        self._now = now
        self._time_limit_s = time_limit_s
        self._memory_limit_bytes = memory_limit_bytes
        self._sandbox = Sandbox(now)
        self._compiled: Template | None = None
        self._known_shape: _Shape | None = None

    def render(self, turns: Sequence[Turn], *, continue_last: bool = False) -> str:
        """The prompt for the answer that follows `turns`.

        With `continue_last` the last turn is the assistant's, and the prompt ends with exactly its text.

        Raises:
            TemplateFailed: the template refuses (its own words are the detail), is broken, or exceeds the limits.
        """

        def work() -> str:
            try:
                return self._continuation(turns) if continue_last else self._prompt(turns)
            except MemoryError:
                raise
            # Worded here, within the limits: an error's text is the template's too.
            except Exception as error:  # noqa: BLE001 -- a template may run into any error that Python has
                raise _failure(error) from None

        try:
            return run_limited(work, time_limit_s=self._time_limit_s, memory_limit_bytes=self._memory_limit_bytes)
        except OutOfTime:
            raise TemplateFailed(TemplateFault.TOO_SLOW, f"{self._time_limit_s:g} s") from None
        except OutOfMemory:
            raise TemplateFailed(TemplateFault.TOO_LARGE, f"{self._memory_limit_bytes} bytes") from None

    def _prompt(self, turns: Sequence[Turn]) -> str:
        return self._run(self._messages(turns, self._shape()), generate=True)

    def _continuation(self, turns: Sequence[Turn]) -> str:
        """The prompt up to the last turn's text, and then that text as it is.

        A template may trim a message, strip reasoning from it and close it with several tokens, so nothing can be cut
        off by length or by searching for the text. A marker in its place shows how the template introduces an answer.
        Where that does not work, a new answer is begun instead: some templates end a conversation only with a question,
        or give the system message only to a question that is the last turn.
        """
        *before, last = turns
        if last.role is not Role.ASSISTANT:
            raise ValueError("only an answer can be continued")
        shape = self._shape()
        history = self._attempt(self._messages(before, shape), generate=False)
        marked = self._messages([*before, Turn(Role.ASSISTANT, _MARKER)], shape)
        introduced, *rest = self._attempt(marked, generate=False).split(_MARKER)
        if len(rest) != 1 or not introduced.startswith(history):
            introduced = self._prompt(before)
        return introduced + closing(introduced) + last.text

    def _shape(self) -> _Shape:
        """How this template wants its messages, found by trying as llama.cpp's server does."""
        if self._known_shape is None:
            question = Turn(Role.USER, _MARKER)
            plain, typed = _Shape(typed_content=False, system_role=True), _Shape(typed_content=True, system_role=True)
            shape = typed if not self._shows([question], plain) and self._shows([question], typed) else plain
            takes_system = self._shows([Turn(Role.SYSTEM, _MARKER), Turn(Role.USER, "?")], shape)
            self._known_shape = _Shape(shape.typed_content, takes_system)
        return self._known_shape

    def _shows(self, turns: Sequence[Turn], shape: _Shape) -> bool:
        """Whether the template, given `turns` in this shape, shows the marker in them."""
        return _MARKER in self._attempt(self._messages(turns, shape), generate=True)

    def _messages(self, turns: Sequence[Turn], shape: _Shape) -> list[Message]:
        """`turns` as the template wants them."""
        if not shape.system_role:
            turns = _fold_system(turns)
        texts = [turn.text.strip() if _STEPFUN in self._source else turn.text for turn in turns]
        return [
            {"role": turn.role.value, "content": [{"type": "text", "text": text}] if shape.typed_content else text}
            for turn, text in zip(turns, texts, strict=True)
        ]

    def _attempt(self, messages: list[Message], *, generate: bool) -> str:
        """What the template makes of `messages`, nothing where it fails."""
        try:
            return self._run(messages, generate=generate)
        except (MemoryError, TooLarge):
            raise
        except Exception:  # noqa: BLE001 -- whatever a template fails with, it does not take these messages
            return ""

    def _run(self, messages: list[Message], *, generate: bool) -> str:
        if self._compiled is None:
            if len(self._source) > _MAX_SOURCE_CHARS:
                raise TooLarge(f"a template of {len(self._source)} characters")
            self._compiled = self._sandbox.from_string(self._source)
        now = self._now()
        return self._compiled.render(
            {
                "messages": messages,
                "add_generation_prompt": generate,
                "bos_token": self._bos,
                "eos_token": self._eos,
                "enable_thinking": is_marked_by(self._source),
                "date_string": now.strftime("%d %b %Y"),
                "datetime": now.strftime("%b %d %Y"),
                # What the server's "preserve_reasoning", on by default, becomes. `tools` stays undefined.
                "preserve_reasoning": True,
                "preserve_thinking": True,
                "clear_thinking": False,
                "truncate_history_thinking": False,
                "drop_thinking": False,
            }
        )


def _patched(source: str) -> str:
    """`source` without the conditions that refuse a usable conversation."""
    for condition in _TOO_STRICT:
        source = source.replace(condition, "{%- if false %}")
    return source


def _failure(error: Exception) -> TemplateFailed:
    if isinstance(error, Refused):
        return TemplateFailed(TemplateFault.REFUSED, str(error)[:_MAX_DETAIL])
    if isinstance(error, TooLarge):
        return TemplateFailed(TemplateFault.TOO_LARGE, str(error)[:_MAX_DETAIL])
    return TemplateFailed(TemplateFault.BROKEN, f"{type(error).__name__}: {error}"[:_MAX_DETAIL])


def _fold_system(turns: Sequence[Turn]) -> Sequence[Turn]:
    """The system message put before the first question, as llama.cpp's server does it."""
    if not turns or turns[0].role is not Role.SYSTEM:
        return turns
    system, *rest = turns
    if rest and rest[0].role is Role.USER:
        return [Turn(Role.USER, f"{system.text}\n{rest[0].text}"), *rest[1:]]
    return [Turn(Role.USER, system.text), *rest]
