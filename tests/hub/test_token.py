from __future__ import annotations

from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked, PasswordDeleteError
from typing_extensions import override

from desktop.errors import NoKeyring
from desktop.hub import token

WORD = "hf_word"


class InMemory(KeyringBackend):
    """A keyring as systems have them, that ends with the test."""

    priority: float = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    @override
    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    @override
    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise PasswordDeleteError
        del self.kept[service, username]


class Locked(InMemory):
    """One that the user does not unlock."""

    @override
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked


class PlainText(InMemory):
    """One that would write to a file: the library gives those a priority below 1."""

    priority: float = 0.5


class Broken(InMemory):
    """One whose other half is gone."""

    @override
    def get_password(self, service: str, username: str) -> str | None:
        raise OSError("no bus")

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        raise OSError("no bus")


@pytest.fixture(autouse=True)
def _keyring_of_before() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def test_a_token_is_kept_until_it_is_forgotten() -> None:
    system = InMemory()
    keyring.set_keyring(system)
    assert token.load() is None
    token.save(WORD)
    assert system.kept == {("fireside", "huggingface.co"): WORD}
    assert token.load() == WORD
    token.forget()
    token.forget()
    assert (token.load(), system.kept) == (None, {})


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring, Locked, PlainText, Broken])
def test_where_no_secret_can_be_kept(backend: type[KeyringBackend]) -> None:
    system = backend()
    keyring.set_keyring(system)
    with pytest.raises(NoKeyring):
        token.save(WORD)
    assert token.load() is None
    token.forget()
    assert getattr(system, "kept", {}) == {}
