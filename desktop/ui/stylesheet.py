"""The application's one style sheet, made from the tokens of a theme.

Widgets ask for a look by the dynamic property `look`: `primary`, `plain` (buttons), `muted`, `heading`, `section`,
`warning`, `danger` (labels), `card` (frames). Every focusable widget shows a ring of 2 px in the accent colour.
"""

from __future__ import annotations

from desktop.ui.colours import Tokens
from desktop.ui.theme import HEADING_PX, RADIUS_BUBBLE, RADIUS_CONTROL, TEXT_PX, accent_hover


def stylesheet(theme: Tokens, zoom: float) -> str:
    """Qt style sheet for `theme`, its lengths multiplied by `zoom`."""

    def px(length: float) -> str:
        return f"{max(1, round(length * zoom))}px"

    hover, pressed, line, focus = theme.hover, theme.pressed, f"{px(1)} solid {theme.line}", theme.accent
    ring, no_ring = f"{px(2)} solid {focus}", f"{px(2)} solid transparent"
    radius, small = px(RADIUS_CONTROL), px(TEXT_PX - 2)
    return f"""
* {{ outline: none; }}
QWidget#window, QWidget#page, QDialog {{ background: {theme.bg}; }}
QWidget#sidebar {{ background: {theme.sidebar}; }}
QWidget#scrim {{ background: {theme.scrim}; }}
QFrame#hairline {{ background: {theme.line}; border: none; }}
QLabel {{ background: transparent; }}
QLabel[look="muted"] {{ color: {theme.muted}; }}
QLabel[look="small"] {{ color: {theme.muted}; font-size: {small}; }}
QLabel[look="warning"] {{ color: {theme.accent}; font-size: {small}; font-weight: 600; }}
QLabel[look="danger"] {{ color: {theme.danger}; }}
QLabel[look="ok"] {{ color: {theme.ok}; font-size: {small}; }}
QLabel[look="badge"] {{
    color: {theme.accent}; font-size: {small}; font-weight: 600;
}}
QLabel[look="greeting"] {{ font-size: {px(HEADING_PX[0] + 4)}; font-weight: 600; }}
QLabel[look="heading"] {{ font-size: {px(HEADING_PX[0])}; font-weight: 600; }}
QLabel[look="title"] {{ font-size: {px(HEADING_PX[2])}; font-weight: 600; }}
QLabel[look="section"] {{ font-weight: 600; }}

QToolTip {{
    background: {theme.surface}; color: {theme.text}; border: {line};
    padding: {px(4)} {px(8)}; font-size: {small};
}}

QPushButton, QToolButton {{
    background: transparent; color: {theme.text}; border: {no_ring}; border-radius: {radius};
    padding: {px(5)} {px(10)};
}}
QPushButton {{ background: {theme.surface}; border: {line}; padding: {px(6)} {px(13)}; }}
QPushButton:hover, QToolButton:hover {{ background: {hover}; }}
QPushButton:pressed, QToolButton:pressed, QToolButton:checked {{ background: {pressed}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {theme.muted}; }}
QPushButton:focus {{ border: {ring}; padding: {px(5)} {px(12)}; }}
QToolButton:focus {{ border: {ring}; }}
QToolButton::menu-indicator, QPushButton::menu-indicator {{ image: none; width: 0; }}
QPushButton[look="primary"] {{
    background: {theme.accent}; color: {theme.on_accent}; border-color: {theme.accent}; font-weight: 600;
}}
QPushButton[look="primary"]:hover {{ background: {accent_hover(theme)}; border-color: {accent_hover(theme)}; }}
QPushButton[look="primary"]:focus {{ border-color: {theme.text}; }}
QPushButton[look="primary"]:disabled {{ background: {theme.line}; color: {theme.muted}; border-color: {theme.line}; }}
QPushButton[look="plain"] {{ background: transparent; border-color: transparent; }}
QPushButton[look="plain"]:hover {{ background: {hover}; }}
QPushButton[look="plain"]:focus {{ border-color: {focus}; }}
QPushButton[look="link"] {{
    background: transparent; border-color: transparent; color: {theme.accent}; font-weight: 600;
    padding: {px(3)} {px(7)};
}}
QPushButton[look="link"]:hover {{ background: {hover}; }}
QPushButton[look="link"]:focus {{ border: {ring}; padding: {px(2)} {px(6)}; }}
QPushButton[look="card"] {{
    text-align: left; background: transparent; padding: {px(10)} {px(13)}; border-radius: {px(RADIUS_BUBBLE)};
}}
QPushButton[look="card"]:hover {{ background: {hover}; }}
QPushButton[look="card"]:focus {{ padding: {px(9)} {px(12)}; }}
QPushButton[look="row"] {{ text-align: left; background: transparent; border: {no_ring}; padding: {px(6)} {px(8)}; }}
QPushButton[look="row"]:hover {{ background: {hover}; }}
QPushButton[look="row"]:focus {{ border: {ring}; }}

QPushButton[look="title"] {{
    background: transparent; border: {no_ring}; padding: {px(1)} {px(4)}; text-align: left;
    font-size: {px(HEADING_PX[2])}; font-weight: 600;
}}
QPushButton[look="title"]:hover {{ color: {theme.accent}; }}
QPushButton[look="title"]:focus {{ border: {ring}; }}
QPushButton[look="quiet"] {{
    background: transparent; border: {no_ring}; padding: 0 {px(4)}; color: {theme.muted}; font-size: {small};
}}
QPushButton[look="quiet"]:hover, QPushButton[look="quiet"]:checked {{ color: {theme.text}; background: {hover}; }}
QPushButton[look="quiet"]:focus {{ border: {ring}; }}

QToolButton[look="icon"] {{ padding: 0; }}
QToolButton[look="send"] {{
    background: {theme.accent}; border: {px(2)} solid {theme.accent}; border-radius: {px(17)}; padding: 0;
}}
QToolButton[look="send"]:hover {{ background: {accent_hover(theme)}; border-color: {accent_hover(theme)}; }}
QToolButton[look="send"]:disabled {{ background: {theme.line}; border-color: {theme.line}; }}
QToolButton[look="send"]:focus {{ border-color: {theme.text}; }}

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit {{
    background: {theme.surface}; color: {theme.text}; border: {line}; border-radius: {radius};
    padding: {px(5)} {px(9)}; selection-background-color: {theme.accent}; selection-color: {theme.on_accent};
    placeholder-text-color: {theme.muted};
}}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus {{
    border: {ring}; padding: {px(4)} {px(8)};
}}
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QPlainTextEdit:disabled {{ color: {theme.muted}; }}
/* Without buttons by width, not by NoButtons: with a sheet, that leaves Qt 6.11's field no room for its text. */
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 0; border: none; }}
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus {{
    background: transparent; border: none; padding: 0;
}}
/* A list, not a menu, whose height Qt takes from the field without its focus ring: the last item would be cut. */
QComboBox {{ combobox-popup: 0; }}
QComboBox::drop-down {{ border: none; width: {px(28)}; }}
QComboBox::down-arrow {{ image: none; }}
QComboBox QAbstractItemView {{
    background: {theme.surface}; border: {line}; padding: {px(4)};
    selection-background-color: {hover}; selection-color: {theme.text};
}}
QComboBox QAbstractItemView::item {{ padding: {px(4)} {px(6)}; border-radius: {px(4)}; color: {theme.text}; }}
QComboBox QAbstractItemView::item:selected {{ background: {hover}; }}
QLineEdit[look="bare"] {{ background: transparent; border: {no_ring}; padding: 0; }}
QLineEdit[look="bare"]:focus {{ border: {ring}; padding: 0; }}
QLineEdit#searchBox, QLineEdit#libraryFilter, QLineEdit#hubSearchField {{
    padding-left: {px(2)}; icon-size: {px(16)};
}}
/* One pixel is enough here: the caret shows the focus too, and the composer has it nearly always. */
QFrame#composerFrame {{ background: {theme.surface}; border: {line}; border-radius: {px(RADIUS_BUBBLE)}; }}
QFrame#composerFrame[focused="true"] {{ border-color: {focus}; }}
QPlainTextEdit#composer, QPlainTextEdit#composer:focus {{ background: transparent; border: none; padding: 0; }}

QFrame[look="card"] {{ background: transparent; border: {line}; border-radius: {px(RADIUS_BUBBLE)}; }}
QProgressBar {{ background: {theme.line}; border: none; border-radius: {px(2)}; }}
QProgressBar::chunk {{ background: {theme.accent}; border-radius: {px(2)}; }}

QFrame#toast, QFrame#findBar {{ background: {theme.surface}; border: {line}; border-radius: {px(RADIUS_BUBBLE)}; }}
QLineEdit#findField, QLineEdit#findField:focus {{ background: transparent; border: none; padding: {px(3)} {px(6)}; }}

QListView {{ background: transparent; border: none; }}
/* What Qt's own file dialog suggests is a window of its own: nothing lies behind it. */
QListView:window {{ background: {theme.surface}; color: {theme.text}; border: {line}; }}
QScrollArea, QScrollArea > QWidget > QWidget#scrolled {{ background: transparent; border: none; }}

QMenu {{ background: {theme.surface}; color: {theme.text}; border: {line}; padding: {px(5)}; }}
QMenu[round="true"] {{ border-radius: {px(RADIUS_CONTROL + 2)}; }}
QMenu::item {{ padding: {px(7)} {px(22)} {px(7)} {px(12)}; border-radius: {radius}; }}
QMenu::item:selected {{ background: {hover}; color: {theme.text}; }}
QMenu::item:disabled {{ color: {theme.muted}; }}
QMenu::separator {{ height: {px(1)}; background: {theme.line}; margin: {px(5)} {px(8)}; }}
QMenu::icon {{ padding-left: {px(10)}; }}

QTabBar {{ background: transparent; qproperty-drawBase: 0; }}
QTabBar::tab {{
    color: {theme.muted}; padding: {px(6)} {px(12)}; border: {no_ring}; border-radius: {radius};
    margin-right: {px(4)};
}}
QTabBar::tab:hover {{ color: {theme.text}; background: {hover}; }}
QTabBar::tab:selected {{ color: {theme.text}; background: {pressed}; }}
QTabBar::tab:selected:focus {{ border: {ring}; }}

QScrollBar:vertical {{ background: transparent; width: {px(12)}; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: {px(12)}; margin: 0; }}
QScrollBar::handle {{ background: {theme.scroll}; border-radius: {px(2)}; margin: {px(4)}; }}
QScrollBar::handle:vertical {{ min-height: {px(32)}; }}
QScrollBar::handle:horizontal {{ min-width: {px(32)}; }}
QScrollBar::handle:hover, QScrollBar::handle:pressed {{ background: {theme.muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QAbstractScrollArea::corner {{ background: transparent; }}
"""
