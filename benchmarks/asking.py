"""Questions to an engine process without a window, and how long their answers took."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from desktop.chat.message import Role, Sampling, Turn
from desktop.engine.api import Finished, ModelSpec, PrefillProgress, Request, Token
from desktop.engine.local import LocalEngine

N_CTX = 4096
STORY = "Tell me a long story about a stove, a cat and a very cold winter in the mountains. " * 6
"""What all models answer at length."""
_SENTENCE = "The stove was warm, the cat slept, and outside the snow fell. "
_SENTENCE_TOKENS = 16


@dataclass(slots=True)
class Asked:
    """When what came of a question reached this process. It ends with the last of its answers."""

    began: float
    reading: float = 0.0
    read: float = 0.0
    n_read: int = 0
    first: float = 0.0
    end: float = 0.0
    finished: list[Finished] = field(default_factory=list)

    @property
    def n_tokens(self) -> int:
        """Of all answers."""
        return sum(each.statistics.generated_tokens for each in self.finished)

    @property
    def prefill(self) -> float:
        """Tokens of the prompt a second."""
        return self.n_read / (self.read - self.reading)

    @property
    def decode(self) -> float:
        """Tokens of one answer a second, after the first."""
        return (self.n_tokens - 1) / (self.end - self.first)


@contextlib.contextmanager
def loaded(spec: ModelSpec) -> Iterator[LocalEngine]:
    """An engine with the model."""
    with tempfile.TemporaryDirectory() as folder:
        engine = LocalEngine(Path(folder) / "engine.log")
        try:
            for _ in engine.load(spec):
                pass
            yield engine
        finally:
            engine.close()


def question(spec: ModelSpec, text: str, max_tokens: int) -> Request:
    """Asks for a greedy answer to `text`."""
    return Request(spec, (Turn(Role.USER, text),), Sampling(temperature=0.0, max_tokens=max_tokens))


def long_text(n_tokens: int) -> str:
    """About so many tokens."""
    return _SENTENCE * (n_tokens // _SENTENCE_TOKENS)


def ask(engine: LocalEngine, request: Request) -> Asked:
    """Ask, and wait for all answers."""
    asked = Asked(time.monotonic())
    for event in engine.generate(request):
        now = time.monotonic()
        if isinstance(event, PrefillProgress):
            asked.reading = asked.reading or now
            asked.read, asked.n_read = now, event.read - event.reused
        elif isinstance(event, Token):
            asked.first = asked.first or now
        elif isinstance(event, Finished):
            asked.finished.append(event)
            asked.end = now
    return asked
