"""Where everything of the app lies on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

from desktop.errors import CannotWrite

_APP = "fireside"


@dataclass(frozen=True, slots=True)
class Paths:
    """The app's directories. Nothing is written outside them."""

    data: Path
    """Chats, backups and downloaded models."""
    config: Path
    cache: Path
    logs: Path

    @classmethod
    def default(cls) -> Paths:
        """The per-user directories of this system.

        Raises:
            CannotWrite: the user has no home directory, as in some containers.
        """
        dirs = platformdirs.PlatformDirs(_APP, appauthor=False)
        try:
            return cls(
                data=dirs.user_data_path,
                config=dirs.user_config_path,
                cache=dirs.user_cache_path,
                logs=dirs.user_log_path,
            )
        except RuntimeError as error:
            raise CannotWrite("~") from error

    @classmethod
    def under(cls, directory: Path) -> Paths:
        """Everything below one directory, as `--data-dir` asks for.

        Raises:
            CannotWrite: it begins with `~` and somebody who has no home directory.
        """
        try:
            root = directory.expanduser().absolute()
        except RuntimeError as error:
            raise CannotWrite(str(directory)) from error
        return cls(data=root, config=root / "config", cache=root / "cache", logs=root / "logs")

    def make(self) -> None:
        """Create the directories, readable by their owner alone.

        Raises:
            OSError: one cannot be created.
        """
        for directory in (self.data, self.config, self.cache, self.logs):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def database(self) -> Path:
        """The chats."""
        return self.data / "chats.db"

    @property
    def backups(self) -> Path:
        """Copies of the database from before each migration."""
        return self.data / "backups"

    @property
    def writers(self) -> Path:
        """Locked by every process that writes answers."""
        return self.data / "writers.lock"

    @property
    def models(self) -> Path:
        """Downloaded models."""
        return self.data / "models"

    @property
    def library(self) -> Path:
        """The list of the model files that the user added in place."""
        return self.data / "library.json"

    @property
    def settings(self) -> Path:
        """The user's settings."""
        return self.config / "settings.json"

    @property
    def states(self) -> Path:
        """What models have read of chats, so that they need not read it again."""
        return self.cache / "states"

    @property
    def machine(self) -> Path:
        """What was learned about loading models on this machine."""
        return self.cache / "machine.json"

    @property
    def engine_log(self) -> Path:
        """What the engine process and llama.cpp say."""
        return self.logs / "engine.log"


def resources() -> Path:
    """The directory of the data files that come with the program."""
    here = Path(__file__).parent
    # In the source tree they lie beside `desktop/`; an installed package carries them inside it.
    installed = here / "resources"
    return installed if installed.is_dir() else here.parent / "resources"
