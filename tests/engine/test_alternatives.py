"""What is told of a token's probability is what the model's own logits say."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from desktop.chat.message import FinishReason, Role, Sampling, Turn
from desktop.engine.api import MOST_ALTERNATIVES, Finished, ModelSpec, Request, Token
from desktop.engine.llama.alternatives import likeliest, likelihood, log_mass
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.generate import Generator
from desktop.engine.llama.library import start
from desktop.engine.llama.model import Model
from desktop.engine.llama.sample import Logits, Sampler
from desktop.engine.llama.stopping import StopSwitch
from desktop.engine.local import LocalEngine

PROMPT = "Down the hill, past the mill, and "


@pytest.fixture(scope="module", autouse=True)
def _llama_cpp() -> None:
    start()


def opened(path: Path) -> Model:
    return Model(ModelSpec(str(path), n_ctx=512), lambda _fraction: None)


def request_of(path: Path, *, n_alternatives: int = 5, **sampling: Any) -> Request:
    chosen = Sampling(**{"temperature": 0.0, "max_tokens": 24, **sampling})
    return Request(ModelSpec(str(path), n_ctx=512), (Turn(Role.USER, PROMPT),), chosen, n_alternatives=n_alternatives)


def log_softmax(logits: Logits) -> NDArray[np.float64]:
    values = logits.astype(np.float64)
    highest = values.max()
    found: NDArray[np.float64] = values - highest - np.log(np.exp(values - highest).sum())
    return found


@pytest.mark.parametrize("n", [258, 49_152, 262_144])
@pytest.mark.parametrize("shift", [0.0, -200.0, 200.0, -20_000.0])
@pytest.mark.parametrize("spread", [0.01, 4.0, 30.0])
def test_probabilities_are_those_of_double_precision(n: int, shift: float, spread: float) -> None:
    logits = np.random.default_rng(1).normal(shift, spread, n).astype(np.float32)
    expected = log_softmax(logits)
    # Beside the sum's, a logit of 20,000 has a rounding error of its own.
    assert np.abs(logits.astype(np.float64) - log_mass(logits) - expected).max() < 2e-5
    ids = likeliest(logits, 10)
    assert ids.tolist() == np.argsort(-logits, kind="stable")[:10].tolist()


def test_a_token_that_cannot_come_has_no_probability(tiny_model: Path) -> None:
    logits = np.zeros(258, dtype=np.float32)
    logits[3:] = -np.inf
    told = likelihood(logits, 100, 4, opened(tiny_model).vocabulary)
    assert told.logprob == -math.inf
    assert [each.id for each in told.alternatives] == [0, 1, 2]
    assert told.alternatives[0].logprob == pytest.approx(-math.log(3))


@pytest.mark.parametrize("sampling", [Sampling(temperature=0.0, repeat_penalty=2.0), Sampling(repeat_penalty=2.0)])
def test_choosing_leaves_the_logits_as_they_were(sampling: Sampling) -> None:
    logits = np.random.default_rng(2).normal(0.0, 3.0, 5000).astype(np.float32)
    before = logits.copy()
    best = int(logits.argmax())
    sampler = Sampler(sampling, 1, suppressed=[best, 7])
    assert sampler.choose(logits, [7, 8, 8]) != best
    sampler.close()
    assert (logits == before).all()


@pytest.mark.parametrize("name", ["tiny_model", "starter_model", "gemma_model"])
@pytest.mark.parametrize("sampling", [{}, {"temperature": 1.5, "seed": 3, "repeat_penalty": 1.5}])
def test_each_token_is_told_with_the_models_own_numbers(
    name: str, sampling: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(name)
    asked = request_of(path, max_tokens=24 if name == "tiny_model" else 10, **sampling)
    model = opened(path)
    prompt = Generator(model, StopSwitch()).prompt(asked).text
    events = list(Generator(model, StopSwitch()).generate(asked))
    told = [event for event in events if isinstance(event, Token) and event.logprob is not None]
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert len(told) == finished.statistics.generated_tokens
    assert len(told) == asked.sampling.max_tokens or finished.reason is FinishReason.END

    reader = Decoder(model, StopSwitch())
    reader.forget_from(0)
    list(reader.read(model.vocabulary.tokenize(prompt)))
    for token in told:
        expected = log_softmax(reader.logits())
        assert token.logprob == pytest.approx(expected[token.id], abs=1e-4)
        assert [each.id for each in token.alternatives] == np.argsort(-expected, kind="stable")[:5].tolist()
        for each in token.alternatives:
            assert each.logprob == pytest.approx(expected[each.id], abs=1e-4)
            assert each.text == model.vocabulary.piece(each.id, special=True).decode("utf-8", "replace")
        reader.step(token.id)
    unlikely = [token for token in told if token.alternatives[0].id != token.id]
    # What is not greedy leaves the first alternative now and then, and its numbers are still the model's.
    assert bool(unlikely) == bool(sampling)


def test_text_that_is_held_back_tells_every_token_once(tiny_model: Path) -> None:
    def said(stop: tuple[str, ...]) -> list[Token]:
        events = Generator(opened(tiny_model), StopSwitch()).generate(request_of(tiny_model, stop=stop))
        return [event for event in events if isinstance(event, Token)]

    plain = said(())
    text = "".join(event.text for event in plain)
    # Held back to the very end: what may become a stop word, and never does.
    held = said(tuple(text[start:] + "never" for start in (4, 9, 17)))
    assert "".join(event.text for event in held) == text
    assert sum(event.text == "" for event in held) > 10
    assert len(held) > len(plain)
    told = [event for event in held if event.logprob is not None]
    assert [(event.id, event.alternatives) for event in told] == [(event.id, event.alternatives) for event in plain]


def test_nothing_is_told_that_was_not_asked_for(tiny_model: Path) -> None:
    generator = Generator(opened(tiny_model), StopSwitch())
    for n, expected in ((0, 0), (1, 1), (MOST_ALTERNATIVES, MOST_ALTERNATIVES), (1000, MOST_ALTERNATIVES)):
        tokens = [
            event for event in generator.generate(request_of(tiny_model, n_alternatives=n)) if isinstance(event, Token)
        ]
        assert tokens
        assert {len(event.alternatives) for event in tokens} == {expected}
        assert {event.logprob is None for event in tokens} == {n == 0}


def test_numbers_come_through_the_pipe(tiny_model: Path, tmp_path: Path) -> None:
    request = request_of(tiny_model, temperature=0.8, seed=5)
    here = list(Generator(opened(tiny_model), StopSwitch()).generate(request))
    engine = LocalEngine(tmp_path / "engine.log")
    try:
        there = list(engine.generate(request))
    finally:
        engine.close()
    tokens = [event for event in there if isinstance(event, Token)]
    assert tokens == [event for event in here if isinstance(event, Token)]
    for token in tokens:
        assert len(token.alternatives) == 5
        assert sum(math.exp(each.logprob) for each in token.alternatives) < 1.0 + 1e-6
