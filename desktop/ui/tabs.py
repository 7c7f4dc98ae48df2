"""The names of pages in a row, of which one is shown; where there is no room for all of them, in a list that opens."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QTabBar
from typing_extensions import override

from desktop.ui.controls import Choice, has_focus_within
from desktop.ui.theme import scaled

_LEAST_PX = 120


class Tabs(QTabBar):
    """Tabs that are read whole at any width: a list lies over them where they would be cut."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._list = Choice(self)
        self._list.setObjectName(f"{name}List")
        self._list.hide()
        self.setObjectName(name)
        self.setExpanding(False)
        self.setUsesScrollButtons(False)
        self.setElideMode(Qt.TextElideMode.ElideNone)
        self._list.activated.connect(self.setCurrentIndex)
        self.currentChanged.connect(self._list.setCurrentIndex)

    @property
    def is_list(self) -> bool:
        """Whether there is too little room for the tabs."""
        return not self._list.isHidden()

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(scaled(_LEAST_PX), super().minimumSizeHint().height())

    @override
    def tabLayoutChange(self) -> None:
        # Another name, font or language: the tabs are of another width.
        self._arrange()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.is_list:
            super().paintEvent(event)

    def _arrange(self) -> None:
        has_focus, needs_list = has_focus_within(self), self.sizeHint().width() > self.width()
        names = [self.tabText(index) for index in range(self.count())]
        if names != [self._list.itemText(index) for index in range(self._list.count())]:
            self._list.clear()
            self._list.addItems(names)
            self._list.setCurrentIndex(self.currentIndex())
        self._list.setAccessibleName(self.accessibleName())
        self._list.setGeometry(self.rect())
        if needs_list == self.is_list:
            return
        self._list.setVisible(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if needs_list else Qt.FocusPolicy.TabFocus)
        if has_focus:
            # Before it is hidden: else Qt passes the focus on as Tab does.
            (self._list if needs_list else self).setFocus(Qt.FocusReason.OtherFocusReason)
        self._list.setVisible(needs_list)
