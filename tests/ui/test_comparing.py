"""The versions of an answer side by side: chosen, marked, copied."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFrame, QPushButton
from pytestqt.qtbot import QtBot

from desktop.settings import Settings
from desktop.ui.appearance import Appearance
from desktop.ui.colours import DARK, LIGHT
from desktop.ui.comparing import Comparison
from desktop.ui.main_window import MainWindow
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.feed import Feed
from desktop.ui.transcript.place import TEXT
from desktop.ui.transcript.reading.clickable import Clickable
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


def compare(sit: Sit, window_on: Open, *replies: str) -> tuple[Comparison, list[Clickable]]:
    """Compares the replies, of which the first was there before the others; the focus is on the second."""
    desk = sit(*replies)
    window = window_on(desk)
    try_several(desk, len(replies) - 1)
    desk.settle()
    transcript, comparison = parts_of(window)
    transcript.compare_requested.emit(desk.session.rows[1].message.id)
    return comparison, comparison.findChildren(Clickable)


def does(page: Clickable) -> dict[Does, Target]:
    return {target.does: target for target in page.targets(0)}


def drag(page: Clickable, start: QPoint, end: QPoint) -> None:
    viewport = page.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    where = QPointF(end)
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    move = QMouseEvent(QEvent.Type.MouseMove, where, viewport.mapToGlobal(where), Qt.MouseButton.NoButton, left, none)
    QApplication.sendEvent(viewport, move)
    QTest.mouseRelease(viewport, left, pos=end)


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


def test_text_is_marked_by_mouse_in_one_version_at_a_time_and_copied(sit: Sit, window_on: Open) -> None:
    comparison, pages = compare(sit, window_on, "Nobody is there.", "You are there.", "Me.")
    clipboard = QGuiApplication.clipboard()
    area = pages[2].area_of(0)
    drag(pages[2], area.topLeft() + QPoint(1, 1), area.bottomRight() - QPoint(1, 1))
    assert focused(comparison).objectName() == "choose3"
    QTest.keyClick(focused(comparison), Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard.text() == "Me."

    QTest.mouseDClick(pages[0].viewport(), Qt.MouseButton.LeftButton, pos=word_in(pages[0], "Nobody is "))
    assert focused(comparison).objectName() == "choose1"
    assert [page.has_mark for page in pages] == [True, False, False]
    QTest.keyClick(focused(comparison), Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard.text() == "there"


def word_in(page: Clickable, before: str) -> QPoint:
    """A point in the word behind `before`, in the first block."""
    area = page.column.view(0).flow(TEXT).view(0).caret_area(len(before) + 1)
    origin = next(origin for part, origin, _ in page.column.view(0).parts() if part == TEXT)
    return (area.center() + origin + QPointF(page.area_of(0).topLeft())).toPoint()


def test_the_keys_mark_and_copy_the_version_with_the_focus(sit: Sit, window_on: Open, qtbot: QtBot) -> None:
    comparison, pages = compare(sit, window_on, "Nobody.", "You, **yourself**.", "Me.")
    clipboard = QGuiApplication.clipboard()
    with qtbot.waitSignal(comparison.copied) as copied:
        QTest.keyClick(focused(comparison), Qt.Key.Key_C)
    assert copied.args == ["Message copied"]
    assert clipboard.text() == "You, **yourself**."
    QTest.keyClick(focused(comparison), Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert [page.has_mark for page in pages] == [False, True, False]
    with qtbot.waitSignal(comparison.copied) as copied:
        QTest.keyClick(focused(comparison), Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert copied.args == ["Copied"]
    QTest.keyClick(focused(comparison), Qt.Key.Key_Right)
    assert not any(page.has_mark for page in pages)
    QTest.keyClick(focused(comparison), Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard.text() == "Me."
    assert comparison.isVisible()


def test_links_and_code_do_what_they_say(sit: Sit, window_on: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    code = "Look:\n\n```python\nx = 1\n```\n\nas [here](https://a.example/x)."
    comparison, pages = compare(sit, window_on, "Nobody.", code)
    for what in (Does.OPEN_LINK, Does.COPY):
        at = does(pages[1])[what].area.center().toPoint()
        QTest.mouseClick(pages[1].viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert opened == ["https://a.example/x"]
    assert QGuiApplication.clipboard().text().strip() == "x = 1"
    toast = comparison.window().findChild(QFrame, "toast")
    assert toast is not None
    assert toast.accessibleName() == "Code copied"
    assert toast.isVisible()


def test_the_menu_offers_what_is_done_with_text_that_is_only_read(sit: Sit, window_on: Open) -> None:
    _, pages = compare(sit, window_on, "Nobody.", "You.")
    menu = pages[0].menu_at(pages[0].area_of(0).center())
    words = [action.text() for action in menu.actions() if action.text()]
    menu.deleteLater()
    assert words == ["Copy", "Copy as Markdown", "Select all", "Copy message"]


def test_diagrams_are_drawn_in_every_version(sit: Sit, window_on: Open, qtbot: QtBot) -> None:
    _, pages = compare(sit, window_on, *(f"```mermaid\nflowchart TD\n    A --> {to}\n```" for to in "BCD"))
    # Where the source is shown because there is a picture, that is what can be asked for first.
    qtbot.waitUntil(lambda: all(Does.SHOW_SOURCE in does(page) for page in pages))


@pytest.mark.parametrize("row", [0, 1])
def test_from_a_question_its_answers_are_compared_and_one_alone_is_told(sit: Sit, window_on: Open, row: int) -> None:
    desk = sit("Nobody.", "You.", "Me.")
    window = window_on(desk)
    desk.session.send("Who is there?")
    desk.settle()
    transcript, comparison = parts_of(window)
    transcript.setFocus()
    transcript.focus_row(row)
    QTest.keyClick(transcript, Qt.Key.Key_V)
    assert not comparison.isVisible()
    toast = window.findChild(QFrame, "toast")
    assert toast is not None
    assert toast.isVisible()
    assert toast.accessibleName().startswith("There is one answer only.")
    desk.session.try_several(desk.session.rows[1].message.id, 2)
    desk.settle()
    transcript.setFocus()
    transcript.focus_row(row)
    QTest.keyClick(transcript, Qt.Key.Key_V)
    assert comparison.isVisible()
    assert focused(comparison).objectName() == "choose2"
    QTest.keyClick(focused(comparison), Qt.Key.Key_3)
    assert desk.texts() == ["Who is there?", "Me."]
