"""The painted transcript for screen readers: a list, and each message one item of it with its speaker and its text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAccessibleEvent,
    QAccessibleInterface,
    QAccessibleStateChangeEvent,
    QAccessibleTextInterface,
)
from PySide6.QtWidgets import QAccessibleWidget, QWidget
from shiboken6 import VoidPtr, getCppPointer
from typing_extensions import override

from desktop.chat.message import Message, Role, State
from desktop.ui.transcript.canvas import Canvas
from desktop.ui.transcript.place import TEXT
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.speech.announce import Announcer
from desktop.ui.transcript.speech.spoken import spoken_text
from desktop.ui.transcript.text.inline import References
from desktop.ui.transcript.text.markdown import Block, parse, plain
from desktop.ui.transcript.words import name, reasoning_title

_installed = False
_NOTHING = cast("QAccessibleInterface", None)
"""Qt's way to say that there is none; its type stubs do not know it."""


def install() -> None:
    """Make transcripts known to Qt's accessibility, once for the process."""
    global _installed  # noqa: PLW0603  the factory is one of Qt's process-wide lists
    if not _installed:
        QAccessible.installFactory(_make)
        _installed = True


def rows_changed(transcript: Canvas) -> None:
    """There are other messages now."""
    if (interface := _interface(transcript)) is not None:
        interface.forget()
        QAccessible.updateAccessibility(QAccessibleEvent(transcript, QAccessible.Event.ObjectReorder))


def row_focused(transcript: Canvas, row: int) -> None:
    """The reader has chosen a message."""
    if QAccessible.isActive():
        event = QAccessibleEvent(transcript, QAccessible.Event.Focus)
        event.setChild(row)
        QAccessible.updateAccessibility(event)


def row_grows(transcript: Canvas, row: int) -> None:
    """The answer in `row` is about to grow: what it says so far will not be announced."""
    if (interface := _interface(transcript)) is not None:
        interface.follow(row)


def row_grew(transcript: Canvas, row: int) -> None:
    """The answer in `row` has grown or ended, and is shown: say the sentences that are finished now."""
    interface = _interface(transcript)
    if interface is None:
        return
    if words := interface.news(row):
        # Polite: it waits for what is being said.
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(transcript, words))
    if transcript.rows[row].message.state is not State.STREAMING:
        state = QAccessible.State()
        state.busy = True
        event = QAccessibleStateChangeEvent(transcript, state)
        event.setChild(row)
        QAccessible.updateAccessibility(event)


def _interface(transcript: Canvas) -> _TranscriptInterface | None:
    """None where nobody listens."""
    if not QAccessible.isActive():
        return None
    interface = QAccessible.queryAccessibleInterface(transcript)
    return interface if isinstance(interface, _TranscriptInterface) else None


_interfaces: dict[int, QAccessibleInterface] = {}
"""Qt borrows the interfaces; who else would keep them?"""


def _make(key: str, thing: QObject) -> QAccessibleInterface:
    if key != "Transcript" or not isinstance(thing, QWidget):
        return _NOTHING
    interface = _TranscriptInterface(thing)
    identity = id(interface)
    _interfaces[identity] = interface
    thing.destroyed.connect(lambda: _interfaces.pop(identity, None))
    return interface


class _TranscriptInterface(QAccessibleWidget):
    """The list. Its children are the messages, then the widgets that float over them."""

    def __init__(self, transcript: QWidget) -> None:
        super().__init__(transcript, QAccessible.Role.List, transcript.accessibleName())
        self._messages: dict[int, _MessageInterface] = {}
        self._announcers: dict[int, Announcer] = {}
        self._reasoned: set[int] = set()

    def forget(self) -> None:
        """Other messages are shown: a reader that still holds one of the old finds that it is gone."""
        for message in self._messages.values():
            QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(message))
        self._messages.clear()
        shown = {row.message.id for row in self.transcript.rows}
        self._announcers = {key: announcer for key, announcer in self._announcers.items() if key in shown}

    def follow(self, row: int) -> None:
        """Announce what the answer in `row` says from now on."""
        message = self.transcript.rows[row].message
        if message.state is State.STREAMING and message.id not in self._announcers:
            announcer = self._announcers[message.id] = Announcer()
            if message.text:
                announcer.skip(*self._text_of(row))

    def news(self, row: int) -> str:
        """What is to be said of the answer in `row` now."""
        shown = self.transcript.rows[row]
        announcer = self._announcers.get(shown.message.id)
        if announcer is None:
            return ""
        is_done = shown.message.state is not State.STREAMING
        words = announcer.next(*self._text_of(row), is_done=is_done)
        if not is_done:
            return words or self._reasoning(shown.message)
        del self._announcers[shown.message.id]
        return "\n".join(filter(None, (words, shown.notice)))

    def _reasoning(self, message: Message) -> str:
        """That the model has begun to reason, once. What it reasons is not read out."""
        if not message.reasoning or message.text or message.id in self._reasoned:
            return ""
        self._reasoned.add(message.id)
        return reasoning_title(message, is_now=True)

    def _text_of(self, row: int) -> tuple[list[Block], References]:
        flow = self.transcript.column.view(row).flow(TEXT)
        return flow.blocks, flow.references

    @property
    def transcript(self) -> Canvas:
        return cast("Canvas", self.object())

    @override
    def childCount(self) -> int:
        return len(self.transcript.rows) + super().childCount()

    @override
    def child(self, index: int) -> QAccessibleInterface:
        count = len(self.transcript.rows)
        if index >= count:
            return super().child(index - count)
        if index not in self._messages:
            self._messages[index] = _MessageInterface(self, index)
        return self._messages[index]

    @override
    def indexOfChild(self, child: QAccessibleInterface) -> int:
        if isinstance(child, _MessageInterface):
            return child.index
        inner = super().indexOfChild(child)
        return inner + len(self.transcript.rows) if inner >= 0 else -1

    @override
    def focusChild(self) -> QAccessibleInterface:
        focused = self.transcript.focused
        return super().focusChild() if focused is None else self.child(focused)


