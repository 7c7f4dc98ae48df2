"""What is tried to load a model, what is remembered of it, and what is learned."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from desktop.chat.message import FinishReason, Role, Statistics, Turn
from desktop.engine.api import (
    Device,
    DeviceUse,
    Fallback,
    Finished,
    Loaded,
    ModelSpec,
    Reason,
    Request,
    Step,
    SystemInfo,
)
from desktop.engine.local import LocalEngine
from desktop.errors import BadModelFile, EngineCrashed, Flaw, LoadCancelled, ModelDoesNotFit
from desktop.hub.fit import Machine, Verdict, Wishes
from desktop.hub.header import Header, read_header
from desktop.loading import Loading
from desktop.settings import Settings
from desktop.ways import insists, ways
from tests.engine.stand_in import LOADED, Conduct, command
from tests.hub.models_by_hand import GIB, LLAMA_3_8B
from tests.hub.on_disk import shard_files

BEFORE = Reason.CRASHED_BEFORE


class Desk:
    """A program that is started again and again, with stand-ins for engine processes."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.folder = folder
        self.model = model
        self.log = folder / "loads"
        self.machine = folder / "machine.json"
        self.engine: LocalEngine | None = None

    def start(self, **conduct: object) -> LocalEngine:
        """A new program; the one before is over."""
        self.close()
        told = command(Conduct(str(self.log), **conduct))  # type: ignore[arg-type]
        self.loading = Loading(self.machine)
        self.engine = LocalEngine(self.folder / "engine.log", planner=self.loading, command=told)
        return self.engine

    def spec(self) -> ModelSpec:
        return self.loading.spec(self.model, Settings())

    def load(self, **conduct: object) -> Loaded:
        """Start a program and load the model in it."""
        loaded = list(self.start(**conduct).load(self.spec()))[-1]
        assert isinstance(loaded, Loaded)
        return loaded

    def ask(self) -> None:
        assert self.engine is not None
        list(self.engine.generate(Request(self.spec(), (Turn(Role.USER, "?"),))))

    def loads(self) -> list[tuple[str, int | None]]:
        """The loads since the last time: on which GPUs, with how many layers."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [(" ".join(gpus), layers) for gpus, layers in map(json.loads, lines)]

    def close(self) -> None:
        if self.engine is not None:
            self.engine.close()


@pytest.fixture
def desk(tmp_path: Path, tiny_model: Path) -> Iterator[Desk]:
    model = tmp_path / "tiny.gguf"
    shutil.copyfile(tiny_model, model)
    desk = Desk(tmp_path, model)
    yield desk
    desk.close()


def test_all_layers_go_to_the_gpu_where_that_works(desk: Desk) -> None:
    assert desk.load().fallback is None
    assert desk.loads() == [("CUDA0", 3)]


def test_one_way_after_the_other_is_tried(desk: Desk) -> None:
    loaded = desk.load(gpus=("CUDA0", "Vulkan0"), abort=("CUDA0", "Vulkan0"))
    # Two backends know the same GPU: the second is used alone, never beside the first.
    assert desk.loads() == [("CUDA0", 3), ("CUDA0", 2), ("Vulkan0", 3), ("", 0)]
    assert loaded.fallback == Fallback(Step.CPU, Reason.CRASHED)


def test_fewer_layers_are_a_way(desk: Desk) -> None:
    assert desk.load(most_layers=2).fallback == Fallback(Step.FEWER_LAYERS, Reason.CRASHED)


def test_two_gpus_are_used_together_then_each_alone(desk: Desk) -> None:
    loaded = desk.load(gpus=("CUDA0", "CUDA1"), abort=("CUDA0",))
    assert desk.loads() == [("CUDA0 CUDA1", 3), ("CUDA0 CUDA1", 2), ("CUDA0", 3), ("CUDA1", 3)]
    assert loaded.fallback == Fallback(Step.OTHER_GPU, Reason.CRASHED)


def test_a_gpu_without_room_is_told_and_tried_again_next_time(desk: Desk) -> None:
    assert desk.load(refuse=("CUDA0",)).fallback == Fallback(Step.CPU, Reason.NO_MEMORY)
    assert desk.load().fallback is None


def test_a_damaged_file_ends_it_at_once(desk: Desk) -> None:
    with pytest.raises(BadModelFile):
        desk.load(damaged=True)
    assert len(desk.loads()) == 1


def test_a_gpu_that_kills_who_looks_at_it_is_hidden(desk: Desk) -> None:
    assert desk.load(abort_at_description=True).fallback == Fallback(Step.CPU, Reason.CRASHED)


def test_a_crash_is_not_repeated_and_told_once(desk: Desk) -> None:
    desk.load(abort=("CUDA0",))
    desk.loads()
    assert desk.load(abort=("CUDA0",)).fallback == Fallback(Step.CPU, BEFORE)
    assert desk.loads() == [("", 0)]
    assert desk.loading.skipped(desk.model)
    assert desk.load(abort=("CUDA0",)).fallback is None
    assert desk.loads() == [("", 0)]


def test_the_user_can_have_it_tried_again(desk: Desk) -> None:
    desk.load(abort=("CUDA0",))
    desk.loading.forget(desk.model)
    assert not desk.loading.skipped(desk.model)
    assert desk.load().n_gpu_layers == 3


@pytest.mark.parametrize("change", ["model", "driver", "settings"])
def test_what_is_new_is_tried_again(desk: Desk, change: str) -> None:
    desk.load(abort=("CUDA0",))
    settings = Settings()
    if change == "model":
        os.utime(desk.model, ns=(1, 1))
    if change == "settings":
        settings = Settings(n_ctx=256)
    engine = desk.start(driver="two" if change == "driver" else "one")
    loaded = list(engine.load(desk.loading.spec(desk.model, settings)))[-1]
    assert isinstance(loaded, Loaded)
    assert loaded.n_gpu_layers == 3


def test_a_crash_in_an_answer_counts_half_and_a_good_answer_clears_it(desk: Desk) -> None:
    def crash() -> None:
        desk.load(abort_at_answer=True)
        with pytest.raises(EngineCrashed):
            desk.ask()

    crash()
    assert desk.load().n_gpu_layers == 3
    desk.ask()
    crash()
    assert not desk.loading.skipped(desk.model)
    crash()
    assert desk.load().fallback == Fallback(Step.CPU, BEFORE)


def test_cancelling_is_no_crash(desk: Desk) -> None:
    for _ in range(3):
        engine = desk.start(hang=True)
        loading = engine.load(desk.spec())
        next(loading)
        engine.stop()
        with pytest.raises(LoadCancelled):
            list(loading)
    assert desk.load().n_gpu_layers == 3


@pytest.mark.skipif(os.name != "posix", reason="a process is sent signals")
# Not SIGHUP too: under nohup nobody hears it.
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_engine_that_somebody_ends_is_no_crash(desk: Desk, number: signal.Signals) -> None:
    engine = desk.start(hang=True)
    loading = engine.load(desk.spec())
    next(loading)
    [process] = psutil.Process().children()
    process.send_signal(number)
    next(loading)
    engine.stop()
    with pytest.raises(LoadCancelled):
        list(loading)
    assert not desk.loading.skipped(desk.model)
    assert desk.load().n_gpu_layers == 3


PROGRAM = """
import sys
from pathlib import Path
from desktop.engine.local import LocalEngine
from desktop.loading import Loading
from desktop.settings import Settings
from tests.engine.stand_in import Conduct, command
folder, model = map(Path, sys.argv[1:])
loading = Loading(folder / "machine.json")
told = command(Conduct(str(folder / "loads"), hang=True))
engine = LocalEngine(folder / "engine.log", planner=loading, command=told)
for event in engine.load(loading.spec(model, Settings())):
    print(event, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="a process is killed")
