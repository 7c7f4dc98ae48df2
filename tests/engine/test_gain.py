"""Guesses from what came before, and when they gain time: plain arithmetic."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.engine.llama.gain import Average, Rate, best_length
from desktop.engine.llama.lookup import Lookup

CHEAP = (1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4)
DEAR = (1.9, 2.8, 3.7, 4.6, 5.5, 6.4, 7.3, 8.2)
HERE = (1.2, 1.5, 1.7, 2.2, 2.5, 2.8, 3.1, 3.4)


def found_by_scanning(tokens: list[int], n: int) -> list[int]:
    """What `Lookup` shall find."""
    for length in (3, 2):
        newest = tokens[-length:]
        if len(newest) < length:
            continue
        for start in range(len(tokens) - length - 1, -1, -1):
            if tokens[start : start + length] == newest:
                text = list(tokens)
                for i in range(n):
                    text.append(text[start + length + i])
                return text[len(tokens) :]
    return []


@given(st.lists(st.integers(0, 3), max_size=60), st.lists(st.integers(0, 3), max_size=20), st.integers(1, 8))
def test_a_lookup_finds_what_scanning_would(prompt: list[int], answer: list[int], n: int) -> None:
    lookup = Lookup(prompt)
    for token in answer:
        lookup.add(token)
    expected = found_by_scanning(prompt + answer, n)
    assert lookup.propose(n) == expected
    assert lookup.next == (expected[0] if expected else None)


def test_the_longer_match_is_believed() -> None:
    #                        3 tokens before 7        2 tokens before 8
    assert Lookup([1, 2, 3, 7, 9, 9, 2, 3, 8, 9, 1, 2, 3]).propose(2) == [7, 9]


def test_what_repeats_itself_is_taken_to_go_on() -> None:
    assert Lookup([5, 1, 2, 1, 2, 1]).propose(5) == [2, 1, 2, 1, 2]


def test_nothing_is_guessed_from_what_is_new() -> None:
    for tokens in ([], [1], [1, 2], [1, 2, 3, 4, 5]):
        assert Lookup(tokens).propose(4) == []
        assert Lookup(tokens).next is None


@pytest.mark.parametrize("costs", [CHEAP, DEAR, HERE, (1.5,), (3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0)])
@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.8, 0.95, 1.0])
def test_the_length_that_is_chosen_gains_most(costs: tuple[float, ...], rate: float) -> None:
    """Against chance itself: many batches with right and wrong guesses."""
    drawn = random.Random(3)

    def gained(n: int) -> float:
        if n == 0:
            return 1.0
        times = 8000
        tokens = sum(
            1 + next((i for i in range(n) if drawn.random() >= rate), n)  # the first wrong one ends them
            for _ in range(times)
        )
        return tokens / (times * costs[n - 1])

    chosen = best_length(rate, costs, 8)
    best = max(gained(n) for n in range(len(costs) + 1))
    assert gained(chosen) > 0.95 * best
    assert chosen or best < 1.1


def test_nothing_is_guessed_where_it_cannot_gain() -> None:
    assert best_length(1.0, (), 8) == 0
    assert best_length(1.0, DEAR, 8) == 8
    assert best_length(0.8, DEAR, 8) == 0
    assert best_length(0.25, HERE, 8) == 0
    assert best_length(0.5, HERE, 8) == 1
    assert best_length(0.0, CHEAP, 8) == 0
    assert best_length(1.0, CHEAP, 0) == 0
    assert best_length(1.0, CHEAP, 3) == 3


def test_guesses_that_cost_something_are_fewer() -> None:
    free, dear = (best_length(0.8, CHEAP, 8, each) for each in (0.0, 0.3))
    assert free > dear > 0
    assert best_length(0.8, CHEAP, 8, each=0.9) == 0


def test_a_rate_follows_what_is_seen_and_forgets_it() -> None:
    rate = Rate(0.7)
    for _ in range(30):
        rate.add(right=False)
    assert rate.value < 0.05
    for _ in range(2000):
        rate.fade()
    assert 0.65 < rate.value < 0.7
    for _ in range(30):
        rate.add(right=True)
    assert rate.value > 0.95


def test_an_average_begins_with_its_first_number() -> None:
    average = Average()
    assert average.value == 0.0
    average.add(8.0)
    assert average.value == 8.0
    average.add(0.0)
    assert average.value == 7.0
