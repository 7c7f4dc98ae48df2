"""What a screen reader finds: a list whose items are the messages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent, QAccessibleStateChangeEvent
from PySide6.QtWidgets import QToolButton

from desktop.chat.message import State
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer, grown, question

Show = Callable[..., Transcript]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[QAccessibleEvent]]:
    """What a screen reader is told, with one that listens."""
    events: list[QAccessibleEvent] = []
    monkeypatch.setattr(QAccessible, "updateAccessibility", events.append)
    QAccessible.setActive(True)
    yield events
    QAccessible.setActive(False)


def test_the_transcript_is_a_list_of_messages(show: Show) -> None:
    failed = answer(2, "Half an", State.INTERRUPTED, row={"model_title": "SmolLM2", "notice": "It stopped."})
    transcript = show([question(1, "Who are you?"), failed])
    interface = QAccessible.queryAccessibleInterface(transcript)
    assert interface.role() == QAccessible.Role.List
    assert interface.text(QAccessible.Text.Name) == "Conversation"
    assert interface.childCount() > 2
    items = [interface.child(index) for index in range(2)]
    assert [item.role() for item in items] == [QAccessible.Role.ListItem] * 2
    assert [item.text(QAccessible.Text.Name).split(", ")[0] for item in items] == ["You", "SmolLM2"]
    assert [item.text(QAccessible.Text.Description) for item in items] == ["Who are you?", "Half an\nIt stopped."]
    assert [interface.indexOfChild(item) for item in items] == [0, 1]
    area = transcript.area_of(1)
    assert items[1].rect().size() == area.size()


def test_other_messages_are_found_after_a_change(show: Show) -> None:
    transcript = show([question(1, "one")])
    interface = QAccessible.queryAccessibleInterface(transcript)
    assert interface.child(0).text(QAccessible.Text.Description) == "one"
    transcript.set_rows([question(2, "two"), question(3, "three")])
    texts = [interface.child(index).text(QAccessible.Text.Description) for index in range(2)]
    assert texts == ["two", "three"]
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


def test_a_message_can_be_read_by_words_and_lines(show: Show) -> None:
    transcript = show([answer(1, "# Tea\n\nIt is **hot**, says [he](https://a.example).")])
    item = QAccessible.queryAccessibleInterface(transcript).child(0)
    text = item.textInterface()
    assert text.text(0, text.characterCount()) == "Tea\nIt is hot, says he."
    # Lines and words Qt finds by itself in the text.
    assert text.text(4, 9) == "It is"
    assert text.characterRect(3).intersects(item.rect())
    assert item.valueInterface() is None


def test_an_answer_is_busy_while_it_is_written(show: Show, told: list[QAccessibleEvent]) -> None:
    row = answer(1, "Tea", State.STREAMING)
    transcript = show([row])
    item = QAccessible.queryAccessibleInterface(transcript).child(0)
    assert item.state().busy
    transcript.update_row(0, grown(row, "Tea.", State.COMPLETE))
    assert not item.state().busy
    changes = [event for event in told if isinstance(event, QAccessibleStateChangeEvent)]
    assert [(change.child(), change.changedStates().busy) for change in changes] == [(0, True)]


def test_finished_sentences_are_announced_each_once(show: Show, told: list[QAccessibleEvent]) -> None:
    row = answer(2, "", State.STREAMING)
    transcript = show([question(1, "Tea?"), row])
    for text in ("Tea is", "Tea is **hot**. M", "Tea is **hot**. Milk is", "Tea is **hot**. Milk is not. Sugar"):
        _update(transcript, 1, grown(row, text))
    assert _announced(told) == ["Tea is hot.", "Milk is not."]
    stopped = grown(row, "Tea is **hot**. Milk is not. Sugar", State.STOPPED)
    _update(transcript, 1, replace(stopped, notice="Stopped by you."))
    assert _announced(told)[2:] == ["Sugar\nStopped by you."]


def test_reasoning_is_named_and_read_out_only_where_it_is_unfolded(show: Show, told: list[QAccessibleEvent]) -> None:
    row = answer(1, "", State.STREAMING, reasoning="First. **Then**")
    transcript = show([row])
    for reasoning in ("First. Then. And", "First. Then. And so. On"):
        _update(transcript, 0, replace(row, message=replace(row.message, reasoning=reasoning)))
    assert _announced(told) == ["Thinking…"]
    done = replace(row.message, text="Tea.", state=State.COMPLETE, reasoning_s=3.0)
    _update(transcript, 0, replace(row, message=done))
    item = QAccessible.queryAccessibleInterface(transcript).child(0)
    assert item.text(QAccessible.Text.Description) == "Thought for 3 s\nTea."
    transcript.column.toggle_reasoning(0)
    assert item.text(QAccessible.Text.Description) == "Thought for 3 s\nFirst. Then\nTea."


def test_a_continued_answer_is_announced_from_where_it_goes_on(show: Show, told: list[QAccessibleEvent]) -> None:
    row = answer(1, "Tea is hot. Milk", State.STREAMING)
    transcript = show([row])
    _update(transcript, 0, grown(row, "Tea is hot. Milk is not. And"))
    assert _announced(told) == ["Milk is not."]


def test_nothing_is_made_ready_for_a_screen_reader_that_is_not_there(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[QAccessibleEvent] = []
    monkeypatch.setattr(QAccessible, "updateAccessibility", events.append)
    row = answer(1, "", State.STREAMING)
    transcript = show([row])
    QAccessible.setActive(False)
    _update(transcript, 0, grown(row, "Tea is hot. Milk is not.", State.COMPLETE))
    assert events == []


def test_a_message_that_is_gone_is_gone_for_the_reader_too(show: Show, told: list[QAccessibleEvent]) -> None:
    transcript = show([question(1, "one")])
    interface = QAccessible.queryAccessibleInterface(transcript)
    identity = QAccessible.uniqueId(interface.child(0))
    assert QAccessible.accessibleInterface(identity) is not None
    transcript.set_rows([question(2, "two")])
    assert QAccessible.accessibleInterface(identity) is None
    assert [event.type() for event in told][-1] == QAccessible.Event.ObjectReorder
    assert interface.child(0).text(QAccessible.Text.Description) == "two"


def test_a_message_tells_when_it_was_said(show: Show) -> None:
    row = answer(1, "Tea.", row={"model_title": "SmolLM2"})
    transcript = show([replace(row, message=replace(row.message, created_at=time.time()))])
    item = QAccessible.queryAccessibleInterface(transcript).child(0)
    clock = time.strftime("%H:%M", time.localtime(transcript.rows[0].message.created_at))
    assert item.text(QAccessible.Text.Name) == f"SmolLM2, {clock}"


def _update(transcript: Transcript, index: int, row: Row) -> None:
    transcript.update_row(index, row)
    transcript._show_late()  # the machine may have been slow


def _announced(events: list[QAccessibleEvent]) -> list[str]:
    return [event.message() for event in events if isinstance(event, QAccessibleAnnouncementEvent)]
