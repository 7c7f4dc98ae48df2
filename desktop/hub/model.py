"""A model on this disk: its files, what they say, where they came from, and how the user wants it loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from desktop.errors import BadModelFile, Flaw, ModelError, NoSuchModel
from desktop.hub.fit import Wishes
from desktop.hub.header import Header
from desktop.hub.remote import Choice

STARTER = "starter"
"""The starter model's name."""


class Source(StrEnum):
    """How a model came into the library."""

    STARTER = "starter"
    """It came with the program."""
    ADDED = "added"
    """The user added it; its files stay where they are."""
    DOWNLOADED = "downloaded"
    """Its files lie in the app's own folder of models."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be chosen by its `name`, which is unique and short enough to be typed."""

    name: str
    title: str
    path: Path
    """The file that is loaded: the first shard of several."""
    size_bytes: int
    """Of all that is there of its files and its companion together."""
    source: Source = Source.ADDED
    header: Header | None = None
    """None where none can be read."""
    missing: bool = False
    """The file at `path` is gone, or its disk is not connected."""
    flaw: Flaw | None = None
    """What is wrong with its files, where they are there."""
    flaw_detail: str = ""
    files: tuple[Path, ...] = ()
    """All shards in order, those that are not there included."""
    companion: Path | None = None
    """The vision projector (mmproj) that goes with it."""
    companion_bytes: int = 0
    origin: Choice | None = None
    """Where it was downloaded from; None if that is not known."""
    last_used_at: float | None = None
    """When it answered last, in seconds since the epoch."""
    loading: Wishes = field(default_factory=Wishes)
    """What the user wants otherwise than the settings for all models."""

    @property
    def is_starter(self) -> bool:
        """Whether it came with the program."""
        return self.source is Source.STARTER

    @property
    def is_base(self) -> bool:
        """A base model has no chat template: it continues a text and answers nothing."""
        return self.header is not None and self.header.chat_template is None

    @property
    def is_usable(self) -> bool:
        """Whether all that has to be there is there."""
        return self.problem is None

    @property
    def problem(self) -> ModelError | None:
        """Why it cannot be used, as an error that can be worded."""
        if self.missing:
            return NoSuchModel(str(self.path))
        return BadModelFile(str(self.path), self.flaw, self.flaw_detail) if self.flaw is not None else None

    @property
    def licence(self) -> str | None:
        """The short name of its licence, as its header says."""
        return self.header.licence if self.header is not None else None


class Verified(StrEnum):
    """What came of comparing a model's files with what they should be."""

    AS_ON_HUB = "as_on_hub"
    """Every byte is what the hub has."""
    AS_RECORDED = "as_recorded"
    """Nothing has changed since it was verified for the first time."""
    RECORDED = "recorded"
    """There was nothing to compare with; from now on there is."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A model that another program keeps, and that can be added in place."""

    program: str
    """Such as "Ollama"."""
    title: str
    """What it is called there, such as "qwen3:8b"."""
    path: Path
    size_bytes: int
    companion: Path | None = None
