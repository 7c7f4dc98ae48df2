"""What an answer says: its tokens as text."""

from __future__ import annotations

from collections.abc import Sequence

from desktop.engine.api import Token
from desktop.engine.llama.alternatives import UNTOLD, Likelihood
from desktop.engine.llama.model import Vocabulary
from desktop.engine.llama.reasoning import ReasoningSplitter, control_markers
from desktop.engine.llama.text import TextStream

_MARKERS = frozenset(mark.encode() for mark in control_markers())


class Voice:
    """Makes `Token` events of one answer's token ids: bytes to characters, stop words, reasoning told apart."""

    def __init__(
        self, vocabulary: Vocabulary, stop: Sequence[str], splitter: ReasoningSplitter, answer: int = 0
    ) -> None:
        self._vocabulary = vocabulary
        self._answer = answer
        self._stream = TextStream(stop)
        self._splitter = splitter
        self._token = -1
        self._told = UNTOLD
        self._reasoning = False

    @property
    def is_stopped(self) -> bool:
        """Whether a stop word has come."""
        return self._stream.stopped

    def say(self, token: int, told: Likelihood) -> list[Token]:
        """At least one event, so that every token is told; its text may come later.

        The first event alone carries what is `told` of it: each token's probability comes once, in their order.
        """
        self._token = token
        self._told = told
        pieces = self._splitter.feed(self._stream.feed(self._bytes(token)))
        return self._events(pieces or [(self._reasoning, "")])

    def rest(self) -> list[Token]:
        """What was held back, at the end."""
        events = self._events(self._splitter.feed(self._stream.flush()))
        return events + self._events(self._splitter.flush())

    def _bytes(self, token: int) -> bytes:
        piece = self._vocabulary.piece(token)
        if not piece and self._vocabulary.is_control(token):
            name = self._vocabulary.piece(token, special=True)
            return name if name in _MARKERS else b""
        return piece

    def _events(self, pieces: Sequence[tuple[bool, str]]) -> list[Token]:
        events = []
        for self._reasoning, text in pieces:
            told, self._told = self._told, UNTOLD
            events.append(Token(text, self._token, self._reasoning, self._answer, told.logprob, told.alternatives))
        return events
