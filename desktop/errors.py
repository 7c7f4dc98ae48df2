"""Every error that a user may be told about.

    AppError
    ├── ModelError
    │   ├── NoSuchModel           nothing of that name, nothing at that path
    │   ├── BadModelFile          it is there, but no model can be read from it (Flaw says what is wrong)
    │   └── ModelDoesNotFit       not enough memory for it
    ├── NoSuchChat                no chat with that id
    ├── EngineError
    │   ├── EngineUnavailable     the engine process cannot start on this computer
    │   ├── EngineCrashed         the engine process died (Crash says how)
    │   ├── LoadCancelled         the user cancelled the loading of a model
    │   ├── BadComputation        the model computes no usable numbers: damaged weights
    │   ├── PromptTooLong         even the last message alone does not fit the context
    │   └── TemplateFailed        the model's chat template refuses, fails or never ends
    ├── StoreError
    │   ├── NewerDatabase         written by a newer Fireside
    │   ├── DamagedDatabase       not a database, or a broken one
    │   ├── DataInUse             another window works on the same data
    │   └── CannotWrite           no permission, a read-only disk, a full disk
    └── BadInput                  a file that the user gave cannot be used as what it was given for

An AppError is the environment's fault, carries facts and no sentences: `desktop/ui/error_text.py` words them in every
language. Anything else that is raised is a bug. Stopping an answer is not an error.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum

from typing_extensions import override


class Flaw(StrEnum):
    """What is wrong with a model file."""

    NOT_A_FILE = "not_a_file"
    NO_PERMISSION = "no_permission"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    NOT_GGUF = "not_gguf"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNKNOWN_ARCHITECTURE = "unknown_architecture"
    VOCABULARY_ONLY = "vocabulary_only"
    NOT_A_LANGUAGE_MODEL = "not_a_language_model"
    NOT_FIRST_PART = "not_first_part"
    DAMAGED = "damaged"


class Crash(StrEnum):
    """How the engine process died, as far as its parent can tell."""

    KILLED = "killed"
    OUT_OF_MEMORY = "out_of_memory"
    ABORTED = "aborted"
    ILLEGAL_INSTRUCTION = "illegal_instruction"
    MEMORY_FAULT = "memory_fault"
    UNKNOWN = "unknown"


class TemplateFault(StrEnum):
    """Why a chat template gave no prompt."""

    REFUSED = "refused"
    BROKEN = "broken"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"


@dataclass(eq=False)
class AppError(Exception):
    """What lies outside the program's control. Subclasses are dataclasses of plain facts."""

    @override
    def __str__(self) -> str:
        # For logs and bug reports; what a user reads is made in error_text.
        return repr(self)


@dataclass(eq=False)
class ModelError(AppError):
    """Something about a model file."""


@dataclass(eq=False)
class NoSuchModel(ModelError):
    """`name` is what the user asked for: a model's name or a path."""

    name: str


@dataclass(eq=False)
class BadModelFile(ModelError):
    """No model can be read from `path`. `detail` is a technical fact such as the unknown architecture's name."""

    path: str
    flaw: Flaw
    detail: str = ""


@dataclass(eq=False)
class ModelDoesNotFit(ModelError):
    """The model at `path` needs about `needed_bytes` of memory and `free_bytes` are free."""

    path: str
    needed_bytes: int
    free_bytes: int


@dataclass(eq=False)
class NoSuchChat(AppError):
    """No chat has this id."""

    chat_id: str


@dataclass(eq=False)
class EngineError(AppError):
    """Something about the engine that runs the model."""


@dataclass(eq=False)
class EngineUnavailable(EngineError):
    """The engine process does not start. `detail` is the technical reason, `cpu_lacks` missing processor features."""

    detail: str
    cpu_lacks: str = ""


@dataclass(eq=False)
class EngineCrashed(EngineError):
    """The engine process died. `during` is "load", "prefill", "decode", "template" or ""; bytes are 0 if unknown."""

    crash: Crash
    during: str = ""
    needed_bytes: int = 0
    free_bytes: int = 0


@dataclass(eq=False)
class LoadCancelled(EngineError):
    """The user cancelled the loading of a model."""


@dataclass(eq=False)
class BadComputation(EngineError):
    """The model at `path` loads, but computes numbers that are not numbers: its weights are damaged."""

    path: str


@dataclass(eq=False)
class PromptTooLong(EngineError):
    """The shortest prompt that can be made has `prompt_tokens`, the context holds `n_ctx`."""

    prompt_tokens: int
    n_ctx: int


@dataclass(eq=False)
class TemplateFailed(EngineError):
    """The chat template gave no prompt. `detail` is the template's own complaint, untrusted text."""

    fault: TemplateFault
    detail: str = ""


@dataclass(eq=False)
class StoreError(AppError):
    """Something about the database of chats."""


@dataclass(eq=False)
class NewerDatabase(StoreError):
    """The database at `path` has schema version `found`, this program knows up to `known`."""

    path: str
    found: int
    known: int


@dataclass(eq=False)
class DamagedDatabase(StoreError):
    """The file at `path` is not a database that can be read."""

    path: str


@dataclass(eq=False)
class DataInUse(StoreError):
    """Another window of Fireside works on the data under `path`."""

    path: str


@dataclass(eq=False)
class CannotWrite(StoreError):
    """`path` cannot be written. `full` tells a full disk from missing permission."""

    path: str
    full: bool = False


@dataclass(eq=False)
class BadInput(AppError):
    """The file at `path` cannot be used as `wanted` ("messages", "template"). `detail` is a technical fact."""

    path: str
    wanted: str
    detail: str = ""


def pack(error: AppError) -> dict[str, object]:
    """The error as plain values, for the pipe and the database: its class's name as `type`, then its facts."""
    return {"type": type(error).__name__, **asdict(error)}


def unpack(packed: dict[str, object]) -> AppError:
    """The error that `pack` was given.

    Raises:
        ValueError: no error of that name or with those facts is known.
    """
    known = {kind.__name__: kind for kind in _kinds(AppError)}
    kind = known.get(str(packed.get("type")))
    if kind is None:
        raise ValueError(f"no such error: {packed.get('type')!r}")
    facts = {name: value for name, value in packed.items() if name != "type"}
    for enum_field, enum in (("flaw", Flaw), ("crash", Crash), ("fault", TemplateFault)):
        if enum_field in facts:
            facts[enum_field] = enum(str(facts[enum_field]))
    known_facts = {each.name for each in fields(kind)}
    if not facts.keys() <= known_facts:
        raise ValueError(f"{kind.__name__} knows no {sorted(facts.keys() - known_facts)}")
    return kind(**facts)


def _kinds(kind: type[AppError]) -> list[type[AppError]]:
    """`kind` and all its subclasses."""
    return [kind, *(each for child in kind.__subclasses__() for each in _kinds(child))]
