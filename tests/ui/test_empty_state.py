"""The page of a new chat: ways to begin, and the model's state in plain words."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from desktop.hub.model import Model, Source
from desktop.ui.empty_state import EmptyState
from desktop.ui.i18n import choose_language

STARTER = Model("starter", "Starter model", Path("starter.gguf"), 98_000_000, source=Source.STARTER)
LARGE = Model("qwen", "Qwen3-8B", Path("qwen.gguf"), 5_030_000_000)


@pytest.fixture
def page(qtbot: QtBot) -> EmptyState:
    made = EmptyState()
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.show()
    return made


def _button(page: EmptyState, name: str) -> QPushButton:
    found = page.findChild(QPushButton, name)
    assert found is not None
    return found


def _said(page: EmptyState) -> str:
    return " ".join(label.text() for label in page.findChildren(QLabel))


def test_a_suggestion_is_handed_over(page: EmptyState, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.suggestion_chosen) as chosen:
        QTest.keyClick(_button(page, "suggestion2"), Qt.Key.Key_Space)
    assert chosen.args == ["Write a short poem about autumn rain"]


def test_without_a_model_the_starter_is_one_click_away(page: EmptyState, qtbot: QtBot) -> None:
    page.set_models([STARTER], None)
    assert "tiny" in _said(page)
    assert "98 MB" in _said(page)
    with qtbot.waitSignal(page.starter_chosen):
        QTest.mouseClick(_button(page, "useStarterButton"), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(page.file_requested):
        QTest.mouseClick(_button(page, "chooseFileButton"), Qt.MouseButton.LeftButton)


def test_without_even_a_starter_a_file_is_asked_for(page: EmptyState) -> None:
    page.set_models([], None)
    assert not _button(page, "useStarterButton").isVisible()
    assert _button(page, "chooseFileButton").isVisible()


@pytest.mark.parametrize("models", [[STARTER], []])
def test_what_is_recommended_is_named_beside_the_starter(page: EmptyState, models: list[Model], qtbot: QtBot) -> None:
    page.set_models(models, None)
    page.set_recommended("qwen3", "Qwen3 8B", 5_030_000_000)
    get = _button(page, "getRecommendedButton")
    assert "Qwen3 8B" in get.text()
    assert "Qwen3\N{NO-BREAK SPACE}8B (5.0 GB)" in _said(page)
    with qtbot.waitSignal(page.discover_requested) as wanted:
        QTest.mouseClick(get, Qt.MouseButton.LeftButton)
    assert wanted.args == ["qwen3"]


def test_one_button_stands_out(page: EmptyState) -> None:
    page.set_recommended("qwen3", "Qwen3 8B", 5_030_000_000)
    looks = []
    for current in (None, STARTER):
        page.set_models([STARTER], current)
        buttons = [_button(page, name) for name in ("useStarterButton", "getRecommendedButton")]
        looks.append([button.property("look") for button in buttons if button.isVisible()])
    assert looks == [["primary", ""], ["primary"]]


@pytest.mark.usefixtures("english_afterwards")
def test_what_is_recommended_is_said_in_another_language_too(page: EmptyState) -> None:
    page.set_models([STARTER], STARTER)
    page.set_recommended("qwen3", "Qwen3 8B", 5_030_000_000)
    choose_language("zh_CN")
    QApplication.sendEvent(page, QEvent(QEvent.Type.LanguageChange))
    assert "Qwen3\N{NO-BREAK SPACE}8B（5.0 GB）" in _said(page)


def test_with_the_starter_it_says_what_to_expect(page: EmptyState) -> None:
    page.set_models([STARTER], STARTER)
    assert "makes many mistakes" in _said(page)
    assert not _button(page, "useStarterButton").isVisible()


def test_with_a_real_model_nothing_is_in_the_way(page: EmptyState) -> None:
    page.set_models([LARGE, STARTER], LARGE)
    assert "Qwen3-8B answers" in _said(page)
    assert not _button(page, "chooseFileButton").isVisible()


def test_a_model_that_did_not_load_says_why(page: EmptyState) -> None:
    page.set_models([LARGE, STARTER], LARGE, "It needs 9.0 GB, 6.0 GB are free.")
    assert "It needs 9.0 GB" in _said(page)
    assert _button(page, "chooseFileButton").isVisible()


def test_suggestions_stand_below_each_other_where_it_is_narrow(page: EmptyState) -> None:
    first, second = _button(page, "suggestion1"), _button(page, "suggestion2")
    assert first.y() == second.y()
    page.resize(400, 600)
    QApplication.processEvents()
    assert first.y() < second.y()
    assert not page.horizontalScrollBar().isVisible()


@pytest.mark.usefixtures("english_afterwards")
def test_it_speaks_another_language_at_once(page: EmptyState) -> None:
    page.set_models([STARTER], None)
    choose_language("zh_CN")
    QApplication.sendEvent(page, QEvent(QEvent.Type.LanguageChange))
    assert _button(page, "useStarterButton").text() == "用极小的入门模型开始"
