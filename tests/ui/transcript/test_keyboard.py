from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QKeyCombination
from PySide6.QtGui import QKeyEvent, QKeySequence

from desktop.chat.message import Message, Role, State
from desktop.ui.transcript import caret, keyboard
from desktop.ui.transcript.row import Row

CHOSEN = Row(Message(1, 1, None, Role.ASSISTANT, State.COMPLETE, "an answer", 0.0), branch=1, branches=3)


@pytest.mark.parametrize("keys", [keys for _, keys in keyboard.listed()])
def test_what_the_sheet_lists_is_what_the_key_does(keys: QKeySequence) -> None:
    first: QKeyCombination = keys[0]  # type: ignore[index]  # PySide's stubs do not know it
    press = QKeyEvent(QEvent.Type.KeyPress, first.key(), first.keyboardModifiers())
    step = caret.step_of(press)
    assert keyboard.meaning(press, CHOSEN) is not None or (step is not None and step[1])
