from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.hub.fit import Accelerator, Correction, Machine, Verdict, Wishes, corrections, fit
from desktop.hub.header import Header, read_header
from desktop.hub.layers import Layer
from desktop.hub.shares import compute_bytes, kv_bytes, model_key
from desktop.hub.speed import measure_bytes_per_s, tokens_per_s
from tests.hub.models_by_hand import GIB, LLAMA_3_8B

MACHINE = Machine(16 * GIB, 12 * GIB)


def gpu(gib: float, name: str = "CUDA0") -> Accelerator:
    return Accelerator(name, "a graphics card", int(gib * GIB), int(gib * GIB))


def with_gpus(*gpus: Accelerator) -> Machine:
    return replace(MACHINE, accelerators=gpus)


def test_the_cache_of_llama_3_takes_128_kib_a_token() -> None:
    # 32 layers × 8 heads × 128 numbers × 2 bytes, for keys and again for values.
    assert sum(kv_bytes(LLAMA_3_8B, 8192, "f16")) == 8192 * 128 * 1024 == GIB
    # Blocks of 32 numbers with a scale of two bytes.
    assert sum(kv_bytes(LLAMA_3_8B, 8192, "q8_0")) == GIB * 34 // 64
    assert sum(kv_bytes(LLAMA_3_8B, 8192, "q4_0")) == GIB * 18 // 64


def test_gemma_keeps_the_window_in_all_but_every_sixth_layer(gemma_model: Path) -> None:
    header = read_header(gemma_model)
    assert [bool(layer.window) for layer in header.layers] == ([True] * 5 + [False]) * 3
    # llama.cpp's own log for a context of 8192: 24 MiB for 3 layers and 15 MiB for 15, of 512 + 512 tokens each.
    assert sum(kv_bytes(header, 8192, "f16")) == (24 + 15) << 20


@pytest.mark.parametrize(("n_ctx", "mib"), [(1024, 14.51), (4096, 17.51), (8192, 21.51)])
def test_the_buffer_to_compute_in_of_the_starter_model(starter_model: Path, n_ctx: int, mib: float) -> None:
    # As llama.cpp's log has it; here with the logits, which it counts apart.
    assert compute_bytes(read_header(starter_model), n_ctx) == pytest.approx((mib + 0.19) * (1 << 20), rel=0.01)


@pytest.mark.parametrize(
    ("model", "n_ctx", "mib"),
    [
        ("starter_model", 1024, 26.38),
        ("starter_model", 8192, 166.38),
        # The feed-forward network takes more than the scores of a short context.
        ("gemma_model", 1024, 21.76),
        ("gemma_model", 8192, 91.76),
    ],
)
def test_the_buffer_without_flash_attention(request: pytest.FixtureRequest, model: str, n_ctx: int, mib: float) -> None:
    # As llama.cpp's log has it, without the logits.
    header = read_header(request.getfixturevalue(model))
    logits = 4 * (header.n_vocab or 0)
    assert compute_bytes(header, n_ctx, flash_attention=False) - logits == pytest.approx(mib * (1 << 20), rel=0.02)


def test_the_buffer_to_compute_in_of_experts() -> None:
    # llama.cpp's log for Qwen3 30B-A3B's numbers: 96 MiB at 8192.
    qwen = Header(
        "qwen3moe", 0, 0, "Q4_0", 0, n_embd=2048, n_ff=6144, n_ff_expert=768, n_expert=128, n_expert_used=8,
        layers=(Layer(1, 1, 512, 512),) * 3,
    )  # fmt: skip
    assert compute_bytes(qwen, 8192) == pytest.approx(96 << 20, rel=0.01)


def test_what_is_added_up(starter_model: Path) -> None:
    header = read_header(starter_model)
    made = fit(header, MACHINE, Wishes(n_ctx=4096))
    [memory] = made.shares
    # llama.cpp's log: 92.10 MiB mapped, once although the table is the output too; 90 MiB of cache.
    assert memory.weights == pytest.approx(92.1 * (1 << 20), rel=0.001)
    assert memory.kv == 90 << 20
    assert memory.total == memory.weights + memory.kv + memory.compute + memory.base
    assert (made.verdict, made.n_ctx, made.n_gpu_layers, made.n_layers) == (Verdict.CPU, 4096, 0, 31)


def test_weights_that_are_copied_need_no_memory_twice(gemma_model: Path) -> None:
    header = read_header(gemma_model)
    [copied] = fit(header, replace(MACHINE, processor="x86_64")).shares
    [mapped] = fit(header, replace(MACHINE, repacks=False)).shares
    # llama.cpp's log: 12.66 MiB in its repacked buffer.
    assert copied.resident - copied.total == pytest.approx(12.66 * (1 << 20), rel=0.001)
    assert copied.total == mapped.total == mapped.resident


