"""One connection to the SQLite file: how it is opened, how it is written to, and what its failures mean."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from desktop.errors import AppError, CannotWrite, DamagedDatabase, DataInUse, NewerDatabase
from desktop.store.migrations import APPLICATION_ID, MIGRATIONS, Migration

Value = str | int | float | None

_BUSY_TIMEOUT_S = 5.0
"""How long a write waits for the other process's write."""
_BACKUPS_KEPT = 5
_NO_SPACE_BYTES = 1 << 20
"""A disk with less than this is full: SQLite needs some pages for any write."""


class Database:
    """A connection for one thread. Every method raises the AppErrors that `open` names, never a `sqlite3.Error`.

    A failed write changes nothing, and the connection can be used again.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._connection.row_factory = sqlite3.Row

    @classmethod
    def open(cls, path: Path, backups: Path, migrations: Sequence[Migration] = MIGRATIONS) -> Self:
        """Open the database at `path` and bring it to the newest schema; create it if there is none.

        Before an existing database is migrated, it is copied into the directory `backups`.

        Raises:
            NewerDatabase: a newer program wrote it. Nothing is changed.
            DamagedDatabase: it is no database, or not one of this program. Nothing is changed.
            CannotWrite: no permission, a read-only disk, a full disk.
            DataInUse: another process kept it locked for seconds.
        """
        _create_private(path)
        with _as_app_errors(path):
            connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        database = cls(path, connection)
        try:
            version = database._checked_version(len(migrations))
            database._configure()
            if version < len(migrations):
                database._migrate(version, migrations, backups)
            # Only now: a migration may have to rebuild a table that others refer to.
            database.write("PRAGMA foreign_keys = ON")
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Close the connection. The last one also writes the write-ahead log back into the file."""
        with _as_app_errors(self.path):
            self._connection.close()

    def rows(self, sql: str, *values: Value) -> list[sqlite3.Row]:
        """All rows that a query finds."""
        with _as_app_errors(self.path):
            return self._connection.execute(sql, [_storable(value) for value in values]).fetchall()

    def row(self, sql: str, *values: Value) -> sqlite3.Row | None:
        """The first row that a query finds."""
        found = self.rows(sql, *values)
        return found[0] if found else None

    def number(self, sql: str, *values: Value) -> int:
        """The first value of a query that always gives a row, as an integer."""
        return int(self.rows(sql, *values)[0][0])

    def write(self, sql: str, *values: Value) -> int:
        """Run a statement that changes rows; outside a `transaction` it is one of its own.

        Returns:
            How many rows it changed.
        """
        with _as_app_errors(self.path):
            return self._connection.execute(sql, [_storable(value) for value in values]).rowcount

    def insert(self, sql: str, *values: Value) -> int:
        """Run an INSERT of one row.

        Returns:
            The new row's id.
        """
        with _as_app_errors(self.path):
            row_id = self._connection.execute(sql, [_storable(value) for value in values]).lastrowid
        if row_id is None:
            raise ValueError(f"no row was inserted: {sql}")
        return row_id

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside happen, or none. Waits for other writers at the start, so nothing inside can be outrun."""
        self.write("BEGIN IMMEDIATE")
        try:
            yield
            self.write("COMMIT")
        except BaseException:
            # A full disk may have made SQLite roll back by itself.
            if self._connection.in_transaction:
                self.write("ROLLBACK")
            raise

    def rewrite(self) -> bool:
        """Write the file anew, so that nothing is left of what was deleted. Others cannot write meanwhile.

        `secure_delete` overwrites what is deleted, but not the copies that SQLite leaves in the gaps of its pages when
        it moves rows between them.

        Returns:
            Whether the write-ahead log could be emptied too: another process that is just reading still needs it.
        """
        self.write("VACUUM")
        deadline = time.monotonic() + _BUSY_TIMEOUT_S
        # SQLite waits for readers and writers here, but not for another connection's checkpoint.
        while is_busy := self.number("PRAGMA wal_checkpoint(TRUNCATE)"):
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
        return not is_busy

    def copy_to(self, target: Path) -> None:
        """Write a consistent copy to `target`, while others may go on writing here. It is there whole or not at all.

        Raises:
            CannotWrite: `target` cannot be written.
            DamagedDatabase: this database cannot be read.
        """
        part = target.with_name(target.name + ".part")
        with _os_as_app_errors(target):
            part.unlink(missing_ok=True)
        _create_private(part)
        try:
            with _as_app_errors(self.path, written=target):
                copy = sqlite3.connect(part)
                try:
                    self._connection.backup(copy)
                finally:
                    copy.close()
            with _os_as_app_errors(target):
                part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def _checked_version(self, known: int) -> int:
        """The file's schema version: 0 for a new file. Reads only."""
        self.write("BEGIN")  # one state of the file for all three questions: another process may be creating it
        version = self.number("PRAGMA user_version")
        is_empty = self.number("SELECT count(*) FROM sqlite_schema") == 0
        is_ours = self.number("PRAGMA application_id") == APPLICATION_ID
        self.write("COMMIT")
        if is_ours != (version > 0) or is_empty != (version == 0):
            raise DamagedDatabase(str(self.path))
        if version > known:
            raise NewerDatabase(str(self.path), found=version, known=known)
        return version

    def _configure(self) -> None:
        with _os_as_app_errors(self.path):
            mode = self.path.stat().st_mode
            if mode & 0o077:
                self.path.chmod(mode & 0o700)
        for pragma in (
            # Deleted text is overwritten with zeros; nothing of a sort goes to /tmp.
            "PRAGMA secure_delete = ON",
            "PRAGMA temp_store = MEMORY",
            # With a write-ahead log a power cut may take the last second, a crash of the program nothing; the file
            # stays whole in both.
            "PRAGMA synchronous = NORMAL",
        ):
            self.rows(pragma)
        self._use_write_ahead_log()

    def _use_write_ahead_log(self) -> None:
        """Let readers and a writer work without waiting for each other. The file remembers it."""
        deadline = time.monotonic() + _BUSY_TIMEOUT_S
        while True:
            try:
                self.rows("PRAGMA journal_mode = WAL")
            except DataInUse:
                # Here SQLite does not wait by itself when another process creates the same database.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def _migrate(self, version: int, migrations: Sequence[Migration], backups: Path) -> None:
        if version > 0:
            self._back_up(version, backups)
        with self.transaction():
            # Asked again, now that nobody else can write: another process may have migrated meanwhile.
            version = self.number("PRAGMA user_version")
            for migration in migrations[version:]:
                with _as_app_errors(self.path):
                    migration(self._connection)
            self.write(f"PRAGMA user_version = {max(version, len(migrations))}")

    def _back_up(self, version: int, backups: Path) -> None:
        """Copy the database into `backups` and forget all but the newest copies."""
        with _os_as_app_errors(backups):
            backups.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        self.copy_to(backups / f"{self.path.stem}-{now}-schema{version}.db")
        with _os_as_app_errors(backups):
            for old in sorted(backups.glob(f"{self.path.stem}-*-schema*.db"))[:-_BACKUPS_KEPT]:
                old.unlink()


