"""What a gated repository wants from the user, and the field for the access token right there."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.ui.controls import DRESS_CHANGES, IconButton, describe
from desktop.ui.hub_access import HubAccess
from desktop.ui.i18n import tr
from desktop.ui.models.gettable import small_label
from desktop.ui.theme import scaled
from desktop.ui.token_field import TokenField


class GatePanel(QFrame):
    """Explains the two steps: accept the terms on the page, give the token.

    Signals:
        token_saved(): it may be open now
    """

    token_saved = Signal()

    def __init__(self, access: HubAccess, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "card")
        self._title, self._first, self._second = QLabel(), small_label(""), small_label("")
        self._title.setProperty("look", "section")
        self._title.setWordWrap(True)
        self._address = QLineEdit()
        self._address.setObjectName("gateAddress")
        self._address.setReadOnly(True)
        self._copy = IconButton("copyAddressButton", "copy", box=32)
        self._open = QPushButton()
        self._open.setObjectName("openGateButton")
        self._token = TokenField(access)
        self._row = QHBoxLayout()
        self._row.addWidget(self._address, 1)
        self._row.addWidget(self._copy)
        self._row.addWidget(self._open)
        self._column = QVBoxLayout(self)
        self._column.addWidget(self._title)
        self._column.addWidget(self._first)
        self._column.addLayout(self._row)
        self._column.addWidget(self._second)
        self._column.addWidget(self._token)
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._address.text()))
        self._open.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(self._address.text())))
        self._token.saved.connect(self.token_saved)
        self._dress()
        self._retranslate()
        self.hide()

    def set_address(self, url: str) -> None:
        """Where the terms are."""
        self._address.setText(url)
        self._address.setCursorPosition(0)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _retranslate(self) -> None:
        self._title.setText(tr("The authors ask you to accept their terms first."))
        self._first.setText(tr("1. Log in on this page and accept the terms. Some authors answer only after days."))
        self._second.setText(tr("2. Create an access token there that may read models, and enter it here."))
        self._address.setAccessibleName(tr("Address of the page"))
        self._open.setText(tr("Open the page"))
        describe(self._copy, tr("Copy the address"))

    def _dress(self) -> None:
        self._column.setContentsMargins(scaled(16), scaled(12), scaled(16), scaled(12))
        self._column.setSpacing(scaled(6))
        self._row.setSpacing(scaled(8))
