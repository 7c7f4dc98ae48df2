"""The engine process as its parent holds it: spawn, send, receive, and tell how it died."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from desktop.engine.wire import Message, Reply, decode, encode
from desktop.errors import CannotWrite, Crash

# The child gets this package from where the parent has it, wherever it is started. -P keeps the current directory and
# PYTHONPATH's oddities of `-m` out: a `numpy.py` beside the user's models must not be imported.
_BOOT = (
    "import sys; sys.argv[1] in sys.path or sys.path.insert(0, sys.argv[1]); "
    "from desktop.engine.llama.__main__ import main; main()"
)
COMMAND = (sys.executable, "-P", "-c", _BOOT, str(Path(__file__).parents[2]))

_LOG_LIMIT_BYTES = 1 << 20
_LINE_LIMIT_BYTES = 128 << 20  # the longest prompt that a template may make, with every character escaped
_CPU_NEEDS = ("avx2", "fma", "f16c", "bmi2")  # what a -DGGML_NATIVE=OFF build uses on x86-64

# What hides the GPUs: from CUDA and ROCm by their number, from Vulkan by hiding the drivers (the second is the older
# name). Metal has no such switch.
_NO_GPUS = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "HIP_VISIBLE_DEVICES": "-1",
    "VK_DRIVER_FILES": os.devnull,
    "VK_ICD_FILENAMES": os.devnull,
}

_SIGNALS = {
    # The user, or the end of the user's session: what it had begun is not to blame.
    "SIGKILL": Crash.KILLED,
    "SIGTERM": Crash.KILLED,
    "SIGINT": Crash.KILLED,
    "SIGHUP": Crash.KILLED,
    "SIGABRT": Crash.ABORTED,
    "SIGILL": Crash.ILLEGAL_INSTRUCTION,
    "SIGSEGV": Crash.MEMORY_FAULT,
    "SIGBUS": Crash.MEMORY_FAULT,
}
# NTSTATUS values: https://learn.microsoft.com/openspecs/windows_protocols/ms-erref/596a1078-e883-4972-9bbc-49e60bebca55
_WINDOWS_CODES = {
    1: Crash.KILLED,  # TerminateProcess as the task manager and Popen.kill call it
    0x40010004: Crash.KILLED,  # DBG_TERMINATE_PROCESS: the user logs off
    0xC000013A: Crash.KILLED,  # STATUS_CONTROL_C_EXIT
    3: Crash.ABORTED,  # abort() of the C runtime
    0xC0000409: Crash.ABORTED,  # STATUS_STACK_BUFFER_OVERRUN: __fastfail, how newer runtimes abort
    0xC000001D: Crash.ILLEGAL_INSTRUCTION,
    0xC0000005: Crash.MEMORY_FAULT,
    0xC0000006: Crash.MEMORY_FAULT,  # STATUS_IN_PAGE_ERROR: a mapped file could not be read
    0xC0000017: Crash.OUT_OF_MEMORY,  # STATUS_NO_MEMORY
    0xC000012D: Crash.OUT_OF_MEMORY,  # STATUS_COMMITMENT_LIMIT
}


class EngineProcess:
    """A running engine process. What it and llama.cpp say goes to the file at `log`.

    `send` and `kill` may be called from any thread, the rest from one. Without `gpus` it does not even look for GPUs:
    a broken driver can end a process that only asks what there is. One that is `eager` leaves other programs nothing.

    Raises:
        OSError: it cannot be started.
        CannotWrite: its log cannot be written.
    """

    def __init__(self, log: Path, command: Sequence[str], *, gpus: bool = True, eager: bool = False) -> None:
        self.kills_before = _out_of_memory_kills()
        self._log = log
        self.eager = eager
        with _open_log(log) as stderr:
            self._log_start = stderr.tell()
            self._popen = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment(eager=eager) | ({} if gpus else _NO_GPUS),
                # Ctrl+C in the terminal is for the parent, which then stops the answer.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        self._stdin = cast("BinaryIO", self._popen.stdin)
        self._stdout = cast("BinaryIO", self._popen.stdout)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._popen.pid

    @property
    def is_dead(self) -> bool:
        """Whether it has ended."""
        return self._popen.poll() is not None

    def send(self, message: Message) -> None:
        """Send `message`. To a dead process it does nothing: `receive` will tell."""
        with contextlib.suppress(OSError, ValueError):  # a broken pipe; a pipe that `end` closed
            self._stdin.write(encode(message))
            self._stdin.flush()

    def receive(self) -> Reply | None:
        """The next reply; waits for it. None once the process is dead, or talks nonsense and was killed for it."""
        line = self._stdout.readline(_LINE_LIMIT_BYTES)
        if line:
            with contextlib.suppress(ValueError):
                message = decode(line)
                if isinstance(message, Reply):
                    return message
            self.kill()
        return None

    def kill(self) -> None:
        """End it at once."""
        self._popen.kill()

    def end(self, patience_s: float = 3.0) -> int:
        """Let it end, by force after `patience_s`, and reap it. Its exit status as `Popen.returncode` has it."""
        with contextlib.suppress(OSError):
            self._stdin.close()  # the child leaves at the end of its stdin
        try:
            status = self._popen.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._popen.wait()
        self._stdout.close()
        return status

    def last_words(self) -> str:
        """The last line that it said, for an error's detail; empty if it said nothing."""
        with contextlib.suppress(OSError), self._log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read(_LOG_LIMIT_BYTES).decode("utf-8", "replace").strip().splitlines()
            return lines[-1] if lines else ""
        return ""


