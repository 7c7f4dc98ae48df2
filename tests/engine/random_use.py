"""Somebody who uses an engine at random, and a cold engine that says what must come of it."""

from __future__ import annotations

import contextlib
import math
import random
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from desktop.chat.message import FinishReason, Role, Sampling, Turn
from desktop.engine.api import MOST_ALTERNATIVES, Event, Finished, ModelSpec, PrefillProgress, Request, Token
from desktop.engine.local import LocalEngine
from desktop.engine.process import COMMAND
from desktop.errors import EngineCrashed, EngineUnavailable, LoadCancelled

_MAX_TOKENS = 4
_WORDS = ("ab", "is 17,", "the", "of", "no;", "sea", "342", "why?", "then", "(and)", "Go on.", "x = y", "cold", "nine")
_LONGEST_WAIT_S = 0.02
_TIE = 0.5
"""Nats between two tokens of which either may be chosen."""
_ABOUT = 64
"""Tokens by which what is foretold may be off: fewer are not brought from the disk, though they are there."""

Turns = tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """Of which model, and how much: questions have between `words[0]` and `words[1]` words, a path `n_most` letters."""

    model: ModelSpec
    words: tuple[int, int]
    n_most: int
    noise: float
    """Nats by which a token's distribution may differ from the cold engine's: the rounding of other batches."""
    process_ends: float
    """How likely a step ends the engine process, which costs a second to start again."""
    n_answers: tuple[int, ...] = (1, 1, 1, 3)
    """One of these is how many answers are asked for."""
    command: tuple[str, ...] = COMMAND
    """What starts an engine process."""

    def engine(self, folder: Path, *, keeps: bool = True) -> LocalEngine:
        """One with its log in `folder`, and with what it `keeps` of what it read."""
        states = folder / "states" if keeps else None
        return LocalEngine(folder / "engine.log", states=states, command=self.command)

    def request(self, turns: Turns, conversation: str = "", n_answers: int = 1) -> Request:
        """For greedy answers with alternatives."""
        return Request(
            self.model,
            turns,
            Sampling(temperature=0.0, max_tokens=_MAX_TOKENS),
            conversation=conversation,
            n_answers=n_answers,
            n_alternatives=MOST_ALTERNATIVES,
        )


class ColdEngine:
    """An engine that has never read what it is asked, and keeps nothing."""

    def __init__(self, folder: Path, use: Use) -> None:
        self._engine = use.engine(folder, keeps=False)
        self._use = use
        self._said: dict[Turns, list[Token]] = {}

    def says(self, turns: Turns) -> list[Token]:
        """The greedy answer, with alternatives."""
        if turns not in self._said:
            other = Request(
                self._use.model, (Turn(Role.USER, "~"),), Sampling(max_tokens=0), template="{{ messages[0].content }}"
            )
            list(self._engine.generate(other))
            events = list(self._engine.generate(self._use.request(turns)))
            assert reused(events) <= 1, "no more than the token that all texts begin with"
            self._said[turns] = tokens(events)
        return self._said[turns]

    def close(self) -> None:
        """End it."""
        self._engine.close()


@dataclass
class Tally:
    """What happened, so that a test can see that it did."""

    done: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    reused: int = 0
    restored: int = 0
    """Tokens that a new process had from the disk."""
    stopped: int = 0
    died: int = 0
    parted: int = 0
    """Answers of which a token was another one, as likely."""
    worst: float = 0.0