def test_a_program_that_was_killed_while_loading_is_a_coincidence_once(desk: Desk) -> None:
    found: list[Fallback | None] = []

    def killed(meanwhile: Callable[[], object] = lambda: None) -> None:
        told = [sys.executable, "-c", PROGRAM, str(desk.folder), str(desk.model)]
        with subprocess.Popen(told, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]) as program:
            assert program.stdout is not None
            assert b"LoadProgress" in program.stdout.readline()
            meanwhile()
            program.kill()

    def load() -> Fallback | None:
        return desk.load().fallback

    killed(lambda: found.append(load()))  # what another window loads right now is no accident at all
    assert found == [None]
    assert load() is None
    killed()
    assert load() == Fallback(Step.CPU, BEFORE)


def test_what_cannot_fit_is_not_even_tried(desk: Desk, starter_model: Path) -> None:
    engine = desk.start(gpus=())
    with pytest.raises(ModelDoesNotFit) as raised:
        list(engine.load(ModelSpec(str(starter_model), n_ctx=100_000_000)))
    assert raised.value.needed_bytes > 100_000_000 * 12_240 > raised.value.free_bytes > 0
    assert desk.loads() == []


def test_the_user_may_insist_on_weights_that_can_be_read_again(tmp_path: Path) -> None:
    header = replace(LLAMA_3_8B, layers=(replace(LLAMA_3_8B.layers[0], by_type=(("F16", 132_000_000),)),) * 32)
    machine = Machine(8 * GIB, 4 * GIB, processor="x86_64")
    info = SystemInfo((), "", gpu=False, devices=(), n_threads=1, weights_repacked=True)
    wanted = ModelSpec(str(tmp_path / "model.gguf"), n_ctx=4096)

    def found(header: Header, wanted: ModelSpec) -> tuple[Verdict, bool]:
        [way] = ways(header, machine, wanted, info)
        return way.fit.verdict, insists(wanted, way)

    assert found(header, wanted) == (Verdict.TOO_BIG, True)
    assert found(header, replace(wanted, n_ctx=None)) == (Verdict.TOO_BIG, False)
    # Its cache has to be there.
    assert found(header, replace(wanted, n_ctx=131_072)) == (Verdict.TOO_BIG, False)
    # Copied into another order, as most of these weights are, they have to be there too.
    copied = replace(header, output_type="Q4_K", layers=LLAMA_3_8B.layers)
    assert found(copied, replace(wanted, n_ctx=4096, kv_type="f16")) == (Verdict.TOO_BIG, False)


