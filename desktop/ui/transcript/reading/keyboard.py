"""What keys mean on the transcript. The first press chooses a message; the others work on the chosen one.

Up, Down            the message before, the message behind
Enter, Space        into its actions; or activate the link or button that Tab has chosen
Tab                 its links and buttons, then its actions
C, E, R, T, V       copy, edit, answer again, try several answers, compare the answers
Left, Right         its other versions; Right without any: into its actions
Page Up, Page Down, Space, Home, End   scroll; Ctrl+Home and Ctrl+End do the same
Ctrl+C, Ctrl+Alt+C  copy what is marked: as it is shown, as Markdown
Ctrl+A              mark all
F7                  show the caret, which the arrows move then; so does Shift with any key that moves (`caret`)
"""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from desktop.chat.message import Role, State
from desktop.ui.i18n import tr
from desktop.ui.transcript.row import Row


class Press(Enum):
    """What a key means. From ACTIVATE on it is meant for the chosen message."""

    COPY = auto()
    COPY_MARKDOWN = auto()
    CARET = auto()
    SELECT_ALL = auto()
    PREVIOUS_MESSAGE = auto()
    NEXT_MESSAGE = auto()
    PAGE_UP = auto()
    PAGE_DOWN = auto()
    START = auto()
    END = auto()
    ACTIVATE = auto()
    ACTIONS = auto()
    PREVIOUS_BRANCH = auto()
    NEXT_BRANCH = auto()
    COPY_MESSAGE = auto()
    EDIT = auto()
    REGENERATE = auto()
    SEVERAL = auto()
    COMPARE = auto()


Key = Qt.Key
_ALWAYS = {
    Key.Key_Up: Press.PREVIOUS_MESSAGE,
    Key.Key_Down: Press.NEXT_MESSAGE,
    Key.Key_PageUp: Press.PAGE_UP,
    Key.Key_PageDown: Press.PAGE_DOWN,
    Key.Key_Home: Press.START,
    Key.Key_End: Press.END,
    Key.Key_F7: Press.CARET,
}
_COPY_MARKDOWN = QKeyCombination(Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier, Key.Key_C)
_COMBINED = {
    _COPY_MARKDOWN: Press.COPY_MARKDOWN,
    QKeyCombination(Qt.KeyboardModifier.ControlModifier, Key.Key_Home): Press.START,
    QKeyCombination(Qt.KeyboardModifier.ControlModifier, Key.Key_End): Press.END,
    QKeyCombination(Qt.KeyboardModifier.ShiftModifier, Key.Key_Space): Press.PAGE_UP,
}


def meaning(event: QKeyEvent, chosen: Row | None) -> Press | None:
    """What the key means while the message `chosen` is chosen. None: nothing."""
    if event.matches(QKeySequence.StandardKey.Copy):
        return Press.COPY
    if event.matches(QKeySequence.StandardKey.SelectAll):
        return Press.SELECT_ALL
    key = Key(event.key())
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if modifiers != Qt.KeyboardModifier.NoModifier:
        return _COMBINED.get(QKeyCombination(modifiers, key))
    if key in _ALWAYS:
        return _ALWAYS[key]
    if chosen is None:
        return Press.PAGE_DOWN if key == Key.Key_Space else None
    return _on_message(key, chosen)


def listed() -> list[tuple[str, QKeySequence]]:
    """What the keys do, worded, for the sheet of shortcuts. Those "on a message" need a chosen one."""
    control = Qt.KeyboardModifier.ControlModifier
    keys: list[tuple[str, Qt.Key | QKeyCombination]] = [
        (tr("In the conversation: the message before"), Key.Key_Up),
        (tr("In the conversation: the message behind"), Key.Key_Down),
        (tr("On a message: its links and actions"), Key.Key_Return),
        (tr("On a message: copy it"), Key.Key_C),
        (tr("On a message: edit it"), Key.Key_E),
        (tr("On an answer: answer again"), Key.Key_R),
        (tr("On a message: try several answers"), Key.Key_T),
        (tr("On a message: compare the answers"), Key.Key_V),
        (tr("On a message: its previous version"), Key.Key_Left),
        (tr("On a message: its next version"), Key.Key_Right),
        (tr("In the conversation: to the beginning"), Key.Key_Home),
        (tr("In the conversation: to the end"), Key.Key_End),
        (tr("In the conversation: show the caret"), Key.Key_F7),
        (tr("In the conversation: mark text"), QKeyCombination(Qt.KeyboardModifier.ShiftModifier, Key.Key_Right)),
        (tr("In the conversation: mark all"), QKeyCombination(control, Key.Key_A)),
        (tr("In the conversation: copy what is marked"), QKeyCombination(control, Key.Key_C)),
        (tr("In the conversation: copy as Markdown"), _COPY_MARKDOWN),
    ]
    return [(words, QKeySequence(key)) for words, key in keys]


def _on_message(key: Qt.Key, row: Row) -> Press | None:
    is_done = row.message.state is not State.STREAMING
    is_answer = row.message.role is Role.ASSISTANT
    forward = Press.NEXT_BRANCH if row.branch + 1 < row.branches else None
    meanings = {
        Key.Key_Return: Press.ACTIVATE,
        Key.Key_Enter: Press.ACTIVATE,
        Key.Key_Space: Press.ACTIVATE,
        Key.Key_Left: Press.PREVIOUS_BRANCH if row.branch > 0 else None,
        Key.Key_Right: Press.ACTIONS if row.branches == 1 else forward,
        Key.Key_C: Press.COPY_MESSAGE,
        Key.Key_E: Press.EDIT if is_done else None,
        Key.Key_R: Press.REGENERATE if is_done and is_answer else None,
        Key.Key_T: Press.SEVERAL if is_done else None,
        Key.Key_V: Press.COMPARE,
    }
    return meanings.get(key)
