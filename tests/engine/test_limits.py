"""Untrusted work is ended, and the process is as before."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress

import pytest

from desktop.engine.llama.limits import OutOfMemory, OutOfTime, run_limited

MEMORY_LIMIT_BYTES = 64 * 1024 * 1024


def never_end() -> None:
    while True:
        with suppress(Exception):  # work that resists
            sum(range(1000))


def take_memory() -> None:
    taken = []
    while True:
        taken.append(bytearray(b"x" * 1024 * 1024))


def test_gives_what_the_work_gives() -> None:
    assert run_limited(lambda: 6 * 7, time_limit_s=60, memory_limit_bytes=MEMORY_LIMIT_BYTES) == 42


def test_raises_what_the_work_raises() -> None:
    with pytest.raises(ValueError, match="one"):
        run_limited(lambda: int("one"), time_limit_s=60, memory_limit_bytes=MEMORY_LIMIT_BYTES)


def test_ends_work_that_takes_too_long() -> None:
    before = threading.active_count()
    with pytest.raises(OutOfTime):
        run_limited(never_end, time_limit_s=0.1, memory_limit_bytes=MEMORY_LIMIT_BYTES)
    assert threading.active_count() == before


@pytest.mark.parametrize("platform", [sys.platform, "none that enforces a limit"])
def test_ends_work_that_takes_too_much_memory(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(OutOfMemory):
        run_limited(take_memory, time_limit_s=60, memory_limit_bytes=MEMORY_LIMIT_BYTES)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the limit")
def test_lifts_the_limit_afterwards() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    limited = run_limited(
        lambda: resource.getrlimit(resource.RLIMIT_AS), time_limit_s=60, memory_limit_bytes=MEMORY_LIMIT_BYTES
    )
    assert limited != before
    assert resource.getrlimit(resource.RLIMIT_AS) == before
