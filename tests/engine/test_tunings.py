"""What was measured is kept for what it depends on, and read with care."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.engine import computer, tunings
from desktop.engine.api import ModelSpec, Tuning
from desktop.loading import Loading

FAST = Tuning(3, 4, (1.25, 2.0))


@pytest.fixture
def spec(tmp_path: Path) -> ModelSpec:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    return ModelSpec(str(file), n_gpu_layers=0)


def test_what_was_measured_is_known_at_the_next_start(tmp_path: Path, spec: ModelSpec) -> None:
    Loading(tmp_path / "machine.json").tuned(spec, FAST)
    later = Loading(tmp_path / "machine.json")
    assert later.tuning(spec) == FAST
    # For another length of the context as well.
    assert later.tuning(replace(spec, n_ctx=1024)) == FAST


@pytest.mark.parametrize(
    "other",
    [
        lambda spec: replace(spec, n_gpu_layers=4),
        lambda spec: replace(spec, n_threads=2),
        lambda spec: replace(spec, eager=True),
        lambda spec: replace(spec, devices=("CUDA1",)),
        lambda spec: replace(spec, path=spec.path + "x"),
        lambda spec: replace(spec, kv_type="q8_0"),
        lambda spec: replace(spec, flash_attention=False),
    ],
)
def test_another_way_to_run_it_is_measured_anew(
    tmp_path: Path, spec: ModelSpec, other: Callable[[ModelSpec], ModelSpec]
) -> None:
    loading = Loading(tmp_path / "machine.json")
    loading.tuned(spec, FAST)
    assert loading.tuning(other(spec)) is None


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only some systems take processors away")
def test_with_fewer_processors_it_is_measured_anew(tmp_path: Path, spec: ModelSpec) -> None:
    all_of_them = os.sched_getaffinity(0)
    if len(all_of_them) == 1:
        pytest.skip("there is one")
    loading = Loading(tmp_path / "machine.json")
    loading.tuned(spec, FAST)
    try:
        os.sched_setaffinity(0, {min(all_of_them)})
        assert loading.tuning(spec) is None
    finally:
        os.sched_setaffinity(0, all_of_them)
    assert loading.tuning(spec) == FAST


def test_another_file_build_or_processor_is_measured_anew(
    tmp_path: Path, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading = Loading(tmp_path / "machine.json")
    loading.tuned(spec, FAST)
    for module, name, value in ((computer, "build_stamp", "9"), (computer, "processor", "Z80"), (os, "cpu_count", 77)):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, lambda value=value: value)
            assert loading.tuning(spec) is None, name
    assert loading.tuning(spec) == FAST
    Path(spec.path).write_bytes(b"GGUF, but longer")
    assert loading.tuning(spec) is None


@pytest.mark.parametrize(
    "values",
    [
        {"n_threads": 0},
        {"n_threads": True},
        {"n_threads_batch": 10**6},
        {"n_threads_batch": "4"},
        {"batch_costs": [1.0, float("nan")]},
        {"batch_costs": [-1.0]},
        {"batch_costs": [1.0] * 1000},
        {"batch_costs": None},
        {"more": 1},
    ],
)
def test_nonsense_in_the_file_is_no_tuning(tmp_path: Path, spec: ModelSpec, values: dict[str, object]) -> None:
    file = tmp_path / "machine.json"
    Loading(file).tuned(spec, FAST)
    known = json.loads(file.read_text())
    (key,) = known["tunings"]
    known["tunings"][key] |= values
    file.write_text(json.dumps(known | {"base_bytes": 50_000_000}))
    loading = Loading(file)
    assert loading.tuning(spec) is None
    assert loading.machine().base_bytes == 50_000_000, "the rest of the file counts"
    file.write_text(json.dumps(known | {"tunings": []}))
    assert Loading(file).tuning(spec) is None


def test_the_oldest_are_forgotten() -> None:
    kept: tunings.Tunings = {}
    for number in range(150):
        kept = tunings.put(kept, str(number), FAST)
    kept = tunings.put(kept, "50", replace(FAST, n_threads=7))
    assert len(kept) == 100
    assert next(iter(kept)) == "51"
    assert tunings.get(kept, "50") == replace(FAST, n_threads=7)
    assert tunings.get(kept, "49") is None
