"""The sidebar beside the page; in a narrow window, over it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from desktop.ui.controls import DRESS_CHANGES
from desktop.ui.theme import scaled, tokens

NARROW_PX = 720
"""Under this width the sidebar lies over the page."""

_LEAST_PX, _USUAL_PX, _MOST_PX = 240, 264, 320


class SideBySide(QWidget):
    """Lays out a sidebar that can be hidden and resized, and the page.

    Signals:
        open_changed(bool is_open)
    """

    open_changed = Signal(bool)

    def __init__(self, sidebar: QWidget, page: QWidget) -> None:
        super().__init__()
        self._sidebar, self._page = sidebar, page
        self._wanted = True
        self._over = False
        self._width = _USUAL_PX
        for part in (page, sidebar):
            part.setParent(self)
        self._scrim = _Scrim(self)
        self._scrim.pressed.connect(self.close_overlay)
        self._handle = _Handle(self)
        self._handle.dragged.connect(self._on_dragged)
        sidebar.raise_()
        self._was_open = self.is_open

    @property
    def is_open(self) -> bool:
        """Whether the sidebar is seen."""
        return self._over if self.is_narrow else self._wanted

    @property
    def is_narrow(self) -> bool:
        """Whether the sidebar would lie over the page."""
        return self.width() < scaled(NARROW_PX)

    def restore(self, *, is_open: bool, width: int | None) -> None:
        """Take the sidebar as it was left: `width` in px at 100 % zoom."""
        self._wanted = is_open
        self._width = min(max(width or _USUAL_PX, _LEAST_PX), _MOST_PX)
        self._arrange()

    def state(self) -> tuple[bool, int]:
        """What `restore` wants: whether the sidebar is open where there is room, and its width at 100 % zoom."""
        return self._wanted, self._width

    def toggle(self) -> None:
        """Show the sidebar, or hide it."""
        self.set_open(not self.is_open)

    def set_open(self, is_open: bool) -> None:
        """Show or hide the sidebar."""
        if self.is_narrow:
            self._over = is_open
        else:
            self._wanted = is_open
        self._arrange()

    def close_overlay(self) -> bool:
        """Hide a sidebar that lies over the page. False if none does."""
        if not (self.is_narrow and self._over):
            return False
        self._over = False
        self._arrange()
        return True

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in DRESS_CHANGES:
            self._arrange()

    def _arrange(self) -> None:
        if not self.is_narrow:
            self._over = False
        shown = self.is_open
        width = min(scaled(self._width), self.width() - scaled(48) if self.is_narrow else self.width())
        beside = width if shown and not self.is_narrow else 0
        self._page.setGeometry(beside, 0, self.width() - beside, self.height())
        self._sidebar.setGeometry(0, 0, width, self.height())
        self._scrim.setGeometry(self.rect())
        # Over the sidebar only: Qt paints all of what scrolls anew where anything lies over it. As wide as leaves the
        # handle of the sidebar's scroll bar free.
        self._handle.setGeometry(width - scaled(4), 0, scaled(4), self.height())
        self._sidebar.setVisible(shown)
        self._scrim.setVisible(shown and self.is_narrow)
        self._handle.setVisible(shown and not self.is_narrow)
        for part in (self._scrim, self._sidebar, self._handle):
            part.raise_()
        if shown != self._was_open:
            self._was_open = shown
            self.open_changed.emit(shown)

    def _on_dragged(self, x: int) -> None:
        self._width = round(min(max(x / scaled(100) * 100, _LEAST_PX), _MOST_PX))
        self._arrange()


class _Scrim(QWidget):
    """Dims the page under the sidebar.

    Signals:
        pressed()
    """

    pressed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("scrim")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()


class _Handle(QWidget):
    """The edge between sidebar and page, which can be dragged.

    Signals:
        dragged(int x): to this place in the parent
    """

    dragged = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setCursor(Qt.CursorShape.SplitHCursor)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.dragged.emit(self.mapToParent(event.position().toPoint()).x())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.width() - 1, 0, 1, self.height(), QColor(tokens(self.palette()).line))
