"""Diagrams for the transcript: asked for by source, drawn in another process, kept while there is room."""

from __future__ import annotations

import importlib.util
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from queue import Empty, LifoQueue
from threading import Lock, Thread

from PySide6.QtCore import QBuffer, QByteArray, QObject, Qt, Signal
from PySide6.QtGui import QImage, QImageReader

from desktop.ui import theme
from desktop.ui.colours import DARK, LIGHT
from desktop.ui.transcript.diagrams.look import theme_variables
from desktop.ui.transcript.diagrams.process import COMMAND, DRAW_S, DrawingProcess
from desktop.ui.transcript.diagrams.wire import Drawn, Fault, Task, Why

MAX_SOURCE_CHARS = 20_000
_KEPT_BYTES = 96 << 20
_LEAST_BYTES = 4_000
"""What a picture takes in the cache at least, so that faults do not gather without end."""
_IDLE_S = 60.0
_PATIENCE_S = 15.0
"""How long an export waits for one diagram, with those that are being drawn before it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn diagram, or why there is none. `width` and `height` are in the design's pixels, at zoom 1."""

    image: QImage
    width: float = 0.0
    height: float = 0.0
    svg: str = ""
    fault: Fault | None = None


Key = tuple[str, bool, float]
"""Source, dark or not, device pixels to one of the design."""


class Diagrams(QObject):
    """Draws diagrams in the background. The process that draws is there while there is something to draw.

    Signals:
        drawn(source): another picture of `source` can be had from now on, or why there is none
        _came(key, picture): for its own use
    """

    drawn = Signal(str)
    _came = Signal(object, object)

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        command: Sequence[str] = COMMAND,
        draw_s: float = DRAW_S,
        idle_s: float = _IDLE_S,
    ) -> None:
        super().__init__(parent)
        self._pictures: OrderedDict[Key, Picture] = OrderedDict()
        self._bytes = 0
        self._waiting: set[Key] = set()
        self._desk = _Desk(DrawingProcess(command, draw_s=draw_s), idle_s, self._came.emit)
        self._came.connect(self._on_came, Qt.ConnectionType.QueuedConnection)
        self.destroyed.connect(self._desk.close)

    @property
    def pid(self) -> int:
        """Of the process that draws; 0 while there is none."""
        return self._desk.process.pid

    def picture(self, source: str, dark: bool, scale: float) -> Picture | None:
        """The picture of `source` with `scale` device pixels to one of the design.

        While it is being drawn: the one nearest to it that there is, or None.
        """
        key = (source, dark, round(scale, 2))
        found = self._pictures.get(key)
        if found is not None:
            self._pictures.move_to_end(key)
            return found
        refused = _refused(source)
        if refused is not None:
            return refused
        others = [other for other in self._pictures if other[0] == source]
        nearest = min(others, key=lambda other: (other[1] != dark, abs(other[2] - scale)), default=None)
        if nearest is not None and self._pictures[nearest].fault is not None:
            # Another size or colour does not mend it.
            return self._pictures[nearest]
        if key not in self._waiting:
            self._waiting.add(key)
            self._desk.ask(key)
        return self._pictures[nearest] if nearest is not None else None

    def svg(self, source: str, dark: bool) -> str:
        """A self-contained picture of `source` for a file; empty where there is none. Waits for it, in any thread."""
        found = next((made for key, made in list(self._pictures.items()) if key[:2] == (source, dark)), None)
        return (found or self.wait_for(source, dark, 0.0)).svg

    def wait_for(self, source: str, dark: bool, scale: float) -> Picture:
        """The same as `picture`, once it is drawn: for paper. Without a `scale` only its `svg`."""
        key = (source, dark, round(scale, 2))
        found = self._pictures.get(key) or _refused(source)
        if found is not None:
            return found
        try:
            return self._desk.ask(key).result(_PATIENCE_S)
        except TimeoutError:
            return Picture(QImage(), fault=Fault(Why.SLOW))

    def close(self) -> None:
        """End the process. Nothing is drawn any more."""
        self._desk.close()

    def _on_came(self, key: Key, picture: Picture) -> None:
        self._waiting.discard(key)
        if not key[2]:
            return
        self._pictures[key] = picture
        self._bytes += _size(picture)
        while self._bytes > _KEPT_BYTES and len(self._pictures) > 1:
            self._bytes -= _size(self._pictures.popitem(last=False)[1])
        self.drawn.emit(key[0])


class _Desk:
    """The thread that waits for the process, so that the window does not. Newest first: it is what is in sight."""

    def __init__(self, process: DrawingProcess, idle_s: float, came: Callable[[Key, Picture], object]) -> None:
        self.process = process
        self._idle_s = idle_s
        self._came = came
        self._asked: LifoQueue[tuple[Key, Task, Future[Picture]] | None] = LifoQueue()
        self._thread: Thread | None = None
        self._lock = Lock()
        self._is_closed = False

    def ask(self, key: Key) -> Future[Picture]:
        """Have a picture made."""
        future: Future[Picture] = Future()
        source, dark, scale = key
        with self._lock:
            if self._is_closed:
                future.set_result(Picture(QImage(), fault=Fault(Why.CRASH)))
                return future
            self._asked.put((key, _task(source, scale, dark=dark), future))
            if self._thread is None:
                self._thread = Thread(target=self._run, name="diagrams", daemon=True)
                self._thread.start()
        return future

    def close(self, _: object = None) -> None:
        """Draw nothing any more, and wait until the process has ended."""
        with self._lock:
            self._is_closed = True
            thread = self._thread
        self.process.close()
        self._asked.put(None)
        if thread is not None:
            thread.join(2.0)

    def _run(self) -> None:
        while True:
            try:
                asked = self._asked.get(timeout=self._idle_s if self.process.pid else None)
            except Empty:
                self.process.end()
                continue
            if asked is None or self._is_closed:
                break
            key, task, future = asked
            picture = _picture(self.process.draw(task))
            future.set_result(picture)
            with self._lock:
                # The receiver lives until `close` has been called, which waits for the lock.
                if not self._is_closed:
                    with suppress(RuntimeError):  # the program ends, and Qt's objects went first
                        self._came(key, picture)
        self.process.end()


def _picture(answer: Drawn | Fault) -> Picture:
    if isinstance(answer, Fault):
        return Picture(QImage(), fault=answer)
    # Decoded here: a large picture takes longer than a frame. As PNG and as nothing else, whatever was sent.
    buffer = QBuffer()
    buffer.setData(answer.png)
    image = QImageReader(buffer, QByteArray(b"png")).read() if answer.png else QImage()
    return Picture(image, answer.width, answer.height, answer.svg)


def _task(source: str, scale: float, *, dark: bool) -> Task:
    tokens = DARK if dark else LIGHT
    families = theme.ui_font(1.0).families()
    return Task(source, scale, theme_variables(tokens), tokens.code, (LIGHT.text, DARK.text), families)


def _size(picture: Picture) -> int:
    return picture.image.sizeInBytes() + 2 * len(picture.svg) + _LEAST_BYTES


def _refused(source: str) -> Picture | None:
    """What is not even tried."""
    if not _can_draw():
        return Picture(QImage(), fault=Fault(Why.MISSING))
    return Picture(QImage(), fault=Fault(Why.LARGE)) if len(source) > MAX_SOURCE_CHARS else None


@cache
def _can_draw() -> bool:
    """Whether the library is there: it is not made for every system."""
    return importlib.util.find_spec("merman") is not None
