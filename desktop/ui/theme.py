"""How Fireside looks: sizes and fonts, and the palette that is made of the colours (`colours`)."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette

from desktop.ui.colours import DARK, LIGHT, Tokens

RADIUS_CONTROL = 6
RADIUS_BUBBLE = 12
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


def latin(font: QFont) -> QFont:
    """`font` for text without Chinese, whose fonts draw ’, “ and · as wide as a character: that tears words apart."""
    made = QFont(font)
    made.setFeature(QFont.Tag("pwid"), 1)
    made.setFeature(QFont.Tag("palt"), 1)
    return made


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


def accent_hover(tokens: Tokens) -> str:
    """The primary button under the pointer."""
    accent = QColor(tokens.accent)
    return accent.lighter(108).name() if tokens.dark else accent.darker(112).name()


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
