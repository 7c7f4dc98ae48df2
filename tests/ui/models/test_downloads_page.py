"""The list of downloads: what can be done about each, and that it says how it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.hub.job import Phase
from desktop.ui.download_words import title_of
from desktop.ui.i18n import choose_language
from desktop.ui.models.downloads_page import DownloadsPage
from tests.conftest import PATIENCE_S
from tests.hub.origin import drop, silence
from tests.ui.models.market import Q4, Q8, REPO, Market

LARGE = "maker/large-GGUF"
LARGE_FILE = "large-Q4_K_M.gguf"


@pytest.fixture
def page(market: Market, qtbot: QtBot) -> DownloadsPage:
    page = DownloadsPage(market.downloading)
    qtbot.addWidget(page)
    page.resize(700, 500)
    page.show()
    return page


def test_without_downloads_it_leads_to_the_models(page: DownloadsPage, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.discover_requested):
        _press(page, "toDiscoverButton", qtbot)


def test_what_is_ready_can_be_used_and_taken_off_the_list(page: DownloadsPage, market: Market, qtbot: QtBot) -> None:
    with qtbot.waitSignal(market.downloading.finished):
        market.downloading.add(market.server.choice(REPO, Q4))
    with qtbot.waitSignal(page.use_requested) as used:
        _press(page, "useButton", qtbot)
    assert used.args is not None
    file: Path = used.args[0]
    assert file == market.folder / "models" / REPO / Q4
    _press(page, "cancelDownloadButton", qtbot)
    qtbot.waitUntil(lambda: _shown(page, "toDiscoverButton") != [])
    assert file.is_file()


def test_pause_and_resume_by_keyboard_keep_the_focus(page: DownloadsPage, market: Market, qtbot: QtBot) -> None:
    page.activateWindow()
    market.server.cdn.faults.append(silence)
    market.downloading.add(market.server.choice(REPO, Q4))
    assert market.server.cdn.stalled.acquire(timeout=PATIENCE_S)
    qtbot.waitUntil(lambda: _shown(page, "pauseButton") != [])
    pause = _shown(page, "pauseButton")[0]
    pause.setFocus()
    QTest.keyClick(pause, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: market.downloading.downloads[0].phase is Phase.PAUSED)
    qtbot.waitUntil(lambda: _shown(page, "resumeButton") != [])
    resume = _shown(page, "resumeButton")[0]
    assert resume.hasFocus()
    with qtbot.waitSignal(market.downloading.finished):
        QTest.keyClick(resume, Qt.Key.Key_Space)


def test_a_cancelled_one_can_be_brought_back_in_its_row(page: DownloadsPage, market: Market, qtbot: QtBot) -> None:
    market.server.add(LARGE, {LARGE_FILE: bytes(24_000_000)})
    market.server.cdn.faults.append(drop(21_000_000, "stall"))
    market.downloading.add(market.server.choice(LARGE, LARGE_FILE))
    qtbot.waitUntil(lambda: market.downloading.downloads[0].done_bytes == 21_000_000)
    bar = page.findChildren(QProgressBar)[0]
    assert bar.value() == 875
    assert bar.accessibleName() != ""
    _press(page, "cancelDownloadButton", qtbot)
    assert _words(page) & {"Cancelled"}
    with qtbot.waitSignal(market.downloading.finished):
        _press(page, "undoCancelButton", qtbot)


def test_a_failure_says_why_and_is_tried_again(page: DownloadsPage, market: Market, qtbot: QtBot) -> None:
    market.server.cdn.always = drop(0, "rst")
    with qtbot.waitSignal(market.downloading.failed):
        market.downloading.add(market.server.choice(REPO, Q4))
    qtbot.waitUntil(lambda: "127.0.0.1 cannot be reached." in _words(page))
    market.server.cdn.always = None
    with qtbot.waitSignal(market.downloading.finished):
        _press(page, "retryButton", qtbot)


def test_rows_keep_the_order_of_the_queue(page: DownloadsPage, market: Market, qtbot: QtBot) -> None:
    for file in (Q4, Q8):
        with qtbot.waitSignal(market.downloading.finished):
            market.downloading.add(market.server.choice(REPO, file))
    titles = [label for label in page.findChildren(QLabel) if label.property("look") == "section"]
    assert len(titles) == 2
    qtbot.waitUntil(lambda: titles[0].mapTo(page, titles[0].pos()).y() < titles[1].mapTo(page, titles[1].pos()).y())


def test_what_runs_stands_first_and_what_is_over_last(page: DownloadsPage, market: Market, qtbot: QtBot) -> None:
    with qtbot.waitSignal(market.downloading.finished):
        market.downloading.add(market.server.choice(REPO, Q4))
    for repo in (LARGE, "maker/other-GGUF"):
        market.server.add(repo, {LARGE_FILE: bytes(1_000_000)})
    market.server.cdn.always = silence
    paused = market.downloading.add(market.server.choice(LARGE, LARGE_FILE))
    market.downloading.pause(paused)
    market.downloading.add(market.server.choice("maker/other-GGUF", LARGE_FILE))
    qtbot.waitUntil(lambda: _phases(page, market) == [Phase.RUNNING, Phase.PAUSED, Phase.DONE])
    page.setFocus()
    assert page.focusWidget() in _shown(page, "pauseButton")


@pytest.mark.usefixtures("english_afterwards")
def test_the_language_is_switched_while_it_is_open(page: DownloadsPage, market: Market, qtbot: QtBot) -> None:
    with qtbot.waitSignal(market.downloading.finished):
        market.downloading.add(market.server.choice(REPO, Q4))
    qtbot.waitUntil(lambda: _shown(page, "useButton") != [])
    choose_language("zh_CN")
    from PySide6.QtCore import QEvent
    from PySide6.QtWidgets import QApplication

    for widget in (page, *page.findChildren(QWidget)):
        QApplication.sendEvent(widget, QEvent(QEvent.Type.LanguageChange))
    use = _shown(page, "useButton")[0]
    assert isinstance(use, QPushButton)
    assert use.text() == "使用"
    assert any(word.startswith("已在本机") for word in _words(page))


def _shown(page: QWidget, name: str) -> list[QWidget]:
    return [each for each in page.findChildren(QWidget, name) if each.isVisible()]


def _press(page: QWidget, name: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: _shown(page, name) != [])
    QTest.mouseClick(_shown(page, name)[0], Qt.MouseButton.LeftButton)


def _phases(page: DownloadsPage, market: Market) -> list[Phase]:
    """Of the rows, as they stand one below the other."""
    phases = {title_of(each): each.phase for each in market.downloading.downloads}
    titles = [label for label in page.findChildren(QLabel) if label.property("look") == "section"]
    titles.sort(key=lambda label: label.mapTo(page, label.rect().topLeft()).y())
    return [phases[label.text()] for label in titles]


def _words(page: QWidget) -> set[str]:
    return {label.text() for label in page.findChildren(QLabel) if label.isVisible()}
