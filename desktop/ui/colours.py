"""The colours of the two themes, as text: no other module names one. Knows no Qt: what is exported wears them too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one theme, as `#RRGGBB`."""

    dark: bool
    bg: str
    surface: str
    sidebar: str
    user: str
    code: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    danger: str
    ok: str

    @property
    def hover(self) -> str:
        """Under the pointer: a breath of the text's colour, as `#AARRGGBB`, over any ground."""
        return _veil(self.text, 0.06)

    @property
    def pressed(self) -> str:
        """Pressed or chosen, as `#AARRGGBB`."""
        return _veil(self.text, 0.10)

    @property
    def selection(self) -> str:
        """Under selected text and search hits, as `#AARRGGBB`."""
        return _veil(self.accent, 0.25)

    @property
    def scroll(self) -> str:
        """A scroll bar's handle at rest, as `#AARRGGBB`."""
        return _veil(self.text, 0.16)

    @property
    def scrim(self) -> str:
        """What dims the page under an overlay, as `#AARRGGBB`."""
        return _veil(DARK.sidebar, 0.5)


def _veil(colour: str, opacity: float) -> str:
    return f"#{round(opacity * 255):02x}{colour[1:].lower()}"


LIGHT = Tokens(
    dark=False,
    bg="#FBFAF8",
    surface="#FFFFFF",
    sidebar="#F3F1ED",
    user="#F0EDE7",
    code="#F5F3EF",
    line="#E2DED6",
    text="#1F1D1A",
    muted="#625D56",
    accent="#B4501E",
    on_accent="#FFFFFF",
    danger="#B3261E",
    ok="#2E6B3A",
)
DARK = Tokens(
    dark=True,
    bg="#191816",
    surface="#211F1C",
    sidebar="#151412",
    user="#2B2825",
    code="#24221F",
    line="#37332E",
    # Dimmer than it might be: on a dark ground FreeType draws Noto Sans CJK almost as heavy as semibold.
    text="#D9D3C9",
    muted="#A39C91",
    accent="#F0935A",
    on_accent="#1F1305",
    danger="#FF8A80",
    ok="#8FD19E",
)
