"""A page that scrolls, its contents in one centred column."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.ui.controls import DRESS_CHANGES
from desktop.ui.theme import COLUMN_PX, scaled


class ColumnPage(QScrollArea):
    """Subclasses put their parts into `column`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        inside.setObjectName("scrolled")
        self.column = QVBoxLayout(inside)
        self.setWidget(inside)
        cast("QApplication", QApplication.instance()).focusChanged.connect(self._on_focus_changed)
        self._arrange()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in DRESS_CHANGES:
            self._arrange()

    @Slot(QWidget, QWidget)
    def _on_focus_changed(self, _: QWidget | None, now: QWidget | None) -> None:
        # Qt scrolls for a Tab within the page alone, not for one that enters it from outside. What the pointer presses
        # is in sight, and must not move away below it.
        if now is not None and self.isAncestorOf(now) and not QApplication.mouseButtons():
            self.ensureWidgetVisible(now)

    def _arrange(self) -> None:
        # In the middle of the page, whether a scroll bar takes room at its right or not.
        side = max(scaled(16), (self.width() - scaled(COLUMN_PX)) // 2)
        bar = self.width() - self.viewport().width()
        self.column.setContentsMargins(side, scaled(16), max(scaled(4), side - bar), scaled(24))
        self.column.setSpacing(scaled(12))
