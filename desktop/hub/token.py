"""The access token for the hub, in the system's keyring and nowhere else on disk."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from desktop.errors import NoKeyring

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_SERVICE = "fireside"
_USER = "huggingface.co"

# What the keyring library recommends. Less have those that write plain text, and those that keep nothing.
_LEAST_PRIORITY = 1

_log = logging.getLogger(__name__)


def load() -> str | None:
    """The token; None where none was saved, or where the keyring cannot be read.

    It may wait for the user to unlock the keyring: not for the window's thread.
    """
    try:
        return _keyring().get_password(_SERVICE, _USER) or None
    except Exception:  # noqa: BLE001  its backends are plugins that talk to other programs, and raise what they like
        # Most models need no token; the hub says it of those that do.
        _log.info("no access token can be read from a keyring", exc_info=True)
        return None


def save(token: str) -> None:
    """Keep `token` for the next starts.

    Raises:
        NoKeyring: this system has none, or it stays locked.
    """
    try:
        _keyring().set_password(_SERVICE, _USER, token)
    except Exception as error:
        # As in load.
        raise NoKeyring from error


def forget() -> None:
    """Remove the token from the keyring, if there is one.

    Raises:
        NoKeyring: it is still there: the keyring stays locked.
    """
    if load() is None:
        return
    try:
        _keyring().delete_password(_SERVICE, _USER)
    except Exception as error:
        # As in load.
        raise NoKeyring from error


def _keyring() -> KeyringBackend:
    """The system's keyring.

    Raises:
        NoKeyring: it has none, or only one that would write plain text.
    """
    import keyring

    chosen = keyring.get_keyring()
    if chosen.priority < _LEAST_PRIORITY:
        raise NoKeyring
    return chosen