def test_what_cannot_be_written_is_known_until_the_end(desk: Desk) -> None:
    (desk.folder / "file").touch()
    desk.machine = desk.folder / "file" / "machine.json"
    desk.load(most_layers=2)
    assert desk.loading.skipped(desk.model)
    assert [each.name for each in desk.loading.machine().accelerators] == ["CUDA0"]


def test_all_files_of_a_model_are_counted(desk: Desk, tmp_path: Path) -> None:
    shards = shard_files(tmp_path, "Model-Q8_0", 2, (1 << 19, 1 << 19))
    engine = desk.start(gpus=())
    with pytest.raises(ModelDoesNotFit) as raised:
        list(engine.load(ModelSpec(str(shards[0]))))
    assert raised.value.needed_bytes > 2 << 40
    shards[1].unlink()
    with pytest.raises(BadModelFile) as missing:
        list(engine.load(ModelSpec(str(shards[0]))))
    assert (missing.value.flaw, missing.value.detail) == (Flaw.MISSING_PART, shards[1].name)
    assert desk.loads() == []


def test_what_is_too_big_because_of_its_draft_model_alone_says_so(desk: Desk, tmp_path: Path) -> None:
    shards = shard_files(tmp_path, "Draft-Q8_0", 2, (1 << 19, 1 << 19))
    engine = desk.start(gpus=())
    with pytest.raises(ModelDoesNotFit) as raised:
        list(engine.load(replace(desk.spec(), draft_path=str(shards[0]))))
    assert raised.value.path == str(desk.model)
    assert raised.value.needed_bytes > 2 << 40
    assert raised.value.fits_without_draft
    with pytest.raises(ModelDoesNotFit) as alone:
        list(engine.load(ModelSpec(str(shards[0]), draft_path=str(desk.model))))
    assert not alone.value.fits_without_draft


