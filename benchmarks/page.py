"""The two that are compared: the transcript, and a plain text field that is given the same text."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QPlainTextEdit
from typing_extensions import override

from desktop.app import _collect_in_main_thread
from desktop.chat.message import Message, Role, State
from desktop.ui import appearance
from desktop.ui.answers import Answer
from desktop.ui.colours import LIGHT, Tokens
from desktop.ui.rows import make_row
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.transcript import Transcript

SIZE = (1000, 700)
BETWEEN = "\n\n"


class Page(ABC):
    """A scroll area that shows texts."""

    area: QAbstractScrollArea

    def __init__(self, application: QApplication) -> None:
        self._application = application
        self._paints = _Paints(self.area.viewport())
        self.area.resize(*SIZE)
        self.area.show()
        self.until_painted(lambda: None)

    @abstractmethod
    def prepare(self, texts: list[str]) -> Callable[[], None]:
        """What opens a chat of these texts: only that is measured."""

    @abstractmethod
    def grow(self, new: str) -> None:
        """The last text goes on with `new`."""

    @abstractmethod
    def end(self) -> None:
        """The last text is complete."""

    @abstractmethod
    def copy_all(self) -> None:
        """Put all text on the clipboard."""

    def until_painted(self, change: Callable[[], None]) -> float:
        """Seconds from `change` to the end of the paint that it asks for."""
        before = self._paints.count
        start = time.perf_counter()
        change()
        while self._paints.count == before:
            self._application.processEvents()
        return time.perf_counter() - start

    def step(self, change: Callable[[], None]) -> float:
        """Seconds that `change` and all that it asks for take."""
        start = time.perf_counter()
        change()
        self._application.processEvents()
        return time.perf_counter() - start

    def wheel(self, notches: int) -> None:
        """Turn the wheel, away from the reader where `notches` is positive."""
        viewport = self.area.viewport()
        middle = QPointF(viewport.rect().center())
        turn = QWheelEvent(
            middle,
            QPointF(viewport.mapToGlobal(middle.toPoint())),
            QPoint(),
            QPoint(0, 120 * notches),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(viewport, turn)

    def wear(self, tokens: Tokens) -> None:
        """Show it in another theme."""
        appearance.apply(self._application, tokens, 1.0)


class Fireside(Page):
    """The transcript, told of messages as the session tells it."""

    def __init__(self, application: QApplication) -> None:
        self.area = self.transcript = Transcript()
        self._writing: Answer | None = None
        super().__init__(application)

    @override
    def prepare(self, texts: list[str]) -> Callable[[], None]:
        rows = [_row(_message(number, text)) for number, text in enumerate(texts)]

        def show() -> None:
            self._writing = None
            self.transcript.set_rows(rows)

        return show

    @override
    def grow(self, new: str) -> None:
        if self._writing is None:
            message = replace(self.transcript.rows[-1].message, state=State.STREAMING)
            self._writing = Answer(message)
        message = self._writing.message
        self._show(self._writing, replace(message, text=message.text + new))

    @override
    def end(self) -> None:
        assert self._writing is not None
        self._show(self._writing, replace(self._writing.message, state=State.COMPLETE))

    def _show(self, writing: Answer, message: Message) -> None:
        writing.message = message
        self.transcript.update_row(message.id, _row(message, writing))

    @override
    def copy_all(self) -> None:
        self.transcript.select_all()
        self.transcript.copy()


class Bare(Page):
    """A plain text field."""

    def __init__(self, application: QApplication) -> None:
        self.area = self._field = QPlainTextEdit()
        self._field.setReadOnly(True)
        super().__init__(application)

    @override
    def prepare(self, texts: list[str]) -> Callable[[], None]:
        text = BETWEEN.join(texts)

        def show() -> None:
            self._field.setPlainText(text)
            self._to_end()

        return show

    @override
    def grow(self, new: str) -> None:
        cursor = QTextCursor(self._field.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(new)
        self._to_end()

    @override
    def end(self) -> None:
        """It shows no difference."""

    @override
    def copy_all(self) -> None:
        self._field.selectAll()
        self._field.copy()

    def _to_end(self) -> None:
        bar = self._field.verticalScrollBar()
        bar.setValue(bar.maximum())


def open_page(kind: str) -> Page:
    """`app` or `bare`, in an application that is dressed and collects as the real one does."""
    application = QApplication(sys.argv[:1])
    appearance.apply(application, LIGHT, 1.0)
    _collect_in_main_thread(application)
    return Fireside(application) if kind == "app" else Bare(application)


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


class _Paints(QObject):
    """Counts how often a widget was painted."""

    def __init__(self, widget: QObject) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            # The filter is asked before the widget paints.
            self.count += 1
        return False


def _message(number: int, text: str) -> Message:
    role = Role.ASSISTANT if number % 2 else Role.USER
    return Message(number, 1, None, role, State.COMPLETE, text, 0.0)


def _row(message: Message, writing: Answer | None = None) -> Row:
    return make_row(message, 0, 1, {}, writing)
