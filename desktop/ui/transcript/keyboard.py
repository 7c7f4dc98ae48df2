"""The keyboard on the transcript. The first press chooses a message; the others work on the chosen one.

Up, Down            the message before, the message behind
Enter, Space        into its actions; or activate the link or button that Tab has chosen
Tab                 its links and buttons, then its actions
C, E, R             copy, edit, answer again
Left, Right         its other versions; Right without any: into its actions
Page Up, Page Down, Home, End   scroll
Ctrl+C, Ctrl+A      copy what is marked, mark all
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractSlider

from desktop.chat.message import Role, State

if TYPE_CHECKING:
    from desktop.ui.transcript.transcript import Transcript

Key = Qt.Key
_SCROLLS = {
    Key.Key_PageUp: QAbstractSlider.SliderAction.SliderPageStepSub,
    Key.Key_PageDown: QAbstractSlider.SliderAction.SliderPageStepAdd,
    Key.Key_Home: QAbstractSlider.SliderAction.SliderToMinimum,
    Key.Key_End: QAbstractSlider.SliderAction.SliderToMaximum,
}


def press(transcript: Transcript, event: QKeyEvent) -> bool:
    """Do what the key means here. False where it means nothing."""
    if event.matches(QKeySequence.StandardKey.Copy):
        transcript.copy()
        return True
    if event.matches(QKeySequence.StandardKey.SelectAll):
        transcript.select_all()
        return True
    key = Key(event.key())
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if key in (Key.Key_Up, Key.Key_Down) and modifiers in (
        Qt.KeyboardModifier.NoModifier,
        Qt.KeyboardModifier.AltModifier,
    ):
        return _choose(transcript, 1 if key == Key.Key_Down else -1)
    if modifiers != Qt.KeyboardModifier.NoModifier:
        return False
    if key in _SCROLLS:
        transcript.verticalScrollBar().triggerAction(_SCROLLS[key])
        return True
    return transcript.focused is not None and _work_on(transcript, transcript.focused, key)


def _choose(transcript: Transcript, step: int) -> bool:
    count = len(transcript.rows)
    if not count:
        return False
    row = transcript.focused
    if row is None or row not in transcript.rows_in_sight():
        transcript.focus_row(transcript.rows_in_sight()[-1 if step < 0 else 0])
    elif 0 <= row + step < count:
        transcript.focus_row(row + step)
    return True


def _work_on(transcript: Transcript, row: int, key: Qt.Key) -> bool:
    shown = transcript.rows[row]
    message = shown.message
    is_done = message.state is not State.STREAMING
    match key:
        case Key.Key_Return | Key.Key_Enter | Key.Key_Space:
            if not transcript.activate_target():
                transcript.focus_actions()
        case Key.Key_Right if shown.branches == 1:
            transcript.focus_actions()
        case Key.Key_Left if shown.branch > 0:
            transcript.branch_requested.emit(message.id, -1)
        case Key.Key_Right if shown.branch + 1 < shown.branches:
            transcript.branch_requested.emit(message.id, 1)
        case Key.Key_C:
            transcript.copy_message(row)
        case Key.Key_E if is_done:
            transcript.edit_requested.emit(message.id)
        case Key.Key_R if is_done and message.role is Role.ASSISTANT:
            transcript.regenerate_requested.emit(message.id)
        case _:
            return False
    return True
