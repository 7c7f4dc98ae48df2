"""How a model is loaded on this machine: what fits, what is tried in which order, and what was learned from it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from desktop import json_file
from desktop.engine import computer, strikes, tunings
from desktop.engine.api import Finished, Loaded, ModelSpec, SystemInfo, Tuning
from desktop.engine.ladder import PlainPlanner, Plan
from desktop.engine.local import LocalEngine
from desktop.engine.strikes import Strikes
from desktop.errors import AppError, BadModelFile, Crash, EngineCrashed, Flaw, ModelDoesNotFit, NoSuchModel
from desktop.hub.fit import Fit, Machine, Share, Verdict, Wishes, corrections, fit
from desktop.hub.header import Header, read_shards
from desktop.hub.model_files import shards_of
from desktop.hub.shares import MILLION
from desktop.hub.speed import measure_bytes_per_s
from desktop.learned import Learned
from desktop.settings import Settings
from desktop.ways import Way, insists, ways

_log = logging.getLogger(__name__)

_NOTHING = Wishes()
_WHOLE_BATCH = 512
"""Tokens of a prompt after which the engine has touched all the memory that it had reserved."""
_USUAL = (0.5, 2.0)
"""Memory that was really used, by what was predicted. Outside of it something else was measured."""
_MATTERS = 0.02
"""Part of what is known by which it must be off to be written down: not every answer shall write a file."""
_BASE_MATTERS_BYTES = 8 << 20
_ENOUGH_TOKENS = 16
_SPARE = 0.25
_BIG_BYTES = 300_000_000
"""A model that reads less for a token spends its time on other things than on reading memory."""
_PACE = 0.3
"""How much the latest answer counts for the speed that is remembered."""


class Loading:
    """Knows this machine. The `Planner` of the engine, and whom everybody asks whether a model fits.

    What it has learned lies in the file at `file`, which may be deleted. Methods may be called from any thread.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        """For whoever learns, which writes the file. What is known is one value, never changed: it is read without."""
        self._studying = threading.Lock()
        self._learned = Learned.of(json_file.read(file))
        self._is_written = True
        """Whether the file has all that is known."""
        self._plain = PlainPlanner()
        self._ways: dict[ModelSpec, Way] = {}
        """Those of the latest plan, by what the engine is given for them."""
        self._held_bytes = 0
        """What the loaded model takes of the computer's memory and will give back."""

    def machine(self) -> Machine:
        """This machine now: free memory, GPUs as the engine described them last, and what was learned.

        The memory of the model that is loaded counts as free: it goes before another one comes.
        """
        free = computer.free_memory_bytes() + self._held_bytes
        return self._learned.machine(computer.total_memory_bytes(), free)

    def fit(self, header: Header, wishes: Wishes = _NOTHING, draft: Header | None = None) -> Fit:
        """How a model fits this machine now, beside its `draft` model if it has one.

        For many models at once ask `machine` once, and `desktop.hub.fit`.
        """
        return fit(header, self.machine(), wishes, draft=draft)

    def wishes(self, settings: Settings, own: Wishes = _NOTHING) -> Wishes:
        """What the user wants of one model: its `own` wishes, else those of the settings for all."""
        return replace(
            own,
            n_ctx=own.n_ctx or settings.n_ctx or None,
            n_gpu_layers=settings.n_gpu_layers if own.n_gpu_layers is None else own.n_gpu_layers,
        )

    def spec(self, path: Path, settings: Settings, own: Wishes = _NOTHING, draft_path: Path | None = None) -> ModelSpec:
        """How the model at `path` is to be loaded, with None for "by itself"; `draft_path` is its draft model's.

        Equal from answer to answer, whatever the machine's memory does: the plan is made when it is loaded.
        """
        wanted = self.wishes(settings, own)
        return ModelSpec(
            str(path),
            wanted.n_ctx,
            wanted.n_gpu_layers,
            settings.n_threads,
            wanted.kv_type,
            flash_attention=wanted.flash_attention,
            draft_path=str(draft_path) if draft_path is not None else None,
            eager=settings.eager,
        )

    def study(self, log: Path) -> None:
        """Find out which GPUs there are and how fast memory is, unless it is known for this llama.cpp.

        Takes seconds: for a thread of its own. It asks an engine process, which logs to the file at `log`.
        """
        # Whoever asks meanwhile waits for what the first finds out.
        with self._studying:
            if self._learned.build != computer.build_stamp():
                self._ask_engine(log)
            # Last: what opened together with it, such as a window, is at rest by then.
            if self._learned.cpu_bytes_per_s is None:
                speed = measure_bytes_per_s()
                self._learn(lambda learned: replace(learned, cpu_bytes_per_s=learned.cpu_bytes_per_s or speed))

    def note(self, info: SystemInfo) -> None:
        """The engine has described what it runs on."""
        now = (computer.build_stamp(), info.devices, info.weights_repacked)

        def take(learned: Learned) -> Learned:
            return replace(learned, build=now[0], devices=now[1], repacks=now[2])

        with self._lock:
            before, self._learned = self._learned, take(self._learned)
        if before.lasting() != self._learned.lasting():
            self._learn(take)

    def plan(self, wanted: ModelSpec, info: SystemInfo) -> Plan:
        """See `Planner.plan`."""
        self.note(info)
        try:
            header = read_shards(shards_of(Path(wanted.path)))
        except (BadModelFile, NoSuchModel) as error:
            if isinstance(error, BadModelFile) and error.flaw is Flaw.MISSING_PART:
                raise
            header = None
        if header is None or not header.layers:
            self._ways = {}
            return self._plain.plan(wanted, info)  # the engine knows more kinds of files, and says what is wrong
        draft = _draft_header(wanted)
        machine, alone = self.machine(), replace(wanted, draft_path=None)
        found = ways(header, machine, wanted if draft else alone, info, draft)
        usable = _usable(wanted, found)
        if not usable:
            best = found[0].fit
            free_bytes = max(0, best.needed_bytes - best.short_bytes)
            fits_alone = draft is not None and bool(_usable(alone, ways(header, machine, alone, info)))
            raise ModelDoesNotFit(wanted.path, best.needed_bytes, free_bytes, fits_without_draft=fits_alone)
        self._ways = {way.spec: way for way in usable}
        return self._without_crashed(usable)

    def begin(self, wanted: ModelSpec, attempt: ModelSpec) -> None:
        """See `Planner.begin`. On a GPU it is written down before it begins: it may be the last that is done."""
        way = self._ways.get(attempt)
        if way is not None and way.key:
            self._strike(lambda known: strikes.begin(known, self._kin(way), wanted.path))

    def end(self, wanted: ModelSpec, attempt: ModelSpec, outcome: Loaded | AppError | None) -> None:
        """See `Planner.end`."""
        way = self._ways.get(attempt)
        if way is None:
            return
        if way.key:
            counts = self._counts(way, outcome)
            self._strike(lambda known: strikes.end(known, counts, wanted.path))
        if isinstance(outcome, Loaded):
            self._held_bytes = max(0, outcome.memory_bytes - outcome.size_bytes)
            if outcome.base_bytes and abs(outcome.base_bytes - way.fit.shares[0].base) > _BASE_MATTERS_BYTES:
                self._learn(lambda learned: replace(learned, base_bytes=outcome.base_bytes))
            used = {use.name: use.bytes for use in outcome.devices if use.bytes}
            self._compare(way, used, outcome.memory_bytes, whole=False)

    def answered(self, attempt: ModelSpec, finished: Finished) -> None:
        """See `Planner.answered`."""
        way = self._ways.get(attempt)
        if way is None:
            return
        statistics = finished.statistics
        read = statistics.prompt_tokens - statistics.reused_tokens
        self._compare(way, {}, finished.memory_bytes, whole=read >= _WHOLE_BATCH)
        known_strikes = self._learned.strikes
        if any(key in known_strikes and not strikes.is_out(known_strikes, key) for key in self._kin(way)):
            self._strike(lambda known: strikes.clear(known, self._kin(way)))
        if statistics.generated_tokens >= _ENOUGH_TOKENS and statistics.decode_tokens_per_s > 0:
            self._time(way, statistics.decode_tokens_per_s)

    def tuning(self, attempt: ModelSpec) -> Tuning | None:
        """See `Planner.tuning`."""
        return tunings.get(self._learned.tunings, tunings.key_of(attempt))

    def tuned(self, attempt: ModelSpec, tuning: Tuning) -> None:
        """See `Planner.tuned`."""
        key = tunings.key_of(attempt)
        self._learn(lambda learned: replace(learned, tunings=tunings.put(learned.tunings, key, tuning)))

    def released(self) -> None:
        """See `Planner.released`."""
        self._held_bytes = 0

    def skipped(self, path: Path) -> bool:
        """Whether a way to load the model at `path` is skipped because it crashed: `forget` would try it again."""
        return strikes.concern(self._learned.strikes, str(path))

    def has_failed(self, path: Path) -> bool:
        """Whether the model at `path` has crashed before, or was being loaded when all of the program ended."""
        return strikes.any_against(self._learned.strikes, str(path))

    def leaves_enough(self, fit: Fit) -> bool:
        """Whether a quarter of the computer's memory stays free beside a model that is loaded so."""
        memory = fit.shares[0]
        left = memory.free_bytes - memory.total
        is_easy = fit.verdict not in (Verdict.TIGHT, Verdict.TOO_BIG)
        return is_easy and left >= _SPARE * computer.total_memory_bytes()

    def forget(self, path: Path) -> None:
        """Try everything again with the model at `path`, what crashed included, when it is loaded next."""
        self._strike(lambda known: strikes.forget(known, str(path)))

    def _ask_engine(self, log: Path) -> None:
        engine = LocalEngine(log)
        try:
            self.note(engine.system_info())
        except AppError:
            _log.warning("the engine does not say what it runs on", exc_info=True)
        finally:
            engine.close()

    def _kin(self, way: Way) -> list[str]:
        """The keys of the ways that use the same GPUs as `way`."""
        return [other.key for other in self._ways.values() if other.spec.devices == way.spec.devices]

    def _counts(self, way: Way, outcome: Loaded | AppError | None) -> dict[str, int]:
        """The strikes for what became of `way`, by the keys of all that were begun with it."""
        counts = dict.fromkeys(self._kin(way), 0)
        match outcome:
            case EngineCrashed(Crash.KILLED | Crash.OUT_OF_MEMORY):
                pass
            case EngineCrashed(_, "load"):
                counts[way.key] = strikes.AT_LOAD
            case EngineCrashed():
                counts = dict.fromkeys(counts, strikes.AT_ANSWER)
        return counts

    def _without_crashed(self, usable: list[Way]) -> Plan:
        """The plan without what has crashed before; but the last way stays, or nothing could be tried."""
        first = usable[0]
        tell = False

        def settle(known: Strikes) -> None:
            nonlocal tell
            strikes.settle(known)
            if strikes.is_out(known, first.key) and len(usable) > 1:
                tell = strikes.tell(known, first.key)

        if self._learned.strikes:
            self._strike(settle)
        good = [way for way in usable[:-1] if not strikes.is_out(self._learned.strikes, way.key)]
        return Plan(tuple(way.spec for way in (*good, usable[-1])), first.spec if tell else None)

    def _compare(self, way: Way, gpu_bytes: dict[str, int], memory_bytes: int, *, whole: bool) -> None:
        """Learn from what a model has really taken. Not `whole`: of memory it may take more yet."""
        used = dict(gpu_bytes)
        memory = way.fit.shares[0]
        if memory_bytes and (whole or memory.base + memory_bytes > memory.resident):
            # With the predicted base: the correction is for the model's part.
            used[memory.device] = memory.base + memory_bytes
        shares = {share.device: share for share in way.fit.shares}
        used = {name: size for name, size in used.items() if _is_usual(size, shares.get(name))}

        def take(learned: Learned) -> Learned:
            return replace(learned, corrections=corrections(way.header, way.fit, used, learned.corrections))

        known = self._learned
        before = {(each.model, each.device): each.millionths for each in known.corrections}
        if any(
            abs(each.millionths - before.get((each.model, each.device), MILLION)) > _MATTERS * MILLION
            for each in take(known).corrections
        ):
            self._learn(take)

    def _time(self, way: Way, tokens_per_s: float) -> None:
        """Learn how fast memory is from how fast an answer was, where reading weights was most of the work."""
        bytes_per_token = sum(layer.active_bytes for layer in way.header.layers) + way.header.output_bytes
        on_gpu = way.fit.n_gpu_layers >= way.fit.n_layers
        if bytes_per_token < _BIG_BYTES or (way.spec.n_gpu_layers and not on_gpu):
            return
        known = self._learned.gpu_bytes_per_s if on_gpu else self._learned.cpu_bytes_per_s
        predicted = way.fit.tokens_per_s
        speed = known * tokens_per_s / predicted if known and predicted else tokens_per_s * bytes_per_token
        new = known + _PACE * (speed - known) if known else speed
        if known and abs(new - known) <= _MATTERS * known:
            return
        self._learn(
            lambda learned: replace(learned, gpu_bytes_per_s=new) if on_gpu else replace(learned, cpu_bytes_per_s=new)
        )

    def _strike(self, change: Callable[[Strikes], None]) -> None:
        """Change what is known of crashes."""

        def take(learned: Learned) -> Learned:
            change(learned.strikes)
            return learned

        self._learn(take)

    def _learn(self, change: Callable[[Learned], Learned]) -> None:
        """Change what is known, in memory and in the file. Another process may have written it meanwhile."""
        with self._lock:
            now = replace(self._learned, strikes=deepcopy(self._learned.strikes))
            known = Learned.of(json_file.read(self._file)) if self._is_written else now
            self._learned = change(replace(known, build=now.build, devices=now.devices, repacks=now.repacks))
            try:
                json_file.write(self._file, self._learned.values())
                self._is_written = True
            except OSError:
                # Known until the program ends, then learned again.
                self._is_written = False
                _log.warning("%s cannot be written", self._file.name, exc_info=True)


def _usable(wanted: ModelSpec, found: Sequence[Way]) -> list[Way]:
    """Those that fit, or that the user insists on."""
    return [way for way in found if way.fit.verdict is not Verdict.TOO_BIG or insists(wanted, way)]


def _draft_header(wanted: ModelSpec) -> Header | None:
    """What the draft model's file says; None without one, and where it is gone meanwhile: answers need none."""
    if wanted.draft_path is None:
        return None
    try:
        return read_shards(shards_of(Path(wanted.draft_path)))
    except (BadModelFile, NoSuchModel):
        _log.warning("the draft model cannot be read", exc_info=True)
        return None


def _is_usual(used_bytes: int, share: Share | None) -> bool:
    """Whether what was measured can be what was predicted."""
    low, high = _USUAL
    return share is not None and low * share.resident < used_bytes < high * share.resident
