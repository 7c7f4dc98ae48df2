"""What the stylesheet must give to widgets that are Qt's own."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QListView, QWidget
from pytestqt.qtbot import QtBot

from desktop.settings import Settings, Theme
from desktop.ui.appearance import Appearance
from desktop.ui.controls import Choice
from desktop.ui.theme import tokens


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_list_that_is_a_window_has_a_ground(theme: Theme, qapp: QApplication, qtbot: QtBot) -> None:
    appearance = Appearance(qapp)
    appearance.apply(Settings(language="en", theme=theme))
    # As the names are that Qt's own file dialog suggests.
    suggestions = QListView()
    suggestions.setWindowFlag(Qt.WindowType.ToolTip)
    qtbot.addWidget(suggestions)
    suggestions.resize(120, 60)
    suggestions.show()
    seen = suggestions.grab().toImage().pixelColor(60, 30).name()
    assert seen == tokens(suggestions.palette()).surface.lower()
    appearance.apply(Settings(language="en", theme="light"))


def test_a_field_with_the_focus_shows_its_list_whole(qapp: QApplication, qtbot: QtBot) -> None:
    Appearance(qapp).apply(Settings(language="en", theme="light"))
    window = QWidget()
    field = Choice(window)
    field.addItems(["One", "Two", "Three"])
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    field.showPopup()
    last = field.view().visualRect(field.model().index(2, 0))
    assert last.height() > 0
    assert field.view().viewport().rect().contains(last)
    field.hidePopup()
