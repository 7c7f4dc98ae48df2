"""Tabs are read whole: where there is no room for all of them, a list stands in their place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.settings import Settings
from desktop.ui.appearance import Appearance
from desktop.ui.tabs import Tabs

NAMES = ("On this computer", "Discover", "Downloads")
NARROW, WIDE = 480, 960


@pytest.fixture
def tabs(appearance: Appearance, qtbot: QtBot) -> Iterator[Tabs]:
    """In a narrow window with large text."""
    appearance.apply(Settings(language="en", theme="light", zoom=2.0))
    window = QWidget()
    qtbot.addWidget(window)
    made = Tabs("pagesTabs")
    made.setAccessibleName("Pages")
    for name in NAMES:
        made.addTab(name)
    column = QVBoxLayout(window)
    column.addWidget(made)
    column.addStretch()
    window.resize(NARROW, 300)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield made
    window.close()


def list_of(tabs: Tabs) -> QComboBox:
    found = tabs.findChild(QComboBox, "pagesTabsList")
    assert found is not None
    return found


def test_where_they_would_be_cut_a_list_names_them_whole(tabs: Tabs) -> None:
    names = list_of(tabs)
    assert names.isVisible()
    assert tabs.window().width() == NARROW
    assert names.geometry() == tabs.rect()
    assert [names.itemText(index) for index in range(names.count())] == list(NAMES)
    assert names.accessibleName() == "Pages"
    tabs.window().resize(WIDE, 300)
    assert not names.isVisible()
    assert all(tabs.rect().contains(tabs.tabRect(index)) for index in range(tabs.count()))


def test_the_list_chooses_by_keyboard_and_shows_what_is_chosen(tabs: Tabs, qtbot: QtBot) -> None:
    names = list_of(tabs)
    names.setFocus()
    with qtbot.waitSignal(tabs.currentChanged) as changed:
        QTest.keyClick(names, Qt.Key.Key_Down)
    assert changed.args == [1]
    tabs.setCurrentIndex(2)
    assert names.currentText() == "Downloads"
    tabs.setTabText(2, "Downloads (2)")
    assert names.currentText() == "Downloads (2)"


def test_the_focus_stays_on_them_as_the_window_grows_and_shrinks(tabs: Tabs) -> None:
    list_of(tabs).setFocus()
    tabs.window().resize(WIDE, 300)
    assert tabs.hasFocus()
    QTest.keyClick(tabs, Qt.Key.Key_Right)
    assert tabs.currentIndex() == 1
    tabs.window().resize(NARROW, 300)
    assert list_of(tabs).hasFocus()
    assert list_of(tabs).currentText() == "Discover"


def test_smaller_text_leaves_room_for_the_tabs(tabs: Tabs, appearance: Appearance, qtbot: QtBot) -> None:
    assert list_of(tabs).isVisible()
    appearance.apply(Settings(language="en", theme="light", zoom=1.0))
    qtbot.waitUntil(lambda: not list_of(tabs).isVisible())
    assert all(tabs.rect().contains(tabs.tabRect(index)) for index in range(tabs.count()))
    appearance.apply(Settings(language="en", theme="light", zoom=2.0))
    qtbot.waitUntil(list_of(tabs).isVisible)
