"""Guesses what comes next from what came before."""

from __future__ import annotations

from collections.abc import Sequence

_NGRAMS = (3, 2)
"""So many of the newest tokens are looked for, first the more telling ones."""


class Lookup:
    """Guesses that what followed the newest tokens when they last stood in the text follows them again.

    Prompt lookup decoding, https://github.com/apoorvumang/prompt-lookup-decoding: good where an answer repeats parts of
    its question. Every token is looked up once, as it comes: the length of the text does not matter.
    """

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens = list(tokens[:-1])
        self._places: dict[tuple[int, ...], int] = {}
        """Where what followed each n-gram stands, the last time that it stood in the text."""
        for n in _NGRAMS:
            ngrams = zip(*(self._tokens[i:] for i in range(n)), strict=False)
            self._places.update(zip(ngrams, range(n, len(tokens)), strict=False))
        self._follows: int | None = None
        for token in tokens[-1:]:
            self.add(token)

    @property
    def next(self) -> int | None:
        """The token that is guessed to come; None where the newest ones are new together."""
        return None if self._follows is None else self._tokens[self._follows]

    def add(self, token: int) -> None:
        """The text goes on with `token`."""
        self._tokens.append(token)
        self._follows = None
        for n in _NGRAMS:
            ngram = tuple(self._tokens[-n:])
            if len(ngram) < n:
                continue
            if self._follows is None:
                self._follows = self._places.get(ngram)
            self._places[ngram] = len(self._tokens)

    def propose(self, n: int) -> list[int]:
        """The `n` tokens that may come; none where there is no guess. What repeats itself is taken to go on so."""
        if self._follows is None:
            return []
        period = len(self._tokens) - self._follows
        return [self._tokens[self._follows + i % period] for i in range(n)]
