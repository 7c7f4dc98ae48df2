"""Which quantisation of a model to take on this computer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from desktop.hub.fit import Fit, Verdict
from desktop.hub.header import Header
from desktop.hub.remote import Choice

# From here on, a coarser quantisation saves memory and speed that a comfortable one no longer needs. Their losses:
# https://github.com/ggml-org/llama.cpp/blob/master/tools/quantize/README.md
_GOOD = (
    "Q4_K_M",
    "UD-Q4_K_XL",
    "MXFP4",
    "IQ4_XS",
    "IQ4_NL",
    "Q4_K_S",
    "Q4_0",
    "Q4_1",
    "Q5_K_M",
    "Q5_K_S",
    "Q6_K",
    "Q8_0",
)
_COMFORTABLE = (Verdict.GPU, Verdict.SPLIT, Verdict.CPU)


def advised(choices: Sequence[Choice], fit_of: Callable[[Choice], Fit | None]) -> Choice | None:
    """The one of `choices` (of the same model) to take, or None where nothing is known or nothing fits.

    The first in `_GOOD` that there is and that fits; a smaller one where even that is too big.
    """
    fits = {choice.files[0].path: fit for choice in choices if (fit := fit_of(choice)) is not None}
    fitting = [
        choice
        for choice in choices
        if (fit := fits.get(choice.files[0].path)) is not None and fit.verdict in _COMFORTABLE
    ]
    by_name = {choice.quantisation: choice for choice in fitting}
    for name in _GOOD:
        if name in by_name:
            return by_name[name]
    return max(fitting, key=lambda choice: choice.size_bytes, default=None)


def resized(header: Header, size_bytes: int) -> Header:
    """The header of the same model in another quantisation, whose files have `size_bytes`.

    Every part is taken to grow or shrink alike, which is right within a few hundredths: a file keeps its table of
    tokens a little finer than its layers.
    """
    share = size_bytes / header.size_bytes
    return replace(
        header,
        size_bytes=size_bytes,
        layers=tuple(
            replace(layer, size_bytes=int(layer.size_bytes * share), active_bytes=int(layer.active_bytes * share))
            for layer in header.layers
        ),
        input_bytes=int(header.input_bytes * share),
        output_bytes=int(header.output_bytes * share),
    )
