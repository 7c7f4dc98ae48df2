"""What is reused of the KV cache gives the logits of a cold run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from desktop.engine.api import ModelSpec
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.library import start
from desktop.engine.llama.model import Model
from desktop.engine.llama.sample import Logits
from desktop.engine.llama.stopping import StopSwitch

NOISE = 0.02
"""Nats. The same tokens in other batches differ by up to 0.007, by rounding; a cache with a hole by 0.9."""


@pytest.fixture(scope="module", autouse=True)
def _llama_cpp() -> None:
    start()


def decoder(path: Path, n_ctx: int) -> tuple[Model, Decoder]:
    model = Model(ModelSpec(str(path), n_ctx=n_ctx), lambda _fraction: None)
    return model, Decoder(model, StopSwitch())


def read(reader: Decoder, prompt: list[int]) -> tuple[int, Logits]:
    """How much was reused, and the last token's logits."""
    progress = list(reader.read(prompt))
    return progress[-1].reused, reader.logits().copy()


def divergence(a: Logits, b: Logits) -> float:
    """Kullback and Leibler's, of the tokens' probabilities, in nats."""

    def log_probabilities(values: Logits) -> NDArray[np.float64]:
        shifted: NDArray[np.float64] = values.astype(np.float64) - float(values.max())
        return shifted - float(np.log(np.exp(shifted).sum()))

    p, q = log_probabilities(a), log_probabilities(b)
    return float((np.exp(p) * (p - q)).sum())


def numbers(first: int, last: int) -> str:
    return ", ".join(str(n) for n in range(first, last))


@pytest.mark.parametrize("name", ["tiny_model", "starter_model"])
def test_a_reused_beginning_is_as_good_as_a_new_one(name: str, request: pytest.FixtureRequest) -> None:
    model, reader = decoder(request.getfixturevalue(name), 1024)
    one = model.vocabulary.tokenize(numbers(100, 125) + "; and now for something else")
    other = model.vocabulary.tokenize(numbers(100, 115) + ", then back to")
    same = next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    cold = read(reader, other)
    assert cold[0] == 0
    read(reader, one)
    reused, warm = read(reader, other)
    assert reused == same > 50
    assert divergence(cold[1], warm) < NOISE
    # The same again: only the last token is read.
    reused, again = read(reader, other)
    assert reused == len(other) - 1
    assert divergence(cold[1], again) < NOISE


def test_a_sliding_window_that_has_moved_on_is_read_again(gemma_model: Path) -> None:
    model, reader = decoder(gemma_model, 2048)
    assert model.n_swa == 512
    long = model.vocabulary.tokenize(numbers(100, 330))
    early = model.vocabulary.tokenize(numbers(100, 112) + " and")
    assert len(long) > 512 + 512 + 100
    _, cold = read(reader, early)
    reader.forget_from(0)
    read(reader, long)
    # The window is past the place where the two part: what seq_rm would leave gives wrong logits.
    reused, warm = read(reader, early)
    assert reused == 0
    assert divergence(cold, warm) < NOISE
    # Within the window the cache is good.
    near = early[:-1] + model.vocabulary.tokenize(" or")[-1:]
    reused, warm = read(reader, near)
    assert reused == len(early) - 1
    reader.forget_from(0)
    reused, cold = read(reader, near)
    assert reused == 0
    assert divergence(cold, warm) < NOISE


# For Gemma more than is kept of its window: the guesses take the place of older tokens.
@pytest.mark.parametrize(("name", "n_read"), [("tiny_model", 300), ("starter_model", 60), ("gemma_model", 1030)])
def test_guesses_have_the_logits_of_single_steps_and_can_be_taken_back(
    name: str, n_read: int, request: pytest.FixtureRequest
) -> None:
    model, reader = decoder(request.getfixturevalue(name), 2048)
    text = model.vocabulary.tokenize(numbers(100, 450))
    prompt, draft = text[:n_read], text[n_read : n_read + 8]
    read(reader, prompt)
    stepped = []
    for token in draft:
        reader.step(token)
        stepped.append(reader.logits().copy())
    reader.take_back(8)
    assert list(reader.tokens) == prompt

    wrong = reader.guess(draft[0], [prompt[0]] * 7).copy()
    reader.take_back(7)
    assert list(reader.tokens) == [*prompt, draft[0]]
    right = [wrong[0], *reader.guess(draft[1], draft[2:]).copy()]
    reader.take_back(4)
    assert list(reader.tokens) == [*prompt, *draft[:4]]
    reader.step(draft[4])
    after = reader.logits().copy()
    for one_by_one, at_once in zip(stepped, right, strict=True):
        assert divergence(one_by_one, at_once) < NOISE
    assert divergence(stepped[4], after) < NOISE
    assert max(map(divergence, stepped[1:], wrong[1:])) > NOISE
