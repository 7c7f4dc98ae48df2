"""Downloads of real processes: killed, two on one file, and on a disk that is full."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from desktop.errors import CannotWrite, DownloadInUse, NoSpace
from desktop.hub import space
from desktop.hub.job import Phase
from desktop.hub.library import Library
from desktop.ui.error_text import one_line
from tests.hub.fetching import BODY, ENDED, FILE, PUBLISHED, REPO, Fetching, listing, unfinished
from tests.hub.hub_server import HubServer
from tests.hub.origin import drop

ROOT = Path(__file__).parents[2]
HALF = len(BODY) // 2


def start(hub: HubServer, folder: Path) -> subprocess.Popen[str]:
    """A process that downloads the usual file."""
    choice = json.dumps(asdict(hub.choice(REPO, FILE)))
    command = [sys.executable, "-m", "tests.hub.download_child", str(folder), hub.endpoint, choice]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def read_until(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    for told in process.stdout:
        if told.strip() == line:
            return
    pytest.fail(f"{line} was never said")


@pytest.fixture
def half_here(hub: HubServer, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has half of the file, and gets no more."""
    hub.cdn.faults.append(drop(HALF, "stall"))
    with start(hub, tmp_path / "models") as process:
        read_until(process, str(HALF))
        yield process
        process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_at_half_it_goes_on_from_there(hub: HubServer, half_here: subprocess.Popen[str], tmp_path: Path) -> None:
    half_here.send_signal(signal.SIGKILL)
    half_here.wait()
    sent = hub.cdn.sent
    fetching = Fetching(hub, tmp_path / "models")
    (found,) = fetching.downloads.list()
    assert (found.phase, found.done_bytes) == (Phase.PAUSED, HALF)
    assert fetching.here() == unfinished(found.id, "0.part")
    assert fetching.resume(found.id).phase is Phase.DONE
    assert fetching.published() == BODY
    # Only the rest was asked for, and sent.
    assert hub.cdn.asked[-1].headers["Range"] == f"bytes={HALF}-"
    assert hub.cdn.sent - sent == len(BODY) - HALF
    fetching.close()


def test_two_processes_do_not_write_one_file(hub: HubServer, half_here: subprocess.Popen[str], tmp_path: Path) -> None:
    fetching = Fetching(hub, tmp_path / "models")
    (found,) = fetching.downloads.list()
    failed = fetching.resume(found.id)
    assert (failed.phase, repr(failed.error)) == (
        Phase.FAILED,
        repr(DownloadInUse(str(tmp_path / "models" / PUBLISHED[-1]))),
    )
    # Nor does one delete what the other writes.
    fetching.downloads.cancel(found.id)
    fetching.close()
    assert listing(tmp_path / "models") == unfinished(found.id, "0.part")
    hub.cdn.release.set()
    read_until(half_here, f"done NoneType {len(BODY)}")
    assert half_here.wait() == 0
    again = Fetching(hub, tmp_path / "models")
    assert again.published() == BODY
    again.close()


_KILLED_AT_THE_END = """
import json, sys, threading
from pathlib import Path
from desktop.hub.downloads import Downloads
from desktop.hub.network import Connection, Network
from desktop.hub.remote import choice_from
def remember(choice):
    print("published", flush=True)
    sys.stdin.read()
downloads = Downloads(Path(sys.argv[1]), Network(Connection(sys.argv[2])), remember=remember)
downloads.add(choice_from(json.loads(sys.argv[3])))
threading.Event().wait()
"""


def test_killed_after_the_end_it_is_remembered_by_the_next(hub: HubServer, tmp_path: Path) -> None:
    choice = hub.choice(REPO, FILE)
    arguments = [str(tmp_path / "models"), hub.endpoint, json.dumps(asdict(choice))]
    command = [sys.executable, "-c", _KILLED_AT_THE_END, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        read_until(process, "published")
        process.kill()
    hub.hub.asked.clear()
    library = Library(tmp_path / "library.json", tmp_path / "models")
    fetching = Fetching(hub, tmp_path / "models", remember=library.record_origin)
    (found,) = fetching.downloads.list()
    assert fetching.until(found.id, *ENDED).phase is Phase.DONE
    assert fetching.published() == BODY
    fetching.close()
    assert [model.origin for model in library.models() if not model.is_starter] == [choice]
    assert hub.hub.asked == []


def test_what_is_not_remembered_is_not_done(hub: HubServer, tmp_path: Path) -> None:
    def remember(_: object) -> None:
        raise CannotWrite("library.json")

    fetching = Fetching(hub, tmp_path / "models", remember=remember)
    failed = fetching.fetch()
    fetching.close()
    assert (failed.phase, type(failed.error)) == (Phase.FAILED, CannotWrite)
    again = Fetching(hub, tmp_path / "models")
    assert again.until(failed.id, *ENDED).phase is Phase.DONE
    assert again.published() == BODY
    again.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"a small disk can be mounted by root alone: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_becomes_full(hub: HubServer, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # So that it is not refused before it begins.
    monkeypatch.setattr(space, "SPARE_BYTES", -10 * len(BODY))
    fetching = Fetching(hub, small_disk / "models")
    paused = fetching.fetch()
    assert paused.phase is Phase.PAUSED
    assert isinstance(paused.error, NoSpace)
    assert paused.error.free_bytes < 8192
    assert 0 < paused.done_bytes < 200_000
    assert fetching.here() == unfinished(paused.id, "0.part")
    here_bytes = (small_disk / "models" / ".downloads" / paused.id / "0.part").stat().st_size
    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
    assert fetching.resume(paused.id).phase is Phase.DONE
    assert hub.cdn.asked[-1].start == here_bytes
    assert fetching.published() == BODY
    fetching.close()


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file of over 200 kB can be written, which is how FAT32 takes one of over 4 GB."""
    resource = pytest.importorskip("resource", reason="Windows has no such limits")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("small_files")
def test_a_disk_for_small_files_alone(fetching: Fetching) -> None:
    paused = fetching.fetch()
    assert paused.phase is Phase.PAUSED
    assert isinstance(paused.error, NoSpace)
    assert paused.error.too_large
    assert "no file that large" in one_line(paused.error)
    assert fetching.here() == unfinished(paused.id, "0.part")


def test_a_disk_that_is_full_from_the_beginning(hub: HubServer, small_disk: Path) -> None:
    fetching = Fetching(hub, small_disk / "models")
    with pytest.raises(NoSpace) as raised:
        fetching.add()
    assert raised.value.needed_bytes == len(BODY) + space.SPARE_BYTES
    assert raised.value.free_bytes <= 200 << 10
    assert listing(small_disk) == []
    assert hub.hub.asked == []
    fetching.close()
