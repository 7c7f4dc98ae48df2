"""A summary that the model writes of the oldest turns, so that it can stand for them where the context is full.

The model is asked for it as if the user did, behind the very turns that are to go: these are in the KV cache, so that
only the question is read.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from desktop.chat.message import FinishReason, Role, Sampling, Turn
from desktop.chat.prompt import Cut
from desktop.engine.api import Engine, Finished, PrefillProgress, Request, Token

# Of the context, at most so much is a summary, and never more tokens than this: it must be worth its time.
_SHARE = 1 / 8
_MOST_TOKENS = 320
# What stands around it in the prompt.
_HEADING_TOKENS = 24
# A model that reasons before it writes gets so many tokens more for that.
_REASONING_TOKENS = 1024
# Messages that do not fit the context even one by one are shortened, but not to less than this.
_LEAST_CHARACTERS = 200
# What comes out at a temperature near 0 keeps to what was said; at 0 small models repeat themselves for ever.
_TEMPERATURE = 0.3
_REPEAT_PENALTY = 1.1

# Short and plain: small models follow nothing else.
_ASKS = (
    "Summarise our conversation so far in a few sentences. Keep names, numbers, facts, decisions and open questions. "
    "Use the language of the conversation. Write only the summary."
)
_ASKS_IN_CHINESE = (
    "请用几句话概括我们到目前为止的对话，保留人名、数字、事实、决定和还没有解决的问题。只写概括，不要写别的。"
)
_HEADING = "Summary of the conversation so far:"
_HEADING_IN_CHINESE = "此前对话的概括："
_ENDS_OF_SENTENCES = ".!?。！？\n"


@dataclass(frozen=True, slots=True)
class Summarising:
    """The `turns` oldest turns are being summarised: `read` of `total` prompt tokens, then `written` of the summary."""

    turns: int
    read: int = 0
    total: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class Summarised:
    """The `turns` oldest turns are summarised in `text`."""

    turns: int
    text: str


def summary_tokens(n_ctx: int) -> int:
    """How long a summary may be in a context of `n_ctx` tokens."""
    return min(int(n_ctx * _SHARE), _MOST_TOKENS)


def summary_room(n_ctx: int) -> int:
    """How many tokens of a prompt a summary may take, with what stands around it."""
    return summary_tokens(n_ctx) + _HEADING_TOKENS


def without(request: Request, cut: Cut) -> Request:
    """`request` without the turns of `cut`; its summary follows the system prompt."""
    head, turns = split(request.turns)
    if cut.summary:
        heading = _HEADING_IN_CHINESE if _is_chinese(cut.summary) else _HEADING
        said = f"{heading}\n{cut.summary}"
        head = (Turn(Role.SYSTEM, f"{head[0].text}\n\n{said}" if head else said),)
    return replace(request, turns=(*head, *turns[cut.turns :]))


def split(turns: Sequence[Turn]) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    """The system prompt, where there is one, and what is said."""
    n_head = 1 if turns and turns[0].role is Role.SYSTEM else 0
    return tuple(turns[:n_head]), tuple(turns[n_head:])


def summary_cost(engine: Engine, request: Request, n_ctx: int, before: Cut, upto: int) -> tuple[int, int]:
    """About how many tokens `summarise` would read and write.

    Raises:
        all that `Engine.prompt` raises
    """
    prompt = engine.prompt(_asking(request, _usable(before), upto))
    most = summary_tokens(n_ctx)
    pieces = -(-prompt.n_tokens // max(1, n_ctx - most))
    return prompt.n_tokens - prompt.n_known + (pieces - 1) * most, pieces * most


def summarise(
    engine: Engine, request: Request, n_ctx: int, before: Cut, upto: int
) -> Generator[Summarising, None, str | None]:
    """A summary of the request's `upto` oldest turns, going on from the summary of `before`, if it has one.

    In one piece where these fit the context, which they do unless the model was given less of them until now. Returns
    the summary: "" if the model wrote none, None if it was stopped.

    Raises:
        all that `Engine.generate` raises
    """
    done = _usable(before)
    while done.turns < upto:
        asking, turns = _next_piece(engine, request, n_ctx, done, upto)
        if asking is None:
            return ""
        text = yield from _write(engine, asking, upto, summary_tokens(n_ctx))
        if not text:
            return text
        done = Cut(turns, text)
    return done.summary


def _usable(before: Cut) -> Cut:
    """What was merely left out until now is summarised from the first turn on."""
    return before if before.summary else Cut()


def _next_piece(engine: Engine, request: Request, n_ctx: int, done: Cut, upto: int) -> tuple[Request | None, int]:
    """What asks for a summary of as much as fits the context, and up to which turn that is. None if nothing fits."""
    room = n_ctx - summary_tokens(n_ctx)
    _, turns = split(request.turns)
    ends = [end for end in range(done.turns + 1, upto) if turns[end].role is Role.USER] + [upto]
    low, high = -1, len(ends) - 1
    # Nearly always all of it fits, so that is what is tried first.
    middle = high
    while low < high:
        if engine.prompt(_asking(request, done, ends[middle])).n_tokens <= room:
            low = middle
        else:
            high = middle - 1
        middle = (low + high + 1) // 2
    if low >= 0:
        return _asking(request, done, ends[low]), ends[low]
    most = max(len(turn.text) for turn in turns[done.turns : ends[0]])
    while (most := most // 2) >= _LEAST_CHARACTERS:
        asking = _asking(request, done, ends[0], most)
        if engine.prompt(asking).n_tokens <= room:
            return asking, ends[0]
    return None, 0


def _asking(request: Request, done: Cut, upto: int, most_characters: int | None = None) -> Request:
    """Asks for the summary of the turns from `done` up to `upto`, each with its ends only where it is too long."""
    head, turns = split(request.turns)
    gone = turns[done.turns : upto]
    asks = _ASKS_IN_CHINESE if _is_chinese("".join(turn.text for turn in gone)) else _ASKS
    told = [
        *without(replace(request, turns=head), Cut(0, done.summary)).turns,
        *(_clipped(turn, most_characters) for turn in gone),
    ]
    if told[-1].role is Role.USER:
        # Templates insist that the roles alternate.
        told[-1] = Turn(Role.USER, f"{told[-1].text}\n\n{asks}")
    else:
        told.append(Turn(Role.USER, asks))
    sampling = Sampling(
        temperature=_TEMPERATURE,
        repeat_penalty=_REPEAT_PENALTY,
        seed=request.sampling.seed,
        max_tokens=_MOST_TOKENS + _REASONING_TOKENS,
    )
    return replace(request, turns=tuple(told), sampling=sampling, continue_last=False, n_answers=1, n_alternatives=0)


def _clipped(turn: Turn, most_characters: int | None) -> Turn:
    if most_characters is None or len(turn.text) <= most_characters:
        return turn
    half = most_characters // 2
    return Turn(turn.role, f"{turn.text[:half]} … {turn.text[-half:]}")


def _write(engine: Engine, asking: Request, turns: int, most_tokens: int) -> Generator[Summarising, None, str | None]:
    """What the model writes, at most `most_tokens` of it. None if it was stopped."""
    text, written = "", 0
    progress = Summarising(turns)
    yield progress
    for event in engine.generate(asking):
        if isinstance(event, PrefillProgress):
            progress = Summarising(turns, event.read - event.reused, event.total - event.reused)
        elif isinstance(event, Token):
            progress = replace(progress, written=progress.written + 1)
            if not event.reasoning:
                text += event.text
                written += 1
        elif isinstance(event, Finished) and event.reason is FinishReason.STOPPED:
            return None
        elif isinstance(event, Finished) and event.reason is FinishReason.LENGTH:
            return _whole_sentences(text)
        yield progress
        if written >= most_tokens:
            # Leaving the loop ends the generation. Its limit counts reasoning too, this one does not.
            return _whole_sentences(text)
    return text.strip()


def _whole_sentences(text: str) -> str:
    """`text` without a sentence that was begun at its end, unless that is most of it."""
    end = max(text.rfind(mark) for mark in _ENDS_OF_SENTENCES) + 1
    return (text[:end] if end > len(text) // 2 else text).strip()


def _is_chinese(text: str) -> bool:
    """Whether most words of `text` are Chinese; kana make it Japanese."""
    chinese = sum("\u4e00" <= character <= "\u9fff" for character in text)
    kana = sum("\u3040" <= character <= "\u30ff" for character in text)
    others = sum(character.isalpha() for character in text) - chinese
    # A word of Chinese is two characters long, one of an alphabet about five.
    return chinese / 2 > others / 5 and kana < chinese / 4
