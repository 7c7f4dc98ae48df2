"""The versions of an answer side by side: chosen, marked, copied."""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from desktop.settings import Settings
from desktop.ui.appearance import Appearance
from desktop.ui.colours import DARK, LIGHT
from desktop.ui.comparing import Comparison
from desktop.ui.main_window import MainWindow
from desktop.ui.transcript.feed import Feed
from desktop.ui.transcript.transcript import Transcript
from tests.ui.conftest import Desk

Sit = Callable[..., Desk]
Open = Callable[[Desk], MainWindow]


def try_several(desk: Desk, count: int) -> None:
    """Ask, wait for the one answer, and try several."""
    desk.session.send("Who is there?")
    desk.settle()
    assert desk.session.try_several(desk.session.rows[1].message.id, count)


def parts_of(window: MainWindow) -> tuple[Transcript, Comparison]:
    """What shows the chat, and what compares the versions of one message."""
    transcript, comparison = window.findChild(Transcript), window.findChild(Comparison)
    assert transcript is not None
    assert comparison is not None
    return transcript, comparison


def shown_in(pages: list[Feed]) -> list[str]:
    return [page.rows[0].message.text for page in pages]


def focused(comparison: Comparison) -> QPushButton:
    return next(button for button in comparison.findChildren(QPushButton) if button.hasFocus())


def test_versions_are_compared_while_they_grow_and_a_digit_chooses(sit: Sit, window_on: Open, qtbot: QtBot) -> None:
    gate = threading.Event()
    desk = sit("Nobody.", *([text, gate, " And on."] for text in ("You.", "Me.", "Her.")))
    window = window_on(desk)
    try_several(desk, 3)
    transcript, comparison = parts_of(window)
    transcript.focus_last()
    QTest.keyClick(transcript, Qt.Key.Key_V)
    assert comparison.isVisible()
    pages = comparison.findChildren(Feed)
    qtbot.waitUntil(lambda: shown_in(pages) == ["Nobody.", "You.", "Me.", "Her."])
    gate.set()
    desk.settle()
    assert shown_in(pages) == ["Nobody.", "You. And on.", "Me. And on.", "Her. And on."]
    assert desk.texts()[1] == "You. And on."
    QTest.keyClick(focused(comparison), Qt.Key.Key_4)
    assert transcript.isVisible()
    assert not comparison.isVisible()
    assert desk.texts()[1] == "Her. And on."
    assert desk.store.chat(desk.session.shown.id).leaf_id == desk.session.rows[1].message.id


def test_comparing_goes_by_the_arrows_and_is_left_with_escape_or_another_chat(sit: Sit, window_on: Open) -> None:
    desk = sit("Nobody.", "You.", "Me.")
    window = window_on(desk)
    try_several(desk, 2)
    desk.settle()
    transcript, comparison = parts_of(window)
    transcript.compare_requested.emit(desk.session.rows[1].message.id)
    assert focused(comparison).objectName() == "choose2"
    QTest.keyClick(focused(comparison), Qt.Key.Key_Right)
    assert focused(comparison).objectName() == "choose3"
    QTest.keyClick(focused(comparison), Qt.Key.Key_Escape)
    assert transcript.isVisible()
    assert desk.texts()[1] == "You."
    transcript.compare_requested.emit(desk.session.rows[1].message.id)
    QTest.keyClick(focused(comparison), Qt.Key.Key_Left)
    QTest.keyClick(focused(comparison), Qt.Key.Key_Return)
    assert desk.texts()[1] == "Nobody."
    transcript.compare_requested.emit(desk.session.rows[1].message.id)
    desk.session.start_new()
    assert not comparison.isVisible()
    desk.session.open_chat(1)
    assert transcript.isVisible()


def test_comparing_wears_another_theme_zoom_and_language_at_once(sit: Sit, window_on: Open, qapp: QApplication) -> None:
    desk = sit("Nobody.", "You.", "Me.")
    window = window_on(desk)
    try_several(desk, 2)
    desk.settle()
    transcript, comparison = parts_of(window)
    transcript.compare_requested.emit(desk.session.rows[1].message.id)
    QTest.keyClick(focused(comparison), Qt.Key.Key_Right)
    pages = comparison.findChildren(Feed)
    appearance = Appearance(qapp)
    try:
        for settings in (
            Settings(language="zh_CN", theme="dark", zoom=1.5),
            Settings(language="en", theme="light"),
        ):
            appearance.apply(settings)
            window.set_settings(settings)
            tokens = DARK if settings.theme == "dark" else LIGHT
            assert [page.column.style.tokens for page in pages] == [tokens] * 3
            assert [page.column.style.zoom for page in pages] == [settings.zoom] * 3
            words = "选第 3 个" if settings.language == "zh_CN" else "Choose 3"
            assert focused(comparison).text() == words
    finally:
        appearance.apply(Settings(language="en", theme="light"))