def _create_private(path: Path) -> None:
    """Make sure that there is a file at `path` that may be written. A new one is readable by its owner alone.

    SQLite gives the files beside it (-wal, -shm) the same permissions.
    """
    with _os_as_app_errors(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            # Not opened: POSIX drops a process's locks on a file when any of its descriptors is closed, and without
            # SQLite's lock the next process to leave deletes the write-ahead log under this one, and what it writes.
            # https://www.sqlite.org/howtocorrupt.html, section 2.2
            if not os.access(path, os.R_OK | os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path)) from None


def _storable(value: Value) -> Value:
    """The value, with lone surrogates replaced: a command line's invalid bytes become such, and UTF-8 has none."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value


@contextmanager
def _as_app_errors(path: Path, written: Path | None = None) -> Iterator[None]:
    """Raise SQLite's failures as AppErrors. `written` is the file that is written to, where it is not `path`."""
    try:
        yield
    except sqlite3.Error as error:
        app_error = _app_error(error, path, written or path)
        if app_error is None:
            raise
        raise app_error from error


def _app_error(error: sqlite3.Error, path: Path, written: Path) -> AppError | None:
    """What SQLite's result code (https://sqlite.org/rescode.html) means to the user; None for a bug of ours."""
    # The low byte is the primary code. Errors that Python's module raises by itself have none.
    match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DamagedDatabase(str(path))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return DataInUse(str(path))
        case sqlite3.SQLITE_FULL:
            return CannotWrite(str(written), full=True)
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return CannotWrite(str(written), full=_is_full(written))
        case _:
            return None


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _NO_SPACE_BYTES
    except OSError:
        return False


@contextmanager
def _os_as_app_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotWrite(str(path), full=error.errno in {errno.ENOSPC, errno.EDQUOT}) from error
