"""What the names of files on the hub tell: which are models, in which quantisation, and which are no safe names here.

Names are all that there is to go by before anything is downloaded. They follow habits, not a standard: those of
llama.cpp's own tools (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, "GGUF Naming Convention") and of the
people who publish most of the files.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from desktop.errors import BadModelFile, Flaw, UnsafeName

_QUANTISATION = re.compile(
    r"""(?<![a-z0-9])
    (?:UD-)?                                            # Unsloth's dynamic ones: a mixture of their own
    (?: I?Q[1-8](?:_K)?(?:_(?:XXS|XS|SS|S|M|L|XL|NL|KS|KSS|KL|KT|[01](?:_[48]_[48])?))?
      | TQ[12]_0 | I2_S | MXFP4(?:_MOE)? | NVFP4 | BF16 | FP?16 | FP?32 )
    (?![a-z0-9])""",
    re.IGNORECASE | re.VERBOSE,
)
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})", re.IGNORECASE | re.DOTALL)
# "x.gguf.part1of2", "x.gguf-split-a", "x.gguf.001": cut so that they fit under the hub's limit, to be joined by hand.
_PIECE = re.compile(r".+\.gguf[.-](?:part|split|\d{2,3}$|[a-z]{2}$).*", re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"[^\W_]+")

# Files in the GGUF format that belong to the making of a model, or change one.
_NO_MODELS = {"imatrix", "lora", "adapter", "vocab"}
# Guesses ahead for the model that it is named after ("mtp-gemma-4-E4B-it-Q8_0.gguf", 99 MB), and is none by itself.
_DRAFT = "mtp-"

_DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"} | {
    f"{device}{number}" for device in ("COM", "LPT") for number in "0123456789¹²³"
}
_NOT_ON_WINDOWS = frozenset('<>:"|?*\\')
# Less than the 255 bytes that file systems allow: a download in progress has a longer name than its file.
_LONGEST_NAME_BYTES = 200
_LONGEST_PATH_BYTES = 400
# As the hub itself has it for owners and repositories, and a little stricter where a folder is made of it.
_REPO = re.compile(r"(?!.*(?:--|\.\.))(?:\w[\w.-]{0,95}/)?\w[\w.-]{0,95}(?<![.-])(?<!\.git)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shard:
    """A file's place in a model of several files: `number` of `count`, from 1. `stem` is what all of them share."""

    stem: str
    number: int
    count: int


def quantisation_of(path: str) -> str:
    """Such as "Q4_K_M" or "UD-IQ2_XXS", from a file's name or the folder that it lies in; empty if neither tells."""
    for name in (_stem(path), *reversed(path.split("/")[:-1])):
        if found := _QUANTISATION.findall(name):
            return str(found[-1]).upper().replace("FP16", "F16").replace("FP32", "F32")
    return ""


def shard_of(path: str) -> Shard | None:
    """Which shard of which model the file at `path` is; None if it is in one piece."""
    if not is_gguf(path):
        return None
    found = _SHARD.fullmatch(path[: -len(".gguf")])
    return Shard(found["stem"], int(found["number"]), int(found["count"])) if found else None


def is_gguf(path: str) -> bool:
    """Whether a file is in the GGUF format by its name."""
    return path.lower().endswith(".gguf")


def is_companion(path: str) -> bool:
    """Whether a file is a vision projector, which goes with a model and is none itself."""
    return is_gguf(path) and "mmproj" in _name(path).lower()


def is_model_file(path: str) -> bool:
    """Whether a file is a model, or a shard of one: no projector, adapter, draft, importance matrix or vocabulary."""
    if _name(path).lower().startswith(_DRAFT):
        return False
    words = words_of(path)
    # "lora-merged" is a model again.
    return is_gguf(path) and not is_companion(path) and not (words & _NO_MODELS and "merged" not in words)


def is_piece(path: str) -> bool:
    """Whether a file was cut into pieces by hand (`x.gguf.part1of2`), which nothing here can join."""
    return _PIECE.fullmatch(_name(path)) is not None


def words_of(path: str) -> set[str]:
    """The words of a file's name in lower case, without its quantisation: what it has in common with its companions."""
    return {word.lower() for word in _WORD.findall(_QUANTISATION.sub(" ", _stem(path)))}


def refuse_pieces(path: str) -> None:
    """Refuse a file that was cut by hand.

    Raises:
        BadModelFile: with Flaw.CUT_BY_HAND
    """
    if is_piece(path):
        raise BadModelFile(path, Flaw.CUT_BY_HAND, _name(path).lower().rpartition(".gguf")[2].strip(".-"))


def repo_of(text: str) -> str | None:
    """The repository that the user means: "owner/name", or what stands in a browser's address line on its page."""
    address = re.match(r"https?://[^/]+/([^/?#]+/[^/?#]+)", text.strip())
    name = address[1] if address is not None else text.strip().strip("/")
    return name if _REPO.fullmatch(name) is not None else None


def safe_path(repo: str, path: str) -> PurePosixPath:
    """`path`, if it can be a file below a folder on every system: nothing in it leads elsewhere or means a device.

    `repo` is checked too, since it becomes a folder.

    Raises:
        UnsafeName
    """
    names = path.split("/")
    safe = (
        _REPO.fullmatch(repo) is not None
        and all(_is_safe_name(name) for name in (*repo.split("/"), *names))
        and len(path.encode()) <= _LONGEST_PATH_BYTES
    )
    if not safe:
        raise UnsafeName(repo, path)
    return PurePosixPath(*names)


def colliding(paths: Iterable[str]) -> set[str]:
    """Those of `paths` that cannot lie side by side where a disk ignores case: same names, or a folder named as a file.

    They are meant to be different from each other to begin with.
    """
    paths = list(paths)
    files = Counter(_key(path) for path in paths)
    folders = {_key(path[:at]) for path in paths for at, letter in enumerate(path) if letter == "/"}
    return {path for path in paths if files[_key(path)] > 1 or _key(path) in folders}


def _key(path: str) -> str:
    """The same for two paths that are one file on macOS or Windows."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _is_safe_name(name: str) -> bool:
    """Whether `name` can be one file's or folder's on Linux, macOS and Windows, and nothing else than it seems."""
    try:
        n_bytes = len(name.encode())
    except UnicodeEncodeError:
        # Half of a surrogate pair.
        return False
    # C: control, format (a text direction that hides ".exe"), private, unassigned. Zl, Zp: line breaks.
    odd = any(unicodedata.category(letter) in {"Zl", "Zp"} or unicodedata.category(letter)[0] == "C" for letter in name)
    return (
        # A leading dot is "..", or a hidden file.
        0 < n_bytes <= _LONGEST_NAME_BYTES
        and name[0] != "."
        and name[-1] not in ". "
        and not odd
        and not _NOT_ON_WINDOWS.intersection(name)
        and name.partition(".")[0].rstrip().upper() not in _DEVICES
    )


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(path: str) -> str:
    """A file's name without its ending and its shard's number."""
    name = _name(path)
    if not is_gguf(name):
        return name
    shard = shard_of(name)
    return shard.stem if shard is not None else name[: -len(".gguf")]
