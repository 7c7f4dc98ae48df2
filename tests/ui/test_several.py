"""Several answers tried at once: what is shown, and what is on the disk."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QMenu, QToolButton
from pytestqt.qtbot import QtBot

from desktop.chat.message import FinishReason, Sampling, State
from desktop.errors import Crash, EngineCrashed
from desktop.ui.main_window import MainWindow
from desktop.ui.transcript.transcript import Transcript
from tests.ui.conftest import Desk

Sit = Callable[..., Desk]
Open = Callable[[Desk], MainWindow]
CRASH = EngineCrashed(Crash.KILLED, during="decode")


def answers_on_disk(folder: Path) -> list[tuple[str, str]]:
    """The state and the text of each answer, as another program sees them right now."""
    with sqlite3.connect(folder / "chats.db") as database:
        rows = database.execute("SELECT state, text FROM messages WHERE role = 'assistant' ORDER BY id").fetchall()
    database.close()
    return rows


def versions(desk: Desk) -> list[str]:
    """The texts of the shown answer and of those behind it, as one goes through them; the first is shown again."""
    texts = [desk.texts()[1]]
    while desk.session.rows[1].branch + 1 < desk.session.rows[1].branches:
        desk.session.select_branch(desk.session.rows[1].message.id, 1)
        texts.append(desk.texts()[1])
    desk.session.select_branch(desk.session.rows[1].message.id, 1 - len(texts))
    return texts


def try_several(desk: Desk, count: int) -> None:
    """Ask, wait for the one answer, and try several."""
    desk.session.send("Who is there?")
    desk.settle()
    assert desk.session.try_several(desk.session.rows[1].message.id, count)


def test_several_answers_stand_beside_the_old_one(sit: Sit, tmp_path: Path) -> None:
    desk = sit("Nobody.", "The cat.", "The wind in the chimney.", "Me.")
    desk.session.set_sampling(Sampling(seed=7))
    try_several(desk, 3)
    assert [row.branches for row in desk.session.rows] == [1, 4]
    assert desk.session.rows[1].branch == 1
    desk.settle()
    assert answers_on_disk(tmp_path) == [
        ("complete", "Nobody."),
        ("complete", "The cat."),
        ("complete", "The wind in the chimney."),
        ("complete", "Me."),
    ]
    assert versions(desk) == ["The cat.", "The wind in the chimney.", "Me."]
    assert [request.n_answers for request in desk.engine.requests] == [1, 3]
    made = [desk.store.message(each) for each in desk.store.siblings(desk.session.rows[1].message.id)[1:]]
    assert [each.sampling.seed for each in made if each.sampling] == [7, 8, 9]
    assert [each.statistics.generated_tokens for each in made if each.statistics] == [2, 5, 1]


def test_a_question_is_answered_severally_from_itself_too(sit: Sit) -> None:
    desk = sit("one", "two", "three")
    desk.session.send("Count")
    desk.settle()
    desk.session.try_several(desk.session.rows[0].message.id, 2)
    desk.settle()
    assert versions(desk) == ["two", "three"]


def test_all_grow_at_once_whichever_is_shown_and_stop_keeps_the_text_of_each(sit: Sit, tmp_path: Path) -> None:
    gate = threading.Event()
    texts = ["The fire says,", "The kettle says,", "The clock says,"]
    desk = sit("Nobody.", *([text, gate, " and on", threading.Event(), " for ever"] for text in texts))
    try_several(desk, 3)
    desk.bot.waitUntil(lambda: answers_on_disk(tmp_path)[1:] == [("streaming", text) for text in texts])
    assert versions(desk) == texts
    assert desk.session.answering_chats() == {desk.session.shown.id}
    desk.session.select_branch(desk.session.rows[1].message.id, 2)
    assert not desk.session.try_several(desk.session.rows[1].message.id, 2)
    assert not desk.session.regenerate(desk.session.rows[1].message.id)
    gate.set()
    desk.bot.waitUntil(lambda: desk.texts()[1] == "The clock says, and on")
    desk.session.stop()
    desk.settle()
    assert not desk.session.answering
    assert desk.session.rows[1].message.state is State.STOPPED
    assert [state for state, _ in answers_on_disk(tmp_path)[1:]] == ["stopped"] * 3
    assert [text.startswith(begin) for (_, text), begin in zip(answers_on_disk(tmp_path)[1:], texts, strict=True)]


def test_who_is_done_first_is_done_while_the_others_go_on(sit: Sit, tmp_path: Path) -> None:
    gate = threading.Event()
    desk = sit("Nobody.", "Done.", ["Still", gate, " at it."])
    try_several(desk, 2)
    desk.bot.waitUntil(lambda: desk.session.rows[1].message.state is State.COMPLETE)
    assert desk.session.rows[1].message.statistics is not None
    assert answers_on_disk(tmp_path)[1] == ("complete", "Done.")
    assert desk.session.answering
    gate.set()
    desk.settle()
    assert answers_on_disk(tmp_path)[2] == ("complete", "Still at it.")
    assert desk.store.message(desk.session.rows[1].message.id).finish is FinishReason.END


def test_an_error_ends_each_by_its_own_text(sit: Sit, tmp_path: Path) -> None:
    desk = sit("Nobody.", "Done.", "Half of it.", [CRASH])
    desk.session.send("Who is there?")
    desk.settle()
    desk.session.try_several(desk.session.rows[0].message.id, 3)
    desk.settle()
    assert answers_on_disk(tmp_path)[1:] == [("interrupted", "Done."), ("interrupted", "Half"), ("failed", "")]
    assert desk.session.rows[1].can_retry
    assert desk.session.rows[1].notice
    desk.session.select_branch(desk.session.rows[1].message.id, 2)
    assert desk.session.retry(desk.session.rows[1].message.id)
    desk.settle()
    assert answers_on_disk(tmp_path)[1:] == [("interrupted", "Done."), ("interrupted", "Half"), ("complete", "Nobody.")]


def test_what_cannot_all_be_put_on_the_disk_is_not_begun(sit: Sit, tmp_path: Path) -> None:
    desk = sit("Nobody.")
    desk.session.send("Who is there?")
    desk.settle()
    pages = desk.store._database.number("PRAGMA page_count")
    desk.store._database.number(f"PRAGMA max_page_count = {pages}")
    with desk.bot.waitSignal(desk.session.failed):
        while desk.session.try_several(desk.session.rows[0].message.id, 5):
            desk.settle()
    desk.store._database.number("PRAGMA max_page_count = 1000000")
    assert (len(answers_on_disk(tmp_path)) - 1) % 5 == 0
    assert not desk.session.answering


def test_where_all_would_be_the_same_the_usual_temperature_is_taken(sit: Sit, window_on: Open, qtbot: QtBot) -> None:
    desk = sit("Nobody.", "You.", "Me.")
    window = window_on(desk)
    desk.session.set_sampling(Sampling(temperature=0.0))
    desk.session.send("Who is there?")
    desk.settle()
    transcript = window.findChild(Transcript)
    assert transcript is not None
    transcript.several_requested.emit(desk.session.rows[1].message.id, 2)
    toast = window.findChild(QFrame, "toast")
    assert toast is not None
    qtbot.waitUntil(toast.isVisible)
    assert any("Temperature 0" in label.text() and "0.7" in label.text() for label in toast.findChildren(QLabel))
    desk.settle()
    used = desk.session.rows[1].message.sampling
    assert used is not None
    assert used.temperature == 0.7
    assert desk.session.sampling.temperature == 0.0
    desk.session.regenerate(desk.session.rows[1].message.id)
    desk.settle()
    assert desk.engine.requests[-1].sampling.temperature == 0.0


def test_the_keyboard_alone_tries_several_and_goes_through_them(sit: Sit, window_on: Open, qtbot: QtBot) -> None:
    desk = sit("Nobody.", *(f"Number {number}." for number in range(1, 9)))
    window = window_on(desk)
    desk.session.send("Who is there?")
    desk.settle()
    transcript = window.findChild(Transcript)
    assert transcript is not None
    transcript.focus_last()
    QTest.keyClick(transcript, Qt.Key.Key_T)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert [action.text() for action in menu.actions()] == ["&2 answers", "&3 answers", "&4 answers", "&5 answers"]
    QTest.keyClick(menu, Qt.Key.Key_4)
    qtbot.waitUntil(lambda: desk.session.rows[1].branches == 5)
    desk.settle()
    assert desk.texts()[1] == "Number 1."
    # Without a window manager nobody makes the window active again when a menu has closed.
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(transcript, Qt.Key.Key_Right)
    assert desk.texts()[1] == "Number 2."
    QTest.keyClick(transcript, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: desk.session.rows[1].branches == 8)
    desk.settle()
    assert desk.texts()[1] == "Number 5."


def test_in_the_menu_of_a_message_it_can_be_looked_at_twice(sit: Sit, window_on: Open) -> None:
    desk = sit("Nobody.", "You.", "Me.")
    window = window_on(desk)
    desk.session.send("Who is there?")
    desk.settle()
    transcript = window.findChild(Transcript)
    assert transcript is not None
    menu = transcript.menu_at(transcript.area_of(1).center())
    menu.popup(transcript.mapToGlobal(QPoint(0, 0)))
    several = menu.findChild(QMenu, "severalMenu")
    assert several is not None
    for _ in range(2):
        assert several.menuAction() in menu.actions()
        several.popup(menu.mapToGlobal(QPoint(0, 0)))
        several.hide()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    several.actions()[0].trigger()
    menu.close()
    desk.settle()
    assert versions(desk) == ["You.", "Me."]


def test_the_menu_opens_below_the_button_for_the_key_too(sit: Sit, window_on: Open) -> None:
    desk = sit("Nobody.")
    window = window_on(desk)
    desk.session.send("Who is there?")
    desk.settle()
    transcript = window.findChild(Transcript)
    assert transcript is not None
    transcript.focus_last()
    QTest.keyClick(transcript, Qt.Key.Key_Up)
    QTest.keyClick(transcript, Qt.Key.Key_T)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    # A question stands at the right, and so does what can be done with it.
    assert menu.x() > transcript.mapToGlobal(transcript.rect().center()).x()
    menu.close()


def test_the_button_asks_how_many(sit: Sit, window_on: Open) -> None:
    desk = sit("Nobody.", "You.", "Me.")
    window = window_on(desk)
    desk.session.send("Who is there?")
    desk.settle()
    transcript = window.findChild(Transcript)
    assert transcript is not None
    QTest.mouseMove(transcript.viewport(), transcript.area_of(1).center())
    button = next(each for each in transcript.findChildren(QToolButton, "trySeveral") if each.isVisible())
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    menu.actions()[0].trigger()
    menu.close()
    desk.settle()
    assert versions(desk) == ["You.", "Me."]


def test_what_cannot_be_done_while_the_chat_is_answered_is_told(sit: Sit, window_on: Open) -> None:
    gate = threading.Event()
    desk = sit("Nobody.", [gate, "You."])
    window = window_on(desk)
    desk.session.send("Who is there?")
    desk.settle()
    desk.session.send("And now?")
    transcript = window.findChild(Transcript)
    toast = window.findChild(QFrame, "toast")
    assert transcript is not None
    assert toast is not None
    for ask in (
        lambda: transcript.regenerate_requested.emit(desk.session.rows[1].message.id),
        lambda: transcript.several_requested.emit(desk.session.rows[0].message.id, 3),
        lambda: desk.session.edit(desk.session.rows[0].message.id, "Where is it?"),
        lambda: desk.session.send("What?"),
    ):
        toast.hide()
        ask()
        assert toast.isVisible()
        assert any("still being answered" in label.text() for label in toast.findChildren(QLabel))
    assert [row.branches for row in desk.session.rows] == [1, 1, 1, 1]
    gate.set()
    desk.settle()
    toast.hide()
    transcript.regenerate_requested.emit(desk.session.rows[1].message.id)
    assert not toast.isVisible()
    desk.settle()


def test_what_works_in_the_chat_only_is_said_no_longer_than_answers_are_compared(sit: Sit, window_on: Open) -> None:
    desk = sit("Nobody.", "The wind.")
    window = window_on(desk)
    desk.session.send("Who is there?")
    desk.settle()
    desk.session.try_several(desk.session.rows[1].message.id, 1)
    desk.settle()
    transcript = window.findChild(Transcript)
    toast = window.findChild(QFrame, "toast")
    assert transcript is not None
    assert toast is not None
    transcript.compare_requested.emit(desk.session.rows[1].message.id)
    window.actions_.find.trigger()
    assert toast.isVisible()
    window.actions_.new_chat.trigger()
    assert not toast.isVisible()
