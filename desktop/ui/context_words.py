"""How full the context is, and what the next question costs, in words."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.chat.message import NoSummary, Overflow
from desktop.ui.i18n import tr, tr_count
from desktop.ui.quantities import duration

_LITTLE_TOKENS = 200
_AT_ONCE_S = 1.0
_DOT = "\N{NO-BREAK SPACE}· "
"""Between two parts, at the end of a line rather than at the beginning of the next."""


@dataclass(frozen=True, slots=True)
class Way:
    """What the next send would do about the `messages` oldest messages, which do not fit, if `overflow` was chosen.

    `is_new` says that it was not so the last time already; `is_summarised` that a summary stands for them already;
    `no_room` that they are left out, though a summary was wanted: the question leaves no room for it.
    `read_tokens` must be read before the first word comes, which takes about `wait_s` with the summary that is written
    first; None where that is not known.
    """

    overflow: Overflow
    messages: int
    is_new: bool = True
    is_summarised: bool = False
    no_room: bool = False
    read_tokens: int | None = None
    wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class ContextUse:
    """`used_tokens` of `n_ctx` are taken.

    `too_long` says that not even the draft alone would fit. `unread_tokens` must be read before the first word comes,
    which takes about `reading_s`; None where that is not known. `ways` are what can be chosen where not all fits, one
    for each `Overflow` that is possible, and `chosen` is one of these.
    """

    used_tokens: int
    n_ctx: int
    too_long: bool = False
    unread_tokens: int | None = None
    reading_s: float | None = None
    ways: tuple[Way, ...] = ()
    chosen: Overflow = Overflow.DROP

    @property
    def way(self) -> Way | None:
        """What happens to what does not fit; None where all fits."""
        return next((way for way in self.ways if way.overflow is self.chosen), None)

    @property
    def warns(self) -> bool:
        """Whether something will be left out that was not before."""
        return self.too_long or (self.way is not None and self.way.is_new)


def context_line(use: ContextUse | None) -> str:
    """The line under the composer; empty where there is nothing to say."""
    if use is None:
        return ""
    if use.too_long:
        return tr("Too long: this message alone does not fit the context of {n_ctx} tokens", n_ctx=f"{use.n_ctx:,}")
    if use.way is not None and use.way.is_new:
        return _full_line(use.way)
    if not use.used_tokens:
        return ""
    used = tr("{used} of {n_ctx} tokens", used=f"{use.used_tokens:,}", n_ctx=f"{use.n_ctx:,}")
    if use.way is not None and use.way.is_summarised:
        used = tr_count(
            "{used}, the oldest message as a summary",
            "{used}, the {count} oldest messages as a summary",
            use.way.messages,
            used=used,
        )
    elif use.way is not None:
        used = tr_count(
            "{used}, without the oldest message",
            "{used}, without the {count} oldest messages",
            use.way.messages,
            used=used,
        )
    cost = _cost(use)
    return f"{used}{_DOT}{cost}" if cost else used


def way_title(way: Way) -> str:
    """What choosing it does, for a menu."""
    match way.overflow:
        case Overflow.DROP:
            return tr_count("Leave out the oldest message", "Leave out the {count} oldest messages", way.messages)
        case Overflow.SUMMARISE if way.no_room:
            return tr_count(
                "No room for a summary: leave out the oldest message",
                "No room for a summary: leave out the {count} oldest messages",
                way.messages,
            )
        case Overflow.SUMMARISE:
            return tr_count("Summarise the oldest message", "Summarise the {count} oldest messages", way.messages)
        case Overflow.STOP:
            return tr("Do not answer, and tell me")


def way_cost(way: Way) -> str:
    """How long it takes until the first word, for a menu; empty if it cannot be told."""
    if way.read_tokens is None or (way.overflow is Overflow.STOP and way.is_new):
        return ""
    writes_summary = way.overflow is Overflow.SUMMARISE and way.is_new and not way.no_room
    if not writes_summary and _is_little(way.read_tokens, way.wait_s):
        return tr("at once")
    if way.wait_s is not None:
        return tr("about {time}", time=duration(way.wait_s))
    return tr("reads {tokens} tokens", tokens=f"{way.read_tokens:,}")


def no_summary_words(why: NoSummary | None) -> str:
    """Why no summary stands for what was left out; empty where none was wanted."""
    match why:
        case None:
            return ""
        case NoSummary.NOT_WRITTEN:
            return tr("The model wrote no summary.")
        case NoSummary.BASE_MODEL:
            return tr("A base model cannot be asked for a summary.")
        case NoSummary.NO_ROOM:
            return tr("The question left no room for a summary.")


def overflow_name(overflow: Overflow) -> str:
    """The choice in the settings."""
    match overflow:
        case Overflow.DROP:
            return tr("Leave out the oldest")
        case Overflow.SUMMARISE:
            return tr("Summarise the oldest")
        case Overflow.STOP:
            return tr("Stop and tell me")


def _full_line(way: Way) -> str:
    """What will happen with the next send, and what that costs."""
    match way.overflow:
        case Overflow.DROP:
            what = tr_count(
                "The context is full: the oldest message will be left out",
                "The context is full: the {count} oldest messages will be left out",
                way.messages,
            )
        case Overflow.SUMMARISE if way.no_room:
            what = tr_count(
                "No room for a summary: the oldest message will be left out",
                "No room for a summary: the {count} oldest messages will be left out",
                way.messages,
            )
        case Overflow.SUMMARISE:
            what = tr_count(
                "The context is full: the oldest message will be summarised first",
                "The context is full: the {count} oldest messages will be summarised first",
                way.messages,
            )
        case Overflow.STOP:
            return tr("The context is full: there will be no answer until you choose what to leave out")
    if way.overflow is Overflow.SUMMARISE and not way.no_room:
        return f"{what}{_DOT}{tr('about {time}', time=duration(way.wait_s))}" if way.wait_s is not None else what
    cost = _reading_cost(way.read_tokens, way.wait_s)
    return f"{what}{_DOT}{cost}" if cost else what


def _cost(use: ContextUse) -> str:
    """What is to be read before the first word of the next answer, where that is worth a word."""
    return "" if use.used_tokens < _LITTLE_TOKENS else _reading_cost(use.unread_tokens, use.reading_s)


def _is_little(tokens: int, seconds: float | None) -> bool:
    """Whether nobody notices that so much is read. Where the time is known it decides: computers differ."""
    return seconds < _AT_ONCE_S if seconds is not None else tokens < _LITTLE_TOKENS


def _reading_cost(unread: int | None, seconds: float | None) -> str:
    if unread is None:
        return ""
    if _is_little(unread, seconds):
        return tr("continues at once")
    if seconds is None:
        return tr("reads {tokens} tokens first", tokens=f"{unread:,}")
    return tr("reads {tokens} tokens first, about {time}", tokens=f"{unread:,}", time=duration(seconds))


def summarising_line(messages: int, read: int, total: int, written: int) -> str:
    """How far the summary of so many messages is: `read` of `total` prompt tokens, then `written` of it."""
    what = tr_count("Summarising the oldest message…", "Summarising the {count} oldest messages…", messages)
    if written:
        return f"{what} {tr_count('{count} token written', '{count} tokens written', written)}"
    return f"{what} {reading_line(read, total, None)}" if total - read > 1 else what


def reading_line(read: int, total: int, left_s: float | None) -> str:
    """How far the reading of a prompt is; `left_s` where it is known."""
    if left_s is None:
        return tr("Reading {read} of {total} tokens", read=f"{read:,}", total=f"{total:,}")
    return tr(
        "Reading {read} of {total} tokens, about {time} left",
        read=f"{read:,}",
        total=f"{total:,}",
        time=duration(left_s),
    )
