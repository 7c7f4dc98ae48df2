"""The access token: entered where it is asked for, never shown again."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.errors import AppError, NoKeyring
from desktop.ui.controls import DRESS_CHANGES, set_look
from desktop.ui.error_text import one_line
from desktop.ui.hub_access import HubAccess
from desktop.ui.i18n import tr
from desktop.ui.theme import scaled


class TokenField(QWidget):
    """A field for a new token, or a word that one is set and a button that removes it.

    Signals:
        saved(): the user has given a token
    """

    saved = Signal()

    def __init__(self, access: HubAccess, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._access = access
        self._problem: AppError | None = None
        self._field = QLineEdit()
        self._field.setObjectName("tokenField")
        self._field.setEchoMode(QLineEdit.EchoMode.Password)
        self._save = QPushButton()
        self._save.setObjectName("saveTokenButton")
        self._remove = QPushButton()
        self._remove.setObjectName("removeTokenButton")
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._row = QHBoxLayout()
        self._row.addWidget(self._field, 1)
        self._row.addWidget(self._save)
        self._row.addWidget(self._remove)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addLayout(self._row)
        self._column.addWidget(self._words)
        self.setFocusProxy(self._field)
        self._field.textChanged.connect(lambda text: self._save.setEnabled(bool(text.strip())))
        self._field.returnPressed.connect(self._on_save)
        self._save.clicked.connect(self._on_save)
        self._remove.clicked.connect(self._on_remove)
        access.token_changed.connect(self._say)
        access.token_failed.connect(self._on_failed)
        self._dress()
        self._retranslate()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _on_save(self) -> None:
        token = self._field.text().strip()
        if token:
            self._field.clear()
            self._problem = None
            self._access.set_token(token)
            self.saved.emit()

    def _on_remove(self) -> None:
        self._problem = None
        self._access.forget_token()
        self._field.setFocus()

    def _on_failed(self, error: AppError) -> None:
        self._problem = error
        self._say()

    def _say(self) -> None:
        has_token = self._access.has_token
        self._save.setEnabled(bool(self._field.text().strip()))
        self._remove.setVisible(has_token)
        self._field.setPlaceholderText(tr("Enter another one") if has_token else tr("Begins with hf_"))
        if isinstance(self._problem, NoKeyring) and has_token:
            set_look(self._words, "warning")
            self._words.setText(one_line(self._problem))
        elif has_token:
            set_look(self._words, "ok")
            self._words.setText(tr("A token is set."))
        else:
            set_look(self._words, "small")
            self._words.setText(tr("No token is set. Most models need none."))

    def _retranslate(self) -> None:
        self._field.setAccessibleName(tr("Access token"))
        self._save.setText(tr("Save"))
        self._save.setAccessibleName(tr("Save the access token"))
        self._remove.setText(tr("Remove"))
        self._remove.setAccessibleName(tr("Remove the access token"))
        self._say()

    def _dress(self) -> None:
        self._row.setSpacing(scaled(8))
        self._column.setSpacing(scaled(6))
