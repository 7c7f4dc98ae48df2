"""Stops a computation in the middle, from another thread."""

from __future__ import annotations

import ctypes
import sys
import threading
from typing import Any

from desktop.engine.llama.library import llama_cpp


class StopSwitch:
    """What `Stop` messages turn on, for the call that they name and no other.

    llama.cpp asks a C function `bool f(void *)` between the nodes of its graph whether to abort. A Python function
    would need the interpreter's lock some hundred times a token. libc's `strlen` is such a function as well: of a
    buffer that holds "" it returns 0, go on; of one that holds "x" it returns 1, abort. Turning the switch writes that
    one byte, and no Python runs in llama.cpp's threads.
    """

    def __init__(self) -> None:
        self._text = ctypes.create_string_buffer(2)
        self._lock = threading.Lock()
        self._running = 0
        self._stopped = 0

    @property
    def callback(self) -> tuple[Any, ctypes.c_void_p]:
        """The function and its data, as `llama_set_abort_callback` takes them. Both live as long as this object."""
        libc = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
        address = ctypes.cast(libc.strlen, ctypes.c_void_p).value
        return llama_cpp.ggml_abort_callback(address), ctypes.cast(self._text, ctypes.c_void_p)

    @property
    def is_on(self) -> bool:
        """Whether the running call is to end."""
        return self._text.raw[0] != 0

    def begin(self, number: int) -> None:
        """The call of that number runs from now on; it may have been stopped before."""
        with self._lock:
            self._running = number
            self._turn(on=self._stopped >= number)

    def stop(self, number: int) -> None:
        """Stop the call of that number, if it runs or when its turn comes."""
        with self._lock:
            self._stopped = max(self._stopped, number)
            if self._running == number:
                self._turn(on=True)

    def end(self) -> None:
        """No call runs."""
        with self._lock:
            self._running = 0
            self._turn(on=False)

    def _turn(self, *, on: bool) -> None:
        self._text[0] = b"x" if on else b"\0"
