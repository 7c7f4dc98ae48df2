"""Which models can guess ahead for another one."""

from __future__ import annotations

from collections.abc import Iterable

from desktop.hub.header import Header
from desktop.hub.model import Model

_MOST_OTHER_TOKENS = 128
"""Vocabularies are filled up to round numbers. So many may differ in llama.cpp's own check
(`SPEC_VOCAB_MAX_SIZE_DIFFERENCE` in `common/speculative.cpp`), which also compares the tokens' texts."""
_LARGEST_PART = 0.5
"""Of the model's size: a larger draft takes nearly as long for a guess as the model for an answer."""


def can_draft(draft: Header, model: Header) -> bool:
    """Whether guesses of `draft` can be tokens of `model`, and come fast enough, by what the headers say.

    What recurrent layers have read cannot be taken back, as it must be after each wrong guess.
    """
    return (
        draft.vocabulary != ""
        and draft.vocabulary == model.vocabulary
        and abs((draft.n_vocab or 0) - (model.n_vocab or 0)) <= _MOST_OTHER_TOKENS
        and draft.size_bytes < _LARGEST_PART * model.size_bytes
        and not any(layer.state_bytes for layer in (*draft.layers, *model.layers))
    )


def drafts_for(model: Model, models: Iterable[Model]) -> list[Model]:
    """Those of `models` that can guess ahead for `model`."""
    return [
        each
        for each in models
        if each.is_usable and each.header and model.header and can_draft(each.header, model.header)
    ]


def draft_of(model: Model, models: Iterable[Model]) -> Model | None:
    """The one of `models` that the user wants as the draft model of `model`; None where it is gone, or is another."""
    wanted = model.loading.draft
    return next((each for each in drafts_for(model, models) if each.name == wanted), None)
