"""What one chat has of its own: its system prompt and its sampling."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from desktop.chat.message import Sampling
from desktop.ui.field_rows import FieldPage
from desktop.ui.i18n import tr
from desktop.ui.sampling_form import SamplingForm
from desktop.ui.theme import scaled


class ChatSettingsDialog(QDialog):
    """Edits both. Esc and Cancel leave them as they were.

    Signals:
        saved(str system, Sampling | None sampling): None follows the app's settings
    """

    saved = Signal(str, object)

    def __init__(self, system: str, sampling: Sampling | None, defaults: Sampling, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("chatSettings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._defaults = defaults
        self._system_title, self._system_words = QLabel(), QLabel()
        self._sampling_title, self._sampling_words = QLabel(), QLabel()
        for label, look in (
            (self._system_title, "section"),
            (self._system_words, "small"),
            (self._sampling_title, "section"),
            (self._sampling_words, "small"),
        ):
            label.setProperty("look", look)
            label.setWordWrap(True)
        self._system = QPlainTextEdit(system)
        self._system.setObjectName("systemPrompt")
        self._system.setTabChangesFocus(True)
        self._system.setFixedHeight(scaled(110))
        self._form = SamplingForm()
        self._form.set_sampling(sampling or defaults)
        self._own = sampling is not None
        self._reset = _button("useDefaultsButton", "plain")
        self._cancel = _button("cancelButton", "plain")
        self._save = _button("saveButton", "primary")
        self._save.setDefault(True)
        self._lay_out()
        self._form.changed.connect(self._on_form_changed)
        self._reset.clicked.connect(self._on_reset)
        self._cancel.clicked.connect(self.reject)
        self._save.clicked.connect(self.accept)
        self._retranslate()

    @override
    def accept(self) -> None:
        self.saved.emit(self._system.toPlainText().strip(), self._form.sampling() if self._own else None)
        super().accept()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(scaled(24), scaled(20), scaled(24), scaled(16))
        column.setSpacing(scaled(6))
        for part in (self._system_title, self._system_words, self._system):
            column.addWidget(part)
        column.addSpacing(scaled(18))
        column.addWidget(self._sampling_title)
        column.addWidget(self._sampling_words)
        column.addSpacing(scaled(8))
        column.addWidget(self._form)
        column.addStretch()
        buttons = QHBoxLayout()
        buttons.setContentsMargins(scaled(16), scaled(8), scaled(24), scaled(16))
        buttons.addWidget(self._reset)
        buttons.addStretch()
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._save)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(FieldPage(inside))
        whole.addLayout(buttons)
        self.resize(scaled(560), scaled(680))

    def _on_form_changed(self) -> None:
        self._own = True
        self._say()

    def _on_reset(self) -> None:
        self._own = False
        self._form.set_sampling(self._defaults)
        self._say()

    def _say(self) -> None:
        self._reset.setEnabled(self._own)
        self._sampling_words.setText(
            tr("Set for this chat alone.") if self._own else tr("As in the settings. A change is for this chat alone.")
        )

    def _retranslate(self) -> None:
        self.setWindowTitle(tr("Chat settings"))
        self._system_title.setText(tr("System prompt"))
        self._system_words.setText(tr("Tells the model who it is and how to answer, before the first message."))
        self._system.setAccessibleName(tr("System prompt"))
        self._system.setPlaceholderText(tr("For example: You answer briefly and in plain words."))
        self._sampling_title.setText(tr("Sampling"))
        self._reset.setText(tr("Use the defaults"))
        self._cancel.setText(tr("Cancel"))
        self._save.setText(tr("Save"))
        self._say()


def _button(name: str, look: str) -> QPushButton:
    button = QPushButton()
    button.setObjectName(name)
    button.setProperty("look", look)
    return button
