"""The app's settings. A change takes effect at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from typing import Any, get_args

from PySide6.QtCore import QEvent, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from desktop.chat.message import Overflow
from desktop.paths import Paths
from desktop.settings import ZOOM_LIMITS, Language, Settings, Theme
from desktop.ui.context_words import overflow_name
from desktop.ui.controls import Choice
from desktop.ui.field_rows import FieldPage, FieldRows
from desktop.ui.hub_access import HubAccess
from desktop.ui.i18n import tr
from desktop.ui.model_settings import ModelSettings
from desktop.ui.models.choice import Models
from desktop.ui.network_settings import NetworkSettings
from desktop.ui.sampling_form import SamplingForm, WholeNumber, worded_row
from desktop.ui.tabs import Tabs
from desktop.ui.theme import scaled

# How long typing must rest before it is taken over.
_TYPING_MS = 400
_CREDITS = """Fireside — MIT
Qt, PySide6 — LGPL 3
llama.cpp, llama-cpp-python — MIT
SmolLM2 135M Instruct — Apache 2.0
markdown-it-py — MIT
Lucide — ISC"""


class SettingsDialog(QDialog):
    """All settings, a page for each kind.

    Signals:
        changed(Settings settings)
    """

    changed = Signal(object)

    def __init__(self, settings: Settings, paths: Paths, models: Models, access: HubAccess, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("settingsDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._settings = settings
        self._says: list[Callable[[], object]] = []
        self._filling = False
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._on_typed)
        self._tabs = Tabs("settingsTabs")
        self._pages = QStackedWidget()
        self._add_look_page()
        self._add_answers_page()
        self._add_model_page(models, paths)
        self._add_network_page(access)
        self._add_about_page(paths)
        self._tabs.currentChanged.connect(self._pages.setCurrentIndex)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, scaled(16), 0, 0)
        tabs = QHBoxLayout()
        tabs.setContentsMargins(scaled(14), 0, scaled(14), 0)
        tabs.addWidget(self._tabs)
        tabs.addStretch()
        column.addLayout(tabs)
        column.addWidget(self._pages)
        self._retranslate()
        self.set_settings(settings)
        self.resize(scaled(600), scaled(560))

    def set_settings(self, settings: Settings) -> None:
        """The settings are now these, whoever changed them."""
        self._settings = settings
        self._filling = True
        self._language.setCurrentIndex(get_args(Language).index(settings.language))
        self._theme.setCurrentIndex(get_args(Theme).index(settings.theme))
        self._zoom.setValue(round(settings.zoom * 100))
        self._overflow.setCurrentIndex(tuple(Overflow).index(settings.overflow))
        # What is being typed stays, whoever changes something else meanwhile.
        if not self._typing.isActive() and self._system.toPlainText() != settings.system:
            self._system.setPlainText(settings.system)
        if not self._typing.isActive() and self._sampling.sampling() != settings.sampling:
            self._sampling.set_sampling(settings.sampling)
        self._model.set_settings(settings)
        self._network.set_settings(settings)
        self._filling = False

    def show_network_page(self) -> None:
        """Show where the hub is and how it is reached."""
        self._tabs.setCurrentIndex(self._network_index)
        self._network.setFocus()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self._flush()
        super().closeEvent(event)

    @override
    def reject(self) -> None:
        self._flush()
        super().reject()

    def _flush(self) -> None:
        self._network.flush()
        if self._typing.isActive():
            self._typing.stop()
            self._on_typed()

    def _add_look_page(self) -> None:
        grid = self._add_page(lambda: tr("Appearance"))
        self._language = Choice()
        self._language.setObjectName("languageChoice")
        self._theme = Choice()
        self._theme.setObjectName("themeChoice")
        self._zoom = WholeNumber("zoom", round(ZOOM_LIMITS[0] * 100), round(ZOOM_LIMITS[1] * 100), 10)
        self._zoom.setSuffix(" %")
        for choice, count in ((self._language, len(get_args(Language))), (self._theme, len(get_args(Theme)))):
            choice.addItems([""] * count)
        self._row(grid, self._language, lambda: (tr("Language"), ""))
        self._row(grid, self._theme, lambda: (tr("Theme"), ""))
        self._row(grid, self._zoom, lambda: (tr("Size"), tr("Of text and everything else.")))
        # Names of languages stand in their own language.
        self._says.append(lambda: self._name_items(self._language, (tr("As the system"), "English", "简体中文")))
        self._says.append(lambda: self._name_items(self._theme, (tr("As the system"), tr("Light"), tr("Dark"))))
        self._language.currentIndexChanged.connect(lambda index: self._change(language=get_args(Language)[index]))
        self._theme.currentIndexChanged.connect(lambda index: self._change(theme=get_args(Theme)[index]))
        self._zoom.valueChanged.connect(lambda percent: self._change(zoom=percent / 100))

    def _add_answers_page(self) -> None:
        grid = self._add_page(lambda: tr("Answers"))
        self._system = QPlainTextEdit()
        self._system.setObjectName("defaultSystemPrompt")
        self._system.setTabChangesFocus(True)
        self._sampling = SamplingForm()
        self._row(grid, self._system, lambda: (tr("System prompt"), tr("New chats begin with it.")))
        self._system.setFixedSize(scaled(300), scaled(96))
        self._overflow = Choice()
        self._overflow.setObjectName("overflowChoice")
        self._overflow.addItems([""] * len(Overflow))
        self._row(
            grid,
            self._overflow,
            lambda: (
                tr("When a chat is full"),
                tr("What becomes of the oldest messages when a chat no longer fits the context."),
            ),
        )
        self._says.append(lambda: self._name_items(self._overflow, tuple(map(overflow_name, Overflow))))
        self._overflow.currentIndexChanged.connect(lambda index: self._change(overflow=tuple(Overflow)[index]))
        grid.addWidget(self._sampling, grid.rowCount(), 0, 1, 2)
        self._system.textChanged.connect(self._on_typing)
        self._sampling.changed.connect(self._on_typing)

    def _add_model_page(self, models: Models, paths: Paths) -> None:
        grid = self._add_page(lambda: tr("Model"))
        self._model = ModelSettings(models, paths, self._settings)
        grid.addWidget(self._model, 0, 0, 1, 2)
        self._model.changed.connect(self._on_page_changed)

    def _add_network_page(self, access: HubAccess) -> None:
        grid = self._add_page(lambda: tr("Network"))
        self._network_index = self._tabs.count() - 1
        self._network = NetworkSettings(access, self._settings)
        grid.addWidget(self._network, 0, 0, 1, 2)
        self._network.changed.connect(self._on_page_changed)

    def _add_about_page(self, paths: Paths) -> None:
        grid = self._add_page(lambda: tr("About"))
        folder = QPushButton()
        folder.setObjectName("openDataFolder")
        folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.data))))
        self._says.append(lambda: folder.setText(tr("Open the folder")))
        self._row(grid, folder, lambda: (tr("Your data"), str(paths.data)))
        about = QLabel()
        about.setWordWrap(True)
        number = version("fireside")
        self._says.append(
            lambda: about.setText(
                tr(
                    "Fireside {version}. Chats and models stay on this computer; nothing is sent anywhere.",
                    version=number,
                )
            )
        )
        title, made_with = QLabel(), QLabel(_CREDITS)
        title.setProperty("look", "section")
        made_with.setProperty("look", "muted")
        made_with.setWordWrap(True)
        made_with.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._says.append(lambda: title.setText(tr("Made with")))
        for label in (about, title, made_with):
            grid.addWidget(label, grid.rowCount(), 0, 1, 2)

    def _add_page(self, words: Callable[[], str]) -> QGridLayout:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(scaled(24), scaled(16), scaled(24), scaled(24))
        grid = FieldRows()
        column.addLayout(grid)
        column.addStretch(1)
        index = self._pages.addWidget(FieldPage(inside))
        self._tabs.addTab("")
        self._says.append(lambda: self._tabs.setTabText(index, words()))
        return grid

    def _row(self, grid: QGridLayout, field: QWidget, words: Callable[[], tuple[str, str]]) -> None:
        if isinstance(field, Choice):
            field.setFixedWidth(scaled(180))
        self._says.append(worded_row(grid, field, words))

    def _name_items(self, choice: Choice, names: tuple[str, ...]) -> None:
        for index, name in enumerate(names):
            choice.setItemText(index, name)

    def _change(self, **values: Any) -> None:
        if self._filling:
            return
        settings = replace(self._settings, **values)
        if settings != self._settings:
            self._on_page_changed(settings)

    def _on_page_changed(self, settings: Settings) -> None:
        self._settings = settings
        for page in (self._model, self._network):
            page.set_settings(settings)
        self.changed.emit(settings)

    def _on_typing(self) -> None:
        if not self._filling:
            self._typing.start()

    def _on_typed(self) -> None:
        self._change(system=self._system.toPlainText().strip(), sampling=self._sampling.sampling())

    def _retranslate(self) -> None:
        self.setWindowTitle(tr("Settings"))
        self._tabs.setAccessibleName(tr("Settings"))
        self._system.setPlaceholderText(tr("For example: You answer briefly and in plain words."))
        for say in self._says:
            say()
