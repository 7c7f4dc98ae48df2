"""What was read of a conversation, kept on the disk: the KV cache of its latest branches.

A state is two files in the conversation's folder: `ID.kv`, as llama.cpp writes a sequence (the tokens, then the cache),
and `ID.json`, which says what it depends on and what it must hash to. Where the cache cannot be cut, `ID-N.at` are
copies of that part of it after N tokens (`checkpoints.py`). llama.cpp's file carries no identity of its own,
and a state that belongs to another model, build or type of cache is restored without a word and computes nonsense.
So a state is restored only if its fingerprint is this context's and its bytes are those that were written.

Where nothing can be read or written, nothing is kept and the prompt is read again: no state is ever missed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import struct
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from desktop import json_file

FORMAT = 1
_HEAD = struct.Struct("<III")  # llama.cpp's magic, its version, the number of tokens: then the tokens as int32
_MAGIC = 0x67677371  # LLAMA_STATE_SEQ_MAGIC, "ggsq"
_NAME = re.compile(r"[a-z0-9-]{1,64}")
_MOST_PER_CONVERSATION = 6
_SPARED_BYTES = 2 << 30
_ABANDONED_S = 3600
_SAMPLE_BYTES = 1 << 16
_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class State:
    """A kept state: the `tokens` that were read, the oldest position that a sliding window still holds, its file.

    `digests` are those of its files by name, `places` the numbers of tokens that there are checkpoints for.
    """

    file: Path
    tokens: tuple[int, ...]
    oldest: int
    digests: dict[str, str]
    places: tuple[int, ...] = ()

    def checkpoint(self, place: int) -> Path:
        """The file of a checkpoint."""
        return _checkpoint_file(self.file, place)

    def in_common(self, prompt: Sequence[int]) -> int:
        """How many tokens it begins with as `prompt` does."""
        return common_length(self.tokens, prompt)


class KeptStates:
    """The states below `folder` that fit one loaded model: those of `fingerprint`, in `limit_bytes` of all states.

    `spared_bytes` of the disk stay free for others.
    """

    def __init__(self, folder: Path, fingerprint: str, limit_bytes: int, *, spared_bytes: int = _SPARED_BYTES) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self._limit_bytes = limit_bytes
        self._spared_bytes = spared_bytes
        self._known: dict[Path, tuple[bytes, State]] = {}
        """What sidecars said, and the states that they said it of."""

    def of(self, conversation: str) -> list[State]:
        """What is kept of `conversation`, the newest first."""
        found = []
        for sidecar in self._sidecars(conversation):
            said = _said(sidecar)
            known_said, state = self._known.get(sidecar, (b"", None))
            if said != known_said:  # the same tokens may be kept anew, by whatever process, with other values
                state = self._read(sidecar, said)
            if state is not None:
                self._known[sidecar] = said, state
                found.append(state)
        return found

    def keep(
        self,
        conversation: str,
        tokens: Sequence[int],
        oldest: int,
        size_bytes: int,
        write: Callable[[Path], bool],
        checkpoints: Mapping[int, bytes],
    ) -> bool:
        """Keep what `write` writes to the path that it is given, about `size_bytes` large, with the `checkpoints`.

        What the new state contains is dropped, and the longest unused of all where there is no room. False: it was not
        kept.
        """
        size_bytes += sum(map(len, checkpoints.values()))
        if not _NAME.fullmatch(conversation) or size_bytes > self._limit_bytes:
            return False
        folder = self._folder / conversation
        name = hashlib.sha256(_bytes_of(tokens) + self._fingerprint.encode()).hexdigest()[:16]
        part = folder / f"{name}.{os.getpid()}.part"
        file = folder / f"{name}.kv"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(size_bytes)
            if shutil.disk_usage(folder).free - size_bytes < self._spared_bytes or not write(part):
                return False
            digests = {file.name: _digest(part)}
            part.replace(file)
            for place, copy in checkpoints.items():
                at = _checkpoint_file(file, place)
                at.write_bytes(copy)
                digests[at.name] = hashlib.sha256(copy).hexdigest()
            told = {"format": FORMAT, "fingerprint": self._fingerprint, "oldest": oldest, "sha256": digests}
            json_file.write(file.with_suffix(".json"), {**told, "places": list(checkpoints)}, indent=None)
        except OSError as error:
            sys.stderr.write(f"a state was not kept: {error}\n")
            with contextlib.suppress(OSError):
                _remove(file)
            return False
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        self._drop_what_is_contained(conversation, State(file, tuple(tokens), oldest, digests, tuple(checkpoints)))
        return True

    def verify(self, state: State, place: int | None = None) -> bool:
        """Whether its file is the one that was written, or that of a checkpoint. A damaged state is dropped."""
        file = state.file if place is None else state.checkpoint(place)
        with contextlib.suppress(OSError):
            if _digest(file) == state.digests.get(file.name):
                self.use(state)
                return True
        self.drop(state)
        return False

    def use(self, state: State) -> None:
        """It counts as used now: others make room before it does."""
        with contextlib.suppress(OSError):
            os.utime(state.file)

    def drop(self, state: State) -> None:
        """Keep it no longer."""
        self._known.pop(state.file.with_suffix(".json"), None)
        with contextlib.suppress(OSError):
            _remove(state.file)

    def _sidecars(self, conversation: str) -> list[Path]:
        if not _NAME.fullmatch(conversation):
            return []
        return sorted((self._folder / conversation).glob("*.json"), key=_changed_at, reverse=True)

    def _read(self, sidecar: Path, said: bytes) -> State | None:
        """The state of a sidecar that says this, None where it is another model's or no state."""
        try:
            told = json.loads(said)
            if told["format"] != FORMAT or told["fingerprint"] != self._fingerprint:
                return None
            file = sidecar.with_suffix(".kv")
            places = tuple(map(int, told["places"]))
            return State(file, _tokens_of(file), int(told["oldest"]), dict(told["sha256"]), places)
        except (OSError, ValueError, TypeError, KeyError, struct.error):
            return None

    def _drop_what_is_contained(self, conversation: str, new: State) -> None:
        """A state that the new one can be cut to is a part of it; of the branches, the newest are kept."""
        kept = 1
        for state in self.of(conversation):
            if state.file == new.file:
                continue
            end = len(state.tokens)
            contained = state.in_common(new.tokens) == end and (new.oldest == 0 or end in new.places)
            if contained or kept >= _MOST_PER_CONVERSATION:
                self.drop(state)
            else:
                kept += 1

    def _make_room(self, size_bytes: int) -> None:
        """Remove the states that were not used for longest, whatever model they are of, until one more fits."""
        for part in self._folder.glob("*/*.part"):
            if time.time() - _changed_at(part) > _ABANDONED_S:  # its process was killed while it wrote
                part.unlink(missing_ok=True)
        files = sorted(self._folder.glob("*/*.kv"), key=_changed_at)
        total = size_bytes + sum(map(_size, self._folder.glob("*/*")))
        for file in files:
            if total <= self._limit_bytes:
                break
            total -= _remove(file)


