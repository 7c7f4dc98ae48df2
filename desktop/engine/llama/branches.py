"""Several continuations of what was read, computed together: what all of them share is in the cache once."""

from __future__ import annotations

from collections.abc import Sequence

from desktop.engine.llama.batch import SEQUENCE, Batch, ContextFull, Place, Stopped
from desktop.engine.llama.cache import Cache
from desktop.engine.llama.library import llama_cpp
from desktop.engine.llama.machine import N_BATCH
from desktop.engine.llama.model import Model
from desktop.engine.llama.sample import PENALTY_WINDOW, Logits
from desktop.engine.llama.stopping import StopSwitch

_WORTH_TAKING_UP = 64
"""Tokens that each may go on for. With less room, what waits would soon have to wait again, and be read twice."""


class _Branch:
    """The sequence of that number: the tokens behind what is shared, of which `n_cached` are in the cache."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.tokens: list[int] = []
        self.n_cached = 0


class Branches:
    """Goes on in `n` ways from what is in `cache`, until `close`.

    They share the room that the context has. Where it is too little, the last ones wait: they leave the cache, and are
    read again when others have ended. What has ended leaves first.
    """

    def __init__(self, model: Model, switch: StopSwitch, cache: Cache, batch: Batch, n: int) -> None:
        """Raises ModelDoesNotFit: there is no memory for so many; what was read stays read."""
        self._model = model
        self._switch = switch
        self._cache = cache
        self._batch = batch
        self._shared = list(cache.tokens)
        # One more sequence holds what is shared as it is, for those that leave the cache and come back: of a recurrent
        # state and of a sliding window it could not be had again.
        self._origin = n
        cache.part(n + 1)
        self._branches = [_Branch(number) for number in range(n)]
        self._active = list(self._branches)
        self._n_cells = model.n_ctx
        self._waiting: list[_Branch] = []

    def recent(self, number: int) -> Sequence[int]:
        """The newest tokens of a branch, the newest last, as many as the sampler looks at."""
        own = self._branches[number].tokens[-PENALTY_WINDOW:]
        missing = PENALTY_WINDOW - len(own)
        return [*self._shared[-missing:], *own] if missing else own

    def add(self, number: int, token: int) -> None:
        """A branch goes on with `token`, which `compute` will read."""
        self._branches[number].tokens.append(token)

    def end(self, number: int) -> None:
        """A branch goes on no more."""
        branch = self._branches[number]
        for those in (self._active, self._waiting):
            if branch in those:
                those.remove(branch)

    def compute(self) -> list[tuple[int, Logits | None]]:
        """Read what was added to the branches, and return their numbers with the logits behind their newest tokens.

        Those that wait are not among them; without any that goes on there are none. None instead of logits: not even
        alone there is room for that one. The logits are llama.cpp's own memory, valid until the next.

        Raises:
            Stopped, EngineCrashed
            ContextFull: there is no room for any
        """
        self._take_up_waiting()
        if not self._active:
            return []
        while self._free() < len(self._active):
            if not self._drop_an_ended() and not self._let_one_wait():
                return [(self._active[0].number, None)]
        try:
            self._read([(branch, len(branch.tokens) - 1) for branch in self._active])
        except ContextFull:
            # llama.cpp finds less room than it has by number.
            self._n_cells -= self._free()
            return self.compute()
        rows = self._model.rows(len(self._active))
        return [(branch.number, row) for branch, row in zip(self._active, rows, strict=True)]

    def close(self) -> None:
        """What is in the cache of the branches stays there, for the prompt that goes on with one of them."""
        stays = {SEQUENCE: self._shared}
        for branch in self._branches:
            if branch.n_cached:
                stays[branch.number] = self._shared + branch.tokens[: branch.n_cached]
            elif branch.number == SEQUENCE:
                self._reset(branch)
            else:
                self._remove(branch.number)
        self._remove(self._origin)
        self._cache.stay(stays)

    def _take_up_waiting(self) -> None:
        """Read again what waits, the first ones first, as far as there is room to go on."""
        while self._waiting:
            branch = self._waiting[0]
            needed = len(branch.tokens) + _WORTH_TAKING_UP * (len(self._active) + 1)
            while self._free() < needed and self._drop_an_ended():
                pass
            if self._active and self._free() < needed:
                return
            self._reset(branch)
            while branch.n_cached < len(branch.tokens) - 1:
                piece = range(branch.n_cached, len(branch.tokens) - 1)[:N_BATCH]
                self._read([(branch, i) for i in piece], only_last=True)
            self._waiting.remove(branch)
            self._active = sorted([*self._active, branch], key=lambda each: each.number)

    def _read(self, what: Sequence[tuple[_Branch, int]], *, only_last: bool = False) -> None:
        """Decode these tokens of branches, in one batch. Where that fails, none of them is in the cache."""
        if self._switch.is_on:
            raise Stopped
        start = len(self._shared)
        places: list[Place] = [(branch.tokens[i], start + i, branch.number) for branch, i in what]
        try:
            self._batch.decode(self._model.context, places, "decode", only_last=only_last)
        except ContextFull:
            raise  # llama.cpp looks for room before it begins
        except Exception:
            for branch in {branch.number: branch for branch, _ in what}.values():
                self._undo(branch)
            raise
        for branch, _ in what:
            branch.n_cached += 1

    def _free(self) -> int:
        return self._n_cells - len(self._shared) - sum(branch.n_cached for branch in self._branches)

    def _drop_an_ended(self) -> bool:
        """Take a branch out of the cache that has ended; False where there is none."""
        for branch in reversed(self._branches):
            if branch.n_cached and branch not in self._active and branch not in self._waiting:
                self._reset(branch)
                return True
        return False

    def _let_one_wait(self) -> bool:
        """Take the last of the active ones out of the cache; False where it is the only one."""
        if len(self._active) == 1:
            return False
        branch = self._active.pop()
        self._reset(branch)
        self._waiting.insert(0, branch)
        return True

    def _undo(self, branch: _Branch) -> None:
        """Have nothing in the cache of a batch that failed."""
        if self._model.keeps_state:
            # How far its state has come is not known.
            self._reset(branch)
        else:
            end = len(self._shared) + branch.n_cached
            llama_cpp.llama_memory_seq_rm(self._model.memory, branch.number, end, -1)

    def _reset(self, branch: _Branch) -> None:
        """Have nothing of a branch in the cache but what is shared."""
        self._remove(branch.number)
        llama_cpp.llama_memory_seq_cp(self._model.memory, self._origin, branch.number, -1, -1)
        branch.n_cached = 0

    def _remove(self, sequence: int) -> None:
        llama_cpp.llama_memory_seq_rm(self._model.memory, sequence, -1, -1)
