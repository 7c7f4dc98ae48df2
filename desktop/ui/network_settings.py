"""The settings' page on the network: where the hub is, how it is reached, whether at all, and who learns what."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.settings import Settings
from desktop.ui.controls import Switch, set_look
from desktop.ui.field_rows import FieldRows
from desktop.ui.hub_access import HubAccess
from desktop.ui.i18n import tr
from desktop.ui.sampling_form import WholeNumber, labels_of_row
from desktop.ui.settings_page import SettingsPage
from desktop.ui.theme import scaled
from desktop.ui.token_field import TokenField

# How long typing must rest before an address is taken over.
_TYPING_MS = 600
_MOST_AT_ONCE = 8
_FIELD_PX = 240


class NetworkSettings(SettingsPage):
    """A change of a field that makes sense is reported; one that does not is explained beside the field."""

    def __init__(self, access: HubAccess, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(settings, parent)
        self._access = access
        self._offline = Switch()
        self._offline.setObjectName("offlineSwitch")
        self._endpoint = _AddressField("endpointField")
        self._proxy = _AddressField("proxyField")
        self._at_once = WholeNumber("downloadsAtOnce", 1, _MOST_AT_ONCE)
        self._token = TokenField(access)
        self._token_title, self._token_words = _words("section"), _words("small")
        self._privacy = _words("muted")
        self._lay_out()
        self._offline.toggled.connect(lambda offline: self._change(offline=offline))
        self._endpoint.changed.connect(lambda: self._change(endpoint=self._endpoint.address()))
        self._proxy.changed.connect(lambda: self._change(proxy=self._proxy.address()))
        self._at_once.valueChanged.connect(lambda count: self._change(downloads_at_once=count))
        access.load_token()
        self._retranslate()
        self.set_settings(settings)

    @override
    def _fill(self, settings: Settings) -> None:
        self._offline.setChecked(settings.offline)
        self._endpoint.set_address(settings.endpoint)
        self._proxy.set_address(settings.proxy)
        self._at_once.setValue(settings.downloads_at_once)

    def flush(self) -> None:
        """Take over what was typed last: the page is being closed."""
        self._endpoint.flush()
        self._proxy.flush()

    def _lay_out(self) -> None:
        grid = FieldRows()
        self._row(
            grid, self._offline, lambda: (tr("Offline"), tr("Nothing is asked of the network, and downloads stop."))
        )
        self._row(
            grid,
            self._endpoint,
            lambda: (
                tr("Address of the hub"),
                tr(
                    "Or of a mirror, such as {example}. Empty for {default}.",
                    example="https://hf-mirror.com",
                    default="huggingface.co",
                ),
            ),
        )
        self._row(
            grid,
            self._proxy,
            lambda: (
                tr("Proxy"),
                tr("Such as {example}. Empty for the system's own.", example="http://127.0.0.1:7890"),
            ),
        )
        self._row(
            grid,
            self._at_once,
            lambda: (tr("Downloads at once"), tr("More share the same line; the others wait for their turn.")),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(scaled(6))
        column.addLayout(grid)
        column.addSpacing(scaled(12))
        for part in (self._token_title, self._token_words, self._token):
            column.addWidget(part)
        column.addSpacing(scaled(12))
        column.addWidget(self._privacy)

    def _row(self, grid: QGridLayout, field: QWidget, words: Callable[[], tuple[str, str]]) -> None:
        title, explanation = labels_of_row(grid, field)
        if isinstance(field, _AddressField):
            field.setFixedWidth(scaled(_FIELD_PX))
            field.explains(explanation, lambda: words()[1])

        def say() -> None:
            name, why = words()
            title.setText(name)
            explanation.setText(why)
            field.setAccessibleName(name)
            field.setAccessibleDescription(why)

        self._says.append(say)

    @override
    def _retranslate(self) -> None:
        super()._retranslate()
        self._endpoint.say()
        self._proxy.say()
        self._token_title.setText(tr("Access token"))
        self._token_words.setText(
            tr("For models whose authors ask you to accept their terms. It is kept in the system's keyring.")
        )
        self._privacy.setText(
            tr(
                "Who learns what: the hub is asked only when you search for models, open or get one. Like any web site "
                "it then sees your network address, what you look for, and the token, which goes to huggingface.co "
                "alone. Your chats never leave this computer, and nothing is sent by itself."
            )
        )


class _AddressField(QLineEdit):
    """A web address, or nothing.

    Signals:
        changed(): another address that can be one, or nothing now
    """

    changed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._taken: str | None = None
        self._explanation: QLabel | None = None
        self._hint: Callable[[], str] = str
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._take)
        self.textEdited.connect(self._on_edited)
        self.editingFinished.connect(self.flush)

    def explains(self, label: QLabel, hint: Callable[[], str]) -> None:
        """`label` shows `hint`, or what is wrong with the address."""
        self._explanation, self._hint = label, hint

    def address(self) -> str | None:
        """The last address that made sense; None for none."""
        return self._taken

    def set_address(self, address: str | None) -> None:
        """Show `address`, unless the user is typing."""
        self._taken = address
        if not self._typing.isActive() and self.text().strip() != (address or "") and not self.hasFocus():
            self.setText(address or "")
            self.say()

    def flush(self) -> None:
        """Take over what was typed, now."""
        self._typing.stop()
        self._take()

    def say(self) -> None:
        """Explain the field, or what is wrong in it."""
        if self._explanation is not None:
            wrong = bool(self.text().strip()) and not is_web_address(self.text().strip())
            self._explanation.setText(
                tr("That is no web address: it begins with http:// or https:// and a name.") if wrong else self._hint()
            )
            set_look(self._explanation, "warning" if wrong else "small")
            self.setAccessibleDescription(self._explanation.text())

    def _on_edited(self) -> None:
        self._typing.start()

    def _take(self) -> None:
        text = self.text().strip()
        self.say()
        if text and not is_web_address(text):
            return
        address = text.rstrip("/") or None
        if address != self._taken:
            self._taken = address
            self.changed.emit()


def is_web_address(text: str) -> bool:
    """Whether `text` can be the address of a hub or of a proxy: http or https, a host, nothing behind its path."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        # A port that is no number, or half an IPv6 address.
        return False
    whole = parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
    return whole and not (parts.query or parts.fragment) and not any(letter.isspace() for letter in text)


def _words(look: str) -> QLabel:
    label = QLabel()
    label.setProperty("look", look)
    label.setWordWrap(True)
    return label
