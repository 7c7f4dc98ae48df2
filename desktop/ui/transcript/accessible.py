"""The painted transcript for screen readers: a list, and each message one item of it with its speaker and its text."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget
from typing_extensions import override

from desktop.ui.transcript.canvas import Canvas
from desktop.ui.transcript.words import description

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
    if QAccessible.isActive():
        interface = QAccessible.queryAccessibleInterface(transcript)
        if isinstance(interface, _TranscriptInterface):
            interface.forget()
        QAccessible.updateAccessibility(QAccessibleEvent(transcript, QAccessible.Event.ObjectReorder))


def row_focused(transcript: Canvas, row: int) -> None:
    """The reader has chosen a message."""
    if QAccessible.isActive():
        event = QAccessibleEvent(transcript, QAccessible.Event.Focus)
        event.setChild(row)
        QAccessible.updateAccessibility(event)


def row_finished(transcript: Canvas, row: int) -> None:
    """An answer is complete: say it once, instead of each token."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(transcript, description(transcript.rows[row])))


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

    def forget(self) -> None:
        self._messages.clear()

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

    @override
    def isValid(self) -> bool:
        return self.index < len(self._parent.transcript.rows)

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
        state.focused = self._parent.transcript.focused == self.index
        return state

    @override
    def text(self, t: QAccessible.Text) -> str:
        return description(self._parent.transcript.rows[self.index]) if t is QAccessible.Text.Name else ""

    @override
    def setText(self, t: QAccessible.Text, text: str) -> None:
        """A message is not edited in its place."""

    @override
    def rect(self) -> QRect:
        transcript = self._parent.transcript
        area = transcript.area_of(self.index)
        return QRect(transcript.viewport().mapToGlobal(area.topLeft()), area.size())

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
