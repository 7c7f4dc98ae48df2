"""Exporting and printing from the window, into real files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.chat.message import Role, State
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui import exporting
from desktop.ui.appearance import Appearance
from desktop.ui.exporting import Exporting, Format
from desktop.ui.main_window import MainWindow
from tests.ui.conftest import Desk
from tests.ui.transcript.pdf_reader import Pdf

Open = Callable[..., tuple[MainWindow, Desk]]


@pytest.fixture
def open_window(sit: Callable[..., Desk], tmp_path: Path, qtbot: QtBot, qapp: QApplication) -> Iterator[Open]:
    """Opens a window on a chat of so many questions and answers."""
    appearance = Appearance(qapp)

    def make(count: int = 1) -> tuple[MainWindow, Desk]:
        desk = sit()
        appearance.apply(Settings(model="starter", language="en", theme="light"))
        chat = desk.store.create_chat("Why: a/b?", "", None, None)
        parent = None
        for number in range(count):
            for role, text in ((Role.USER, f"Question {number}?"), (Role.ASSISTANT, f"Answer **{number}**.")):
                parent = desk.store.add_message(chat.id, parent, role, text, State.COMPLETE).id
        window = MainWindow(desk.session, desk.models, desk.supply, Settings(language="en"), Paths.under(tmp_path))
        qtbot.addWidget(window)
        window.show()
        desk.session.open_chat(chat.id)
        return window, desk

    yield make
    appearance.apply(Settings(language="en", theme="light"))
    qapp.setStyleSheet("")
    qapp.processEvents()


def _menu(window: MainWindow) -> dict[str, QAction]:
    button = window.findChild(QWidget, "chatMenuButton")
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    menu = window.findChild(QMenu, "chatMenu")
    assert menu is not None
    found = {action.text(): action for action in menu.actions()}
    menu.close()
    return found


def _save_as(window: MainWindow, path: Path) -> str:
    """Answer the dialog with `path`; returns the name that it had proposed."""
    dialog = window.findChild(QFileDialog, "exportDialog")
    assert dialog is not None
    proposed = Path(dialog.selectedFiles()[0]).name
    dialog.fileSelected.emit(str(path))
    dialog.close()
    return proposed


def _toast(window: MainWindow) -> str:
    toast = window.findChild(QWidget, "toast")
    assert toast is not None
    return "".join(label.text() for label in toast.findChildren(QLabel)) if toast.isVisible() else ""


def _exporting(window: MainWindow) -> Exporting:
    found = window.findChild(Exporting)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("entry", "ending"), [("Export as PDF…", "pdf"), ("Export as HTML…", "html"), ("Export as Markdown…", "md")]
)
def test_a_chat_is_exported_from_the_menu(
    open_window: Open, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, entry: str, ending: str
) -> None:
    window, _ = open_window(3)
    shown: list[Path] = []
    monkeypatch.setattr(exporting, "reveal", shown.append)
    _menu(window)[entry].trigger()
    path = tmp_path / f"out.{ending}"
    assert _save_as(window, path) == f"Why a b.{ending}"
    qtbot.waitUntil(lambda: _toast(window) == f"Exported to out.{ending}")
    text = "".join(Pdf(path).pages) if ending == "pdf" else path.read_text(encoding="utf-8")
    assert all(f"Question {number}?" in text for number in range(3))
    assert "Answer" in text
    action = window.findChild(QPushButton, "toastAction")
    assert action is not None
    assert action.text() == "Show in folder"
    action.click()
    assert shown == [path]


def test_a_new_chat_has_nothing_to_export(sit: Callable[..., Desk], tmp_path: Path, qtbot: QtBot) -> None:
    desk = sit()
    window = MainWindow(desk.session, desk.models, desk.supply, Settings(language="en"), Paths.under(tmp_path))
    qtbot.addWidget(window)
    window.show()
    entries = _menu(window)
    assert [entries[name].isEnabled() for name in entries if name.startswith(("Export", "Print"))] == [False] * 4
    _exporting(window).ask("pdf")
    assert window.findChild(QFileDialog, "exportDialog") is None
    assert _exporting(window).print() is None


def test_a_long_export_is_told_and_can_be_stopped(
    open_window: Open, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, _ = open_window(60)
    monkeypatch.setattr(exporting, "_QUIET_S", 0.0)
    monkeypatch.setattr(exporting, "_STEP_S", 0.0)
    path = tmp_path / "out.pdf"
    path.write_bytes(b"old")
    _exporting(window).write(Format.PDF, path)
    monkeypatch.setattr(exporting, "_STEP_S", 0.0005)
    qtbot.waitUntil(lambda: _toast(window).startswith("Exporting…"))
    _exporting(window).ask("html")
    assert window.findChild(QFileDialog, "exportDialog") is None
    qtbot.waitUntil(lambda: _toast(window).startswith("Exporting…"))
    cancel = window.findChild(QPushButton, "toastAction")
    assert cancel is not None
    cancel.click()
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.glob("*.part")] == []
    assert _toast(window) == ""
    _exporting(window).write(Format.MARKDOWN, path)
    qtbot.waitUntil(lambda: _toast(window).startswith("Exported"))


def test_what_cannot_be_written_is_said(open_window: Open, tmp_path: Path, qtbot: QtBot) -> None:
    window, _ = open_window()
    _exporting(window).write(Format.HTML, tmp_path / "gone" / "out.html")
    qtbot.waitUntil(lambda: "cannot be written" in _toast(window))
    assert "Choose another folder." in _toast(window)


def test_closing_the_window_stops_it(open_window: Open, tmp_path: Path) -> None:
    window, _ = open_window(60)
    _exporting(window).write(Format.PDF, tmp_path / "out.pdf")
    QApplication.processEvents()
    window.close()
    assert not (tmp_path / "out.pdf").exists()
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith(".part")] == []


def test_another_chat_may_be_opened_meanwhile(open_window: Open, tmp_path: Path, qtbot: QtBot) -> None:
    window, desk = open_window(40)
    path = tmp_path / "out.html"
    _exporting(window).write(Format.HTML, path)
    QApplication.processEvents()
    desk.session.start_new()
    qtbot.waitUntil(path.exists)
    assert "Question 39?" in path.read_text(encoding="utf-8")


def test_printing(open_window: Open, tmp_path: Path, qtbot: QtBot) -> None:
    window, _ = open_window(30)
    dialog = _exporting(window).print()
    assert isinstance(dialog, QPrintDialog)
    dialog.printer().setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    dialog.printer().setOutputFileName(str(tmp_path / "printed.pdf"))
    # Not `accept`: without any printer the dialog has a file of its own in mind.
    dialog.accepted.emit(dialog.printer())
    dialog.reject()
    qtbot.waitUntil(lambda: _exporting(window)._work is None)
    text = "".join(Pdf(tmp_path / "printed.pdf").pages).replace("\t", " ")
    assert "Question 29?" in text
