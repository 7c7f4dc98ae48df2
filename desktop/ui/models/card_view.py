"""A model card: a stranger's Markdown, as tall as it is, folded until somebody wants to read all of it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QDesktopServices,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.ui.controls import DRESS_CHANGES, tip
from desktop.ui.i18n import tr
from desktop.ui.theme import scaled, tokens
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.flow import Flow
from desktop.ui.transcript.style import Style

_FOLDED_PX = 360
_MARGIN_PX = 8
"""Left and right of the text, for the ring of focus and for what hangs out of the column."""
_FADE_PX = 48
_WEB = ("http", "https")
# Cards of a megabyte exist; nobody reads them here.
_MOST_CHARACTERS = 60_000


class CardView(QWidget):
    """Text that nobody vouches for: nothing that it names is loaded, and only a click or Enter opens a web address.

    Signals:
        sought(QRect area): the keyboard is at the link there, which wants to be seen
    """

    sought = Signal(QRect)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._page = _Page()
        self._more = QPushButton()
        self._more.setObjectName("wholeCardButton")
        self._more.setProperty("look", "link")
        self._more.setCheckable(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._page)
        column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._more.toggled.connect(self._on_toggled)
        self._page.grown.connect(self._say)
        self._page.sought.connect(lambda area: self.sought.emit(area.translated(self._page.pos())))
        self._retranslate()

    def set_text(self, text: str) -> None:
        """Show this card, folded."""
        self._more.setChecked(False)
        self._page.set_text(text[:_MOST_CHARACTERS])
        self.setAccessibleDescription(text[:1000])
        self._say()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()

    def _on_toggled(self, checked: bool) -> None:
        self._page.fold(folded=not checked)
        self._say()

    def _say(self) -> None:
        self._more.setText(tr("Show less") if self._more.isChecked() else tr("Show the whole card"))
        self._more.setVisible(self._more.isChecked() or self._page.is_cut)

    def _retranslate(self) -> None:
        self.setAccessibleName(tr("Model card"))
        self._page.retranslate()
        self._say()


class _Page(QWidget):
    """The text itself. Only what is in sight is laid out. Tab goes through its links, Enter opens the one it is at.

    Signals:
        grown(): it is taller or shorter than it was thought to be
        sought(QRect area): the keyboard is there now
    """

    grown = Signal()
    sought = Signal(QRect)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("cardPage")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._text = ""
        self._folded = True
        self._chosen: Target | None = None
        """What the keyboard is at."""
        self._flow = self._make_flow()

    @property
    def is_cut(self) -> bool:
        """Whether folding hides something."""
        return self._folded and self._flow.height > scaled(_FOLDED_PX)

    def set_text(self, text: str) -> None:
        """Show `text`."""
        self._text, self._folded, self._chosen = text, True, None
        self._flow.set_text(text)
        self._settle()

    def fold(self, *, folded: bool) -> None:
        """Show the beginning only, or all."""
        self._folded, self._chosen = folded, None
        self._settle()

    def retranslate(self) -> None:
        """Say in the language of now what the keyboard is at."""
        self.setAccessibleName(self._chosen.name if self._chosen is not None else tr("Model card"))
        self.setAccessibleDescription(self._chosen.link if self._chosen is not None else "")

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self._chosen = None
            self._step(forward=event.reason() is Qt.FocusReason.TabFocusReason)

    @override
    def focusNextPrevChild(self, next: bool) -> bool:
        return self._step(forward=next) or super().focusNextPrevChild(next)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._chosen is not None:
            _activate(self._chosen)
        else:
            super().keyPressEvent(event)

    @override
    def sizeHint(self) -> QSize:
        height = int(self._flow.height) + 1
        return QSize(scaled(320), min(height, scaled(_FOLDED_PX)) if self._folded else height)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._chosen = None
        self._flow.set_width(self._text_width())
        self._settle()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in DRESS_CHANGES:
            self._flow = self._make_flow()
            self._flow.set_text(self._text)
            self._settle()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        area = event.rect()
        if self._flow.realise(area.top(), area.bottom() + 1):
            self._settle()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.save()
        painter.translate(scaled(_MARGIN_PX), 0)
        self._flow.draw(painter, area.top(), area.bottom() + 1)
        painter.restore()
        if self.is_cut:
            self._fade(painter)
        if self.hasFocus():
            around = self.rect() if self._chosen is None else self._chosen.area.toRect().adjusted(-2, -1, 2, 1)
            painter.setPen(QPen(QColor(tokens(self.palette()).accent), scaled(2)))
            painter.drawRoundedRect(around.adjusted(1, 1, -1, -1), scaled(4), scaled(4))

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        target = self._target_at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if target else Qt.CursorShape.ArrowCursor)
        # Where it leads can be seen before it is opened.
        self.setToolTip(tip(target.link) if target else "")

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        target = self._target_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and target is not None:
            _activate(target)

    def _step(self, *, forward: bool) -> bool:
        """Go to the next link or button of what is shown. False if there is none: then the focus goes on."""
        if self._flow.realise(0, self.height()):
            self._settle()
        stops = []
        for index, top, _ in self._flow.in_sight(0, self.height()):
            corner = QPointF(scaled(_MARGIN_PX), top)
            stops += [each.translated(corner) for each in self._flow.targets(index) if _is_usable(each)]
        stops = [each for each in stops if each.area.bottom() <= self.height()]
        at = stops.index(self._chosen) + (1 if forward else -1) if self._chosen in stops else 0 if forward else -1
        goes_on = not stops or (self._chosen in stops and not 0 <= at < len(stops))
        self._chosen = None if goes_on else stops[at]
        self.retranslate()
        self.update()
        if self._chosen is not None:
            self.sought.emit(self._chosen.area.toRect())
        return not goes_on

    def _target_at(self, point: QPointF) -> Target | None:
        """The web link or the code's copy button at `point`."""
        for index, top, _ in self._flow.in_sight(point.y() - 1, point.y() + 1):
            target = self._flow.target_at(index, point - QPointF(scaled(_MARGIN_PX), top))
            if target is not None and _is_usable(target):
                return target
        return None

    def _fade(self, painter: QPainter) -> None:
        """Where the text is cut, it goes out."""
        ground = QColor(tokens(self.palette()).bg)
        clear = QColor(ground)
        clear.setAlpha(0)
        area = self.rect().adjusted(0, self.height() - scaled(_FADE_PX), 0, 0)
        gradient = QLinearGradient(area.topLeft(), area.bottomLeft())
        gradient.setColorAt(0, clear)
        gradient.setColorAt(1, ground)
        painter.fillRect(area, gradient)

    def _settle(self) -> None:
        """The height is known better now."""
        self._flow.realise(0, scaled(_FOLDED_PX))
        self.updateGeometry()
        self.update()
        self.grown.emit()

    def _make_flow(self) -> Flow:
        return Flow(Style(tokens(self.palette()), scaled(100) / 100, is_still=True), self._text_width())

    def _text_width(self) -> float:
        return float(max(80, self.width() - 2 * scaled(_MARGIN_PX)))


def _is_usable(target: Target) -> bool:
    """A web address, or code to copy; whatever else a stranger's link names is nobody's to open."""
    return QUrl(target.link).scheme().lower() in _WEB if target.link else target.does is Does.COPY


def _activate(target: Target) -> None:
    if target.link:
        QDesktopServices.openUrl(QUrl(target.link))
    else:
        QGuiApplication.clipboard().setText(target.subject)
