from __future__ import annotations

import json
import re
import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from desktop.hub.catalogue import Architecture, Entry, Recommendation, Role, Strength, entries, fits_on, read, recommend
from desktop.hub.fit import Fit, Verdict
from desktop.hub.layers import Layer
from desktop.hub.names import is_model_file, quantisation_of, safe_path
from desktop.hub.shares import Accelerator, Machine
from desktop.paths import resources

CATALOGUE = resources() / "catalogue"
GIB = 1 << 30
# Bits a parameter, all in all: the lowest and the highest that a file of that name comes out at.
BITS = {"Q4_K_M": (4.6, 5.7), "MXFP4": (4.4, 4.9), "Q6_K": (6.5, 6.8), "Q8_0": (8.4, 8.8)}
LANGUAGES = ("en", "zh_CN")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def by_id(name: str) -> Entry:
    return next(entry for entry in entries() if entry.id == name)


@pytest.fixture(params=entries(), ids=lambda entry: entry.id)
def entry(request: pytest.FixtureRequest) -> Entry:
    found: Entry = request.param
    return found


def test_there_is_something_for_everybody() -> None:
    assert 18 <= len(entries()) <= 30
    assert entries()[0].parameters < 1e9
    assert entries()[-1].parameters > 30e9
    assert {role for entry in entries() for role in entry.roles} == set(Role)
    assert {strength for entry in entries() for strength in entry.strengths} == set(Strength)


def test_nothing_stands_there_twice() -> None:
    assert len({entry.repo.lower() for entry in entries()}) == len(entries())
    assert len({entry.base_model.lower() for entry in entries()}) == len(entries())
    assert len({entry.title for entry in entries()}) == len(entries())


def test_every_licence_is_used_and_explained_where_it_restricts() -> None:
    known = json.loads((CATALOGUE / "licences.json").read_text(encoding="utf-8"))
    assert {entry.licence.id for entry in entries()} == set(known)
    for each in {entry.licence for entry in entries()}:
        assert each.url.startswith("https://")
        assert each.id in {"apache-2.0", "mit"} or all(each.note(language) for language in LANGUAGES)


def test_facts_are_of_their_form(entry: Entry) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]+", entry.id)
    for repo in (entry.repo, entry.base_model):
        assert repo.count("/") == 1
        assert safe_path(repo, "README.md").name == "README.md"
    assert re.fullmatch(r"20(24-(0[7-9]|1[0-2])|2[56]-(0[1-9]|1[0-2]))", entry.released)
    assert all(re.fullmatch("[a-z]{2}", language) for language in entry.languages)
    assert type(entry.vision) is bool
    assert type(entry.reasoning) is bool
    assert type(entry.architecture.tied) is bool
    numbers = (getattr(entry.architecture, each.name) for each in fields(entry.architecture) if each.name[:2] == "n_")
    assert all(number is None or type(number) is int for number in numbers)
    assert 0 < entry.active_parameters <= entry.parameters
    assert (entry.architecture.n_expert is None) == (entry.architecture.n_expert_used is None)
    assert len(set(entry.strengths)) == len(entry.strengths) > 0
    assert len(set(entry.roles)) == len(entry.roles)


def test_tags_agree_with_facts(entry: Entry) -> None:
    assert (Strength.VISION in entry.strengths) == entry.vision
    assert Strength.REASONING not in entry.strengths or entry.reasoning
    assert Role.REASONING not in entry.roles or entry.reasoning
    assert Strength.CHINESE not in entry.strengths or "zh" in entry.languages
    assert Role.CHINESE not in entry.roles or Strength.CHINESE in entry.strengths
    assert Role.CODE not in entry.roles or Strength.CODE in entry.strengths
    assert Strength.LONG_CONTEXT not in entry.strengths or entry.n_ctx_train >= 65_536
    # Whoever takes what is on top needs to read no terms first.
    assert Role.GENERAL not in entry.roles or (entry.licence.commercial and not entry.licence.notes)


def test_both_languages_say_something_of_their_own(entry: Entry) -> None:
    assert set(entry.descriptions) == set(LANGUAGES)
    english, chinese = entry.description("en"), entry.description("zh_CN")
    assert 60 <= len(english) <= 220
    assert 25 <= len(chinese) <= 110
    assert not CHINESE.search(english)
    assert english.endswith(".")
    assert chinese.endswith("。")
    assert "您" not in chinese
    assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", chinese), "no space beside Latin"


def test_files_are_named_for_their_quantisation_and_sized_for_their_parameters(entry: Entry) -> None:
    sizes = [each.size_bytes for each in entry.quantisations]
    assert sizes == sorted(set(sizes))
    for each in entry.quantisations:
        assert is_model_file(each.file)
        assert quantisation_of(each.file) == each.name
        low, high = BITS[each.name]
        assert low <= each.size_bytes * 8 / entry.parameters <= high


