"""What a screen reader finds: a list whose items are the messages."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QToolButton

from desktop.chat.message import State
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer, question

Show = Callable[..., Transcript]


def test_the_transcript_is_a_list_of_messages(show: Show) -> None:
    failed = answer(2, "Half an", State.INTERRUPTED, row={"model_title": "SmolLM2", "notice": "It stopped."})
    transcript = show([question(1, "Who are you?"), failed])
    interface = QAccessible.queryAccessibleInterface(transcript)
    assert interface.role() == QAccessible.Role.List
    assert interface.text(QAccessible.Text.Name) == "Conversation"
    assert interface.childCount() > 2
    items = [interface.child(index) for index in range(2)]
    assert [item.role() for item in items] == [QAccessible.Role.ListItem] * 2
    assert [item.text(QAccessible.Text.Name) for item in items] == [
        "You: Who are you?",
        "SmolLM2: Half an\nIt stopped.",
    ]
    assert [interface.indexOfChild(item) for item in items] == [0, 1]
    area = transcript.area_of(1)
    assert items[1].rect().size() == area.size()


def test_other_messages_are_found_after_a_change(show: Show) -> None:
    transcript = show([question(1, "one")])
    interface = QAccessible.queryAccessibleInterface(transcript)
    assert interface.child(0).text(QAccessible.Text.Name) == "You: one"
    transcript.set_rows([question(2, "two"), question(3, "three")])
    names = [interface.child(index).text(QAccessible.Text.Name) for index in range(2)]
    assert names == ["You: two", "You: three"]
    transcript.focus_row(1)
    assert interface.child(1).state().focused
    assert not interface.child(0).state().focused


def test_every_button_has_a_name_and_a_tooltip(show: Show) -> None:
    transcript = show([question(1, "one")])
    buttons = [*transcript.findChildren(QToolButton)]
    assert len(buttons) > 10
    for button in buttons:
        assert button.objectName()
        assert button.accessibleName()
        assert button.toolTip()
