"""Which quantisation to take, and what the header of one says about another."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.hub.advice import advised, resized
from desktop.hub.fit import Fit, Machine, Verdict, fit
from desktop.hub.header import read_header
from desktop.hub.remote import Choice, RemoteFile

SIZES = {"Q2_K": 3.0, "Q4_K_S": 4.6, "Q4_K_M": 4.9, "Q6_K": 6.6, "Q8_0": 8.5, "F16": 16.0}


def _choices(*names: str) -> list[Choice]:
    return [
        Choice("maker/model", "0" * 40, name, (RemoteFile(f"model-{name}.gguf", int(SIZES[name] * 1e9)),))
        for name in names
    ]


def _with_room(gigabytes: float) -> object:
    def fit_of(choice: Choice) -> Fit:
        fits = choice.size_bytes <= gigabytes * 1e9
        return Fit(Verdict.CPU if fits else Verdict.TOO_BIG, 8192, 0, 33, "f16", ())

    return fit_of


@pytest.mark.parametrize(
    ("room", "expected"), [(64.0, "Q4_K_M"), (5.0, "Q4_K_M"), (4.7, "Q4_K_S"), (4.0, "Q2_K"), (1.0, None)]
)
def test_the_usual_one_that_fits_else_a_smaller_one(room: float, expected: str | None) -> None:
    found = advised(_choices(*SIZES), _with_room(room))  # type: ignore[arg-type]
    assert (found.quantisation if found is not None else None) == expected


def test_a_repository_with_large_ones_only() -> None:
    found = advised(_choices("Q8_0", "F16"), _with_room(64))  # type: ignore[arg-type]
    assert found is not None
    assert found.quantisation == "Q8_0"


def test_nothing_is_advised_while_nothing_is_known() -> None:
    assert advised(_choices(*SIZES), lambda _: None) is None


def test_a_larger_quantisation_needs_as_much_more(starter_model: Path) -> None:
    header = read_header(starter_model)
    twice = resized(header, header.size_bytes * 2)
    assert resized(header, header.size_bytes) == header
    machine = Machine(64 << 30, 60 << 30)
    before, after = fit(header, machine), fit(twice, machine)
    assert sum(each.weights for each in after.shares) == pytest.approx(
        2 * sum(each.weights for each in before.shares), rel=0.01
    )
    assert [each.kv for each in after.shares] == [each.kv for each in before.shares]
