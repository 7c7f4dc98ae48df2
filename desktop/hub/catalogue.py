"""The models that Fireside recommends: data in `resources/catalogue/`, read without a network.

What the hub says when it is asked wins over what stands there: a file may have been renamed since. So a download looks
for the repository and the quantisation, not for a file name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from desktop.hub.fit import Fit, Verdict, Wishes, fit
from desktop.hub.header import Header
from desktop.hub.layers import Layer
from desktop.hub.shares import Machine
from desktop.paths import resources

# Bits that a value takes in the table of tokens and in the output, where llama.cpp quantises a file to that name:
# https://github.com/ggml-org/llama.cpp/blob/master/src/llama-quant.cpp (llama_tensor_get_type)
_TABLE_BITS = {"Q4_K_M": 4.5, "Q5_K_M": 5.5, "Q6_K": 6.5625, "Q8_0": 8.5, "MXFP4": 8.5}
_OUTPUT_BITS = {"Q8_0": 8.5, "MXFP4": 8.5}
_OTHER_OUTPUT_BITS = 6.5625
# In the table of per-layer embeddings: no rule of llama.cpp's, but what Unsloth's files come out at.
_PER_LAYER_BITS = {"Q4_K_M": 5.5, "Q8_0": 8.5}


# Slower than this, an answer is read faster than it is written.
_USABLE_TOKENS_PER_S = 8.0
# From here on, a finer quantisation may take the speed that it costs.
_AMPLE_TOKENS_PER_S = 20.0
# What llama.cpp reads from the memory of an ordinary laptop, where this one's has not been measured.
_ORDINARY_BYTES_PER_S = 30e9
_EVERYDAY_CTX = 8_192
# A model of this share of another's size is no bad second.
_NEARLY = 0.6
_COMFORTABLE = (Verdict.GPU, Verdict.SPLIT, Verdict.CPU)


class Strength(StrEnum):
    """What a model is good at, compared with others of its size."""

    CHAT = "chat"
    WRITING = "writing"
    CODE = "code"
    MATHS = "maths"
    REASONING = "reasoning"
    CHINESE = "chinese"
    MULTILINGUAL = "multilingual"
    VISION = "vision"
    LONG_CONTEXT = "long_context"
    TINY = "tiny"
    TOOLS = "tools"


class Role(StrEnum):
    """What somebody looks for a model for. An entry names those for which it is a good answer at its size."""

    GENERAL = "general"
    CODE = "code"
    REASONING = "reasoning"
    CHINESE = "chinese"
    FAST = "fast"


@dataclass(frozen=True, slots=True)
class Licence:
    """What its authors allow. `notes` holds a sentence a language where that is not simply everything."""

    id: str
    """The SPDX identifier in small letters as the hub writes it, or the hub's own word."""
    name: str
    commercial: bool
    url: str
    # A dict cannot be hashed, and an entry is to be a key.
    notes: dict[str, str] = field(hash=False)

    def note(self, language: str) -> str:
        """The sentence in `language` ("en" or "zh_CN"); empty where there is nothing to note."""
        return self.notes.get(language, "")


@dataclass(frozen=True, slots=True)
class Quantisation:
    """One file to choose. `about` marks a size that was computed, not looked up."""

    name: str
    """Such as "Q4_K_M"."""
    file: str
    """Its name when the catalogue was written."""
    size_bytes: int
    about: bool = False


