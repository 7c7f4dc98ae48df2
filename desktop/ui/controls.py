"""Small pieces that the window's parts share: buttons with an icon, labels that shorten themselves, hairlines."""

from __future__ import annotations

import re
from html import escape
from typing import Literal

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QGuiApplication,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFrame,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)
from typing_extensions import override

from desktop.ui.colours import Tokens
from desktop.ui.icons import icon
from desktop.ui.theme import RADIUS_CONTROL, scaled, tokens

Ink = Literal["text", "muted", "accent", "on_accent", "danger", "ok"]

_SWITCH_PX = (44, 26)

DRESS_CHANGES = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)
"""The events by which a widget learns that colours or the zoom are others now."""


def describe(widget: QWidget, words: str, shortcut: QKeySequence | None = None) -> None:
    """Tell screen readers and the pointer what `widget` does, and which keys do the same."""
    widget.setAccessibleName(words)
    keys = shortcut.toString(QKeySequence.SequenceFormat.NativeText) if shortcut is not None else ""
    widget.setToolTip(tip(f"{words}  ({keys})" if keys else words))


def tip(text: str) -> str:
    """`text` as a tooltip shows it. Qt takes what looks like HTML for HTML, and loads the pictures that it names."""
    return f"<span>{escape(text)}</span>" if "<" in text or "&" in text else text


def breakable(text: str) -> str:
    """`text` for a label that wraps: a path may go on in the next line behind every separator. Not to be copied."""
    return re.sub(r"(?<=[/\\])(?=[^/\\\s])", "\N{ZERO WIDTH SPACE}", text)


def set_look(widget: QWidget, look: str) -> None:
    """Give `widget` a look of the style sheet, also after it was shown."""
    if widget.property("look") == look:
        return
    widget.setProperty("look", look)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def has_focus_within(widget: QWidget) -> bool:
    """Whether `widget` or something in it has the focus."""
    focused = QApplication.focusWidget()
    return focused is not None and (focused is widget or widget.isAncestorOf(focused))


def tab_through(*parts: QWidget) -> None:
    """Have Tab come to `parts`, and to what is in each, in this order: else what is made last comes last."""
    last: QWidget | None = None
    for part in parts:
        for each in (part, *part.findChildren(QWidget)):
            if each.focusProxy() is None and each.focusPolicy() & Qt.FocusPolicy.TabFocus:
                if last is not None:
                    QWidget.setTabOrder(last, each)
                last = each


def hairline(parent: QWidget | None = None) -> QFrame:
    """A horizontal line of one pixel."""
    line = QFrame(parent)
    line.setObjectName("hairline")
    line.setFixedHeight(1)
    return line


def menu(parent: QWidget) -> QMenu:
    """An empty menu with the corners of the theme where the desktop can draw them."""
    made = QMenu(parent)
    if QGuiApplication.platformName() != "xcb":
        # Without a compositor, which bare X11 may lack, see-through corners are black.
        made.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        made.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint)
        made.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        made.setProperty("round", True)
    return made


def save_dialog(parent: QWidget, title: str, folder: str = "") -> QFileDialog:
    """What asks where a new file is to stand, when it is opened. It deletes itself."""
    dialog = QFileDialog(parent, title, folder)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.finished.connect(dialog.deleteLater)
    return dialog


class IconButton(QToolButton):
    """A square button that shows one icon of the set. The pointer's click leaves the focus where it is."""

    def __init__(
        self,
        name: str,
        icon_name: str,
        parent: QWidget | None = None,
        *,
        ink: Ink = "muted",
        look: str = "icon",
        box: int = 32,
        size: int = 16,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("look", look)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._icon_name, self._ink, self._box, self._size = icon_name, ink, box, size
        self._dress()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in DRESS_CHANGES or event.type() is QEvent.Type.EnabledChange:
            self._dress()

    def _dress(self) -> None:
        theme = tokens(self.palette())
        size, box = scaled(self._size), scaled(self._box)
        ink = self._ink if self.isEnabled() else "muted"
        self.setIcon(icon(self._icon_name, str(getattr(theme, ink)), size))
        self.setIconSize(QSize(size, size))
        self.setFixedSize(box, box)


class ElidedLabel(QLabel):
    """One line that ends in … where it does not fit; the tooltip then has all of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._full = ""
        self.setTextFormat(Qt.TextFormat.PlainText)

    def set_full_text(self, text: str) -> None:
        """Show `text`, as much of it as fits."""
        self._full = text
        self.setAccessibleName(text)
        self.updateGeometry()
        self._fit()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    @override
    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._full) + 2, metrics.height())

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().height())

    def _fit(self) -> None:
        shown = self.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideRight, self.width())
        self.setText(shown)
        self.setToolTip(tip(self._full) if shown != self._full else "")


class ElidedButton(QPushButton):
    """A button whose text ends in … where it does not fit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # A push button is otherwise never narrower than its text.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(scaled(48), super().minimumSizeHint().height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        painter = QPainter(self)
        contents = self.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, self)
        metrics = QFontMetrics(self.font())
        option.text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, contents.width())
        self.style().drawControl(QStyle.ControlElement.CE_PushButton, option, painter, self)


class Choice(QComboBox):
    """A drop-down list with the icon set's own arrow. The wheel scrolls what it stands in: it chooses nothing."""

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        area = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        # What does not fit would be cut off in the middle of a letter.
        option.currentText = self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideMiddle, area.width()
        )
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        size = scaled(16)
        arrow = icon("chevron-down", tokens(self.palette()).muted, size)
        arrow.paint(painter, self.width() - size - scaled(9), (self.height() - size) // 2, size, size)


class Switch(QCheckBox):
    """On or off, as a knob on a track. It has no text: its row names it."""

    @override
    def sizeHint(self) -> QSize:
        return QSize(scaled(_SWITCH_PX[0]), scaled(_SWITCH_PX[1]))

    @override
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @override
    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        theme = tokens(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = scaled(2)
        whole = QRectF(self.rect()).adjusted(edge / 2, edge / 2, -edge / 2, -edge / 2)
        painter.setPen(QPen(QColor(theme.accent), edge) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(whole, whole.height() / 2, whole.height() / 2)
        track = whole.adjusted(edge, edge, -edge, -edge)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.accent if self.isChecked() else theme.muted))
        painter.drawRoundedRect(track, track.height() / 2, track.height() / 2)
        side = track.height() - 2 * edge
        left = track.right() - edge - side if self.isChecked() else track.left() + edge
        painter.setBrush(QColor(theme.on_accent if self.isChecked() else theme.surface))
        painter.drawEllipse(QRectF(left, track.top() + edge, side, side))


def paint_ground(painter: QPainter, row: QRect, colour: str) -> None:
    """Fill a list's `row` with `colour`, in rounded corners."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(row, scaled(RADIUS_CONTROL), scaled(RADIUS_CONTROL))


def paint_ring(painter: QPainter, row: QRect, theme: Tokens) -> None:
    """Draw the ring around a list's `row` that has the focus."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.accent), scaled(2)))
    painter.drawRoundedRect(row.adjusted(1, 1, -1, -1), scaled(RADIUS_CONTROL), scaled(RADIUS_CONTROL))
