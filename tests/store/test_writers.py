from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from desktop.errors import CannotWrite
from desktop.store.writers import nobody_writing, writing

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no shared locks")

WRITER = """
import sys
from pathlib import Path
from desktop.store.writers import writing
with writing(Path(sys.argv[1])):
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_nobody_writes_at_first(tmp_path: Path) -> None:
    with nobody_writing(tmp_path / "lock") as nobody:
        assert nobody
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_several_may_write_and_a_killed_one_counts_no_more(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", WRITER, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "writing\n"
        with writing(lock), nobody_writing(lock) as nobody:
            assert not nobody
        with nobody_writing(lock) as nobody:
            assert not nobody
        other.kill()
        other.wait()
        with nobody_writing(lock) as nobody:
            assert nobody


def test_a_lock_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(CannotWrite) as raised, writing(tmp_path / "lock"):
        pass
    assert raised.value.path == str(tmp_path / "lock")
