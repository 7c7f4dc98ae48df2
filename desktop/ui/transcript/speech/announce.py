"""What of an answer that is being written can be said now: whole sentences, each once. Knows no Qt."""

from __future__ import annotations

import re
from collections.abc import Sequence

from desktop.ui.transcript.speech.spoken import is_running, running, title
from desktop.ui.transcript.text.inline import References
from desktop.ui.transcript.text.markdown import Block
from desktop.ui.transcript.text.whole import whole

_LONG_CHARS = 300
"""So much without the end of a sentence is said up to its last pause."""

_END = re.compile(r"""[.!?…]+["')\]”’»]*(?=\s+(\S))|[。！？；…]+[”’」』）》]*|\n""")
_PAUSE = re.compile(r"[,;:](?=\s)|[，、：；]")
_NO_END = re.compile(r"(?:^|[\s(])(?:\w|Mr|Mrs|Ms|Dr|Prof|St|No|Fig|vs|etc|e\.g|i\.e)\.$")
"""Initials and what is often shortened before a name or a number."""


def finished(text: str) -> int:
    """How many characters of `text` are finished sentences, Latin or Chinese.

    A Latin full stop ends one only once the next word is there, and does not begin with a small letter.
    """
    end = 0
    for match in _END.finditer(text):
        following = match[1]
        if following and (following.islower() or _NO_END.search(text[max(0, match.start() - 8) : match.start() + 1])):
            continue
        end = match.end()
    if len(text) - end > _LONG_CHARS:
        pauses = [match.end() for match in _PAUSE.finditer(text, end)]
        end = pauses[-1] if pauses else end
    return end


class Announcer:
    """Follows the blocks of one growing answer."""

    def __init__(self) -> None:
        self._block = 0
        self._said = 0
        self._looked = 0

    def skip(self, blocks: Sequence[Block], references: References) -> None:
        """What is finished already is not said: it was there before."""
        self.next(blocks, references, is_done=False)

    def next(self, blocks: Sequence[Block], references: References, *, is_done: bool) -> str:
        """What is new and finished in `blocks`, which are what they were the last time with more behind."""
        words = []
        while self._block < len(blocks):
            index = self._block
            if index == len(blocks) - 1 and not is_done:
                words.append(self._sentences(blocks[index], references))
                break
            words.append(self._rest(blocks, index, references))
            self._block, self._said, self._looked = index + 1, 0, 0
        return "\n".join(filter(None, words))

    def _sentences(self, block: Block, references: References) -> str:
        """Those of the last block, while it grows. What is no running text is named once it is complete."""
        if not is_running(block):
            return ""
        # A look at the Markdown, which costs little, saves most looks at its words.
        if not _END.search(block.text, self._looked) and len(block.text) - self._looked < _LONG_CHARS:
            return ""
        text = running(block, references)
        end = self._said + finished(text[self._said :])
        found, self._said = text[self._said : end], max(self._said, end)
        self._looked = max(0, len(block.text) - 2) if found else self._looked
        return found.strip()

    def _rest(self, blocks: Sequence[Block], index: int, references: References) -> str:
        block = blocks[index]
        if is_running(block):
            return running(block, references)[self._said :].strip()
        if not block.last:
            return ""
        return title(whole(blocks, index))