def fingerprint(path: Path, *more: object) -> str:
    """Of the model file at `path` and of all else that a state depends on.

    Of the file: its size, when it was changed, and samples all over it. Reading the whole of it would take longer than
    reading a prompt.

    Raises:
        OSError
    """
    found = hashlib.sha256()
    size = path.stat().st_size
    with path.open("rb") as file:
        for place in range(_SAMPLES + 1):
            file.seek(max(0, (size - _SAMPLE_BYTES) * place // _SAMPLES))
            found.update(file.read(_SAMPLE_BYTES))
    found.update(repr((size, path.stat().st_mtime_ns, FORMAT, *more)).encode())
    return found.hexdigest()


def common_length(one: Sequence[int], other: Sequence[int]) -> int:
    """How many items both begin with."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _tokens_of(file: Path) -> tuple[int, ...]:
    with file.open("rb") as opened:
        magic, _, count = _HEAD.unpack(opened.read(_HEAD.size))
        if magic != _MAGIC or _HEAD.size + 4 * count > file.stat().st_size:
            raise ValueError("not a state")
        return struct.unpack(f"<{count}i", opened.read(4 * count))


def _bytes_of(tokens: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(tokens)}i", *tokens)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _checkpoint_file(state: Path, place: int) -> Path:
    return state.with_name(f"{state.stem}-{place}.at")


def _remove(state: Path) -> int:
    """Remove a state with all that belongs to it: the sidecar first, so that no half is taken for a whole.

    The state last: where this process ends in between, who makes room next finds by it what was left.
    """
    files = [state.with_suffix(".json"), *state.parent.glob(f"{state.stem}-*.at"), state]
    removed = sum(map(_size, files))
    for file in files:
        file.unlink(missing_ok=True)
    return removed


def _said(sidecar: Path) -> bytes:
    """What is in it; nothing where it cannot be read."""
    with contextlib.suppress(OSError):
        return sidecar.read_bytes()
    return b""


def _changed_at(file: Path) -> float:
    with contextlib.suppress(OSError):
        return file.stat().st_mtime
    return 0.0


def _size(file: Path) -> int:
    with contextlib.suppress(OSError):
        return file.stat().st_size
    return 0
