"""Pages of the settings in windows of any width."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QTabBar
from pytestqt.qtbot import QtBot

from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.appearance import Appearance
from desktop.ui.field_rows import FieldPage
from desktop.ui.settings_dialog import SettingsDialog
from tests.ui.conftest import Desk

FOLDER = Path("C:\\Users\\Annegret\\AppData\\Local\\Fireside\\.2026_11_chats")
"""One word to Qt, which breaks lines behind a slash at most."""


@pytest.fixture
def dialog(
    sit: Callable[..., Desk], appearance: Appearance, qtbot: QtBot, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[SettingsDialog]:
    """The settings at the zoom of the test, in a window that is as large as it wants to be."""
    settings = Settings(language="en", theme="light", zoom=request.param)
    appearance.apply(settings)
    desk = sit()
    window = QLabel()
    qtbot.addWidget(window)
    # It is only named; what is written goes elsewhere.
    paths = replace(Paths.under(tmp_path), data=FOLDER)
    made = SettingsDialog(settings, paths, desk.models, desk.supply.access, window)
    made.show()
    yield made
    window.close()


def pages(dialog: SettingsDialog) -> Iterator[FieldPage]:
    """One after the other, as it is shown."""
    tabs = dialog.findChild(QTabBar)
    assert tabs is not None
    for index in range(tabs.count()):
        tabs.setCurrentIndex(index)
        QApplication.processEvents()
        yield next(page for page in dialog.findChildren(FieldPage) if page.isVisible())


def no_way_sideways(page: FieldPage) -> bool:
    return page.horizontalScrollBar().maximum() == 0


def prompt_stands(dialog: SettingsDialog, *, beside: bool) -> bool:
    """Whether the system prompt stands beside its words, or below them."""
    field = dialog.findChild(QPlainTextEdit, "defaultSystemPrompt")
    assert field is not None
    words = next(label for label in dialog.findChildren(QLabel) if label.buddy() is field).geometry()
    return words.right() < field.x() if beside else words.bottom() < field.y()


@pytest.mark.parametrize("dialog", [1.0, 2.0], indirect=True)
def test_nothing_scrolls_sideways_in_a_narrow_window(dialog: SettingsDialog, qtbot: QtBot) -> None:
    for width in (460, 700):
        dialog.resize(width, 700)
        for page in pages(dialog):
            # The page learns of what its forms need with an event for each floor of them.
            qtbot.waitUntil(partial(no_way_sideways, page))
            assert all(field.width() <= width for field in page.findChildren(QPlainTextEdit))


@pytest.mark.parametrize("dialog", [1.0], indirect=True)
def test_a_field_goes_below_its_words_and_back_with_the_room(dialog: SettingsDialog, qtbot: QtBot) -> None:
    field = dialog.findChild(QPlainTextEdit, "defaultSystemPrompt")
    assert field is not None
    answers = list(pages(dialog))[1]
    for width, is_beside in ((600, True), (460, False), (320, False), (600, True)):
        dialog.resize(width, 700)
        list(pages(dialog))
        qtbot.waitUntil(partial(prompt_stands, dialog, beside=is_beside))
        assert field.width() == min(300, answers.viewport().width() - 48)