@dataclass(frozen=True, slots=True)
class Architecture:
    """The numbers of a model that its memory is computed from; named as in `Header`."""

    name: str
    n_layers: int
    n_embd: int
    n_head: int
    n_head_kv: int
    n_ff: int
    n_vocab: int
    tied: bool
    layers: tuple[Layer, ...]
    """What each keeps for the context; their sizes depend on the quantisation and are 0 here."""
    n_expert: int | None = None
    n_expert_used: int | None = None
    n_ff_expert: int | None = None
    n_per_layer_input: int = 0
    """Values that each layer has of its own for a token (Gemma's per-layer embeddings)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the catalogue."""

    id: str
    title: str
    author: str
    repo: str
    """Where its GGUF files are, such as "Qwen/Qwen3-8B-GGUF"."""
    base_model: str
    """The authors' own repository."""
    parameters: int
    active_parameters: int
    """Of them, what one token goes through."""
    licence: Licence
    released: str
    """Year and month, "2025-04"."""
    n_ctx_train: int
    languages: tuple[str, ...]
    """ISO 639-1 codes of those that its authors name; the best known ones where they name very many."""
    vision: bool
    """It sees pictures, with the companion file that its repository has."""
    reasoning: bool
    """It can think before it answers."""
    strengths: tuple[Strength, ...]
    roles: tuple[Role, ...]
    descriptions: dict[str, str] = field(hash=False)
    quantisations: tuple[Quantisation, ...]
    """The smallest first: it is the one to take unless there is memory to spare."""
    architecture: Architecture

    def description(self, language: str) -> str:
        """A sentence or two on what it is good and bad at, in `language`: "en" or "zh_CN"."""
        return self.descriptions[language]

    @property
    def effective_parameters(self) -> float:
        """How large a model without experts would be about as capable.

        A judgement, not a law: what a mixture of experts knows lies in all of it. The geometric mean, the usual rule
        of thumb, is right for the first ones and too low for those of 2026.
        """
        return math.pow(self.parameters, 0.7) * math.pow(self.active_parameters, 0.3)

    def header(self, quantisation: Quantisation) -> Header:
        """What the header of that file would say, as far as the fit needs it."""
        arch = self.architecture
        table = arch.n_vocab * arch.n_embd
        own = arch.n_vocab * arch.n_per_layer_input * arch.n_layers
        output_bits = _OUTPUT_BITS.get(quantisation.name, _OTHER_OUTPUT_BITS)
        # A tied table is quantised as the output that it is, too.
        table_bits = output_bits if arch.tied else _TABLE_BITS[quantisation.name]
        output_bytes = int(table * output_bits / 8)
        input_bytes = int(table * table_bits / 8) + int(own * _PER_LAYER_BITS.get(quantisation.name, table_bits) / 8)
        in_layers = quantisation.size_bytes - input_bytes - (0 if arch.tied else output_bytes)
        elements = self.parameters - table * (1 if arch.tied else 2) - own
        active = (self.active_parameters - table) / elements if arch.n_expert else 1.0
        size = in_layers // arch.n_layers
        return Header(
            architecture=arch.name,
            size_bytes=quantisation.size_bytes,
            parameters=self.parameters,
            quantisation=quantisation.name,
            tensor_count=0,
            name=self.title,
            licence=self.licence.id,
            n_ctx_train=self.n_ctx_train,
            n_layers=arch.n_layers,
            n_embd=arch.n_embd,
            n_head=arch.n_head,
            n_head_kv=arch.n_head_kv,
            n_vocab=arch.n_vocab,
            n_ff=arch.n_ff,
            n_expert=arch.n_expert,
            n_expert_used=arch.n_expert_used,
            n_ff_expert=arch.n_ff_expert,
            layers=tuple(
                Layer(size, int(size * active), layer.n_k, layer.n_v, layer.window, layer.state_bytes)
                for layer in arch.layers
            ),
            input_bytes=input_bytes,
            output_bytes=output_bytes,
            tied=arch.tied,
            whole=False,
        )


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An entry for this machine, in the quantisation that suits it, and what it is recommended for."""

    entry: Entry
    quantisation: Quantisation
    fit: Fit
    why: Role
    also: tuple[Role, ...] = ()
    """What else it is the best here for, with nothing else like it."""


@cache
def entries() -> tuple[Entry, ...]:
    """The whole catalogue, the smallest model first. A catalogue that cannot be read is a bug, and raises as one."""
    return read(resources() / "catalogue")


def read(folder: Path) -> tuple[Entry, ...]:
    """The catalogue in `folder`: `licences.json`, and `models/` with a file a model, named for its id."""
    licences = {
        name: Licence(id=name, **facts)
        for name, facts in json.loads((folder / "licences.json").read_text(encoding="utf-8")).items()
    }
    found = (
        _entry(path.stem, json.loads(path.read_text(encoding="utf-8")), licences)
        for path in (folder / "models").glob("*.json")
    )
    return tuple(sorted(found, key=lambda entry: (entry.parameters, entry.id)))


def _entry(name: str, facts: dict[str, Any], licences: dict[str, Licence]) -> Entry:
    # Unknown and missing facts raise here: the dataclasses are the schema.
    return Entry(
        id=name,
        **{
            **facts,
            "licence": licences[facts["licence"]],
            "languages": tuple(facts["languages"]),
            "strengths": tuple(Strength(each) for each in facts["strengths"]),
            "roles": tuple(Role(each) for each in facts["roles"]),
            "quantisations": tuple(Quantisation(**each) for each in facts["quantisations"]),
            "architecture": _architecture(facts["architecture"]),
        },
    )


def _architecture(facts: dict[str, Any]) -> Architecture:
    """`layers` lists kinds of layers, each with how many `times` it comes in a row; the list begins anew at its end."""
    kinds = [
        Layer(0, 0, **{name: value for name, value in kind.items() if name != "times"})
        for kind in facts["layers"]
        for _ in range(kind.get("times", 1))
    ]
    return Architecture(**{**facts, "layers": tuple(islice(cycle(kinds), facts["n_layers"]))})


def fits_on(machine: Machine) -> Callable[[Entry, Quantisation], Fit]:
    """How entries fit on `machine` with a context for everyday use, the same for all.

    What `fit` chooses by itself is longer where there is more memory, and that would make it slower: models and
    machines could not be compared.
    """

    def fit_of(entry: Entry, quantisation: Quantisation) -> Fit:
        return fit(entry.header(quantisation), machine, Wishes(n_ctx=min(_EVERYDAY_CTX, entry.n_ctx_train)))

    return fit_of


def recommend(models: Iterable[Entry], fit_of: Callable[[Entry, Quantisation], Fit]) -> list[Recommendation]:
    """The best of `models` on the machine that `fit_of` knows (see `fits_on`), none twice, GENERAL first.

    The best for a role is the largest that leaves memory for other programs and answers at a usable speed. Where that
    one is recommended already, another takes its place if it is nearly as large. FAST ones are at least twice as fast
    as the first. Empty where nothing runs well.
    """
    runs = sorted(
        (run for entry in models if (run := _run(entry, fit_of))),
        key=lambda run: (run.entry.effective_parameters, run.entry.released, run.entry.id),
        reverse=True,
    )
    found: dict[str, tuple[_Run, list[Role]]] = {}
    for role in Role:
        limit = math.inf
        if role is Role.FAST and found:
            limit = next(iter(found.values()))[0].entry.active_parameters / 2
        fitting = [run for run in runs if role in run.entry.roles and run.entry.active_parameters <= limit]
        if not fitting:
            continue
        least = fitting[0].entry.effective_parameters * _NEARLY
        others = [run for run in fitting if run.entry.id not in found and run.entry.effective_parameters >= least]
        run = (others or fitting)[0]
        found.setdefault(run.entry.id, (run, []))[1].append(role)
    return [
        Recommendation(run.entry, run.quantisation, run.fit, why, tuple(also)) for run, (why, *also) in found.values()
    ]


@dataclass(frozen=True, slots=True)
class _Run:
    entry: Entry
    quantisation: Quantisation
    fit: Fit


def _run(entry: Entry, fit_of: Callable[[Entry, Quantisation], Fit]) -> _Run | None:
    """`entry` in its best quantisation here; None where even the smallest is too big or too slow."""
    best: _Run | None = None
    for quantisation in entry.quantisations:
        fitted = fit_of(entry, quantisation)
        if fitted.verdict not in _COMFORTABLE:
            break
        # A finer quantisation is worth nothing that it pushes off the GPU, or the speed.
        wanted = _USABLE_TOKENS_PER_S if best is None else _AMPLE_TOKENS_PER_S
        pushed = best is not None and best.fit.verdict is Verdict.GPU and fitted.verdict is not Verdict.GPU
        if pushed or _tokens_per_s(entry, quantisation, fitted) < wanted:
            break
        best = _Run(entry, quantisation, fitted)
    return best


def _tokens_per_s(entry: Entry, quantisation: Quantisation, fitted: Fit) -> float:
    """As the fit predicts it; else a guess: every token reads all that is not on the GPU."""
    if fitted.tokens_per_s is not None:
        return fitted.tokens_per_s
    active_bytes = quantisation.size_bytes * entry.active_parameters / entry.parameters
    in_memory = active_bytes * (1 - fitted.n_gpu_layers / max(fitted.n_layers, 1))
    return _ORDINARY_BYTES_PER_S / in_memory if in_memory > 0 else math.inf
