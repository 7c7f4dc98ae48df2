"""Where a link really leads, in a form that cannot be misread."""

from __future__ import annotations

import re
from dataclasses import dataclass
from unicodedata import bidirectional, category
from urllib.parse import quote

from PySide6.QtCore import QUrl

from desktop.ui.transcript.text.address import may_open

_HAN = re.compile(r"[a-z0-9-]*[\u4e00-\u9fff]+[\u4e00-\u9fff0-9]*")


@dataclass(frozen=True, slots=True)
class Address:
    """An address in three parts. `host` is whom the reader would trust; what stands `before` it may only look so."""

    before: str
    host: str
    after: str


def opened(address: str) -> str:
    """What a click on a link to `address` opens, wholly encoded. "": nothing, it is not for the browser or for mail."""
    url = QUrl(address.strip())
    if not may_open(url.toString()) or not url.isValid():
        return ""
    if url.scheme() != "mailto" and not url.host():
        return ""
    return bytes(url.toEncoded().data()).decode("ascii", "replace")


def shown(address: str) -> Address:
    """The address as it is shown before a click, from the very value that the click opens."""
    url = QUrl(opened(address))
    if url.scheme() == "mailto":
        return Address("", "", _harmless(url.toString()))
    host = ".".join(_label(label) for label in url.host(QUrl.ComponentFormattingOption.EncodeUnicode).split("."))
    user = _harmless(url.userInfo())
    port = f":{url.port()}" if url.port() >= 0 else ""
    # Decoded, so that Chinese can be read, all but what would lead the eye astray.
    query = f"?{url.query()}" if url.hasQuery() else ""
    rest = url.path() + query + (f"#{url.fragment()}" if url.hasFragment() else "")
    return Address(f"{url.scheme()}://{f'{user}@' if user else ''}", host, port + _harmless(rest))


def _label(label: str) -> str:
    """A part of a host's name. Only Chinese characters are shown as such: other letters may look like Latin ones."""
    if not label.startswith("xn--"):
        return label
    try:
        plain = label.encode("ascii").decode("idna")
    except UnicodeError:
        return label
    return plain if _HAN.fullmatch(plain) else label


def _harmless(text: str) -> str:
    """`text` with what cannot be seen, and what is written from right to left, in percent signs."""
    return "".join(quote(character) if _misleads(character) else character for character in text)


def _misleads(character: str) -> bool:
    return category(character)[0] in "CZM" or bidirectional(character) in ("R", "AL")
