"""Tells what a model thinks aloud from what it answers.

Each family of models marks its reasoning in its own way, and the mark stands in one of two places: at the end of the
prompt, where the template has opened the reasoning already, or at the beginning of what the model writes. Anywhere else
it is text: an answer may talk about `<think>`.
"""

from __future__ import annotations

import re

_REASONING = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<seed:think>": "</seed:think>",
    "<mm:think>": "</mm:think>",
    "◁think▷": "◁/think▷",
    "[THINK]": "[/THINK]",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "<|channel>thought": "<channel|>",
    "<|open|>think<|sep|>": "<|close|>think<|sep|>",
    "<|think|>": "<|end|>",
    "<|channel|>analysis<|message|>": "<|end|>",
    " to=self<|message|>": "<|eom|>",
    "Here are my reasoning steps:\n": "[BEGIN FINAL RESPONSE]",
}
"""What begins the reasoning, and what ends it."""

_ANSWERS = {
    "<|START_RESPONSE|>": "<|END_RESPONSE|>",
    "<|START_TEXT|>": "<|END_TEXT|>",
    "<|open|>response<|sep|>": "<|close|>response<|sep|>",
    "<|content|>": "<|end|>",
    "<|channel|>final<|message|>": "<|end|>",
    "<|channel|>commentary<|message|>": "<|end|>",
    " to=user<|message|>": "<|eot|>",
}
"""What begins the answer, and what ends it: neither is shown."""

_HEADERS = ("<|start|>assistant", "<|begin|>assistant")
"""What begins another message of the same answer, before one of the marks above."""

_STARTS = {
    header + mark: (reasons, end)
    for header in ("", *_HEADERS)
    for reasons, marks in ((True, _REASONING), (False, _ANSWERS))
    for mark, end in marks.items()
}
"""What the text of a message may begin with: whether reasoning follows, and what ends it."""

_ENDS = {*_REASONING.values(), *_ANSWERS.values()}

_CLOSINGS = {
    "<|START_THINKING|>": "<|END_THINKING|><|START_RESPONSE|>",
    "<|open|>think<|sep|>": "<|close|>think<|sep|><|open|>response<|sep|>",
    "<|channel|>analysis<|message|>": "<|end|><|start|>assistant<|channel|>final<|message|>",
}
"""What leads from reasoning to the answer where that is more than the end mark."""


def control_markers() -> frozenset[str]:
    """The texts of control tokens that the splitter must see.

    Detokenising with `special=False` hides control tokens, and with them some families' marks. Render a token with
    `special=True` if its text is one of these, and every other one without. The splitter takes them out of the text.
    Tokens of other kinds (most models' `<think>` is user-defined) are visible anyway.
    """
    return frozenset(re.findall(r"<[^<>]+>|\[[^\[\]]+\]|◁[^◁▷]+▷", " ".join((*_STARTS, *_ENDS))))


def is_marked_by(template: str) -> bool:
    """Whether a chat template's source has the marks of a family: then its reasoning can be told apart."""
    return any(mark in template for mark in _REASONING)


def closing(prompt_tail: str) -> str:
    """What ends the reasoning that the prompt has opened and begins the answer, nothing if none is open."""
    opened = _opened(prompt_tail)
    if opened is None or not _STARTS[opened][0]:
        return ""
    return _CLOSINGS.get(opened, f"\n{_STARTS[opened][1]}\n\n")


class ReasoningSplitter:
    """Splits one answer, however it is cut into pieces.

    `prompt_tail` is the end of the prompt (a few hundred characters suffice, all of it is fine). With `continues` the
    prompt ends inside an answer (its text is continued), where a mark is text.

    White space around reasoning, and that between it and the answer, belongs to neither.
    """

    def __init__(self, prompt_tail: str, *, continues: bool = False) -> None:
        self._pending = ""
        """Received, but not yet decided on."""
        self._end: str | None = None
        """What ends the part that the text is in; None before a part has begun, "" where nothing ends it."""
        self._reasons = False
        self._trims = False
        """Leading white space of the next text is dropped."""
        opened = _opened(prompt_tail)
        if continues:
            self._end = ""
        elif opened is not None:
            self._begin(*_STARTS[opened])

    def feed(self, text: str) -> list[tuple[bool, str]]:
        """What is certain after `text`: pieces in order, each with whether it is reasoning. None of them is empty."""
        if self._end == "" and not self._trims and not self._pending:
            return [(self._reasons, text)] if text else []  # as all of it would be, token after token
        self._pending += text
        return self._split(final=False)

    def flush(self) -> list[tuple[bool, str]]:
        """The rest, when the model is done. Reasoning that was never closed is reasoning."""
        return self._split(final=True)

    def _split(self, *, final: bool) -> list[tuple[bool, str]]:
        pieces: list[tuple[bool, str]] = []
        while True:
            if self._end is None and not self._find_start(final=final):
                return pieces
            found = self._end is not None and self._end != "" and self._end in self._pending
            if found:
                text, _, self._pending = self._pending.partition(str(self._end))
            else:
                text = self._pending if final else self._pending[: self._certain()]
                self._pending = self._pending[len(text) :]
            if self._reasons and found:
                text = text.rstrip()
            if self._trims:
                text = text.lstrip()
            if text:
                self._trims = False
                pieces.append((self._reasons, text))
            if not found:
                return pieces
            self._end = None
            self._trims = True

    def _find_start(self, *, final: bool) -> bool:
        """Decide what the pending text begins; whether that is decided."""
        text = self._pending.lstrip()
        for start, (reasons, end) in _STARTS.items():
            mark = start.lstrip()
            if text.startswith(mark):
                self._pending = text[len(mark) :]
                self._begin(reasons, end)
                return True
        if not final and any(start.lstrip().startswith(text) for start in _STARTS):
            return False
        self._end = ""
        self._reasons = False
        return True

    def _begin(self, reasons: bool, end: str) -> None:
        self._reasons = reasons
        self._end = end
        self._trims = True

    def _certain(self) -> int:
        """How many of the pending characters cannot belong to the end mark, nor to white space before it."""
        text, end = self._pending, self._end or ""
        held = next((n for n in range(min(len(end) - 1, len(text)), 0, -1) if text.endswith(end[:n])), 0)
        certain = len(text) - held
        return len(text[:certain].rstrip()) if self._reasons else certain


def _opened(prompt_tail: str) -> str | None:
    """The mark that the prompt ends with, if it does."""
    tail = prompt_tail.rstrip()
    matches = [start for start in _STARTS if tail.endswith(start.rstrip())]
    return max(matches, key=len, default=None)