def test_no_flash_attention_takes_room_for_the_scores() -> None:
    with_it, without = (fit(LLAMA_3_8B, MACHINE, Wishes(8192, flash_attention=flash)) for flash in (None, False))
    # 32 heads, 8192 cells and 512 tokens at four bytes each, in the place of the feed-forward network's rows.
    scores = 32 * 8192 * 512 * 4
    assert without.shares[0].compute - with_it.shares[0].compute == pytest.approx(scores, rel=0.15)
    assert with_it == fit(LLAMA_3_8B, MACHINE, Wishes(8192, flash_attention=True))


def test_a_quantised_cache_has_flash_attention_in_any_case() -> None:
    insisted = fit(LLAMA_3_8B, MACHINE, Wishes(8192, kv_type="q8_0", flash_attention=False))
    assert insisted == fit(LLAMA_3_8B, MACHINE, Wishes(8192, kv_type="q8_0"))
    # But none is chosen for somebody who wants it off.
    tight = replace(MACHINE, free_bytes=6 * GIB)
    assert fit(LLAMA_3_8B, tight, Wishes(16_384)).kv_type == "q8_0"
    assert fit(LLAMA_3_8B, tight, Wishes(16_384, flash_attention=False)).kv_type == "f16"


def test_a_draft_model_needs_its_own_memory(starter_model: Path) -> None:
    draft = read_header(starter_model)
    wishes = Wishes(n_ctx=4096, kv_type="f16")
    [alone], [beside] = (fit(LLAMA_3_8B, MACHINE, wishes, draft=each).shares for each in (None, draft))
    [by_itself] = fit(draft, MACHINE, wishes).shares
    assert beside.total - alone.total == beside.draft == by_itself.total - by_itself.base
    # On a machine that holds the model and nothing else it is too big with its draft.
    just = replace(MACHINE, free_bytes=alone.total + (1 << 20))
    assert fit(LLAMA_3_8B, just, wishes).verdict is Verdict.TIGHT
    assert fit(LLAMA_3_8B, just, wishes, draft=draft).verdict is Verdict.TOO_BIG


def test_as_many_layers_of_a_draft_model_are_on_the_gpu_as_of_the_model(starter_model: Path) -> None:
    draft = read_header(starter_model)
    memory, card = fit(LLAMA_3_8B, with_gpus(gpu(24)), draft=draft).shares
    assert card.draft > draft.size_bytes
    # The table of tokens stays behind, and what is read.
    assert 0 < memory.draft < draft.size_bytes
    memory, card = fit(LLAMA_3_8B, with_gpus(gpu(24)), Wishes(n_gpu_layers=4), draft=draft).shares
    assert memory.draft > card.draft > 0


def test_all_of_it_on_a_large_gpu() -> None:
    made = fit(LLAMA_3_8B, with_gpus(gpu(24)))
    assert (made.verdict, made.n_gpu_layers, made.n_ctx, made.kv_type) == (Verdict.GPU, 33, 32_768, "f16")
    memory, card = made.shares
    assert card.weights == 32 * 132_000_000 + 431_000_000
    assert card.kv == 4 * GIB
    assert (memory.weights, memory.kv) == (295_000_000, 0)


def test_the_context_gives_way_before_a_layer_leaves_the_gpu() -> None:
    made = fit(LLAMA_3_8B, with_gpus(gpu(8)))
    assert made.verdict is Verdict.GPU
    assert made.n_ctx < 32_768


def test_a_small_gpu_takes_the_last_layers() -> None:
    made = fit(LLAMA_3_8B, with_gpus(gpu(4)))
    assert made.verdict is Verdict.SPLIT
    assert 0 < made.n_gpu_layers < 33
    memory, card = made.shares
    # The output is the last of them.
    assert card.weights == (made.n_gpu_layers - 1) * 132_000_000 + 431_000_000
    assert memory.weights == (33 - made.n_gpu_layers) * 132_000_000 + 295_000_000
    assert card.total <= card.free_bytes
    one_more = fit(LLAMA_3_8B, with_gpus(gpu(4)), Wishes(made.n_ctx, made.n_gpu_layers + 1, made.kv_type))
    assert one_more.verdict is Verdict.TOO_BIG


def test_two_gpus_share_the_layers_by_their_free_memory() -> None:
    made = fit(LLAMA_3_8B, with_gpus(gpu(8, "CUDA0"), gpu(4, "CUDA1")), Wishes(n_ctx=8192))
    _, first, second = made.shares
    assert made.verdict is Verdict.GPU
    assert first.weights == 22 * 132_000_000
    assert second.weights == 10 * 132_000_000 + 431_000_000


