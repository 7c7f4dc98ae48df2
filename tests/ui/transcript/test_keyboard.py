from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from desktop.chat.message import Message, Role, State
from desktop.ui.transcript import keyboard
from desktop.ui.transcript.row import Row

CHOSEN = Row(Message(1, 1, None, Role.ASSISTANT, State.COMPLETE, "an answer", 0.0), branch=1, branches=3)


@pytest.mark.parametrize("key", [key for _, key in keyboard.listed()])
def test_what_the_sheet_lists_is_what_the_key_does(key: Qt.Key) -> None:
    press = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)
    assert keyboard.meaning(press, CHOSEN) is not None
