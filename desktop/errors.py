"""Every error that a user may be told about.

    AppError
    ├── ModelError
    │   ├── NoSuchModel           nothing of that name, nothing at that path
    │   ├── BadModelFile          it is there, but no model can be read from it (Flaw says what is wrong)
    │   ├── ModelDoesNotFit       not enough memory for it
    │   ├── Altered               not the file any more that was downloaded or added
    │   └── NoTrash               it cannot be moved to the trash
    ├── NoSuchChat                no chat with that id
    ├── EngineError
    │   ├── EngineUnavailable     the engine process cannot start on this computer
    │   ├── EngineCrashed         the engine process died (Crash says how)
    │   ├── LoadCancelled         the user cancelled the loading of a model
    │   ├── BadComputation        the model computes no usable numbers: damaged weights
    │   ├── PromptTooLong         even the last message alone does not fit the context
    │   ├── ContextFull           the chat does not fit the context, and nothing of it shall be left out
    │   └── TemplateFailed        the model's chat template refuses, fails or never ends
    ├── StoreError
    │   ├── NewerDatabase         written by a newer Fireside
    │   ├── DamagedDatabase       not a database, or a broken one
    │   ├── DataInUse             another window works on the same data
    │   └── CannotWrite           no permission, a read-only disk, a full disk
    ├── HubError
    │   ├── OfflineMode           offline mode is on: nothing was asked
    │   ├── HubUnreachable        no usable answer from a host (Trouble says why)
    │   ├── HubRefused            the host answered with an error, again and again
    │   ├── NotOnHub              no such repository, or no such file in it
    │   ├── Gated                 the authors want to be asked first (Gate says what is missing)
    │   ├── BadToken              the hub does not know the access token
    │   ├── WrongContent          what came is not what the hub had promised, twice
    │   ├── ChangedOnHub          the file was replaced on the hub while it was being downloaded
    │   └── UnsafeName            a name on the hub that no file here may have
    ├── NoSpace                   the disk has no room for a download
    ├── DownloadInUse             another process is downloading the same file
    ├── NoKeyring                 this system keeps no secrets: the access token cannot be stored
    ├── CannotExport              a file that a chat was to be written into cannot be written
    ├── CannotPrint               the printer took no pages
    └── BadInput                  a file that the user gave cannot be used as what it was given for

An AppError is the environment's fault, carries facts and no sentences: `desktop/ui/error_text.py` words them in every
language. Anything else that is raised is a bug. Stopping an answer is not an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override


class Flaw(StrEnum):
    """What is wrong with a model file."""

    NOT_A_FILE = "not_a_file"
    NO_MODEL_INSIDE = "no_model_inside"
    NO_PERMISSION = "no_permission"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    NOT_GGUF = "not_gguf"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNKNOWN_ARCHITECTURE = "unknown_architecture"
    VOCABULARY_ONLY = "vocabulary_only"
    NOT_A_LANGUAGE_MODEL = "not_a_language_model"
    NOT_FIRST_PART = "not_first_part"
    MISSING_PART = "missing_part"
    CUT_BY_HAND = "cut_by_hand"
    OTHER_VOCABULARY = "other_vocabulary"
    """Of a draft model, which is to guess for a model with other tokens."""
    TAKES_NOTHING_BACK = "takes_nothing_back"
    """Of a draft model: what it has read cannot be taken back, as every wrong guess must be."""
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


class Trouble(StrEnum):
    """Why a host gave no usable answer."""

    NO_SUCH_HOST = "no_such_host"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    BROKEN = "broken"
    NOT_SECURE = "not_secure"
    PROXY = "proxy"
    NOT_A_HUB = "not_a_hub"


class Gate(StrEnum):
    """What is missing for a gated repository."""

    NO_TOKEN = "no_token"  # noqa: S105  not a secret, but that there is none
    TOKEN_WITHHELD = "token_withheld"  # noqa: S105  as above
    """There is one, for huggingface.co alone, and a mirror was asked."""
    NOT_GRANTED = "not_granted"


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
    """The model at `path` needs about `needed_bytes` of memory and `free_bytes` are free.

    `fits_without_draft` says that only its draft model makes it too big.
    """

    path: str
    needed_bytes: int
    free_bytes: int
    fits_without_draft: bool = False


@dataclass(eq=False)
class Altered(ModelError):
    """The file at `path` has not the sha256 any more that it had when it was downloaded or added."""

    path: str


@dataclass(eq=False)
class NoTrash(ModelError):
    """The file at `path` cannot be moved to the trash: there is none for its disk, or no permission."""

    path: str


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
class ContextFull(EngineError):
    """The chat makes `prompt_tokens`, the context holds `n_ctx`. `left_out` of the oldest messages would have to go.

    The user wants to be asked before that.
    """

    prompt_tokens: int
    n_ctx: int
    left_out: int


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
class HubError(AppError):
    """Something about the hub that models come from, or the way there."""


@dataclass(eq=False)
class OfflineMode(HubError):
    """Offline mode is on. No request was made."""


@dataclass(eq=False)
class HubUnreachable(HubError):
    """`host`, which may be another than the hub's own, gave no usable answer."""

    host: str
    trouble: Trouble


@dataclass(eq=False)
class HubRefused(HubError):
    """`host` answered with the HTTP status `status`; `retry_after_s` is the wait it asked for, 0 for none."""

    host: str
    status: int
    retry_after_s: int = 0


@dataclass(eq=False)
class NotOnHub(HubError):
    """There is no repository `repo`, or no `file` in it where `file` is not empty. It may be private."""

    repo: str
    file: str = ""


@dataclass(eq=False)
class Gated(HubError):
    """The authors of `repo` want their terms accepted, on the page at `url`."""

    repo: str
    gate: Gate
    url: str


@dataclass(eq=False)
class BadToken(HubError):
    """`host` does not know the access token."""

    host: str


@dataclass(eq=False)
class WrongContent(HubError):
    """`host` delivered a `file` whose size or sha256 is not what the hub had promised."""

    file: str
    host: str


@dataclass(eq=False)
class ChangedOnHub(HubError):
    """`file` of `repo` is another one now than when its download began."""

    repo: str
    file: str


@dataclass(eq=False)
class UnsafeName(HubError):
    """`repo` has a file whose name `file` would lead elsewhere, or that some systems cannot have."""

    repo: str
    file: str


@dataclass(eq=False)
class NoSpace(AppError):
    """The disk of the folder `path` needs `needed_bytes` more and has `free_bytes`, or takes no file that large."""

    path: str
    needed_bytes: int
    free_bytes: int
    too_large: bool = False


@dataclass(eq=False)
class DownloadInUse(AppError):
    """Another process is downloading to `path`."""

    path: str


@dataclass(eq=False)
class NoKeyring(AppError):
    """This system has no keyring that could keep the access token."""


@dataclass(eq=False)
class CannotExport(AppError):
    """The file at `path`, which the user chose, cannot be written. `full` tells a full disk from missing permission."""

    path: str
    full: bool = False


@dataclass(eq=False)
class CannotPrint(AppError):
    """The printer that the user chose took no pages."""


@dataclass(eq=False)
class BadInput(AppError):
    """The file at `path` cannot be used as `wanted` ("messages", "template"). `detail` is a technical fact."""

    path: str
    wanted: str
    detail: str = ""
