"""The process that draws, as its parent holds it: started when needed, killed when it hangs, ended when idle."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

from desktop.ui.transcript.diagrams.wire import READY, Drawn, Fault, Task, Why, receive_answer, send_task

# As the engine process is started (desktop/engine/process.py): this package from where the parent has it, and nothing
# from the current directory.
_BOOT = (
    "import sys; sys.argv[1] in sys.path or sys.path.insert(0, sys.argv[1]); "
    "from desktop.ui.transcript.diagrams.child import main; main()"
)
COMMAND = (sys.executable, "-P", "-c", _BOOT, str(Path(__file__).parents[4]))

_START_S = 30.0
"""How long it may take to start: a cold disk is slow, and nobody waits for it."""
DRAW_S = 5.0
"""How long one diagram may take."""


class DrawingProcess:
    """A process that draws one diagram after another. `kill` may be called from any thread, the rest from one."""

    def __init__(self, command: Sequence[str] = COMMAND, *, draw_s: float = DRAW_S) -> None:
        self._command = command
        self._draw_s = draw_s
        self._popen: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._is_closed = False

    @property
    def pid(self) -> int:
        """The process's id; 0 while there is none."""
        popen = self._popen
        return popen.pid if popen is not None else 0

    def draw(self, task: Task) -> Drawn | Fault:
        """Have `task` done; waits for it, and starts the process where there is none."""
        slow = threading.Event()
        popen = self._started()
        if popen is None:
            return Fault(Why.CRASH)
        watch = threading.Timer(self._draw_s, self._give_up, (slow,))
        watch.daemon = True
        watch.start()
        try:
            send_task(cast("BinaryIO", popen.stdin), task)
            return receive_answer(cast("BinaryIO", popen.stdout))
        except (OSError, ValueError):
            self.end()
            return Fault(Why.SLOW if slow.is_set() else Why.CRASH)
        finally:
            watch.cancel()

    def end(self) -> None:
        """End the process and reap it. The next diagram starts another."""
        with self._lock:
            popen, self._popen = self._popen, None
        if popen is None:
            return
        popen.kill()
        for pipe in (popen.stdin, popen.stdout):
            with contextlib.suppress(OSError):  # what was not written yet cannot be any more
                cast("BinaryIO", pipe).close()
        popen.wait()

    def close(self) -> None:
        """Kill the process, from any thread; none is started afterwards. Who waits for a diagram gets a fault."""
        with self._lock:
            self._is_closed = True
            if self._popen is not None:
                self._popen.kill()

    def _give_up(self, slow: threading.Event) -> None:
        slow.set()
        with self._lock:
            if self._popen is not None:
                self._popen.kill()

    def _started(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            popen = self._popen
            if popen is not None and popen.poll() is None:
                return popen
        self.end()
        with self._lock:
            if self._is_closed:
                return None
            try:
                popen = self._popen = subprocess.Popen(
                    list(self._command),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    # Ctrl+C in the terminal is for the parent.
                    start_new_session=True,
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except OSError:
                return None
        watch = threading.Timer(_START_S, popen.kill)
        watch.daemon = True
        watch.start()
        ready = cast("BinaryIO", popen.stdout).readline(len(READY))
        watch.cancel()
        if ready != READY:
            self.end()
            return None
        return popen
