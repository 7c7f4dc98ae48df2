"""A monkey at the window: whatever it does in whatever order, nothing breaks, and what is shown is what is stored.

`MONKEY_STEPS` and `MONKEY_SEEDS` make it play longer: `MONKEY_STEPS=5000 MONKEY_SEEDS=20 pytest …`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.chat.message import Role, State
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui import i18n
from desktop.ui.appearance import Appearance
from desktop.ui.exporting import Exporting, Format
from desktop.ui.main_window import MainWindow
from desktop.ui.transcript.blocks.target import Does
from desktop.ui.transcript.selection import selected_text
from desktop.ui.transcript.transcript import Transcript
from tests.ui.conftest import Desk

_STEPS = int(os.environ.get("MONKEY_STEPS", "120"))
_SEEDS = range(int(os.environ.get("MONKEY_SEEDS", "2")))
_PIECES = (
    "Some **bold** and *slanted* words with `code`, [a link](https://example.org) and a formula $x^2$.\n\n",
    "- one\n- two\n  1. three\n  2. four\n\n- [x] done\n\n",
    "```python\ndef f(x):\n    return x + 1  # " + "long " * 40 + "\n```\n\n",
    "| a | b |\n|---|---:|\n" + "| 1 | `2` |\n" * 30 + "\n",
    "$$\\frac{a}{b}$$\n\n> A quote\n> > in a quote\n\n",
    "中文、混排 English **粗体** 和 emoji 👩‍👩‍👧 e\u0301 \u202eabc\u202c שלום\n\n",
    "# Heading\n\nNote[^1].\n\n[^1]: Here.\n\n---\n\n",
    "```\n" + "line\n" * 300 + "```\n\n",
    "word " * 400 + "\n\n",
    "<b>raw</b> \\[ unfinished **bo `co [li](ht $x",
    "```mermaid\nflowchart LR\n A --> B\n```\n\n",
)
_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)
_MORE_KEYS = (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Tab, Qt.Key.Key_Escape, Qt.Key.Key_F7, Qt.Key.Key_C)
_MODIFIERS = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
)


class Monkey:
    """Plays with a window, the same for the same seed."""

    def __init__(
        self, window: MainWindow, desk: Desk, apply: Callable[[Settings], None], folder: Path, seed: int
    ) -> None:
        self.dice = random.Random(seed)
        self.window, self.desk, self.apply, self.folder = window, desk, apply, folder
        self.settings = Settings(model="starter", language="en", theme="light")
        transcript = window.findChild(Transcript, "transcript")
        assert transcript is not None
        self.page = transcript
        self.done: list[str] = []
        self.deeds = [
            getattr(self, name)
            for name in dir(self)
            if name.startswith("do_")
            for _ in range(3 if "_t_" in name else 1)
        ]

    def play(self, steps: int) -> None:
        """Do so many random things, and look after each whether all is well."""
        for _ in range(steps):
            deed = self.dice.choice(self.deeds)
            self.done.append(deed.__name__)
            deed()
            for _ in range(self.dice.randrange(3)):
                QApplication.processEvents()
            self.check()

    # What the session does.

    def do_t_send(self) -> None:
        if not self.desk.session.answering:
            self.desk.session.send("".join(self.dice.choices(_PIECES, k=2)) + str(self.dice.random()))

    def do_stop(self) -> None:
        self.desk.session.stop()

    def do_new_chat(self) -> None:
        self.desk.session.start_new()

    def do_t_switch(self) -> None:
        chats = self.desk.session.chats()
        if chats:
            self.desk.session.open_chat(self.dice.choice(chats).id)

    def do_edit(self) -> None:
        asked = [row.message.id for row in self.page.rows if row.message.role is Role.USER]
        if asked:
            self.desk.session.edit(self.dice.choice(asked), self.dice.choice(_PIECES))

    def do_again(self) -> None:
        said = [row.message.id for row in self.page.rows if row.message.role is Role.ASSISTANT]
        if said:
            self.dice.choice([self.desk.session.regenerate, self.desk.session.continue_answer])(self.dice.choice(said))

    def do_branch(self) -> None:
        branched = [row.message.id for row in self.page.rows if row.branches > 1]
        if branched:
            self.page.branch_requested.emit(self.dice.choice(branched), self.dice.choice([-1, 1]))

    def do_delete(self) -> None:
        chats = self.desk.session.chats()
        if len(chats) > 3:
            chat = self.dice.choice(chats).id
            self.desk.session.delete(chat)
            if self.dice.random() < 0.5:
                self.desk.session.undo_delete(chat)

    # What the reader does.

    def do_t_wait(self) -> None:
        QTest.qWait(self.dice.choice([1, 5, 30]))

    def do_resize(self) -> None:
        self.window.resize(self.dice.randrange(500, 1400), self.dice.randrange(400, 900))

    def do_look(self) -> None:
        change: dict[str, Any] = self.dice.choice(
            [
                {"theme": self.dice.choice(["light", "dark"])},
                {"zoom": self.dice.choice([0.7, 1.0, 1.4, 2.0])},
                {"language": self.dice.choice(["en", "zh_CN"])},
            ]
        )
        self.settings = replace(self.settings, **change)
        self.apply(self.settings)

    def do_t_scroll(self) -> None:
        bar = self.page.verticalScrollBar()
        bar.setValue(
            self.dice.choice([0, bar.maximum(), self.dice.randint(0, max(1, bar.maximum())), bar.value() + 60])
        )

    def do_paint(self) -> None:
        self.page.viewport().grab()

    def do_t_drag(self) -> None:
        view = self.page.viewport()
        QTest.mousePress(view, Qt.MouseButton.LeftButton, self._modifier(), self._point())
        for _ in range(self.dice.randrange(4)):
            QTest.mouseMove(view, self._point())
            QApplication.processEvents()
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, self._modifier(), self._point())

    def do_double_click(self) -> None:
        QTest.mouseDClick(self.page.viewport(), Qt.MouseButton.LeftButton, self._modifier(), self._point())

    def do_t_keys(self) -> None:
        if self.page.isVisible():
            self.page.setFocus()
            for _ in range(self.dice.randrange(1, 6)):
                key, modifier = self.dice.choice(_KEYS + _MORE_KEYS), self._modifier()
                QTest.keyClick(self.page, key, modifier)

    def do_select_all(self) -> None:
        self.page.select_all()
        self.page.copy()

    def do_copy_markdown(self) -> None:
        self.page.copy_markdown()

    def do_find(self) -> None:
        if not self.page.rows:
            return
        self.page.finding.open()
        for query in self.dice.choices(["e", "en", "word", "中", "x^2", "zz", "", "(", "1"], k=2):
            self.page.finding.bar.field.setText(query)
            self.page.finding.step(self.dice.choice([-1, 1]))

    def do_find_close(self) -> None:
        self.page.finding.close()

    def do_t_target(self) -> None:
        if not self.page.rows:
            return
        row = self.dice.choice(list(self.page.rows_in_sight()))
        targets = [target for target in self.page.targets(row) if target.does is not Does.SAVE]
        if targets:
            self.page.activate(row, self.dice.choice(targets))

    def do_menu(self) -> None:
        if self.page.rows:
            menu = self.page.menu_at(self._point())
            wanted = [action for action in menu.actions() if action.isEnabled() and "…" not in action.text()]
            if wanted:
                self.dice.choice(wanted).trigger()
            menu.deleteLater()

    def do_step_through(self) -> None:
        self.page.show_question(self.dice.choice([-1, 1]))

    def do_export(self) -> None:
        exporting = self.window.findChild(Exporting)
        assert exporting is not None
        if self.page.rows:
            kind = self.dice.choice(list(Format))
            exporting.write(kind, self.folder / f"chat.{kind}")

    def _point(self) -> QPoint:
        size = self.page.viewport().size()
        return QPoint(self.dice.randrange(-20, size.width() + 20), self.dice.randrange(-20, size.height() + 20))

    def _modifier(self) -> Qt.KeyboardModifier:
        return self.dice.choice(_MODIFIERS)

    # Whether all is well.

    def check(self) -> None:
        """What always holds."""
        page, session = self.page, self.desk.session
        assert [row.message for row in page.rows] == [row.message for row in session.rows], self.why()
        column = page.column
        assert all(0 <= index < len(page.rows) for index in column._views), self.why()
        sight = page.rows_in_sight()
        assert not page.rows or (sight.start >= 0 and sight.stop <= len(page.rows) and len(sight)), self.why()
        assert page.focused is None or page.focused < len(page.rows), self.why()
        bar = page.verticalScrollBar()
        assert bar.minimum() <= bar.value() <= bar.maximum(), (bar.minimum(), bar.value(), bar.maximum())
        assert page.viewport().width() > 0
        for index in sight:
            for _, _, flow in column.view(index).parts():
                assert all(0 <= block < len(flow.blocks) for block in flow._views), self.why()
                for block, view in flow._views.items():
                    assert view.block.kind is flow.blocks[block].kind, self.why()
        self.check_selection()

    def why(self) -> str:
        """What was done last."""
        return " ".join(self.done[-8:])

    def check_selection(self) -> None:
        """What is marked is there."""
        page = self.page
        if page.selection is None:
            return
        start, end = page.selection.start, page.selection.end
        assert start <= end
        assert end.row < len(page.rows), self.why()
        for spot in (start, end):
            parts = {part: flow for part, _, flow in page.column.view(spot.row).parts()}
            if spot.place.part in parts and parts[spot.place.part].blocks:
                assert spot.place.block < len(parts[spot.place.part].blocks), self.why()
        if self.dice.random() < 0.2:
            assert isinstance(selected_text(page.column, page.selection), str)

    def settle(self, bot: QtBot) -> None:
        """In the end all that was said is stored and shown, and nothing goes on."""
        self.desk.session.stop()
        self.desk.settle()
        bot.waitUntil(lambda: not self.page._late, timeout=30_000)
        chat = self.desk.session.chat
        if chat is not None:
            stored = self.desk.store.path(chat.id)
            assert [(message.id, message.text) for message in stored] == [
                (row.message.id, row.message.text) for row in self.page.rows
            ]
        assert all(row.message.state is not State.STREAMING for row in self.page.rows)
        for index, row in enumerate(self.page.rows):
            assert self.page.column.view(index).row == row


@pytest.fixture
def play(
    sit: Callable[..., Desk], tmp_path: Path, qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[int], Monkey]]:
    """Sits a monkey at a window."""
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: url.scheme() in ("https", "mailto"))
    appearance = Appearance(qapp)
    windows: list[MainWindow] = []

    def make(seed: int) -> Monkey:
        dice = random.Random(seed)
        replies = [_reply(dice) for _ in range(30)]
        desk = sit(*replies)
        desk.engine._pace_s = 0.0005
        settings = Settings(model="starter", language="en", theme="light")
        appearance.apply(settings)
        window = MainWindow(desk.session, desk.models, desk.supply, settings, Paths.under(tmp_path))
        windows.append(window)
        qtbot.addWidget(window)

        def apply(changed: Settings) -> None:
            appearance.apply(changed)
            desk.session.set_settings(changed)
            window.set_settings(changed)

        window.resize(1000, 700)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return Monkey(window, desk, apply, tmp_path, seed)

    yield make
    for window in windows:
        window.close()
    appearance.apply(Settings(language="en", theme="light"))
    i18n.choose_language("en")
    qapp.setStyleSheet("")
    qapp.processEvents()


def _reply(dice: random.Random) -> str:
    return "".join(dice.choices(_PIECES, k=dice.randrange(1, 6)))


@pytest.mark.parametrize("seed", _SEEDS)
def test_a_monkey_breaks_nothing(play: Callable[[int], Monkey], qtbot: QtBot, seed: int) -> None:
    monkey = play(seed)
    monkey.play(_STEPS)
    monkey.settle(qtbot)
    QGuiApplication.clipboard().clear()
