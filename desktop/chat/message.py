"""What a conversation is made of: plain values that every floor shares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class State(StrEnum):
    """How far a message is. A question is COMPLETE from the start; an answer begins as STREAMING."""

    STREAMING = "streaming"
    COMPLETE = "complete"
    STOPPED = "stopped"
    """The user pressed Stop; the text so far is kept."""
    INTERRUPTED = "interrupted"
    """The engine or the app ended in the middle; the text so far is kept."""
    FAILED = "failed"
    """There was no answer at all: the model did not load, the prompt did not fit."""


class FinishReason(StrEnum):
    """Why a generation ended."""

    END = "end"
    """The model said that it is done (an end-of-generation token)."""
    LENGTH = "length"
    """`max_tokens` were generated, or the context is full."""
    STOP_WORD = "stop_word"
    STOPPED = "stopped"
    ERROR = "error"


class Overflow(StrEnum):
    """What happens when a chat no longer fits the context."""

    DROP = "drop"
    """The oldest messages are left out."""
    SUMMARISE = "summarise"
    """A summary that the model writes stands for the oldest messages."""
    STOP = "stop"
    """Nothing is asked; the user is told."""


class NoSummary(StrEnum):
    """Why the oldest messages were left out, though a summary was to stand for them."""

    NOT_WRITTEN = "not_written"
    """The model was asked for one and wrote none."""
    BASE_MODEL = "base_model"
    """It only continues texts: it cannot be asked for one."""
    NO_ROOM = "no_room"
    """The last question leaves none of the context for it."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. Names and meanings are llama.cpp's.

    A temperature of 0 is greedy. `seed` None draws a new seed for each answer; the drawn one is stored with it.
    `max_tokens` None means until the end of the answer or of the context.
    """

    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statistics:
    """What an answer cost. Durations in seconds, speeds in tokens per second."""

    prompt_tokens: int
    reused_tokens: int
    """Those of the prompt that were still in the KV cache and were not read again."""
    generated_tokens: int
    time_to_first_token_s: float
    prefill_tokens_per_s: float
    decode_tokens_per_s: float
    n_ctx: int
    """The size of the context that the answer was made in, in tokens."""
    left_out_messages: int = 0
    """How many of the oldest messages did not fit the context."""
    summarised: bool = False
    """Whether a summary stood for those."""
    no_summary: NoSummary | None = None
    """Why none did, though one was wanted."""
    guessed_tokens: int = 0
    """Tokens that were guessed ahead and checked."""
    right_guesses: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """One message as a model is given it."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """One node of a chat's tree. Times are seconds since the epoch.

    `model` is the model's name in the library, `error` is the error that ended the answer as `packed_errors.pack`
    made it.
    """

    id: int
    chat_id: int
    parent_id: int | None
    role: Role
    state: State
    text: str
    created_at: float
    reasoning: str = ""
    reasoning_s: float = 0.0
    """How long the model reasoned before it answered."""
    model: str | None = None
    sampling: Sampling | None = None
    finish: FinishReason | None = None
    statistics: Statistics | None = None
    error: dict[str, object] | None = None
    summary: str = ""
    """What was said from the root of the tree down to this message, in the model's words: it can stand for all that
    where the context is full."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A tree of messages of which the path from the root to `leaf_id` is shown.

    `sampling` and `model` are None where the chat follows the app's settings.
    """

    id: int
    title: str
    created_at: float
    updated_at: float
    leaf_id: int | None = None
    system: str = ""
    model: str | None = None
    sampling: Sampling | None = None
    draft: str = ""
