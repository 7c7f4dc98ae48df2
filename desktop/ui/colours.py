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
    ink_keyword: str
    ink_name: str
    ink_type: str
    ink_string: str
    ink_number: str
    ink_comment: str
    ink_added: str
    ink_removed: str
    marked: str
    """Laid over what is selected: as bright as lets code and links be read on it, and warm, so that it is seen."""
    hit: str
    """Of the marker pen over what a search has found: multiplied with a light page, screened on a dark one."""
    hit_visited: str
    hit_depth: str
    """How much darker letters get under the pen, brighter on a dark page, so that they are read as well as before."""

    def ink(self, kind: str) -> str:
        """Of a piece of code: `kind` is a value of `highlight.Ink`."""
        return str(getattr(self, f"ink_{kind}"))

    @property
    def added_ground(self) -> str:
        """Under an added line, as `#AARRGGBB`."""
        return _veil(self.ok, 0.1)

    @property
    def removed_ground(self) -> str:
        """Under a removed line, as `#AARRGGBB`."""
        return _veil(self.danger, 0.1)

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
        """Under selected text and the search's hits in lists, as `#AARRGGBB`."""
        return _veil(self.marked, 0.23 if self.dark else 0.29)

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
    ink_keyword="#9C3F14",
    ink_name="#2D5A7B",
    ink_type="#7A4069",
    ink_string="#40662B",
    ink_number="#86560A",
    ink_comment="#665F57",
    ink_added="#2E6B3A",
    ink_removed="#B3261E",
    marked="#FF8A3C",
    hit="#FFEFB8",
    hit_visited="#FFD98A",
    hit_depth="#BFBFBF",
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
    ink_keyword="#EB9A6B",
    ink_name="#93B9D1",
    ink_type="#CDA3C1",
    ink_string="#AAC48C",
    ink_number="#DFB76C",
    ink_comment="#A1988C",
    ink_added="#8FD19E",
    ink_removed="#FF8A80",
    marked="#B84A0A",
    hit="#3A2E12",
    hit_visited="#4A3810",
    hit_depth="#666666",
)
