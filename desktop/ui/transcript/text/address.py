"""Addresses in text: which may be opened, which stand bare, and which hide behind another text.

Bare ones become links as in GFM's autolink extension: `https://…`, `www.…` and e-mail addresses.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

LINK_SCHEMES = ("http", "https", "mailto")
_MAIL_HEADERS = {"to", "cc", "bcc", "subject", "body"}
_BREAK = re.compile(r"[\x00-\x1f\x7f]")

_INVISIBLE = "\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
"""Zero-width characters and those that turn the direction of writing. No address has them as they are."""
_BARE = re.compile(
    rf"(?<![A-Za-z0-9])(?:https?://|www\.)[^\s<>\"'`\u3000-\u303f\uff00-\uffef“”‘’{_INVISIBLE}]+"
    r"|(?<![A-Za-z0-9._+-])[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+(?![A-Za-z0-9@+_-])",
    re.IGNORECASE,
)
_DOMAIN = re.compile(r"[^\s/?#:]+")
_ENTITY = re.compile(r"&[A-Za-z0-9]+;$")
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?(?://)?(?:www\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?=[/?#:@]|$)", re.IGNORECASE)
_LOOKS_LIKE_A_HOST = re.compile(
    r"[a-z][a-z0-9+.-]*://|www\.|[a-z0-9.-]+\.(?:com|org|net|edu|gov|int|info|biz|io|co|ai|app|dev|me|tv|xyz|online|site"
    r"|shop|cn|hk|tw|jp|kr|in|ru|eu|de|fr|es|it|nl|ch|uk|us|ca|au|br)(?:[/?#:@]|$)",
    re.IGNORECASE,
)
"""A host by its ending: `main.py` and `README.md` are names of files."""


def may_open(address: str) -> bool:
    """Whether a click may open `address`: it names a scheme of LINK_SCHEMES, and a mail that has nothing but words."""
    scheme, colon, rest = address.partition(":")
    if not (colon and rest) or scheme.lower() not in LINK_SCHEMES:
        return False
    return scheme.lower() != "mailto" or _is_harmless_mail(rest)


def _is_harmless_mail(mail: str) -> bool:
    """Whether a mail begun with "mailto:" and `mail` takes no files along: some mail programs attach what it names.

    A line break outside of the body would begin another header (RFC 6068).
    """
    path, _, query = mail.partition("?")
    headers = parse_qsl(query, keep_blank_values=True)
    lines = [unquote(path), *(value for name, value in headers if name.lower() != "body")]
    return {name.lower() for name, _ in headers} <= _MAIL_HEADERS and not any(map(_BREAK.search, lines))


def has_scheme(address: str) -> bool:
    """Whether `address` says by itself how it is opened."""
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", address) is not None


def bare_addresses(text: str) -> list[tuple[int, int, str]]:
    """Where addresses stand in `text`, with what they open."""
    if "://" not in text and "@" not in text and "www." not in text.lower():
        return []
    found = []
    for match in _BARE.finditer(text):
        address = _without_punctuation(match[0])
        if address[:4].lower() == "www.":
            href, domain = f"http://{address}", address
        elif "://" in address[:8]:
            href, domain = address, address.partition("://")[2]
        elif "://" in match[0][:8]:
            continue
        else:
            href, domain = f"mailto:{address}", address.partition("@")[2]
        if _is_domain(domain, with_dot=not address.lower().startswith("http")):
            found.append((match.start(), match.start() + len(address), href))
    return found


def _without_punctuation(address: str) -> str:
    while True:
        shorter = _ENTITY.sub("", address.rstrip(".,;:!?*_~" if not _ENTITY.search(address) else ".,:!?*_~"))
        if shorter.endswith(")") and shorter.count(")") > shorter.count("("):
            extra = min(shorter.count(")") - shorter.count("("), len(shorter) - len(shorter.rstrip(")")))
            shorter = shorter[:-extra]
        if shorter == address:
            return address
        address = shorter


def _is_domain(text: str, *, with_dot: bool) -> bool:
    match = _DOMAIN.match(text)
    return match is not None and (not with_dot or "." in match[0].strip(".")) and match[0].strip(".") != ""


def is_disguised(text: str, address: str) -> bool:
    """Whether a link's `text` pretends to lead elsewhere: it names another host, or turns the direction of writing."""
    if _TURNS.search(text):
        return True
    text = text.strip()
    shown, real = _HOST.match(text), _HOST.match(address)
    if shown is None or not _LOOKS_LIKE_A_HOST.match(text):
        return False
    return real is None or not f".{real[1]}".lower().endswith(f".{shown[1]}".lower())


def isolated(address: str, text: str) -> str:
    """`address` as it is added behind `text`: no change of direction reaches into it."""
    return f"\u2066{address}\u2069" if _TURNS.search(text) else address
