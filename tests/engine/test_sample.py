from __future__ import annotations

import ctypes
import math

import numpy as np
import pytest

from desktop.chat.message import Sampling
from desktop.engine.llama.library import llama_cpp
from desktop.engine.llama.sample import RANDOM_SEED, Logits, NotFinite, Sampler, draw_seed, top

PLAIN = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0)


def logits(n: int = 5000, seed: int = 0) -> Logits:
    return np.random.default_rng(seed).normal(0.0, 3.0, n).astype(np.float32)


def draws(sampling: Sampling, values: Logits, n: int, recent: tuple[int, ...] = ()) -> list[int]:
    sampler = Sampler(sampling, seed=1)
    try:
        return [sampler.choose(values.copy(), recent) for _ in range(n)]
    finally:
        sampler.close()


@pytest.mark.parametrize("n", [10, 63, 1000, 49_152, 262_144])
@pytest.mark.parametrize("k", [1, 9, 256])
def test_top_is_what_sorting_would_find(n: int, k: int) -> None:
    k = min(k, n)
    values = logits(n)
    assert sorted(top(values, k)) == sorted(np.argsort(values)[-k:])


def test_equal_logits_all_stay() -> None:
    assert len(top(np.ones(640, dtype=np.float32), 2)) == 640


@pytest.mark.parametrize("top_p", [0.0, 0.3, 0.95, 0.9999])
@pytest.mark.parametrize("spread", [0.1, 3.0, 10.0])
@pytest.mark.parametrize("top_k", [0, 50])
def test_top_p_leaves_what_llama_cpp_would(top_p: float, spread: float, top_k: int) -> None:
    values = np.random.default_rng(3).normal(0.0, spread, 20_000).astype(np.float32)
    candidates = (llama_cpp.llama_token_data * values.size)(*((i, float(logit), 0.0) for i, logit in enumerate(values)))
    array = llama_cpp.llama_token_data_array(data=candidates, size=values.size, selected=-1, sorted=False)
    for step in (llama_cpp.llama_sampler_init_top_k(top_k), llama_cpp.llama_sampler_init_top_p(top_p, 1)):
        llama_cpp.llama_sampler_apply(step, ctypes.byref(array))
        llama_cpp.llama_sampler_free(step)
    theirs = [array.data[i].id for i in range(array.size)]
    sampler = Sampler(Sampling(temperature=1.0, top_k=top_k, top_p=top_p, min_p=0.0), 1)
    ours = sampler._candidates(values).tolist()
    sampler.close()
    # They add up in 32 bits, which is 0.4 % off after 15,000 equal summands.
    assert abs(len(ours) - len(theirs)) <= max(1, 0.01 * len(theirs))
    both = min(len(ours), len(theirs))
    # Equal logits come in any order.
    assert (values[ours[:both]] == values[theirs[:both]]).all()


def test_greedy_is_the_best() -> None:
    values = logits()
    assert draws(Sampling(temperature=0.0), values, 3) == [int(values.argmax())] * 3


def test_draws_follow_the_probabilities() -> None:
    values = np.full(1000, -100.0, dtype=np.float32)
    values[[10, 20, 30]] = np.log([0.6, 0.3, 0.1]).astype(np.float32)
    drawn = draws(PLAIN, values, 3000)
    for token, probability in ((10, 0.6), (20, 0.3), (30, 0.1)):
        assert abs(drawn.count(token) / 3000 - probability) < 5 * math.sqrt(probability / 3000)


@pytest.mark.parametrize(
    ("sampling", "allowed"),
    [
        (Sampling(temperature=1.0, top_k=2, top_p=1.0, min_p=0.0), {10, 20}),
        (Sampling(temperature=1.0, top_k=0, top_p=0.55, min_p=0.0), {10}),
        (Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.4), {10, 20}),
        (Sampling(temperature=1.0, top_k=2, top_p=1.0, min_p=0.0, repeat_penalty=100.0), {20, 30}),
    ],
)
def test_each_setting_leaves_out_what_it_should(sampling: Sampling, allowed: set[int]) -> None:
    values = np.full(1000, -100.0, dtype=np.float32)
    # Positive, so that a penalty divides.
    values[[10, 20, 30]] = 20 + np.log([0.6, 0.3, 0.1]).astype(np.float32)
    assert set(draws(sampling, values, 400, recent=(10, 10, 999))) == allowed


def test_a_penalty_lowers_negative_logits_too() -> None:
    values = np.full(100, -9.0, dtype=np.float32)
    values[7], values[8] = -1.0, -1.5
    assert draws(Sampling(temperature=0.0, repeat_penalty=2.0), values, 1, recent=(7,)) == [8]


def test_what_lies_behind_the_window_is_not_penalised() -> None:
    values = logits()
    best = int(values.argmax())
    recent = (best, *[0] * 64)
    assert draws(Sampling(temperature=0.0, repeat_penalty=9.0), values, 1, recent) == [best]


def test_suppressed_tokens_are_never_chosen() -> None:
    values = logits()
    sampler = Sampler(Sampling(temperature=0.0), 1, suppressed=[int(values.argmax())])
    second = int(np.argsort(values)[-2])
    assert sampler.choose(values.copy(), ()) == second
    sampler.close()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("sampling", [Sampling(temperature=0.0), Sampling(), PLAIN])
def test_what_is_no_number_is_noticed(bad: float, sampling: Sampling) -> None:
    values = logits()
    values[4321] = bad
    with pytest.raises(NotFinite):
        draws(sampling, values, 1)
    with pytest.raises(NotFinite):
        draws(sampling, np.full(5000, -np.inf, dtype=np.float32), 1)


@pytest.mark.parametrize("seed", [0, RANDOM_SEED, RANDOM_SEED + 1, 10**30, -1])
def test_every_seed_repeats(seed: int) -> None:
    def run() -> list[int]:
        sampler = Sampler(PLAIN, seed)
        tokens = [sampler.choose(logits(seed=i), ()) for i in range(20)]
        sampler.close()
        return tokens

    assert run() == run()


def test_drawn_seeds_differ() -> None:
    seeds = {draw_seed() for _ in range(10)}
    assert len(seeds) == 10
    assert all(0 <= seed < RANDOM_SEED for seed in seeds)
