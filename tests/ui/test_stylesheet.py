"""What the stylesheet must give to widgets that are Qt's own."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QListView
from pytestqt.qtbot import QtBot

from desktop.settings import Settings, Theme
from desktop.ui.appearance import Appearance
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
