"""How long an answer takes."""

from __future__ import annotations

import time

from desktop.chat.message import Statistics


class Clock:
    """Measures one answer."""

    def __init__(self, n_ctx: int) -> None:
        self.prompt_tokens = 0
        self.reused_tokens = 0
        self.generated_tokens = 0
        self.guessed_tokens = 0
        self.right_guesses = 0
        self._n_ctx = n_ctx
        self._began = self._prefill_began = time.monotonic()
        self._prefill_s = self._first_at = self._last_at = 0.0

    def prefill_begins(self) -> None:
        """The prompt is tokenised, reading begins."""
        self._prefill_began = time.monotonic()

    def prefill_ends(self) -> None:
        """The prompt is read."""
        self._prefill_s = time.monotonic() - self._prefill_began

    def token(self) -> None:
        """One more token is chosen."""
        self._last_at = time.monotonic()
        if self.generated_tokens == 0:
            self._first_at = self._last_at
        self.generated_tokens += 1

    def statistics(self) -> Statistics:
        """Those of the answer so far. What did not happen is 0."""
        read = self.prompt_tokens - self.reused_tokens
        # The first token comes out of the prompt's logits: decoding makes the others.
        decoded, decode_s = self.generated_tokens - 1, self._last_at - self._first_at
        return Statistics(
            prompt_tokens=self.prompt_tokens,
            reused_tokens=self.reused_tokens,
            generated_tokens=self.generated_tokens,
            time_to_first_token_s=self._first_at - self._began if self.generated_tokens else 0.0,
            prefill_tokens_per_s=read / self._prefill_s if self._prefill_s > 0 else 0.0,
            decode_tokens_per_s=decoded / decode_s if decode_s > 0 else 0.0,
            n_ctx=self._n_ctx,
            guessed_tokens=self.guessed_tokens,
            right_guesses=self.right_guesses,
        )
