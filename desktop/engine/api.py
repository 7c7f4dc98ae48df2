"""Messages in, tokens out: what every engine promises.

An engine is a blocking iterator of events; everything else is built on it. The life of a generation:

    LoadProgress*  Loaded?  PrefillProgress*  Token*  Finished

The tokens of several answers to one request come mixed, and each answer has its own `Finished`.

`LoadProgress` and `Loaded` come only when the model was not loaded yet, or with other settings. What goes wrong is
raised as an `AppError` out of the iterator, in place of `Finished`; the tokens so far are valid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from desktop.chat.message import FinishReason, Sampling, Statistics, Turn

MOST_ANSWERS = 5
MOST_ALTERNATIVES = 10


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Which model, and how to load it. None lets the engine choose for this machine."""

    path: str
    n_ctx: int | None = None
    """Context length in tokens. By default the model's own, capped (see `llama/machine.py`)."""
    n_gpu_layers: int | None = None
    """Layers to offload, the last ones first; the output counts as one more. By default all where there is a GPU."""
    n_threads: int | None = None
    kv_type: str | None = None
    """Of the KV cache: "f16", "q8_0" or "q4_0". By default f16, and for models whose heads cannot be quantised."""
    devices: tuple[str, ...] | None = None
    """The names of the GPUs to offload to, the most important first. By default llama.cpp's choice."""
    tensor_split: tuple[float, ...] | None = None
    """How the offloaded layers are divided among `devices`. By default as their memory is free."""
    flash_attention: bool | None = None
    """By default where llama.cpp can. A quantised KV cache needs it: with one it is on, whatever is said here."""
    draft_path: str | None = None
    """A small model with the same vocabulary that guesses ahead for this one."""
    eager: bool = False
    """Take all of the processor: answers are as fast as can be, and other programs wait."""


class Guessing(StrEnum):
    """Whether tokens are guessed ahead and checked in one batch. The text is the same, sooner if guesses are good."""

    AUTO = "auto"
    """Where `Tuning` says that it pays."""
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Request:
    """Asks for the answer that follows `turns`.

    A model without a chat template continues the turns' texts joined to one; the system prompt is a paragraph before
    it. With `continue_last` the last turn is the assistant's, and its text is continued instead of answered.
    """

    model: ModelSpec
    turns: tuple[Turn, ...]
    sampling: Sampling = field(default_factory=Sampling)
    continue_last: bool = False
    template: str | None = None
    """A chat template (Jinja) to use instead of the model file's own."""
    conversation: str = ""
    """What it belongs to: letters, digits and dashes. Under this name an engine may keep on the disk what it has read,
    until it is told to forget it; nothing is kept without."""
    n_answers: int = 1
    """So many answers, from the same prompt, with seeds that follow one another; at most `MOST_ANSWERS`."""
    n_alternatives: int = 0
    """So many of the likeliest tokens are told with each token, and its own log probability; 0 tells neither. At most
    `MOST_ALTERNATIVES`."""
    guessing: Guessing = Guessing.AUTO

    def __post_init__(self) -> None:
        """Raises ValueError: nobody can give so many answers."""
        if not 1 <= self.n_answers <= MOST_ANSWERS:
            raise ValueError(f"{self.n_answers} answers to one request")


@dataclass(frozen=True, slots=True)
class Device:
    """A device that this build of llama.cpp can compute on. `kind` is "cpu", "gpu", "igpu" or "accel"."""

    name: str
    """Such as "CUDA0"; "GPU 0" of two backends may be one and the same: then their `bus_id` is."""
    description: str
    kind: str
    total_bytes: int
    free_bytes: int
    backend: str = ""
    """Such as "CUDA", "Vulkan", "Metal" or "CPU"."""
    bus_id: str = ""
    """Where it is plugged in; empty if unknown."""


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """What the engine runs on."""

    versions: tuple[tuple[str, str], ...]
    """Of llama.cpp and what belongs to it, by name."""
    build: str
    """llama.cpp's own line about its build."""
    gpu: bool
    """Whether this build can offload layers."""
    devices: tuple[Device, ...]
    n_threads: int
    """The threads that a model is computed with unless `ModelSpec.n_threads` says otherwise."""
    weights_repacked: bool
    """False where the build's AMX kernels are known to crash, so that they are kept out of use."""
    backends: tuple[str, ...] = ()
    """What the build can compute with, such as "CPU" and "CUDA"."""


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """`fraction` of the model is loaded, 0 to 1."""

    fraction: float


class Step(StrEnum):
    """Where a load went when the way that was meant for it failed."""

    FEWER_LAYERS = "fewer_layers"
    OTHER_GPU = "other_gpu"
    CPU = "cpu"


