"""Settings take effect at once; a chat's own are kept apart from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontInfo, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.chat.message import Overflow, Sampling
from desktop.engine.api import SystemInfo
from desktop.engine.gpus import Gpu, gpu_help
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.appearance import Appearance
from desktop.ui.background import Background
from desktop.ui.chat_settings import ChatSettingsDialog
from desktop.ui.colours import DARK, LIGHT
from desktop.ui.controls import breakable
from desktop.ui.gpu_help import GpuHelpView
from desktop.ui.sampling_form import Number, OptionalNumber, SamplingForm
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.theme import tokens
from tests.ui.conftest import Desk

ODD = Sampling(0.15, 7, 0.5, 0.02, 1.3, seed=4_000_000_000, max_tokens=9, stop=("\n\n", "a\\n", "Ω\t"))


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def dialog(window: QWidget, tmp_path: Path, sit: Callable[..., Desk]) -> SettingsDialog:
    desk = sit()
    made = SettingsDialog(Settings(), Paths.under(tmp_path), desk.models, desk.supply.access, window)
    made.show()
    return made


def test_every_setting_is_reported_when_it_is_changed(dialog: SettingsDialog, qtbot: QtBot) -> None:
    reported: list[Settings] = []
    dialog.changed.connect(reported.append)
    _find_combo(dialog, "languageChoice").setCurrentIndex(2)
    _find_combo(dialog, "themeChoice").setCurrentIndex(2)
    _find_combo(dialog, "overflowChoice").setCurrentIndex(1)
    zoom = dialog.findChild(QSpinBox, "zoom")
    assert zoom is not None
    zoom.setValue(150)
    for name, value in (("contextLength", "8192"), ("threads", "2"), ("gpuLayers", "0"), ("unloadAfter", "15")):
        field = _optional(dialog, name)
        field.setText(value)
        QTest.keyClick(field, Qt.Key.Key_Return)
    for name in ("eagerSwitch", "loadsAtStartSwitch"):
        switch = dialog.findChild(QCheckBox, name)
        assert switch is not None
        QTest.keyClick(switch, Qt.Key.Key_Space)
    wanted = Settings(
        language="zh_CN",
        theme="dark",
        overflow=Overflow.SUMMARISE,
        zoom=1.5,
        n_ctx=8192,
        n_threads=2,
        n_gpu_layers=0,
        unload_after_min=15,
        eager=True,
        loads_at_start=False,
    )
    assert reported[-1] == wanted
    system = dialog.findChild(QPlainTextEdit, "defaultSystemPrompt")
    assert system is not None
    system.setPlainText("Be brief.")
    qtbot.waitUntil(lambda: reported[-1] == replace(wanted, system="Be brief."))


def test_what_was_typed_last_is_not_lost_by_closing(dialog: SettingsDialog, qtbot: QtBot) -> None:
    system = dialog.findChild(QPlainTextEdit, "defaultSystemPrompt")
    assert system is not None
    system.setPlainText("Be brief.")
    with qtbot.waitSignal(dialog.changed) as changed:
        dialog.reject()
    assert changed.args is not None
    assert changed.args[0].system == "Be brief."


def test_settings_that_change_elsewhere_are_shown_without_being_reported(dialog: SettingsDialog, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(dialog.changed):
        dialog.set_settings(Settings(theme="dark", zoom=2.0, sampling=ODD, n_ctx=77))
    zoom = dialog.findChild(QSpinBox, "zoom")
    assert zoom is not None
    assert zoom.value() == 200
    assert _optional(dialog, "contextLength").number() == 77


def test_language_and_theme_are_switched_while_it_is_open(
    dialog: SettingsDialog, window: QWidget, appearance: Appearance, qtbot: QtBot
) -> None:
    appearance.apply(Settings(language="zh_CN", theme="dark", zoom=2.0))
    tabs = dialog.findChild(QTabBar)
    assert tabs is not None
    qtbot.waitUntil(lambda: tabs.tabText(0) == "外观")
    assert dialog.windowTitle() == "设置"
    assert tokens(window.palette()) is DARK
    assert window.font().pixelSize() == 28
    assert QApplication.applicationDisplayName() == "炉边", "X11 puts it behind titles that do not end with it"
    appearance.apply(Settings(language="en", theme="light"))
    qtbot.waitUntil(lambda: tabs.tabText(0) == "Appearance")
    assert tokens(window.palette()) is LIGHT


def test_quotes_are_as_wide_as_the_language_has_them(window: QWidget, appearance: Appearance) -> None:
    widths = {}
    for language in ("en", "zh_CN"):
        appearance.apply(Settings(language=language, theme="light"))
        font = QFont(window.font())
        # The one of which it matters: others draw the same for both.
        font.setFamilies(["Noto Sans CJK SC"])
        if not QFontInfo(font).family().startswith("Noto Sans CJK"):
            pytest.skip("the Chinese font is not installed")
        widths[language] = QFontMetrics(font).horizontalAdvance("’")
    appearance.apply(Settings(language="en", theme="light"))
    assert widths["en"] < widths["zh_CN"] == window.font().pixelSize()


def test_every_page_is_named_and_filled(dialog: SettingsDialog, tmp_path: Path) -> None:
    tabs = dialog.findChild(QTabBar)
    assert tabs is not None
    assert [tabs.tabText(index) for index in range(tabs.count())] == [
        "Appearance",
        "Answers",
        "Model",
        "Network",
        "About",
    ]
    assert breakable(str(tmp_path)) in [label.text() for label in dialog.findChildren(QLabel)]
    folder = dialog.findChild(QPushButton, "openDataFolder")
    assert folder is not None
    assert folder.accessibleDescription() == folder.toolTip() == str(tmp_path), "as it can be typed"


def test_a_sampling_survives_the_form(qtbot: QtBot) -> None:
    form = SamplingForm()
    qtbot.addWidget(form)
    with qtbot.assertNotEmitted(form.changed):
        form.set_sampling(ODD)
    assert form.sampling() == ODD
    form.set_sampling(Sampling())
    assert form.sampling() == Sampling()


def test_a_chat_keeps_following_the_settings_until_something_is_changed(window: QWidget, qtbot: QtBot) -> None:
    dialog = ChatSettingsDialog("", None, Sampling(), window)
    dialog.show()
    system = dialog.findChild(QPlainTextEdit, "systemPrompt")
    assert system is not None
    system.setPlainText(" Answer in rhyme. ")
    with qtbot.waitSignal(dialog.saved) as saved:
        _push(dialog, "saveButton")
    assert saved.args == ["Answer in rhyme.", None]


def test_a_chat_gets_its_own_sampling_and_gives_it_back(window: QWidget, qtbot: QtBot) -> None:
    dialog = ChatSettingsDialog("", None, Sampling(), window)
    dialog.show()
    temperature = dialog.findChild(Number, "temperature")
    assert temperature is not None
    temperature.setValue(1.5)
    with qtbot.waitSignal(dialog.saved) as saved:
        _push(dialog, "saveButton")
    assert saved.args == ["", Sampling(temperature=1.5)]
    again = ChatSettingsDialog("", Sampling(temperature=1.5), Sampling(), window)
    again.show()
    _push(again, "useDefaultsButton")
    with qtbot.waitSignal(again.saved) as saved:
        _push(again, "saveButton")
    assert saved.args == ["", None]


def test_cancel_and_escape_save_nothing(window: QWidget, qtbot: QtBot) -> None:
    dialog = ChatSettingsDialog("system", None, Sampling(), window)
    dialog.show()
    with qtbot.assertNotEmitted(dialog.saved):
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def _push(dialog: QWidget, name: str) -> None:
    button = dialog.findChild(QPushButton, name)
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def _find_combo(dialog: QWidget, name: str) -> QComboBox:
    found = dialog.findChild(QComboBox, name)
    assert found is not None
    return found


def _optional(dialog: QWidget, name: str) -> OptionalNumber:
    found = dialog.findChild(OptionalNumber, name)
    assert found is not None
    return found


def test_what_is_being_typed_survives_a_change_from_elsewhere(dialog: SettingsDialog, qtbot: QtBot) -> None:
    form = dialog.findChild(SamplingForm)
    assert form is not None
    form.set_sampling(ODD)
    form.changed.emit()
    dialog.set_settings(Settings(model="another"))
    assert form.sampling() == ODD
    with qtbot.waitSignal(dialog.changed) as reported:
        pass
    assert reported.args == [Settings(model="another", sampling=ODD)]


@pytest.mark.model
def test_the_settings_say_what_computes_here(tmp_path: Path, qtbot: QtBot) -> None:
    background = Background()
    view = GpuHelpView(background, tmp_path / "engine.log")
    qtbot.addWidget(view)
    label = view.findChild(QLabel)
    assert label is not None
    assert label.text() == "Looking…"
    view.show()
    qtbot.waitUntil(lambda: label.text().startswith("This llama.cpp was built for: "))
    background.close()


def test_settings_closed_before_the_engine_answers_miss_nothing(tmp_path: Path, qtbot: QtBot) -> None:
    background = Background()
    for _ in range(5):
        view = GpuHelpView(background, tmp_path / "engine.log")
        view.show()
        shiboken6.delete(view)
    told: list[str] = []
    # It comes after all of them; had one gone on to the view that is gone, it would have raised.
    background.run_long(lambda _: "after", lambda _: None, told.append, lambda _: None)
    qtbot.waitUntil(lambda: told == ["after"])
    background.close()


def test_an_unused_gpu_comes_with_the_command_to_copy(tmp_path: Path, qtbot: QtBot) -> None:
    background = Background()
    view = GpuHelpView(background, tmp_path / "engine.log")
    qtbot.addWidget(view)
    info = SystemInfo((), "", gpu=False, devices=(), n_threads=1, weights_repacked=True)
    view._on_found(gpu_help(info, [Gpu("NVIDIA H100", "NVIDIA")]))
    command = view.findChild(QLineEdit, "rebuildCommand")
    assert command is not None
    assert "cuda" in command.text().lower() or "vulkan" in command.text().lower()
    assert any("NVIDIA H100 is there" in label.text() for label in view.findChildren(QLabel))
    _push(view, "copyCommand")
    assert QApplication.clipboard().text() == command.text()
    background.close()
