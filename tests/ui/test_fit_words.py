from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from desktop.hub.fit import Accelerator, Machine, Verdict, Wishes, fit
from desktop.ui.fit_words import beyond_training, fit_arithmetic, fit_details, fit_line, speed
from desktop.ui.i18n import choose_language
from tests.hub.models_by_hand import GIB, LLAMA_3_8B

MACHINE = Machine(16 * GIB, 12 * GIB, cpu_bytes_per_s=50e9, gpu_bytes_per_s=500e9)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    choose_language("en")
    yield
    choose_language("en")


def with_gpu(gib: int) -> Machine:
    return replace(MACHINE, accelerators=(Accelerator("CUDA0", "a graphics card", gib * GIB, gib * GIB),))


def test_one_line_for_each_verdict() -> None:
    lines = {
        Verdict.GPU: fit(LLAMA_3_8B, with_gpu(24)),
        Verdict.SPLIT: fit(LLAMA_3_8B, with_gpu(4), Wishes(n_gpu_layers=14)),
        Verdict.CPU: fit(LLAMA_3_8B, MACHINE),
        Verdict.TIGHT: fit(LLAMA_3_8B, replace(MACHINE, free_bytes=6 * GIB), Wishes(n_ctx=4096)),
        Verdict.TOO_BIG: fit(LLAMA_3_8B, replace(MACHINE, free_bytes=2 * GIB)),
    }
    assert {verdict: made.verdict for verdict, made in lines.items()} == {verdict: verdict for verdict in lines}
    assert [fit_line(made) for made in lines.values()] == [
        "Fits fully on the GPU",
        "14 of 33 layers on the GPU, the rest in memory",
        "Fits in memory",
        "Fits, but little is left for other programs",
        "Too big by 3.3 GB",
    ]
    choose_language("zh_CN")
    assert fit_line(lines[Verdict.SPLIT]) == "33 层中有 14 层放在 GPU 上，其余在内存里"
    assert fit_line(lines[Verdict.TOO_BIG]) == "放不下，还差 3.3 GB"


def test_context_and_speed() -> None:
    made = fit(LLAMA_3_8B, MACHINE, Wishes(n_ctx=8192))
    assert fit_details(made) == "8,192 tokens of context, about 10 tokens a second"
    assert fit_details(replace(made, tokens_per_s=None)) == "8,192 tokens of context"
    assert [speed(rate) for rate in (0.26, 4.24, 12.4, 128.3)] == ["0.3", "4.2", "12", "130"]


def test_the_arithmetic_names_what_is_there() -> None:
    made = fit(LLAMA_3_8B, MACHINE, Wishes(n_ctx=8192))
    rows = dict(fit_arithmetic(made))
    assert rows["Weights"] == "5.0 GB"
    assert rows["KV cache for 8,192 tokens (f16)"] == "1.1 GB"
    assert rows["Free memory now"] == "12.9 GB"
    assert "Vision part" not in rows
    split = dict(fit_arithmetic(fit(LLAMA_3_8B, with_gpu(4), Wishes(n_gpu_layers=14))))
    assert split["Layers on the GPU"] == "14 of 33"
    assert "CUDA0: Weights" in split
    assert "Memory of the computer: Weights" in split
    lighter = replace(made.shares[0], correction=-50_000_000)
    rows = dict(fit_arithmetic(replace(made, shares=(lighter,))))
    assert rows["Learned from earlier loads"] == "\N{MINUS SIGN}50 MB"


def test_only_a_context_beyond_the_training_is_warned_of() -> None:
    assert beyond_training(8192, 8192) == beyond_training(8192, 0) == ""
    assert "8,192" in beyond_training(8193, 8192)
