"""Where the chosen link leads, at the lower left, as browsers tell it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from desktop.ui.theme import RADIUS_CONTROL, scaled, tokens, ui_font
from desktop.ui.transcript.reading import links
from desktop.ui.transcript.reading.links import Address

_SMALL_PX = 12
_SHARE = 0.75
_NOTHING = Address("", "", "")


class AddressLabel(QWidget):
    """Shows an address, its host in bold. Where there is no room the host stays longest."""

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self.setObjectName("addressLabel")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._page = page
        self._link = ""
        self._address = _NOTHING
        self.hide()

    @property
    def text(self) -> str:
        """The address, whole."""
        return self._address.before + self._address.host + self._address.after

    def show_link(self, link: str) -> None:
        """Show where `link` leads; "" hides the label."""
        if link != self._link:
            self._link = link
            self._address = links.shown(link) if links.opened(link) else _NOTHING
            self.setAccessibleName(self.text)
        self.setVisible(bool(self.text))
        if self.text:
            self.place()

    def place(self) -> None:
        """Stand in the lower left corner of the page."""
        size = self.sizeHint()
        self.setGeometry(scaled(8), self._page.height() - size.height() - scaled(8), size.width(), size.height())
        self.raise_()
        self.update()

    @override
    def sizeHint(self) -> QSize:
        plain, bold = self._fonts()
        parts = self._address
        words = QFontMetricsF(plain).horizontalAdvance(parts.before) + QFontMetricsF(plain).horizontalAdvance(
            parts.after
        )
        words += QFontMetricsF(bold).horizontalAdvance(parts.host)
        room = min(words + 2 * scaled(8) + 2, self._page.width() * _SHARE)
        return QSize(round(room), round(QFontMetricsF(plain).height()) + 2 * scaled(4))

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        theme = tokens(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.line), 1))
        painter.setBrush(QColor(theme.surface))
        radius = scaled(RADIUS_CONTROL)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        plain, bold = self._fonts()
        metrics = QFontMetricsF(plain)
        x, room = float(scaled(8)), float(self.width() - 2 * scaled(8))
        host = QFontMetricsF(bold).elidedText(self._address.host, Qt.TextElideMode.ElideLeft, room)
        room -= QFontMetricsF(bold).horizontalAdvance(host)
        # What stands before the host matters more than what is behind: it may pretend to be one.
        before = metrics.elidedText(self._address.before, Qt.TextElideMode.ElideMiddle, max(0.0, room * 0.6))
        room -= metrics.horizontalAdvance(before)
        after = metrics.elidedText(self._address.after, Qt.TextElideMode.ElideMiddle, max(0.0, room + 1))
        baseline = (self.height() + metrics.ascent() - metrics.descent()) / 2
        for text, font, ink in ((before, plain, theme.muted), (host, bold, theme.text), (after, plain, theme.muted)):
            painter.setFont(font)
            painter.setPen(QColor(ink))
            painter.drawText(QPointF(x, baseline), text)
            x += QFontMetricsF(font).horizontalAdvance(text)

    def _fonts(self) -> tuple[QFont, QFont]:
        plain = ui_font(1.0)
        plain.setPixelSize(scaled(_SMALL_PX))
        bold = QFont(plain)
        bold.setWeight(QFont.Weight.DemiBold)
        return plain, bold
