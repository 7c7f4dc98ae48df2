"""The window's parts, connected: with a real store and an engine that says what it is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMenu, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.errors import CannotWrite, Crash, EngineCrashed
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.appearance import Appearance
from desktop.ui.chat_list import ChatList
from desktop.ui.main_window import MainWindow
from desktop.ui.transcript.transcript import Transcript
from tests.ui.conftest import Desk

Open = Callable[..., tuple[MainWindow, Desk]]


@pytest.fixture
def open_window(
    sit: Callable[..., Desk], tmp_path: Path, qtbot: QtBot, qapp: QApplication
) -> Iterator[Callable[..., tuple[MainWindow, Desk]]]:
    """Opens a window on a desk, with settings that are applied as the app applies them."""
    appearance = Appearance(qapp)
    windows: list[MainWindow] = []

    def make(desk: Desk | None = None, settings: Settings | None = None) -> tuple[MainWindow, Desk]:
        desk = desk or sit("First answer.", "Second answer.", "Third answer.")
        settings = settings or Settings(model="starter", language="en", theme="light")
        appearance.apply(settings)
        window = MainWindow(desk.session, desk.models, desk.supply, settings, Paths.under(tmp_path))

        def apply(changed: Settings) -> None:
            appearance.apply(changed)
            desk.session.set_settings(changed)
            window.set_settings(changed)

        window.settings_changed.connect(apply)
        qtbot.addWidget(window)
        windows.append(window)
        window.resize(1000, 700)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return window, desk

    yield make
    for window in windows:
        window.close()
    appearance.apply(Settings(language="en", theme="light"))
    qapp.setStyleSheet("")
    # The change of language is still on its way; afterwards the store is closed.
    qapp.processEvents()


def _field(window: QWidget) -> QPlainTextEdit:
    found = window.findChild(QPlainTextEdit, "composer")
    assert found is not None
    return found


def _ask(window: MainWindow, desk: Desk, text: str) -> None:
    _field(window).setPlainText(text)
    QTest.keyClick(_field(window), Qt.Key.Key_Return)
    desk.settle()


def _press(
    window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.ControlModifier
) -> None:
    QTest.keyClick(QApplication.focusWidget() or window, key, modifier)


def _drop(window: MainWindow, path: Path) -> None:
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(path))])
    none, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(400, 300), Qt.DropAction.CopyAction, files, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    drop = QDropEvent(QPointF(400, 300), Qt.DropAction.CopyAction, files, left, none, QEvent.Type.Drop)
    QApplication.sendEvent(window, drop)


def _toast(window: MainWindow) -> QWidget:
    found = window.findChild(QWidget, "toast")
    assert found is not None
    return found


def _is_named(widget: QWidget) -> bool:
    return bool(widget.objectName() and widget.accessibleName())


def _titles(window: MainWindow) -> list[str]:
    view = window.findChild(ChatList)
    assert view is not None
    return [str(view.model().index(row, 0).data()) for row in range(view.model().rowCount())]


def test_focus_starts_in_the_composer_and_a_question_is_answered(open_window: Open, qtbot: QtBot) -> None:
    window, desk = open_window()
    qtbot.waitUntil(lambda: _field(window).hasFocus())
    _ask(window, desk, "What is it?")
    assert desk.texts() == ["What is it?", "First answer."]
    assert [message.text for message in desk.store.path(1)] == ["What is it?", "First answer."]
    transcript = window.findChild(Transcript, "transcript")
    assert transcript is not None
    assert transcript.isVisible()
    assert [row.message.text for row in transcript.rows] == desk.texts()
    assert _field(window).toPlainText() == ""
    assert _titles(window) == ["Today", "What is it?"]
    assert window.windowTitle() == "What is it? — Fireside"


def test_drafts_belong_to_their_chats(open_window: Open) -> None:
    window, desk = open_window()
    _ask(window, desk, "One")
    _field(window).setPlainText("for one")
    _press(window, Qt.Key.Key_N)
    assert _field(window).toPlainText() == ""
    _ask(window, desk, "Two")
    _press(window, Qt.Key.Key_PageDown)
    assert _field(window).toPlainText() == "for one"
    assert desk.store.chat(1).draft == "for one"


def test_deleting_is_undone_from_the_toast(open_window: Open, qtbot: QtBot) -> None:
    window, desk = open_window()
    _ask(window, desk, "One")
    _press(window, Qt.Key.Key_N)
    _ask(window, desk, "Two")
    view = window.findChild(ChatList)
    assert view is not None
    for _ in range(2):
        view.setFocus()
        view.setCurrentIndex(view.model().index(1, 0))
        QTest.keyClick(view, Qt.Key.Key_Delete)
    assert desk.store.chats() == []
    assert "2 chats deleted" in [label.text() for label in _toast(window).findChildren(QLabel)]
    undo = _toast(window).findChild(QPushButton, "toastAction")
    assert undo is not None
    QTest.mouseClick(undo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: sorted(chat.title for chat in desk.store.chats()) == ["One", "Two"])
    assert not _toast(window).isVisible()


def test_an_edit_becomes_a_branch(open_window: Open) -> None:
    window, desk = open_window()
    _ask(window, desk, "One")
    QTest.keyClick(_field(window), Qt.Key.Key_Up)
    assert _field(window).toPlainText() == "One"
    QTest.keyClicks(_field(window), "!")
    QTest.keyClick(_field(window), Qt.Key.Key_Return)
    desk.settle()
    assert desk.texts() == ["One!", "Second answer."]
    assert desk.session.rows[0].branches == 2
    assert _field(window).toPlainText() == ""


def test_escape_closes_the_topmost_thing_first(open_window: Open, qtbot: QtBot) -> None:
    window, desk = open_window()
    _ask(window, desk, "One")
    QTest.keyClick(_field(window), Qt.Key.Key_Up)
    QTest.keyClick(_field(window), Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    assert _field(window).toPlainText() == ""
    _press(window, Qt.Key.Key_K)
    search = window.findChild(QLineEdit, "searchBox")
    assert search is not None
    qtbot.waitUntil(search.hasFocus)
    QTest.keyClick(search, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: _field(window).hasFocus())


def test_a_hit_is_opened_by_keyboard(open_window: Open, qtbot: QtBot) -> None:
    window, desk = open_window()
    _ask(window, desk, "秋天的雨是什么声音")
    _press(window, Qt.Key.Key_N)
    _press(window, Qt.Key.Key_K)
    search = window.findChild(QLineEdit, "searchBox")
    assert search is not None
    search.setText("声音")
    QTest.keyClick(search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.session.shown.id == 1)
    assert desk.texts()[0] == "秋天的雨是什么声音"


def test_the_last_message_is_worked_on_by_keyboard_alone(open_window: Open) -> None:
    window, desk = open_window()
    _ask(window, desk, "A question")
    _press(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    _press(window, Qt.Key.Key_R, Qt.KeyboardModifier.NoModifier)
    desk.settle()
    assert desk.texts() == ["A question", "Second answer."]
    assert desk.session.rows[1].branches == 2


def test_the_last_answer_is_copied(open_window: Open) -> None:
    window, desk = open_window()
    _ask(window, desk, "One")
    _press(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert QGuiApplication.clipboard().text() == "First answer."
    assert _toast(window).isVisible()


def test_the_chat_is_renamed_with_f2(open_window: Open, qtbot: QtBot) -> None:
    window, desk = open_window()
    _ask(window, desk, "One")
    _press(window, Qt.Key.Key_F2, Qt.KeyboardModifier.NoModifier)
    field = window.findChild(QLineEdit, "titleField")
    assert field is not None
    field.setText("A better title")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert desk.store.chat(1).title == "A better title"
    assert _titles(window) == ["Today", "A better title"]
    qtbot.waitUntil(lambda: _field(window).hasFocus())


def test_zoom_language_and_theme_change_under_way(open_window: Open, qtbot: QtBot) -> None:
    window, desk = open_window()
    _ask(window, desk, "One")
    small = _field(window).fontMetrics().height()
    for _ in range(3):
        _press(window, Qt.Key.Key_Plus)
    assert _field(window).fontMetrics().height() > small
    _press(window, Qt.Key.Key_0)
    assert _field(window).fontMetrics().height() == small
    light = window.grab().toImage()
    window.settings_changed.emit(Settings(model="starter", language="zh_CN", theme="dark"))
    qtbot.waitUntil(lambda: _titles(window)[0] == "今天")
    assert _field(window).placeholderText() == "想问什么都可以…"
    assert window.windowTitle() == "One — 炉边"
    assert window.grab().toImage().pixelColor(500, 300).lightness() < 60 < light.pixelColor(500, 300).lightness()


def test_what_was_said_of_an_answer_is_said_in_the_new_language(open_window: Open, sit: Callable[..., Desk]) -> None:
    window, desk = open_window(sit(["Half", EngineCrashed(Crash.KILLED, during="decode")]))
    _ask(window, desk, "One")
    assert "engine died" in desk.session.rows[-1].notice
    told: list[int] = []
    desk.session.row_changed.connect(told.append)
    window.settings_changed.emit(Settings(model="starter", language="zh_CN", theme="light"))
    desk.bot.waitUntil(lambda: told == [0, 1])
    assert "引擎" in desk.session.rows[-1].notice


def test_the_sidebar_and_the_geometry_are_remembered(open_window: Open) -> None:
    window, desk = open_window()
    _press(window, Qt.Key.Key_B)
    kept: list[Settings] = []
    window.settings_changed.connect(kept.append)
    window.close()
    again, _ = open_window(desk, kept[-1])
    sidebar = again.findChild(QWidget, "sidebar")
    assert sidebar is not None
    assert not sidebar.isVisible()
    _press(again, Qt.Key.Key_B)
    assert sidebar.isVisible()


def test_what_cannot_be_written_is_told(open_window: Open) -> None:
    window, desk = open_window()
    desk.session.failed.emit(CannotWrite("/full/chats.db", full=True))
    assert _toast(window).isVisible()
    assert "full" in _toast(window).accessibleName()


def test_a_dropped_model_file_that_is_none_is_refused_in_words(open_window: Open, tmp_path: Path, qtbot: QtBot) -> None:
    window, desk = open_window()
    path = tmp_path / "empty.gguf"
    path.touch()
    _drop(window, path)
    qtbot.waitUntil(lambda: "empty.gguf" in _toast(window).accessibleName())
    assert [model.name for model in desk.models.available()] == ["starter"]


def test_a_dropped_model_file_is_chosen(open_window: Open, tiny_model: Path, tmp_path: Path, qtbot: QtBot) -> None:
    window, desk = open_window()
    path = tmp_path / "my-model.gguf"
    shutil.copy(tiny_model, path)
    _drop(window, path)
    qtbot.waitUntil(lambda: desk.models.current is not None and desk.models.current.name == "my-model")


def test_a_model_that_was_chosen_ends_the_news_of_one_that_could_not_be(
    open_window: Open, tiny_model: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    window, _ = open_window()
    (tmp_path / "empty.gguf").touch()
    _drop(window, tmp_path / "empty.gguf")
    qtbot.waitUntil(lambda: _toast(window).isVisible())
    shutil.copy(tiny_model, tmp_path / "my-model.gguf")
    _drop(window, tmp_path / "my-model.gguf")
    qtbot.waitUntil(lambda: not _toast(window).isVisible())


def test_a_base_model_says_that_it_only_continues_text(open_window: Open, gemma_model: Path, qtbot: QtBot) -> None:
    window, _ = open_window()
    _drop(window, gemma_model)
    qtbot.waitUntil(lambda: _field(window).placeholderText() == "Begin a text: the model continues it…")
    assert any("is a base model" in label.text() for label in window.findChildren(QLabel) if label.isVisible())


def test_the_starter_is_one_click_away(open_window: Open, sit: Callable[..., Desk], qtbot: QtBot) -> None:
    window, desk = open_window(sit("An answer.", model=None), Settings(language="en", theme="light"))
    start = window.findChild(QPushButton, "useStarterButton")
    assert start is not None
    QTest.mouseClick(start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desk.models.loaded is not None)
    _ask(window, desk, "Hello")
    assert desk.texts() == ["Hello", "An answer."]


def test_enter_without_a_model_offers_the_models(open_window: Open, sit: Callable[..., Desk]) -> None:
    window, desk = open_window(sit(model=None), Settings(language="en", theme="light"))
    _field(window).setPlainText("Hello")
    QTest.keyClick(_field(window), Qt.Key.Key_Return)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert "Starter model" in menu.actions()[0].text()
    menu.close()
    assert _field(window).toPlainText() == "Hello"
    assert desk.texts() == []


def test_menus_and_sheets_open_by_keyboard(open_window: Open) -> None:
    window, _ = open_window()
    _press(window, Qt.Key.Key_M)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert menu.objectName() == "modelMenu"
    menu.close()
    _press(window, Qt.Key.Key_F1, Qt.KeyboardModifier.NoModifier)
    sheet = window.findChild(QWidget, "shortcutsSheet")
    assert sheet is not None
    assert "Ctrl+B" in [label.text() for label in sheet.findChildren(QLabel)]
    sheet.close()
    _press(window, Qt.Key.Key_Comma)
    dialog = window.findChild(QWidget, "settingsDialog")
    assert dialog is not None
    assert dialog.isVisible()
    dialog.close()


def test_every_button_and_field_has_a_name(open_window: Open) -> None:
    window, _ = open_window()
    nameless = [
        type(each).__name__
        for each in window.findChildren(QWidget)
        if each.isVisible() and each.focusPolicy() != Qt.FocusPolicy.NoFocus and not _is_named(each)
    ]
    assert nameless == []
