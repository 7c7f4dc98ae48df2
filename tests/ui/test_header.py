"""The header: the title in place, the model's state, its menu."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.hub.model import Model, Source
from desktop.ui.header import Header
from desktop.ui.i18n import choose_language
from desktop.ui.models.choice import ModelState
from desktop.ui.quantities import size as size_text

STARTER = Model("starter", "Starter model", Path("starter.gguf"), 98_000_000, source=Source.STARTER)
LARGE = Model("qwen", "Qwen3-8B-Q4_K_M", Path("qwen.gguf"), 5_030_000_000)
GONE = Model("gone", "Gone", Path("gone.gguf"), 0, missing=True)
MODELS = [LARGE, GONE, STARTER]

_Kind = TypeVar("_Kind", bound=QWidget)


@pytest.fixture
def header(qtbot: QtBot) -> Header:
    made = Header()
    qtbot.addWidget(made)
    made.resize(800, 48)
    made.show()
    return made


def _find(header: Header, kind: type[_Kind], name: str) -> _Kind:
    found = header.findChild(kind, name)
    assert found is not None
    return found


def _actions(menu: QMenu) -> dict[str, QAction]:
    return {action.text(): action for action in menu.actions() if not action.isSeparator()}


def test_the_title_is_rewritten_in_place(header: Header, qtbot: QtBot) -> None:
    header.set_chat("Old title", on_disk=True)
    QTest.mouseClick(_find(header, QPushButton, "titleButton"), Qt.MouseButton.LeftButton)
    field = _find(header, QLineEdit, "titleField")
    assert field.text() == "Old title"
    field.setText("New title")
    with qtbot.waitSignal(header.renamed) as renamed:
        QTest.keyClick(field, Qt.Key.Key_Return)
    assert renamed.args == ["New title"]


@pytest.mark.parametrize("written", ["", "   ", "Old title"])
def test_a_title_that_is_none_changes_nothing(header: Header, qtbot: QtBot, written: str) -> None:
    header.set_chat("Old title", on_disk=True)
    header.rename()
    field = _find(header, QLineEdit, "titleField")
    field.setText(written)
    with qtbot.assertNotEmitted(header.renamed):
        QTest.keyClick(field, Qt.Key.Key_Return)
    assert _find(header, QPushButton, "titleButton").isVisible()


def test_escape_leaves_the_title(header: Header, qtbot: QtBot) -> None:
    header.set_chat("Old title", on_disk=True)
    header.rename()
    field = _find(header, QLineEdit, "titleField")
    field.setText("Other")
    with qtbot.assertNotEmitted(header.renamed):
        QTest.keyClick(field, Qt.Key.Key_Escape)


def test_a_new_chat_can_be_neither_renamed_nor_deleted(header: Header) -> None:
    header.set_chat("", on_disk=False)
    header.rename()
    assert _find(header, QPushButton, "titleButton").text() == "New chat"
    menu = header.open_menu()
    assert not _actions(menu)["Delete"].isEnabled()
    assert _actions(menu)["Chat settings…"].isEnabled()
    menu.close()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (ModelState.IDLE, "It is loaded when you ask something"),
        (ModelState.LOADING, "Loading… 40%"),
        (ModelState.READY, "Loaded"),
        (ModelState.FAILED, "It needs more memory."),
    ],
)
def test_the_button_says_how_the_model_is(header: Header, state: ModelState, words: str) -> None:
    header.model.set_models(MODELS, LARGE, state, "It needs more memory." if state is ModelState.FAILED else "")
    header.model.set_fraction(0.4)
    button = _find(header, QToolButton, "modelButton")
    assert button.accessibleName() == f"Model: Qwen3-8B-Q4_K_M. {words}"
    assert "Ctrl+M" in button.toolTip()
    assert _find(header, QToolButton, "cancelLoadButton").isVisible() is (state is ModelState.LOADING)
    assert not header.grab().toImage().isNull()


def test_loading_is_cancelled_beside_the_button(header: Header, qtbot: QtBot) -> None:
    header.model.set_models(MODELS, LARGE, ModelState.LOADING)
    with qtbot.waitSignal(header.model.cancel_requested):
        QTest.mouseClick(_find(header, QToolButton, "cancelLoadButton"), Qt.MouseButton.LeftButton)


def test_the_menu_lists_models_with_their_sizes(header: Header, qtbot: QtBot) -> None:
    header.model.set_models(MODELS, LARGE, ModelState.READY)
    menu = header.model.open_menu()
    actions = _actions(menu)
    assert {"Qwen3-8B-Q4_K_M\t5.0 GB", "Starter model\ttiny, 98 MB", "Gone\tFile is missing"} <= actions.keys()
    assert not actions["Gone\tFile is missing"].isEnabled()
    with qtbot.waitSignal(header.model.chosen) as chosen:
        actions["Starter model\ttiny, 98 MB"].trigger()
    assert chosen.args == ["starter"]
    with qtbot.waitSignal(header.model.unload_requested):
        actions["Unload, to free its memory"].trigger()
    with qtbot.waitSignal(header.model.library_requested):
        actions["Manage models…\tCtrl+Shift+M"].trigger()
    with qtbot.waitSignal(header.model.discover_requested):
        actions["Get models…"].trigger()
    menu.close()


def test_of_many_models_the_menu_has_those_used_last(header: Header, qtbot: QtBot) -> None:
    many = [replace(LARGE, name=f"m{n}", title=f"Model {n:02}", last_used_at=float(n)) for n in range(40)]
    header.model.set_models(many, many[0], ModelState.READY)
    menu = header.model.open_menu()
    titles = [action.text().partition("\t")[0] for action in menu.actions() if action.text().startswith("Model ")]
    # The chosen one is always there.
    assert titles == ["Model 00", *(f"Model {n}" for n in range(33, 40))]
    with qtbot.waitSignal(header.model.library_requested):
        _actions(menu)["All 40 models…"].trigger()
    menu.close()


def test_the_button_says_how_far_downloads_are_and_is_no_wider_for_it(header: Header) -> None:
    header.model.set_models(MODELS, LARGE, ModelState.READY)
    button = header.model.findChild(QToolButton, "modelButton")
    assert button is not None
    width, plain = button.sizeHint().width(), button.grab().toImage()
    header.model.set_download_percent(34)
    assert "34 %" in button.toolTip()
    assert "34 %" in button.accessibleName()
    assert button.grab().toImage() != plain
    assert button.sizeHint().width() == width
    header.model.set_download_percent(-1)
    assert "%" not in button.accessibleName()
    assert button.grab().toImage() == plain


def test_running_downloads_are_mentioned_in_the_menu(header: Header, qtbot: QtBot) -> None:
    header.model.set_models(MODELS, LARGE, ModelState.READY)
    header.model.set_download_percent(34)
    menu = header.model.open_menu()
    with qtbot.waitSignal(header.model.downloads_requested):
        _actions(menu)["Downloads\t34 %"].trigger()
    menu.close()
    header.model.set_download_percent(-1)
    again = header.model.open_menu()
    assert not any(text.startswith("Downloads") for text in _actions(again))
    again.close()


@pytest.mark.parametrize(("size", "text"), [(98_000_000, "98 MB"), (5_030_000_000, "5.0 GB"), (10, "1 MB")])
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.usefixtures("english_afterwards")
def test_it_speaks_another_language_at_once(header: Header) -> None:
    header.model.set_models(MODELS, STARTER, ModelState.READY)
    choose_language("zh_CN")
    QApplication.sendEvent(header, QEvent(QEvent.Type.LanguageChange))
    assert _find(header, QToolButton, "modelButton").accessibleName() == "模型：入门模型。已加载"
    assert _find(header, QToolButton, "chatMenuButton").accessibleName() == "对话菜单"
