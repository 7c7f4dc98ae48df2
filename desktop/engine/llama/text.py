"""From the bytes of tokens to the text of an answer."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class TextStream:
    """Whole characters out of the tokens' bytes, up to the first stop word.

    A character may be spread over tokens, a stop word too: what may be the beginning of either is held back until it
    is clear. Bytes that can be no UTF-8 are left out.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._stop = [word for word in stop if word]
        self._held = ""
        self.stopped = False
        """Whether a stop word has come: the text ends before it."""

    def feed(self, piece: bytes) -> str:
        """What has become certain with one more token's bytes."""
        return self._certain(self._decoder.decode(piece))

    def flush(self) -> str:
        """The rest, at the answer's end."""
        text = self._certain(self._decoder.decode(b"", final=True))
        held, self._held = self._held, ""
        return text + held

    def _certain(self, text: str) -> str:
        if self.stopped:
            return ""
        text = self._held + text
        if not self._stop:
            return text
        ends = [at for at in (text.find(word) for word in self._stop) if at >= 0]
        if ends:
            self.stopped, self._held = True, ""
            return text[: min(ends)]
        held = max(_overlap(text, word) for word in self._stop)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]


def _overlap(text: str, word: str) -> int:
    """How many characters at the end of `text` may be the beginning of `word`."""
    return next((n for n in range(min(len(word) - 1, len(text)), 0, -1) if text.endswith(word[:n])), 0)
