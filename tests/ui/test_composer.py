"""The composer: what Enter does, what Send waits for, how an edit puts the draft aside."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QMimeData, Qt, QUrl
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QPlainTextEdit, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.chat.message import Overflow
from desktop.ui.composer import Composer
from desktop.ui.context_words import ContextUse, Way
from desktop.ui.i18n import choose_language

FULL = (Way(Overflow.DROP, 3), Way(Overflow.SUMMARISE, 3, read_tokens=900, wait_s=40.0), Way(Overflow.STOP, 3))


@pytest.fixture
def composer(qtbot: QtBot) -> Composer:
    made = Composer()
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.set_model(has_model=True)
    made.show()
    made.focus()
    return made


def _field(composer: Composer) -> QPlainTextEdit:
    field = composer.findChild(QPlainTextEdit, "composer")
    assert field is not None
    return field


def _button(composer: Composer, name: str) -> QToolButton:
    button = composer.findChild(QToolButton, name)
    assert button is not None
    return button


def _said(composer: Composer) -> list[str]:
    return [label.text() for label in composer.findChildren(QLabel) if label.isVisible()]


def test_enter_submits_and_keeps_the_text(composer: Composer, qtbot: QtBot) -> None:
    QTest.keyClicks(_field(composer), "Hello")
    with qtbot.waitSignal(composer.submitted) as submitted:
        QTest.keyClick(_field(composer), Qt.Key.Key_Return)
    assert submitted.args == ["Hello"]
    assert composer.text() == "Hello"
    composer.clear()
    assert composer.text() == ""


def test_shift_enter_breaks_the_line_and_the_field_grows(composer: Composer, qtbot: QtBot) -> None:
    field = _field(composer)
    before = field.height()
    QTest.keyClicks(field, "a")
    with qtbot.assertNotEmitted(composer.submitted):
        QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(field, "b")
    assert composer.text() == "a\nb"
    assert field.height() > before
    qtbot.waitUntil(lambda: field.verticalScrollBar().value() == 0)


def test_it_grows_to_two_fifths_of_the_window(composer: Composer) -> None:
    composer.set_text("line\n" * 500)
    assert _field(composer).height() == int(composer.window().height() * 0.4)


def test_enter_belongs_to_the_input_method_while_it_composes(composer: Composer, qtbot: QtBot) -> None:
    field = _field(composer)
    QTest.keyClicks(field, "x")
    QApplication.sendEvent(field, QInputMethodEvent("ni", []))
    with qtbot.assertNotEmitted(composer.submitted):
        QTest.keyClick(field, Qt.Key.Key_Return)
    done = QInputMethodEvent()
    done.setCommitString("你")
    QApplication.sendEvent(field, done)
    with qtbot.waitSignal(composer.submitted) as submitted:
        QTest.keyClick(field, Qt.Key.Key_Return)
    assert submitted.args == ["x你"]


@pytest.mark.parametrize(
    ("text", "has_model", "can_send"), [("", True, False), (" \n", True, False), ("a", False, False), ("a", True, True)]
)
def test_send_waits_for_words_and_a_model(
    composer: Composer, qtbot: QtBot, text: str, has_model: bool, can_send: bool
) -> None:
    composer.set_model(has_model=has_model)
    composer.set_text(text)
    assert _button(composer, "sendButton").isEnabled() is can_send
    if not can_send:
        with qtbot.assertNotEmitted(composer.submitted):
            QTest.keyClick(_field(composer), Qt.Key.Key_Return)


def test_send_turns_into_stop(composer: Composer, qtbot: QtBot) -> None:
    composer.set_text("next question")
    composer.set_answering(answering=True)
    assert not _button(composer, "sendButton").isVisible()
    with qtbot.waitSignal(composer.stop_requested):
        QTest.mouseClick(_button(composer, "stopButton"), Qt.MouseButton.LeftButton)
    composer.set_answering(answering=False)
    assert _button(composer, "sendButton").isVisible()
    assert not _button(composer, "stopButton").isVisible()


def test_the_draft_is_reported_once_it_rests(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.waitSignal(composer.draft_changed) as changed:
        QTest.keyClicks(_field(composer), "draft")
    assert changed.args == ["draft"]


def test_a_draft_that_does_not_rest_yet_can_be_asked_for(composer: Composer) -> None:
    told: list[str] = []
    composer.draft_changed.connect(told.append)
    QTest.keyClicks(_field(composer), "draft")
    composer.flush_draft()
    assert told == ["draft"]


def test_another_chats_draft_is_no_change(composer: Composer, qtbot: QtBot) -> None:
    composer.set_text("from the disk")
    with qtbot.assertNotEmitted(composer.draft_changed):
        composer.flush_draft()
    _field(composer).undo()
    assert composer.text() == "from the disk"


def test_up_in_the_empty_field_edits_the_last_question(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.waitSignal(composer.edit_last_requested):
        QTest.keyClick(_field(composer), Qt.Key.Key_Up)
    composer.set_text("not empty")
    with qtbot.assertNotEmitted(composer.edit_last_requested):
        QTest.keyClick(_field(composer), Qt.Key.Key_Up)


def test_an_edit_puts_the_draft_aside(composer: Composer, qtbot: QtBot) -> None:
    composer.set_text("my draft")
    composer.begin_edit(5, "old question")
    strip = composer.findChild(QWidget, "editStrip")
    assert strip is not None
    assert strip.isVisible()
    QTest.keyClicks(_field(composer), "!")
    with qtbot.waitSignal(composer.edit_submitted) as submitted:
        QTest.keyClick(_field(composer), Qt.Key.Key_Return)
    assert submitted.args == [5, "old question!"]
    composer.clear()
    assert composer.text() == "my draft"
    assert not strip.isVisible()


def test_a_cancelled_edit_brings_the_draft_back(composer: Composer) -> None:
    composer.set_text("my draft")
    composer.begin_edit(5, "one")
    composer.begin_edit(6, "two")
    assert composer.cancel_edit()
    assert composer.text() == "my draft"
    assert not composer.cancel_edit()


def test_rich_text_comes_in_plain_and_files_stay_out(composer: Composer) -> None:
    rich = QMimeData()
    rich.setHtml("<b>bold</b>")
    rich.setText("bold\r\nline")
    field = _field(composer)
    QApplication.clipboard().setMimeData(rich)
    field.paste()
    assert composer.text() == "bold\nline"
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile("/models/model.gguf")])
    assert not field.canInsertFromMimeData(files)


def test_the_line_below_says_how_full_the_context_is(composer: Composer) -> None:
    composer.set_context(ContextUse(1204, 8192))
    assert "1,204 of 8,192 tokens" in _said(composer)
    composer.set_context(ContextUse(8192, 8192, ways=FULL))
    assert "The context is full: the 3 oldest messages will be left out" in _said(composer)
    composer.set_context(ContextUse(9000, 8192, too_long=True))
    assert any(text.startswith("Too long") for text in _said(composer))
    composer.set_context(None)
    assert not any("token" in text for text in _said(composer))


def test_what_becomes_of_old_messages_is_chosen_at_the_line_by_keyboard_alone(composer: Composer, qtbot: QtBot) -> None:
    button = composer.findChild(QPushButton, "overflowButton")
    assert button is not None
    composer.set_context(ContextUse(1204, 8192))
    assert not button.isVisible()
    composer.set_context(ContextUse(8192, 8192, ways=FULL))
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    menu = composer.findChild(QMenu, "overflowMenu")
    assert menu is not None
    assert [action.text() for action in menu.actions()] == [
        "Leave out the 3 oldest messages",
        "Summarise the 3 oldest messages\tabout 40 s",
        "Do not answer, and tell me",
    ]
    assert [action.isChecked() for action in menu.actions()] == [True, False, False]
    with qtbot.waitSignal(composer.overflow_chosen) as chosen:
        QTest.keyClick(menu, Qt.Key.Key_Down)
        QTest.keyClick(menu, Qt.Key.Key_Down)
        QTest.keyClick(menu, Qt.Key.Key_Return)
    assert chosen.args == [Overflow.SUMMARISE]


@pytest.mark.usefixtures("english_afterwards")
def test_it_speaks_another_language_at_once(composer: Composer) -> None:
    composer.set_context(ContextUse(8192, 8192, ways=FULL))
    choose_language("zh_CN")
    QApplication.sendEvent(composer, QEvent(QEvent.Type.LanguageChange))
    assert _button(composer, "sendButton").accessibleName() == "发送"
    assert "上下文已满：最早的 3 条消息将被略去" in _said(composer)