@contextlib.contextmanager
def killed_after(
    limit_s: float, process: EngineProcess | None, on_expired: Callable[[], None]
) -> Iterator[threading.Timer]:
    """Kill `process` if the timer is not cancelled in time, and say so before, in another thread."""

    def expire() -> None:
        on_expired()
        if process is not None:
            process.kill()

    timer = threading.Timer(limit_s, expire)
    timer.name, timer.daemon = "engine's time limit", True
    timer.start()
    try:
        yield timer
    finally:
        timer.cancel()
        timer.join()


def crash_of(process: EngineProcess, status: int) -> Crash:
    """How a process died that ended with `status`."""
    if os.name != "posix":
        return _WINDOWS_CODES.get(status & 0xFFFFFFFF, Crash.UNKNOWN)
    try:
        crash = _SIGNALS.get(signal.Signals(-status).name, Crash.UNKNOWN)
    except ValueError:
        return Crash.UNKNOWN
    if crash is Crash.KILLED and _out_of_memory_kills() > process.kills_before:
        return Crash.OUT_OF_MEMORY
    return crash


def cpu_lacks() -> str:
    """The features of an x86-64 processor that the usual build needs and this one lacks. Linux only, else empty."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return ""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return ""
    return ", ".join(name.upper() for name in _CPU_NEEDS if name not in flags)


def environment(*, eager: bool) -> dict[str, str]:
    """What an engine process is started with, `eager` or polite."""
    environment = dict(os.environ)
    # Would make the binding load another llama.cpp than the one that it was built with.
    environment.pop("LLAMA_CPP_LIB_PATH", None)
    # A failed assertion of ggml would start a debugger on the process before it aborts.
    environment["GGML_NO_BACKTRACE"] = "1"
    # libgomp's threads spin at their barriers. On a busy processor that costs 20 times the speed (the spinning thread
    # holds the core that the awaited one needs), without any spinning an idle one loses a third. libgomp reads this
    # when it is loaded, so it has to be there at the start. Microsoft's OpenMP (Windows) and ggml's own threads (macOS)
    # know no such setting. No nice level: it helped neither the answers nor the window's event loop.
    if not eager:
        environment.setdefault("GOMP_SPINCOUNT", "300")
    return environment


def _open_log(log: Path) -> BinaryIO:
    """The log, for appending; begun anew when it has grown, the old one kept beside it."""
    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            if log.stat().st_size > _LOG_LIMIT_BYTES:
                log.replace(log.with_suffix(".old.log"))
        return open(log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600))
    except OSError as error:
        raise CannotWrite(str(log), full=error.errno == errno.ENOSPC) from error


def _out_of_memory_kills() -> int:
    """How many processes Linux has killed for want of memory since it started; 0 where it does not say."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