class Reason(StrEnum):
    """Why the way that was meant for a load was not taken."""

    CRASHED = "crashed"
    """The engine process died of it, just now."""
    CRASHED_BEFORE = "crashed_before"
    """It did so at an earlier start: it was not tried."""
    NO_MEMORY = "no_memory"
    """The GPU's memory did not hold it after all."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """The model was not loaded as it was meant to be but by the next best way."""

    step: Step
    reason: Reason


@dataclass(frozen=True, slots=True)
class DeviceUse:
    """What a loaded model takes of one GPU: `n_layers` of it, and `bytes` of its memory, by what was free before."""

    name: str
    n_layers: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is ready. `n_gpu_layers` of `n_layers` are on a GPU; the output counts as a layer in the first only.

    `has_template` False marks a base model, which continues text instead of answering. `size_bytes` are the weights'.
    """

    n_ctx: int
    n_ctx_train: int
    n_layers: int
    n_gpu_layers: int
    has_template: bool
    size_bytes: int
    load_s: float
    kv_type: str = "f16"
    devices: tuple[DeviceUse, ...] = ()
    """The GPUs that hold a part of it."""
    base_bytes: int = 0
    """Of the computer's memory that the engine process had before the load."""
    memory_bytes: int = 0
    """Of the computer's memory that the load took, with the weights that are mapped from the file. 0 if unknown."""
    fallback: Fallback | None = None
    """Said once of a way that is skipped because it crashed at an earlier start."""
    lost_draft: str = ""
    """The file of its draft model, where it had to be loaded without: that is gone, or cannot be read."""


@dataclass(frozen=True, slots=True)
class PrefillProgress:
    """`read` of `total` prompt tokens are in the KV cache; `reused` of them were there before."""

    read: int
    total: int
    reused: int


class Alternative(NamedTuple):
    """A token that could have come, as text (of half a character: the replacement character), and how likely it was.

    There are many of them: a tuple is made, and crosses the pipe, in a fraction of a dataclass's time.
    """

    id: int
    text: str
    logprob: float


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer: whole characters, possibly none or several tokens' worth. `id` is the newest token's.

    `reasoning` marks text that the model thinks aloud and that is no part of its answer. `answer` counts the answers of
    a request from 0.
    """

    text: str
    id: int
    reasoning: bool = False
    answer: int = 0
    logprob: float | None = None
    """The natural logarithm of the token's probability before sampling, in the first event of each token; None in what
    follows of its text, and if it was not asked for."""
    alternatives: tuple[Alternative, ...] = ()
    """The likeliest first. The token itself is among them if it was one of them."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of an answer. `reason` is never ERROR here: errors are raised. `seed` is the one that was used."""

    reason: FinishReason
    statistics: Statistics
    seed: int
    memory_bytes: int = 0
    """As `Loaded.memory_bytes`, now: reading prompts takes what loading only reserved."""
    answer: int = 0


LoadEvent = LoadProgress | Loaded
Event = LoadEvent | PrefillProgress | Token | Finished


@dataclass(frozen=True, slots=True)
class Tuning:
    """How a model runs best on this machine, measured with the model itself."""

    n_threads: int
    """For one token after the other."""
    n_threads_batch: int
    """For reading prompts."""
    batch_costs: tuple[float, ...] = ()
    """What a batch of 2, 3, … tokens costs, in units of what one token costs: guessing ahead pays below that."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is given: the rendered text, and how many tokens it makes."""

    text: str
    n_tokens: int
    n_known: int = 0
    """So many of them need not be read: they are in the KV cache already, or kept elsewhere."""


class Engine(Protocol):
    """Runs one model at a time. All methods block and belong to one thread, except `stop`."""

    def load(self, model: ModelSpec) -> Iterator[LoadEvent]:
        """Load `model`, unless it is loaded already: then only `Loaded` comes.

        Raises:
            NoSuchModel, BadModelFile, ModelDoesNotFit, EngineUnavailable, EngineCrashed, LoadCancelled
            CannotWrite: the engine's log, without which no crash could be told
        """
        ...

    def generate(self, request: Request) -> Iterator[Event]:
        """Load the request's model where needed, then stream the answer.

        Closing the iterator early stops the generation.

        Raises:
            all that `load` raises, and TemplateFailed, PromptTooLong, BadComputation
        """
        ...

    def prompt(self, request: Request) -> Prompt:
        """Render and tokenise the request's turns. Loads the model where needed.

        Raises:
            all that `load` raises, and TemplateFailed
        """
        ...

    def tune(self, model: ModelSpec, /) -> Tuning | None:
        """Measure how `model`, which is loaded, runs best here, and run it so from now on.

        Takes seconds, unless it was measured before. None where that could not be found out: `stop` ended it, other
        programs needed the processor too, or there is nothing to measure.

        Raises:
            EngineCrashed
        """
        ...

    def stop(self) -> None:
        """End what runs now, from any thread: a generation finishes as STOPPED, a load raises LoadCancelled.

        Without anything running it does nothing.
        """
        ...

    def unload(self) -> None:
        """Give the model's memory back."""
        ...

    def close(self) -> None:
        """Unload, and end the engine for good."""
        ...
