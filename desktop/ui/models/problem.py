"""An error where it happened: what and why in words, and the next step as a button."""

from __future__ import annotations

from http import HTTPStatus

from PySide6.QtCore import QEvent, QSize, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.errors import (
    AppError,
    BadToken,
    Gated,
    HubRefused,
    HubUnreachable,
    OfflineMode,
    Trouble,
    UnsafeName,
    WrongContent,
)
from desktop.ui.controls import DRESS_CHANGES
from desktop.ui.error_text import explain
from desktop.ui.i18n import tr
from desktop.ui.theme import scaled


class Problem(QWidget):
    """Explains an error. Hidden while there is none.

    Signals:
        retry_requested(), settings_requested()
        online_requested(): offline mode is to be turned off
    """

    retry_requested = Signal()
    settings_requested = Signal()
    online_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._error: AppError | None = None
        self._what, self._why = QLabel(), QLabel()
        self._what.setProperty("look", "danger")
        self._why.setProperty("look", "small")
        for label in (self._what, self._why):
            label.setWordWrap(True)
            label.setTextFormat(label.textFormat().PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._retry = _button("retryButton")
        self._settings = _button("networkSettingsButton")
        self._page = _button("openPageButton")
        self._online = _button("goOnlineButton")
        self._buttons = QHBoxLayout()
        for button in self._all_buttons():
            self._buttons.addWidget(button)
        self._buttons.addStretch()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._what)
        self._column.addWidget(self._why)
        self._column.addLayout(self._buttons)
        self._retry.clicked.connect(self.retry_requested)
        self._settings.clicked.connect(self.settings_requested)
        self._page.clicked.connect(self._on_page)
        self._online.clicked.connect(self.online_requested)
        self._dress()
        self._retranslate()
        self.hide()

    def set_error(self, error: AppError | None) -> None:
        """Explain `error`, or go away."""
        if error is not self._error:
            self._error = error
            self._say()
        self.setVisible(error is not None)

    @override
    def minimumSizeHint(self) -> QSize:
        # As narrow as it must be: then the buttons stand below each other.
        return QSize(scaled(80), super().minimumSizeHint().height())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _on_page(self) -> None:
        if isinstance(self._error, Gated):
            QDesktopServices.openUrl(QUrl(self._error.url))

    def _say(self) -> None:
        error = self._error
        if error is None:
            return
        words = explain(error)
        self._what.setText(words.what)
        self._why.setText("\n".join(part for part in (words.why, words.next) if part))
        self._why.setVisible(bool(self._why.text()))
        self.setAccessibleName(words.what)
        self._retry.setVisible(may_try_again(error))
        self._settings.setVisible(_is_about_settings(error))
        self._page.setVisible(isinstance(error, Gated))
        self._online.setVisible(isinstance(error, OfflineMode))
        self._arrange()

    def _arrange(self) -> None:
        shown = [button for button in self._all_buttons() if not button.isHidden()]
        beside = sum(button.sizeHint().width() + scaled(8) for button in shown)
        fits = beside <= self.width()
        self._buttons.setDirection(QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom)

    def _all_buttons(self) -> tuple[QPushButton, ...]:
        return self._online, self._retry, self._page, self._settings

    def _retranslate(self) -> None:
        self._retry.setText(tr("Try again"))
        self._settings.setText(tr("Network settings"))
        self._page.setText(tr("Open the page"))
        self._online.setText(tr("Go online"))
        self._say()

    def _dress(self) -> None:
        self._column.setSpacing(scaled(4))
        self._buttons.setSpacing(scaled(8))


def may_try_again(error: AppError) -> bool:
    """Whether another try can end otherwise while everything else stays as it is."""
    return not isinstance(error, OfflineMode | UnsafeName)


def _is_about_settings(error: AppError) -> bool:
    """Whether the network settings may be what is wrong, or name another mirror."""
    if isinstance(error, HubUnreachable):
        return error.trouble in (Trouble.PROXY, Trouble.NOT_A_HUB, Trouble.NO_SUCH_HOST, Trouble.REFUSED)
    if isinstance(error, HubRefused):
        # One that wants fewer requests only has to be waited for.
        return error.status != HTTPStatus.TOO_MANY_REQUESTS
    return isinstance(error, OfflineMode | BadToken | Gated | WrongContent)


def _button(name: str) -> QPushButton:
    button = QPushButton()
    button.setObjectName(name)
    button.setProperty("look", "link")
    return button
