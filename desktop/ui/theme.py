"""How Fireside looks: colours, sizes and fonts. No other module names a colour."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor, QPalette


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


LIGHT = Tokens(
    dark=False,
    bg="#FBFAF8",
    surface="#FFFFFF",
    sidebar="#F3F1ED",
    user="#F0EDE7",
    code="#F5F3EF",
    line="#E2DED6",
    text="#1F1D1A",
    muted="#6B665E",
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
    text="#ECE8E1",
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


def tokens(palette: QPalette) -> Tokens:
    """The tokens that `palette` was made from: a widget passes its own and needs no global."""
    return DARK if palette.color(QPalette.ColorRole.Window).lightness() < 128 else LIGHT  # noqa: PLR2004  half of 255


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
