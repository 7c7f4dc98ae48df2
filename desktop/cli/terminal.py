"""What a command writes: results to stdout, everything about them to stderr."""

from __future__ import annotations

import io
import json
import re
import shutil
import unicodedata
from typing import Any, TextIO

from desktop.errors import AppError
from desktop.packed_errors import pack
from desktop.ui.error_text import one_line

# Control characters of a chat or a model could move the cursor, or make the terminal answer with commands; the last
# ones show what follows backwards, up to the end of the line ("gpj.exe").
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LINE_BREAKS = re.compile(r"[\n\u2028\u2029]+")


class Terminal:
    """Two streams, in UTF-8 whatever the locale is, and a line on stderr that says what is going on."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        for stream in (out, err):
            if isinstance(stream, io.TextIOWrapper):
                # Lone surrogates (a file name of another encoding) are shown, not raised.
                stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
        self._out = out
        self._err = err
        self._shows_progress = False
        self.as_json = False

    def write(self, text: str) -> None:
        """Write `text` to stdout now. What could steer a terminal is left out if it goes to one."""
        self._clear()
        self._out.write(_CONTROL.sub("", text) if self._out.isatty() else text)
        self._out.flush()

    def line(self, text: str) -> None:
        """Write a line to stdout."""
        self.write(text + "\n")

    def data(self, value: Any, *, indent: int | None = None) -> None:
        """Write `value` to stdout as JSON, by default on one line."""
        self._clear()
        text = json.dumps(value, ensure_ascii=False, indent=indent)
        self._out.write(_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")
        self._out.flush()

    def tell(self, text: str) -> None:
        """Write a line to stderr."""
        self._clear()
        self._err.write(_CONTROL.sub("", _LINE_BREAKS.sub(" ", text)) + "\n")
        self._err.flush()

    def error(self, error: AppError, **facts: object) -> None:
        """Tell an error in words; for machines also as an object of type `error`, with `facts`."""
        sentence = one_line(error)
        if self.as_json:
            self.data({"type": "error", "error": pack(error), "message": sentence, **facts})
        self.tell(sentence)

    def progress(self, text: str) -> None:
        """Show on a terminal what is going on, in place of what was shown before; elsewhere nothing."""
        if self.as_json or not self._err.isatty():
            return
        self._clear()
        self._err.write(_fitted(_CONTROL.sub("", _LINE_BREAKS.sub(" ", text)), shutil.get_terminal_size().columns - 1))
        self._err.flush()
        self._shows_progress = True

    def _clear(self) -> None:
        if self._shows_progress:
            self._shows_progress = False
            self._err.write("\r\x1b[K")
            self._err.flush()


def _fitted(text: str, columns: int) -> str:
    """As much of `text` as stands on one line of `columns`: a Chinese character takes two."""
    for at, letter in enumerate(text):
        columns -= 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if columns < 0:
            return text[:at]
    return text
