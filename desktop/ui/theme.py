"""How Fireside looks: colours, sizes and fonts. No other module names a colour."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette


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

    @property
    def accent_hover(self) -> str:
        """The primary button under the pointer."""
        return QColor(self.accent).darker(112).name() if not self.dark else QColor(self.accent).lighter(108).name()


def _veil(colour: str, opacity: float) -> str:
    veil = QColor(colour)
    veil.setAlphaF(opacity)
    return veil.name(QColor.NameFormat.HexArgb)


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

SPACING = (4, 8, 12, 16, 24, 32, 48)
RADIUS_CONTROL = 6
RADIUS_BUBBLE = 12
RADIUS_DIALOG = 16
TEXT_PX = 14
CODE_PX = 13
HEADING_PX = (20, 17, 15)
LINE_HEIGHT_LATIN = 1.55
LINE_HEIGHT_CJK = 1.7
COLUMN_PX = 720

UI_FAMILIES = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei"]
CODE_FAMILIES = ["JetBrains Mono", "SF Mono", "Menlo", "Cascadia Mono", "Consolas", "DejaVu Sans Mono"]


_GENERIC_FAMILIES = frozenset({"Sans Serif", "sans-serif", "Sans", "DejaVu Sans", "Bitstream Vera Sans"})
"""What Linux answers when nobody chose an interface font. The CJK families draw better Latin letters than these."""


def ui_font(zoom: float) -> QFont:
    """The interface's font: the system's own family, then the Chinese ones by name, TEXT_PX large at `zoom` 1."""
    system = QGuiApplication.font().families()
    chosen = [family for family in system if family not in _GENERIC_FAMILIES and family not in UI_FAMILIES]
    font = QFont([*chosen, *UI_FAMILIES])
    font.setPixelSize(round(TEXT_PX * zoom))
    font.setStyleHint(QFont.StyleHint.SansSerif)
    return font


def code_font(zoom: float) -> QFont:
    """The font of code, CODE_PX large at `zoom` 1, with Chinese families behind it."""
    font = QFont([*CODE_FAMILIES, *UI_FAMILIES])
    font.setPixelSize(round(CODE_PX * zoom))
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font


def scaled(length: float) -> int:
    """`length` px of the design in px of the window: multiplied by the zoom that `appearance.apply` set."""
    text_px = QGuiApplication.font().pixelSize()
    # The font has a size in px only once `apply` has given it one.
    return max(1, round(length * text_px / TEXT_PX)) if text_px > 0 else round(length)


def system_is_dark() -> bool:
    """Whether the desktop asks for a dark look. Some platforms do not say: then it is light."""
    return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark


def tokens(palette: QPalette) -> Tokens:
    """The tokens that `palette` was made from: a widget passes its own and needs no global.

    The accent tells, since a style sheet changes the other roles of the widgets it colours.
    """
    return DARK if palette.color(QPalette.ColorRole.Accent) == QColor(DARK.accent) else LIGHT


def palette(theme: Tokens) -> QPalette:
    """The Qt palette of `theme`. The app sets it itself: `setColorScheme` does nothing on some platforms."""
    made = QPalette()
    role = QPalette.ColorRole
    for colour_role, colour in (
        (role.Window, theme.bg),
        (role.WindowText, theme.text),
        (role.Base, theme.surface),
        (role.AlternateBase, theme.sidebar),
        (role.Text, theme.text),
        (role.Button, theme.surface),
        (role.ButtonText, theme.text),
        (role.BrightText, theme.danger),
        (role.ToolTipBase, theme.surface),
        (role.ToolTipText, theme.text),
        (role.PlaceholderText, theme.muted),
        (role.Highlight, theme.accent),
        (role.HighlightedText, theme.on_accent),
        (role.Link, theme.accent),
        (role.LinkVisited, theme.accent),
        (role.Accent, theme.accent),
        (role.Mid, theme.line),
        (role.Dark, theme.line),
        (role.Light, theme.surface),
        (role.Midlight, theme.line),
        (role.Shadow, theme.line),
    ):
        made.setColor(colour_role, QColor(colour))
    for colour_role in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, colour_role, QColor(theme.muted))
    return made
