"""The network page: what makes sense acts at once, what does not is explained, and the token stays a secret."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from keyring.backends.fail import Keyring as NoKeyringAtAll
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot
from typing_extensions import override

from desktop.hub import token as keyring_token
from desktop.hub.network import Network
from desktop.settings import Settings
from desktop.ui.controls import Switch
from desktop.ui.hub_access import HubAccess
from desktop.ui.network_settings import NetworkSettings, is_web_address
from tests.ui.models.market import Market, MemoryKeyring, keyring_is

SECRET = "hf_secret"  # noqa: S105  nobody's

Show = Callable[[], NetworkSettings]


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network()
    yield made
    made.close()


@pytest.fixture
def access(network: Network) -> Iterator[HubAccess]:
    made = HubAccess(network, Settings())
    yield made
    made.close()


@pytest.fixture
def show(access: HubAccess, qtbot: QtBot) -> Show:
    def make() -> NetworkSettings:
        page = NetworkSettings(access, Settings())
        qtbot.addWidget(page)
        page.changed.connect(access.set_settings)
        page.show()
        return page

    return make


def test_every_setting_acts_at_once(show: Show, network: Network) -> None:
    page = show()
    changes: list[Settings] = []
    page.changed.connect(changes.append)
    _type(page, "endpointField", "https://hf-mirror.com/")
    assert network.connection.endpoint == "https://hf-mirror.com"
    _type(page, "proxyField", "http://127.0.0.1:7890")
    assert network.connection.proxy == "http://127.0.0.1:7890"
    page.findChildren(QSpinBox)[0].setValue(3)
    QTest.mouseClick(page.findChildren(Switch)[0], Qt.MouseButton.LeftButton)
    assert network.connection.offline
    wanted = Settings(
        endpoint="https://hf-mirror.com", proxy="http://127.0.0.1:7890", downloads_at_once=3, offline=True
    )
    assert changes[-1] == wanted
    _type(page, "endpointField", "")
    assert changes[-1] == replace(wanted, endpoint=None)
    assert network.connection.endpoint == "https://huggingface.co"


def test_typing_is_taken_over_once_it_rests(show: Show, qtbot: QtBot) -> None:
    page = show()
    field = _field(page, "endpointField")
    with qtbot.waitSignal(page.changed) as changed:
        QTest.keyClicks(field, "https://hub.example")
    assert changed.args == [Settings(endpoint="https://hub.example")]


def test_what_is_no_address_is_explained_and_not_taken_over(show: Show, qtbot: QtBot) -> None:
    page = show()
    with qtbot.assertNotEmitted(page.changed):
        _type(page, "endpointField", "hf mirror")
    words = "That is no web address: it begins with http:// or https:// and a name."
    assert words in _words(page)
    _type(page, "endpointField", "https://hub.example")
    assert words not in _words(page)


def test_settings_that_change_elsewhere_are_shown_without_being_reported(show: Show, qtbot: QtBot) -> None:
    page = show()
    with qtbot.assertNotEmitted(page.changed):
        page.set_settings(Settings(endpoint="https://hub.example", offline=True, downloads_at_once=5))
    assert _field(page, "endpointField").text() == "https://hub.example"
    assert page.findChildren(Switch)[0].isChecked()


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("https://hf-mirror.com", True),
        ("http://127.0.0.1:8080/hub", True),
        ("https://[::1]:8080", True),
        ("hf-mirror.com", False),
        ("ftp://hf-mirror.com", False),
        ("https://", False),
        ("https://a b", False),
        ("https://hub.example:port", False),
        ("https://hub.example:99999", False),
        ("https://hub.example?x=1", False),
        ("https://[::1", False),
        ("file:///etc/passwd", False),
    ],
)
def test_web_addresses(text: str, good: bool) -> None:
    assert is_web_address(text) is good


def test_the_token_is_kept_in_the_keyring_and_never_shown(
    show: Show, access: HubAccess, network: Network, keys: MemoryKeyring, qtbot: QtBot
) -> None:
    page = show()
    field = _field(page, "tokenField")
    assert "No token is set. Most models need none." in _words(page)
    assert not _button(page, "saveTokenButton").isEnabled()
    QTest.keyClicks(field, f" {SECRET} ")
    QTest.mouseClick(_button(page, "saveTokenButton"), Qt.MouseButton.LeftButton)
    assert field.text() == ""
    assert "A token is set." in _words(page)
    assert _token(network) == SECRET
    qtbot.waitUntil(lambda: list(keys.kept.values()) == [SECRET])
    assert not any(SECRET in word for word in _words(page))
    QTest.mouseClick(_button(page, "removeTokenButton"), Qt.MouseButton.LeftButton)
    assert not access.has_token
    assert _token(network) is None
    qtbot.waitUntil(lambda: keys.kept == {})


def test_a_token_of_an_earlier_start_is_known_once_the_keyring_has_said_so(
    show: Show, access: HubAccess, qtbot: QtBot
) -> None:
    keyring_token.save("hf_earlier")
    with qtbot.waitSignal(access.token_changed):
        page = show()
    assert access.has_token
    assert "A token is set." in _words(page)


def test_without_a_keyring_it_is_used_until_the_program_ends(
    show: Show, access: HubAccess, network: Network, qtbot: QtBot
) -> None:
    with keyring_is(NoKeyringAtAll()):  # type: ignore[no-untyped-call]
        page = show()
        with qtbot.waitSignal(access.token_failed):
            QTest.keyClicks(_field(page, "tokenField"), f"{SECRET}\r")
    assert _token(network) == SECRET
    assert any(word.startswith("The access token cannot be stored.") for word in _words(page))


def test_going_offline_stops_what_is_being_asked(market: Market, qtbot: QtBot) -> None:
    with qtbot.waitSignal(market.access.changed):
        market.access.set_settings(replace(market.settings, offline=True))
    with qtbot.waitSignal(market.hub.repository_failed):
        market.hub.read_repository("maker/small-GGUF")
    assert market.asked() == []


def _token(network: Network) -> str | None:
    return network.connection.token


def _field(page: NetworkSettings, name: str) -> QLineEdit:
    return page.findChildren(QLineEdit, name)[0]


def _button(page: NetworkSettings, name: str) -> QPushButton:
    return page.findChildren(QPushButton, name)[0]


def _type(page: NetworkSettings, name: str, text: str) -> None:
    field = _field(page, name)
    field.clear()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def _words(page: NetworkSettings) -> set[str]:
    return {label.text() for label in page.findChildren(QLabel) if label.isVisible()}


def test_a_keyring_that_waits_for_a_password_does_not_keep_the_program_open(network: Network) -> None:
    asked, answered = threading.Event(), threading.Event()

    class Locked(MemoryKeyring):
        @override
        def get_password(self, service: str, username: str) -> str | None:
            asked.set()
            answered.wait()
            return super().get_password(service, username)

    with keyring_is(Locked()):
        access = HubAccess(network, Settings())
        access.load_token()
        asked.wait()
        access.close()
        assert not answered.is_set()
        answered.set()