class Player:
    """Asks, edits, goes back, stops, kills and starts anew, and holds every answer to the cold engine's."""

    def __init__(self, seed: int, use: Use, folder: Path, cold: ColdEngine) -> None:
        self.tally = Tally()
        self._chance = random.Random(seed)
        self._use = use
        self._folder = folder
        self._cold = cold
        self._engine = self._start()
        self._is_new = True
        """Whether the process has read nothing yet: what it knows is from the disk."""
        self._is_spoilt = False
        """Whether what is on the disk may be less than it promises."""
        self._name = "chat-0"
        self._branches: dict[str, list[Turns]] = {self._name: [self._question(())]}

    def close(self) -> None:
        """End the engine."""
        self._engine.close()

    def sequence(self) -> None:
        """A few steps, in an old chat or in a new one."""
        if self._chance.random() < 0.3:
            self._name = f"chat-{len(self._branches)}"
            self._branches[self._name] = [self._question(())]
        for _ in range(self._chance.randrange(1, 3)):
            ends = self._chance.random() < self._use.process_ends
            step = self._chance.choice(self._ENDS if ends else self._STEPS)
            self.tally.done[step.__name__] += 1
            step(self)

    # What a person does.

    def _send(self) -> None:
        self._ask(self._question(self._branch()))

    def _edit(self) -> None:
        path = self._branch()
        self._ask(self._question(path[: self._chance.randrange(0, len(path), 2)]))

    def _again(self) -> None:
        path = self._branch()
        self._ask(path[: self._chance.randrange(0, len(path), 2) + 1])

    def _other_chat(self) -> None:
        self._name = self._chance.choice(sorted(self._branches))
        self._again()

    def _stop(self) -> None:
        at = self._chance.randrange(_MAX_TOKENS + 2)
        self._ask(self._question(self._branch()), lambda n: self._engine.stop() if n == at else None)

    def _stop_any_time(self) -> None:
        with self._at_any_time(self._engine.stop):
            self._ask(self._question(self._branch()))

    def _leave(self) -> None:
        at = self._chance.randrange(_MAX_TOKENS + 2)
        self._ask(self._question(self._branch()), lambda n: n == at)

    def _title(self) -> None:
        question = self._question(())
        self._compare(question, list(self._engine.generate(self._use.request(question))))

    def _count(self) -> None:
        assert self._engine.prompt(self._use.request(self._question(()), self._name)).n_tokens > 0

    # What ends the engine process.

    def _unload(self) -> None:
        self._engine.unload()
        self._is_new = True

    def _close(self) -> None:
        self._engine.close()
        self._engine = self._start()
        self._is_new = True

    def _kill(self) -> None:
        at = self._chance.randrange(_MAX_TOKENS + 2)
        self._ask(self._question(self._branch()), lambda n: self._die() if n == at else None, may_die=True)
        self._is_new = True

    def _kill_any_time(self) -> None:
        with self._at_any_time(self._die):
            self._ask(self._question(self._branch()), may_die=True)
        self._is_new = True

    def _kill_while_it_keeps(self) -> None:
        with self._at_any_time(self._die):
            self._engine.unload()
        self._is_new = True

    def _spoil(self) -> None:
        self._unload()
        self._is_spoilt = True
        for file in sorted((self._folder / "states").glob("*/*")):
            if self._chance.random() < 0.3:
                spoil(file, self._chance)

    def _sweep(self) -> None:
        """The folder goes while the engine runs."""
        shutil.rmtree(self._folder / "states", ignore_errors=True)
        self._again()

    _STEPS = (
        *(_send, _send, _send, _send, _edit, _edit, _again, _again, _other_chat, _other_chat),
        *(_stop, _stop_any_time, _leave, _title, _count),
    )
    _ENDS = (_unload, _close, _kill, _kill_any_time, _kill_while_it_keeps, _spoil, _sweep)

    # How it is done.

    def _start(self) -> LocalEngine:
        return self._use.engine(self._folder)

    def _die(self) -> None:
        process = self._engine._process
        if process is not None:
            process.kill()
            process._popen.wait()
            self.tally.died += 1

    @contextlib.contextmanager
    def _at_any_time(self, act: Callable[[], None]) -> Iterator[None]:
        timer = threading.Timer(self._chance.uniform(0, _LONGEST_WAIT_S), act)
        timer.start()
        try:
            yield
        finally:
            timer.join()

    def _branch(self) -> Turns:
        return self._chance.choice(self._branches[self._name][-6:])

    def _question(self, path: Turns) -> Turns:
        """`path` up to its last answer, and a new question; from the beginning where there is no room for it."""
        text = " ".join(self._chance.choices(_WORDS, k=self._chance.randint(*self._use.words))) + " "
        path = path[: len(path) // 2 * 2]
        if sum(len(turn.text) for turn in path) + len(text) > self._use.n_most:
            path = ()
        return (*path, Turn(Role.USER, text))

    def _ask(
        self, path: Turns, disturb: Callable[[int], bool | None] = lambda _n: None, *, may_die: bool = False
    ) -> None:
        """Ask for an answer to `path`. After the n-th event `disturb(n)` is called; True leaves the answer."""
        request = self._use.request(path, self._name, self._chance.choice(self._use.n_answers))
        asks_first = self._chance.random() < 0.5
        events: list[Event] = []
        known = None
        try:
            known = self._engine.prompt(request).n_known if asks_first else None
            answer = cast("Generator[Event, None, None]", self._engine.generate(request))
            with contextlib.closing(answer):
                for event in answer:
                    if isinstance(event, PrefillProgress | Token | Finished):
                        events.append(event)
                        if disturb(len(events) - 1):
                            break
        except (EngineCrashed, EngineUnavailable):
            if not may_die:
                raise
        except LoadCancelled:
            self._is_new = True  # a stop at any time, and it came while the model was loaded anew
        if not events:
            return
        if known is not None:
            missed = known - reused(events)
            assert missed >= 0
            assert missed < _ABOUT or self._is_spoilt, f"{known} tokens were to be known, {reused(events)} were"
        if self._is_new:
            self.tally.restored += reused(events)
            self._is_new = False
        self._compare(path, events)
        said = "".join(token.text for token in tokens(events))
        self._branches[self._name].append((*path, Turn(Role.ASSISTANT, said)) if said else path)

    def _compare(self, path: Turns, events: Sequence[Event]) -> None:
        """Hold all answers to the cold one, as far as they came."""
        cold = self._cold.says(path)
        ends = {event.answer: event.reason for event in events if isinstance(event, Finished)}
        for number in {event.answer for event in events if isinstance(event, Token)}:
            warm = tokens(events, number)
            for one, other in zip(warm, cold, strict=False):
                worst = divergence(other, one)
                self.tally.worst = max(self.tally.worst, worst)
                assert worst < self._use.noise, f"{worst} nats, of {one} and {other}, after {path}"
                if one.id != other.id:
                    self.tally.parted += 1
                    break
            else:
                if len(warm) != len(cold) and ends.get(number) not in (None, FinishReason.STOPPED):
                    # One of them ended: the end is no token, but was as likely as the other's next.
                    likeliest, second, *_ = max(warm, cold, key=len)[min(len(warm), len(cold))].alternatives
                    assert likeliest.logprob - second.logprob < _TIE
        self.tally.compared += 1
        self.tally.reused += reused(events)
        self.tally.stopped += FinishReason.STOPPED in ends.values()


def spoil(file: Path, chance: random.Random) -> None:
    """Cut `file` short, change a byte of it, empty it, or remove it."""
    size = file.stat().st_size
    match chance.randrange(4):
        case 0:
            with file.open("r+b") as opened:
                opened.truncate(chance.randrange(size + 1))
        case 1 if size:
            with file.open("r+b") as opened:
                opened.seek(chance.randrange(size))
                byte = opened.read(1)
                opened.seek(-1, 1)
                opened.write(bytes([byte[0] ^ 1 << chance.randrange(8)]))
        case 2:
            file.write_bytes(b"")
        case _:
            file.unlink()


def reused(events: Sequence[Event]) -> int:
    """Tokens of the prompt that were not read."""
    return next((event.reused for event in events if isinstance(event, PrefillProgress)), 0)


def tokens(events: Sequence[Event], answer: int = 0) -> list[Token]:
    """Those of one answer, each once: a token's text may come in several pieces."""
    return [event for event in events if isinstance(event, Token) and event.answer == answer and event.alternatives]


def divergence(one: Token, other: Token) -> float:
    """Kullback and Leibler's, in nats, of what is known of both: the likeliest tokens, and all others as one.

    It is never more than that of the whole distributions.
    """
    p = {each.id: each.logprob for each in one.alternatives}
    q = {each.id: each.logprob for each in other.alternatives}
    both = p.keys() & q.keys()
    assert both
    rest_p, rest_q = (max(1e-9, 1 - sum(math.exp(values[each]) for each in both)) for values in (p, q))
    return sum(math.exp(p[each]) * (p[each] - q[each]) for each in both) + rest_p * math.log(rest_p / rest_q)