def test_memory_that_a_gpu_shares_is_counted_once() -> None:
    apple = Accelerator("Metal", "Apple M2", 16 * GIB, 11 * GIB, shares_memory=True)
    assert fit(LLAMA_3_8B, with_gpus(apple)).verdict is Verdict.GPU
    little = replace(MACHINE, free_bytes=4 * GIB, accelerators=(apple,))
    assert fit(LLAMA_3_8B, little).verdict is Verdict.TOO_BIG


def test_too_big_says_by_how_much() -> None:
    made = fit(LLAMA_3_8B, replace(MACHINE, free_bytes=4 * GIB))
    assert made.verdict is Verdict.TOO_BIG
    assert made.short_bytes == made.needed_bytes - 4 * GIB
    # The last resorts were tried.
    assert (made.n_ctx, made.kv_type) == (4096, "q8_0")


def test_little_left_is_said() -> None:
    needed = fit(LLAMA_3_8B, MACHINE, Wishes(n_ctx=4096)).needed_bytes
    made = fit(LLAMA_3_8B, replace(MACHINE, free_bytes=needed + (100 << 20)), Wishes(n_ctx=4096))
    assert made.verdict is Verdict.TIGHT


def test_wishes_are_followed() -> None:
    made = fit(LLAMA_3_8B, with_gpus(gpu(24)), Wishes(n_ctx=5000, n_gpu_layers=7, kv_type="q4_0"))
    assert (made.n_ctx, made.n_gpu_layers, made.kv_type) == (5000, 7, "q4_0")
    assert fit(LLAMA_3_8B, MACHINE, Wishes(n_gpu_layers=7)).n_gpu_layers == 0


def test_the_cache_gets_coarser_only_where_that_makes_it_fit() -> None:
    wish = Wishes(n_ctx=65_536)
    assert fit(LLAMA_3_8B, replace(MACHINE, free_bytes=20 * GIB), wish).kv_type == "f16"
    made = fit(LLAMA_3_8B, MACHINE, wish)
    assert (made.kv_type, made.verdict) == ("q8_0", Verdict.CPU)


def test_a_model_is_not_asked_for_more_than_it_was_trained_for() -> None:
    assert fit(replace(LLAMA_3_8B, n_ctx_train=2048), MACHINE).n_ctx == 2048
    assert fit(replace(LLAMA_3_8B, n_ctx_train=6000), with_gpus(gpu(24))).n_ctx == 6000


def test_a_load_corrects_the_next_prediction() -> None:
    machine = with_gpus(gpu(24))
    first = fit(LLAMA_3_8B, machine)
    used = {share.device: share.resident + 100_000_000 for share in first.shares}
    learned = replace(machine, corrections=corrections(LLAMA_3_8B, first, used, ()))
    second = fit(LLAMA_3_8B, learned)
    assert [share.resident for share in second.shares] == pytest.approx(list(used.values()), rel=1e-6)
    # The same measured again changes nothing, and another model is not concerned.
    assert corrections(LLAMA_3_8B, second, used, learned.corrections) == learned.corrections
    other = replace(LLAMA_3_8B, quantisation="Q5_K_M")
    assert fit(other, learned).shares == fit(other, machine).shares