def mixing_parameters(arch: Architecture, layer: Layer) -> int:
    """Of the part of a layer that looks at other tokens, by its architecture's own design."""
    n_embd, n_kv = arch.n_embd, layer.n_k + layer.n_v
    if arch.name == "lfm2":
        return 4 * n_embd**2 if layer.state_bytes else 2 * n_embd**2 + n_embd * n_kv
    if layer.state_bytes:
        # Qwen's recurrent state: 3 (inner + 4096) + 128 inner numbers.
        inner = (layer.state_bytes // 4 - 3 * 4096) // 131
        return n_embd * (3 * inner + 4096 + 2 * inner // 128) + 4 * (inner + 4096)
    if arch.name == "gemma4":
        # Layers without a window have heads twice as wide, whose values are their keys.
        return n_embd * (2 * arch.n_head * 256 + n_kv) if layer.window else n_embd * (2 * arch.n_head * 512 + layer.n_k)
    queries = 3 if arch.name == "qwen35" else 2
    return n_embd * (queries * arch.n_head * layer.n_k // arch.n_head_kv + n_kv)


def test_dimensions_add_up_to_the_parameters(entry: Entry) -> None:
    arch = entry.architecture
    if arch.n_expert:
        experts = arch.n_layers * arch.n_expert * 3 * arch.n_embd * (arch.n_ff_expert or 0)
        assert 0.9 < experts / entry.parameters < 0.98
    elif arch.n_per_layer_input:
        own = arch.n_vocab * arch.n_per_layer_input * arch.n_layers
        assert entry.active_parameters == entry.parameters - own
    else:
        layers = sum(mixing_parameters(arch, layer) + 3 * arch.n_embd * arch.n_ff for layer in arch.layers)
        tables = arch.n_vocab * arch.n_embd * (1 if arch.tied else 2)
        assert tables + layers == pytest.approx(entry.parameters, rel=0.0003)


def test_a_header_has_the_whole_file_in_it(entry: Entry) -> None:
    for quantisation in entry.quantisations:
        header = entry.header(quantisation)
        assert len(header.layers) == entry.architecture.n_layers
        parts = sum(layer.size_bytes for layer in header.layers) + header.input_bytes
        parts += 0 if header.tied else header.output_bytes
        assert parts == pytest.approx(quantisation.size_bytes, rel=1e-6)
        assert all(layer.size_bytes > 0 for layer in header.layers)
        active = sum(layer.active_bytes for layer in header.layers) / sum(layer.size_bytes for layer in header.layers)
        assert 0.05 < active < 0.2 if header.n_expert else active == 1


def test_known_caches() -> None:
    # Gemma 4 26B: 5 layers of 2 x 512 values for all tokens, 25 of 8 x 256 for 1024 tokens.
    layers = by_id("gemma-4-26b-a4b").header(by_id("gemma-4-26b-a4b").quantisations[0]).layers
    assert sum(layer.n_k + layer.n_v for layer in layers if not layer.window) * 2 == 20_480
    assert sum(layer.n_k + layer.n_v for layer in layers if layer.window == 1024) * 2 == 204_800
    # Qwen3.5 9B: 8 of 32 layers with attention; the others keep 24,576 + 524,288 numbers.
    layers = by_id("qwen3.5-9b").header(by_id("qwen3.5-9b").quantisations[0]).layers
    assert [layer.n_k for layer in layers] == [0, 0, 0, 1024] * 8
    assert {layer.state_bytes for layer in layers} == {0, 548_864 * 4}
    # Gemma 4 E2B: the last 20 of 35 layers use the caches of the others.
    layers = by_id("gemma-4-e2b").header(by_id("gemma-4-e2b").quantisations[0]).layers
    assert [layer.n_k for layer in layers[:15]] == [256, 256, 256, 256, 512] * 3
    assert not any(layer.n_k or layer.state_bytes for layer in layers[15:])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"author": ', '"autor": '),
        ('"title": ', '"title": "x", "colour": '),
        ('"chinese"', '"Chinese"'),
        ('"apache-2.0"', '"apache"'),
        ('"size_bytes"', '"size"'),
        ('"tied"', '"bound"'),
        ("{", "["),
    ],
)
def test_a_broken_catalogue_raises(tmp_path: Path, before: str, after: str) -> None:
    folder = tmp_path / "catalogue"
    shutil.copytree(CATALOGUE, folder)
    broken = folder / "models" / "qwen3.5-4b.json"
    text = broken.read_text(encoding="utf-8")
    assert before in text
    broken.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises((TypeError, ValueError, KeyError)):
        read(folder)


def computer(memory: float, gpu: float = 0, bytes_per_s: float | None = 45e9) -> Machine:
    """With `memory` and `gpu` GiB, of which what is usual is free."""
    free = memory - max(1.8, memory * 0.25)
    gpus = (Accelerator("CUDA0", "a GPU", int(gpu * GIB), int((gpu - 0.7) * GIB)),) if gpu else ()
    return Machine(int(memory * GIB), int(free * GIB), gpus, bytes_per_s, 8 * bytes_per_s if bytes_per_s else None)


def recommended(machine: Machine) -> list[Recommendation]:
    return recommend(entries(), fits_on(machine))


COMPUTERS = {
    "laptop with 4 GB": computer(4, bytes_per_s=20e9),
    "laptop with 8 GB": computer(8, bytes_per_s=30e9),
    "16 GB": computer(16),
    "32 GB": computer(32),
    "never measured": computer(32, bytes_per_s=None),
    "GPU with 8 GB": computer(16, 8),
    "GPU with 12 GB": computer(32, 12),
    "GPU with 24 GB": computer(64, 24),
}


@pytest.mark.parametrize("name", COMPUTERS)
def test_recommendations_fit_and_differ(name: str) -> None:
    found = recommended(COMPUTERS[name])
    assert found == recommended(COMPUTERS[name]), "deterministic"
    assert found[0].why is Role.GENERAL
    assert len(found) >= (2 if name == "laptop with 4 GB" else 3)
    assert len({each.entry.id for each in found}) == len(found)
    roles = [role for each in found for role in (each.why, *each.also)]
    assert len(set(roles)) == len(roles)
    for each in found:
        assert each.fit.verdict in {Verdict.GPU, Verdict.SPLIT, Verdict.CPU}
        assert each.fit.tokens_per_s is None or each.fit.tokens_per_s >= 8
        assert set(roles) >= {each.why} <= set(each.entry.roles)
        assert each.entry.licence.commercial
    fast = [each for each in found if each.why is Role.FAST]
    assert all(each.entry.active_parameters * 2 <= found[0].entry.active_parameters for each in fast)


def test_a_large_gpu_gets_large_models() -> None:
    assert recommended(COMPUTERS["GPU with 24 GB"])[0].entry.parameters > 20e9
    assert recommended(COMPUTERS["GPU with 24 GB"])[0].fit.verdict is Verdict.GPU
    assert recommended(COMPUTERS["GPU with 12 GB"])[0].entry.parameters > 10e9
    assert recommended(COMPUTERS["laptop with 4 GB"])[0].entry.parameters < 4e9


@pytest.mark.parametrize("gpu", [0, 12])
def test_more_memory_never_recommends_less(gpu: float) -> None:
    best = [
        recommended(computer(memory, gpu))[0].entry.effective_parameters for memory in (4, 6, 8, 12, 16, 24, 32, 64)
    ]
    assert best == sorted(best)
    assert best[0] < best[-1] or gpu


def test_more_gpu_never_recommends_less() -> None:
    best = [recommended(computer(32, gpu))[0].entry.effective_parameters for gpu in (0, 6, 8, 12, 16, 24, 32)]
    assert best == sorted(best)
    assert best[0] < best[-1]


def test_where_nothing_fits_nothing_is_recommended() -> None:
    assert recommended(Machine(GIB, GIB // 8)) == []


def tokens(entry: Entry, per_s: float | None, verdict: Verdict = Verdict.CPU) -> Fit:
    n_gpu_layers = entry.architecture.n_layers + 1 if verdict is Verdict.GPU else 0
    return Fit(verdict, 8192, n_gpu_layers, entry.architecture.n_layers + 1, "f16", (), tokens_per_s=per_s)


def test_a_finer_quantisation_only_where_it_costs_nothing_that_is_missed() -> None:
    one = [by_id("qwen3.5-4b")]
    names = [each.name for each in one[0].quantisations]
    assert names == ["Q4_K_M", "Q6_K", "Q8_0"]

    def chosen(*fits: tuple[float | None, Verdict]) -> str:
        by_name = dict(zip(names, fits, strict=True))
        (found,) = recommend(one, lambda entry, quantisation: tokens(entry, *by_name[quantisation.name]))
        assert found.also == (Role.CODE, Role.CHINESE)
        return found.quantisation.name

    cpu, gpu, tight = Verdict.CPU, Verdict.GPU, Verdict.TIGHT
    assert chosen((12, cpu), (9, cpu), (8, cpu)) == "Q4_K_M"
    assert chosen((30, cpu), (22, cpu), (17, cpu)) == "Q6_K"
    assert chosen((60, gpu), (50, gpu), (25, cpu)) == "Q6_K"
    assert chosen((None, gpu), (None, gpu), (None, gpu)) == "Q8_0"
    assert chosen((None, cpu), (None, cpu), (None, cpu)) == "Q4_K_M"
    assert chosen((30, cpu), (30, tight), (30, tight)) == "Q4_K_M"


def test_too_slow_is_not_recommended() -> None:
    one = [by_id("gemma-4-31b")]
    assert recommend(one, lambda entry, _: tokens(entry, 3)) == []
    assert recommend(one, lambda entry, _: tokens(entry, None)) == []
    assert recommend(one, lambda entry, _: tokens(entry, None, Verdict.GPU)) != []