class _MessageInterface(QAccessibleInterface):
    """One message."""

    def __init__(self, parent: _TranscriptInterface, index: int) -> None:
        super().__init__()
        self.index = index
        self._parent = parent
        self._text = _MessageText(self)

    @property
    def transcript(self) -> Canvas:
        return self._parent.transcript

    @property
    def row(self) -> Row:
        return self.transcript.rows[self.index]

    @override
    def interface_cast(self, type: QAccessible.InterfaceType) -> int:
        # The stubs say int. PySide 6.11 crashes on 0 and on None: it wants an address, also for "none".
        is_text = type is QAccessible.InterfaceType.TextInterface
        return cast("int", VoidPtr(getCppPointer(self._text)[0] if is_text else 0))

    @override
    def isValid(self) -> bool:
        return self.index < len(self.transcript.rows)

    @override
    def object(self) -> QObject:
        return cast("QObject", None)

    @override
    def parent(self) -> QAccessibleInterface:
        return self._parent

    @override
    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    @override
    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        state.focusable = True
        state.focused = self.transcript.focused == self.index
        state.busy = self.row.message.state is State.STREAMING
        state.readOnly = state.multiLine = True
        return state

    @override
    def text(self, t: QAccessible.Text) -> str:
        match t:
            case QAccessible.Text.Name:
                return name(self.row)
            case QAccessible.Text.Description:
                return self._text.content
        return ""

    @override
    def setText(self, t: QAccessible.Text, text: str) -> None:
        """A message is not edited in its place."""

    @override
    def rect(self) -> QRect:
        area = self.transcript.area_of(self.index)
        return QRect(self.transcript.viewport().mapToGlobal(area.topLeft()), area.size())

    @override
    def childCount(self) -> int:
        return 0

    @override
    def child(self, index: int) -> QAccessibleInterface:
        return _NOTHING

    @override
    def childAt(self, x: int, y: int) -> QAccessibleInterface:
        return _NOTHING

    @override
    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1


class _MessageText(QAccessibleTextInterface):
    """The words of one message, to be read by character, word, sentence and line. Nothing in them is marked."""

    def __init__(self, message: _MessageInterface) -> None:
        super().__init__()
        self._message = message
        self._made_from: tuple[Row, bool] | None = None
        self._content = ""

    @property
    def content(self) -> str:
        """As it is spoken; a reader asks for it piece by piece."""
        row = self._message.row
        state = self._message.transcript.column.state_of(row.message.id)
        if (row, bool(state.unfolded)) != self._made_from:
            self._made_from = row, bool(state.unfolded)
            self._content = "\n".join(filter(None, _words(row, with_reasoning=bool(state.unfolded))))
        return self._content

    @override
    def text(self, startOffset: int, endOffset: int) -> str:
        return self.content[startOffset:endOffset]

    @override
    def characterCount(self) -> int:
        return len(self.content)

    @override
    def characterRect(self, offset: int) -> QRect:
        return self._message.rect()

    @override
    def offsetAtPoint(self, point: QPoint) -> int:
        return 0 if self._message.rect().contains(point) else -1

    @override
    def scrollToSubstring(self, startIndex: int, endIndex: int) -> None:
        self._message.transcript.reveal(self._message.index, to_top=False)

    @override
    def cursorPosition(self) -> int:
        return 0

    @override
    def setCursorPosition(self, position: int) -> None:
        """There is no caret for it."""

    @override
    def selectionCount(self) -> int:
        return 0

    @override
    def addSelection(self, startOffset: int, endOffset: int) -> None:
        """What is marked is the reader's with the mouse."""

    @override
    def removeSelection(self, selectionIndex: int) -> None:
        """As above."""

    @override
    def setSelection(self, selectionIndex: int, startOffset: int, endOffset: int) -> None:
        """As above."""


def _words(row: Row, *, with_reasoning: bool) -> Iterator[str]:
    """What can be read of a message, from above."""
    message = row.message
    if message.reasoning:
        yield reasoning_title(message, is_now=message.state is State.STREAMING and not message.text)
        if with_reasoning:
            yield spoken_text(*parse(message.reasoning))
    # A question is shown as it was typed.
    is_plain = message.role is not Role.ASSISTANT
    yield spoken_text(plain(message.text), {}) if is_plain else spoken_text(*parse(message.text))
    yield row.progress
    yield row.notice