@pytest.mark.parametrize("n_ctx", [512, 8192, 131_072])
def test_what_was_learned_with_a_long_context_is_a_part_of_a_short_one(n_ctx: int) -> None:
    roomy = Machine(64 * GIB, 60 * GIB)
    long = fit(LLAMA_3_8B, roomy, Wishes(n_ctx=65_536))
    used = {"": long.shares[0].resident * 6 // 10}
    learned = replace(roomy, corrections=corrections(LLAMA_3_8B, long, used, ()))
    plain, corrected = (fit(LLAMA_3_8B, each, Wishes(n_ctx=n_ctx)).shares[0] for each in (roomy, learned))
    assert corrected.resident == pytest.approx(0.6 * plain.resident, rel=1e-6)


def test_a_correction_that_makes_no_sense_moves_little() -> None:
    roomy = Machine(64 * GIB, 60 * GIB)
    plain = fit(LLAMA_3_8B, roomy, Wishes(n_ctx=4096)).shares[0]
    for millionths, part in ((-(10**30), 0.5), (0, 0.5), (10**30, 2)):
        learned = replace(roomy, corrections=(Correction(model_key(LLAMA_3_8B), "", millionths),))
        corrected = fit(LLAMA_3_8B, learned, Wishes(n_ctx=4096)).shares[0]
        assert corrected.resident == pytest.approx(part * plain.resident, rel=1e-6)


def test_heads_that_cannot_be_quantised_have_an_exact_cache(tiny_model: Path) -> None:
    # Its heads have 16 numbers each; llama.cpp quantises 32 together.
    header = read_header(tiny_model)
    asked = fit(header, MACHINE, Wishes(n_ctx=2048, kv_type="q8_0"))
    assert (asked.kv_type, asked.shares[0].kv) == ("f16", fit(header, MACHINE, Wishes(n_ctx=2048)).shares[0].kv)
    assert not header.kv_quantises
    assert LLAMA_3_8B.kv_quantises


def test_a_processor_is_not_given_more_to_read_than_it_can() -> None:
    roomy = Machine(64 * GIB, 60 * GIB)
    assert fit(LLAMA_3_8B, roomy).n_ctx == 8192
    assert fit(LLAMA_3_8B, replace(roomy, accelerators=(gpu(4),))).n_ctx == 8192
    assert fit(LLAMA_3_8B, roomy, Wishes(n_ctx=100_000)).n_ctx == 100_000
    # Of 24 GB, a small model takes a small part: 8192 × 112 KiB for the cache.
    small = replace(LLAMA_3_8B, layers=(Layer(15_000_000, 15_000_000, n_k=1024, n_v=1024),) * 28)
    made = fit(small, Machine(24 * GIB, 20 * GIB))
    assert made.shares[0].kv == 8192 * 112 * 1024


sizes = st.integers(100 << 20, 64 * GIB)


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    cards = draw(st.lists(st.tuples(sizes, st.booleans()), max_size=2))
    free = draw(sizes)
    accelerators = (Accelerator(f"GPU{number}", "", size, size, shared) for number, (size, shared) in enumerate(cards))
    return Machine(free + GIB, free, tuple(accelerators))


@given(machine=machines(), n_ctx=st.integers(1, 200_000), more=st.integers(0, 100_000), layers=st.integers(0, 33))
def test_more_context_never_needs_less(machine: Machine, n_ctx: int, more: int, layers: int) -> None:
    short = fit(LLAMA_3_8B, machine, Wishes(n_ctx, layers, "f16"))
    long = fit(LLAMA_3_8B, machine, Wishes(n_ctx + more, layers, "f16"))
    assert long.needed_bytes >= short.needed_bytes
    assert long.short_bytes >= short.short_bytes


@given(machine=machines(), layers=st.integers(0, 32), n_ctx=st.integers(1, 200_000))
def test_more_layers_on_the_gpu_never_need_more_of_the_computers_memory(
    machine: Machine, layers: int, n_ctx: int
) -> None:
    fewer, more = (fit(LLAMA_3_8B, machine, Wishes(n_ctx, count, "f16")) for count in (layers, layers + 1))
    assert more.shares[0].total <= fewer.shares[0].total


@given(machine=machines())
def test_what_fits_does_fit(machine: Machine) -> None:
    made = fit(LLAMA_3_8B, machine)
    fitting = all(share.total <= share.free_bytes for share in made.shares)
    assert fitting or made.verdict is Verdict.TOO_BIG
    assert (made.short_bytes > 0) == (made.verdict is Verdict.TOO_BIG)
    assert 4096 <= made.n_ctx <= 32_768


@given(free=sizes, more=sizes)
def test_more_memory_never_makes_a_model_too_big(free: int, more: int) -> None:
    little = fit(LLAMA_3_8B, replace(MACHINE, free_bytes=free))
    much = fit(LLAMA_3_8B, replace(MACHINE, free_bytes=free + more))
    assert much.verdict is not Verdict.TOO_BIG or little.verdict is Verdict.TOO_BIG


def test_speed_is_what_is_read() -> None:
    assert tokens_per_s(LLAMA_3_8B, 0, None, None) is None
    slow = tokens_per_s(LLAMA_3_8B, 0, 50e9, 500e9)
    mixed = tokens_per_s(LLAMA_3_8B, 16, 50e9, 500e9)
    fast = tokens_per_s(LLAMA_3_8B, 33, 50e9, 500e9)
    assert slow is not None
    assert mixed is not None
    assert fast is not None
    # 4.655 GB of weights and 0.13 GB of cache for every token.
    assert slow == pytest.approx(50e9 / 4.79e9, rel=0.03)
    assert slow < mixed < fast
    # Of the experts only those count that are used.
    experts = replace(LLAMA_3_8B, layers=tuple(replace(each, active_bytes=30_000_000) for each in LLAMA_3_8B.layers))
    assert (tokens_per_s(experts, 0, 50e9, None) or 0) > 2 * slow


def test_memory_has_a_speed() -> None:
    assert 1e8 < measure_bytes_per_s() < 1e13
