"""Seconds to the first token of a chat with so many tokens of history, by what is known of it: MODEL TOKENS.

`cold` reads the same prompt without anything to reuse. The chat's name is the only difference between the runs.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from desktop.chat.message import Role, Sampling, Turn
from desktop.engine.api import ModelSpec, Request, Token
from desktop.engine.local import LocalEngine

_SENTENCE = "The stove was warm, the cat slept, and outside the snow fell. "
_SENTENCE_TOKENS = 16
_ANSWER_TOKENS = 16


class Chat:
    """A chat of which every answer is timed."""

    def __init__(self, model: Path, n_ctx: int, folder: Path) -> None:
        self._spec = ModelSpec(str(model), n_ctx=n_ctx)
        self._folder = folder
        self.engine = self._start()

    def first_token_s(self, turns: tuple[Turn, ...], conversation: str) -> float:
        """Ask, and wait for the whole answer."""
        sampling = Sampling(temperature=0.0, max_tokens=_ANSWER_TOKENS)
        request = Request(self._spec, turns, sampling, conversation=conversation)
        for _ in self.engine.load(self._spec):
            pass
        began = time.monotonic()
        first = 0.0
        for event in self.engine.generate(request):
            if isinstance(event, Token) and not first:
                first = time.monotonic() - began
        return first

    def restart(self) -> None:
        """As when the app is closed and opened."""
        self.engine.close()
        self.engine = self._start()

    def _start(self) -> LocalEngine:
        return LocalEngine(self._folder / "engine.log", states=self._folder / "states")


def main(model: Path, n_tokens: int) -> None:
    history = (
        Turn(Role.USER, _SENTENCE * (n_tokens // _SENTENCE_TOKENS)),
        Turn(Role.ASSISTANT, "A winter evening, then."),
    )
    one = (*history, Turn(Role.USER, "What did the cat do?"))
    other = (*history, Turn(Role.USER, "Tell me of the stove."))
    other_goes_on = (*other, Turn(Role.ASSISTANT, "It is warm."), Turn(Role.USER, "And the snow?"))
    with tempfile.TemporaryDirectory() as folder:
        chat = Chat(model, n_tokens + 1024, Path(folder))
        values = {"cold": chat.first_token_s(one, "")}
        chat.restart()
        chat.first_token_s(history[:1], "chat-1")
        values["follow_up"] = chat.first_token_s(one, "chat-1")
        values["branch"] = chat.first_token_s(other, "chat-1")
        chat.restart()
        values["restart"] = chat.first_token_s(other_goes_on, "chat-1")
        chat.first_token_s((Turn(Role.USER, _SENTENCE * 20),), "chat-2")
        values["other_chat"] = chat.first_token_s(one, "chat-1")
        chat.engine.close()
    print(json.dumps(values))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
