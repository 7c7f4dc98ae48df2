"""Bugs reach the user, whichever thread they end."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.bug_report import BugReporter


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[QWidget]:
    # What pytest would make of them.
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    window = QWidget()
    qtbot.addWidget(window)
    bugs = BugReporter(window)
    bugs.window = window
    before = threading.excepthook
    bugs.install()
    yield window
    bugs.uninstall()
    assert threading.excepthook is before


def dialogs(window: QWidget) -> list[QMessageBox]:
    return window.findChildren(QMessageBox, "bugDialog")


def end(error: type[BaseException]) -> None:
    def work() -> None:
        raise error

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_a_bug_in_another_thread_is_shown_and_logged(
    window: QWidget, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    end(ZeroDivisionError)
    assert dialogs(window) == []  # not in that thread
    qtbot.waitUntil(lambda: bool(dialogs(window)))
    [dialog] = dialogs(window)
    assert "raise error\nZeroDivisionError" in dialog.detailedText()
    assert "ZeroDivisionError" in caplog.text
    end(KeyError)
    qtbot.waitUntil(lambda: "KeyError" in caplog.text)
    assert dialogs(window) == [dialog]


@pytest.mark.usefixtures("window")
def test_a_thread_may_end_itself(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    end(SystemExit)
    end(ZeroDivisionError)
    qtbot.waitUntil(lambda: "ZeroDivisionError" in caplog.text)
    assert "SystemExit" not in caplog.text