def test_a_file_that_only_the_engine_understands_is_left_to_it(desk: Desk) -> None:
    desk.model.write_bytes(b"GGUF" + bytes(60))
    engine = desk.start()
    assert isinstance(list(engine.load(desk.spec()))[-1], Loaded)
    assert desk.loads() == [("", None)]


def test_a_models_own_wishes_come_first(desk: Desk) -> None:
    desk.start()
    settings = Settings(n_ctx=2048, n_gpu_layers=4, n_threads=3)
    spec = desk.loading.spec(desk.model, settings, Wishes(n_ctx=512, kv_type="q8_0"))
    assert spec == ModelSpec(str(desk.model), 512, 4, 3, "q8_0")
    draft = desk.model.with_name("draft.gguf")
    spec = desk.loading.spec(desk.model, Settings(), Wishes(flash_attention=False, draft="draft"), draft)
    assert spec == ModelSpec(str(desk.model), flash_attention=False, draft_path=str(draft))
    assert desk.loading.spec(desk.model, Settings()) == ModelSpec(str(desk.model))


def test_a_damaged_memory_is_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "machine.json"
    file.write_text(
        '{"build": 7, "devices": [{"name": 1}], "cpu_bytes_per_s": NaN, "base_bytes": -1,'
        ' "corrections": [{"model": "a"}, 4], "strikes": {"a": {"path": 1}, "b": []}}'
    )
    machine = Loading(file).machine()
    assert (machine.accelerators, machine.corrections, machine.cpu_bytes_per_s) == ((), (), None)
    assert 0 < machine.free_bytes <= machine.total_bytes


def test_the_devices_are_remembered(desk: Desk) -> None:
    desk.load()
    machine = Loading(desk.machine).machine()
    assert [each.name for each in machine.accelerators] == ["CUDA0"]
    fits = Loading(desk.machine).fit(read_header(desk.model))
    assert fits.verdict is Verdict.GPU


def test_what_was_used_corrects_what_is_predicted(tmp_path: Path, starter_model: Path) -> None:
    file = tmp_path / "machine.json"
    header = read_header(starter_model)
    wanted = ModelSpec(str(starter_model), n_ctx=2048)
    gpu = Device("CUDA0", "A GPU", "gpu", 8 * GIB, 8 * GIB, "CUDA")
    info = SystemInfo((), "", gpu=True, devices=(gpu,), n_threads=1, weights_repacked=True)
    loading = Loading(file)
    attempt = loading.plan(wanted, info).attempts[0]

    def predicted() -> list[float]:
        return [share.resident for share in Loading(file).fit(header, Wishes(2048)).shares]

    first = predicted()
    base_bytes = loading.machine().base_bytes
    loading.begin(wanted, attempt)
    loaded = replace(LOADED, base_bytes=base_bytes, memory_bytes=int(1.3 * first[0]) - base_bytes)
    loading.end(wanted, attempt, replace(loaded, devices=(DeviceUse("CUDA0", 31, int(0.8 * first[1])),)))
    assert predicted() == pytest.approx([1.3 * first[0], 0.8 * first[1]], rel=1e-3)

    def answer(part: float, n_tokens: int) -> None:
        statistics = Statistics(n_tokens, 0, 1, 0.0, 1.0, 1.0, 2048)
        memory_bytes = int(part * first[0]) - base_bytes
        loading.answered(attempt, Finished(FinishReason.END, statistics, 0, memory_bytes))

    answer(0.9, 100)  # It may have touched less than it needs yet.
    answer(3, 600)  # Something else was measured.
    assert predicted()[0] == pytest.approx(1.3 * first[0], rel=1e-3)
    answer(0.9, 600)
    assert predicted() == pytest.approx([0.9 * first[0], 0.8 * first[1]], rel=1e-3)


def test_the_machine_is_studied_once(tmp_path: Path) -> None:
    loading = Loading(tmp_path / "machine.json")
    loading.study(tmp_path / "engine.log")
    speed = loading.machine().cpu_bytes_per_s
    assert speed is not None
    assert 1e8 < speed < 1e13
    (tmp_path / "engine.log").unlink()
    Loading(tmp_path / "machine.json").study(tmp_path / "engine.log")
    assert not (tmp_path / "engine.log").exists()
