"""The quiet line under the composer: how full the context is, and what to do about it when it is full."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QWidget
from typing_extensions import override

from desktop.ui import controls
from desktop.ui.context_words import ContextUse, context_line, way_cost, way_title
from desktop.ui.controls import DRESS_CHANGES, ElidedLabel, describe
from desktop.ui.i18n import tr
from desktop.ui.icons import icon
from desktop.ui.theme import scaled, tokens


class ContextLine(QWidget):
    """The words, and a small menu of the ways where not all fits.

    Signals:
        overflow_chosen(Overflow overflow)
    """

    overflow_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._use: ContextUse | None = None
        self._words = ElidedLabel()
        self._words.setObjectName("contextLine")
        self._words.setProperty("look", "small")
        # What will happen to the chat is told whole, on as many lines as it takes.
        self._warning = QLabel()
        self._warning.setObjectName("contextWarning")
        self._warning.setProperty("look", "warning")
        self._warning.setWordWrap(True)
        self._change = QPushButton()
        self._change.setObjectName("overflowButton")
        self._change.setProperty("look", "quiet")
        self._change.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._change.clicked.connect(self.open_menu)
        # The arrow behind the words, not before them.
        self._change.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(self._words)
        self._row.addWidget(self._warning, 1)
        self._row.addWidget(self._change)
        self._row.addStretch()
        self._dress()
        self._say()

    def set_use(self, use: ContextUse | None) -> None:
        """How full the context is, and what the next send costs. None says nothing."""
        self._use = use
        self._say()

    @property
    def warns(self) -> bool:
        """Whether something will be left out that was not before."""
        return self._use is not None and self._use.warns

    @property
    def whole_width(self) -> int:
        """How wide all that it says is, on one line."""
        words = self._warning if self.warns else self._words
        change = self._row.spacing() + self._change.sizeHint().width() if self._change.isVisibleTo(self) else 0
        return words.fontMetrics().horizontalAdvance(context_line(self._use)) + change + scaled(4)

    def open_menu(self) -> QMenu:
        """Let the user choose what becomes of what does not fit; each choice says what it costs."""
        menu = controls.menu(self)
        menu.setObjectName("overflowMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        group = QActionGroup(menu)
        for way in self._use.ways if self._use is not None else ():
            cost = way_cost(way)
            # What follows the tab stands at the right.
            action = QAction(f"{way_title(way)}\t{cost}" if cost else way_title(way), group, checkable=True)
            action.setObjectName(f"overflow_{way.overflow}")
            action.setChecked(self._use is not None and way.overflow is self._use.chosen)
            action.triggered.connect(lambda _=False, overflow=way.overflow: self.overflow_chosen.emit(overflow))
            menu.addAction(action)
        corner, size = self._change.mapToGlobal(QPoint(0, 0)), menu.sizeHint()
        right = self.mapToGlobal(QPoint(self.width(), 0)).x()
        menu.popup(QPoint(max(0, min(corner.x(), right - size.width())), corner.y() - size.height() - scaled(4)))
        return menu

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._say()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _dress(self) -> None:
        size = scaled(12)
        self._change.setIcon(icon("chevron-down", tokens(self.palette()).muted, size))
        self._change.setIconSize(QSize(size, size))

    def _say(self) -> None:
        use, words = self._use, context_line(self._use)
        self._words.set_full_text("" if self.warns else words)
        self._words.setVisible(not self.warns)
        self._warning.setText(words if self.warns else "")
        self._warning.setVisible(self.warns)
        self._change.setText(tr("Change"))
        describe(self._change, tr("Change what becomes of the oldest messages"))
        self._change.setVisible(use is not None and bool(use.ways))
        # Now, not with the next event: what is cut short is cut for the room that there is.
        self._row.activate()
