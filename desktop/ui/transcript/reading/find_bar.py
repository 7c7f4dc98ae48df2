"""The bar that asks what to find in the open chat."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QFontMetrics, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QWidget
from typing_extensions import override

from desktop.ui.controls import DRESS_CHANGES, IconButton, describe, set_look
from desktop.ui.i18n import tr
from desktop.ui.theme import scaled

_FIELD_PX = 220
_MARGIN_PX = 12


class FindBar(QFrame):
    """A field, how many hits there are, and the ways to them. It floats over the upper right corner of `page`.

    Signals:
        query_changed(text: str)
        step_requested(step: int): to the next hit (1) or the one before (-1)
        closed(): the reader is done with it
    """

    query_changed = Signal(str)
    step_requested = Signal(int)
    closed = Signal()

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self.setObjectName("findBar")
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._page = page
        self.field = QLineEdit()
        self.field.setObjectName("findField")
        self._count = QLabel()
        self._count.setObjectName("findCount")
        self._count.setProperty("look", "small")
        self._previous = IconButton("findPrevious", "chevron-up", box=28)
        self._next = IconButton("findNext", "chevron-down", box=28)
        self._close = IconButton("findClose", "x", box=28, size=14)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.field, 1)
        for part in (self._count, self._previous, self._next, self._close):
            self._row.addWidget(part)
        self.field.textChanged.connect(self.query_changed)
        self._previous.clicked.connect(lambda: self.step_requested.emit(-1))
        self._next.clicked.connect(lambda: self.step_requested.emit(1))
        self._close.clicked.connect(self.closed)
        self._retranslate()
        self.hide()

    def open(self, query: str) -> None:
        """Show it with `query`, all of it marked: who types, types another."""
        self.field.setText(query)
        self.place()
        self.show()
        self.raise_()

    def ask(self) -> None:
        """Put the caret into the field, with all of it marked."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def show_count(self, total: int, number: int | None, *, counting: bool) -> None:
        """Say that hit `number` of `total` is shown; while `counting` there may be more."""
        has_query = bool(self.field.text())
        words = tr("Nothing found") if not counting else tr("Searching…")
        if total and number is not None:
            words = tr("{number} of {total}", number=f"{number:,}", total=f"{total:,}" + ("+" if counting else ""))
        elif total:
            words = f"{total:,}" + ("+" if counting else "")
        words = words if has_query else ""
        if words == self._count.text():
            return
        self._count.setText(words)
        self._count.setVisible(bool(words))
        set_look(self._count, "small")
        for button in (self._previous, self._next):
            button.setEnabled(total > 0)
        self.place()
        if words and not counting and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, words))

    def place(self) -> None:
        """Stand in the corner of the page, as wide as there is room."""
        self._row.setContentsMargins(scaled(6), scaled(6), scaled(6), scaled(6))
        self._row.setSpacing(scaled(2))
        margin = scaled(_MARGIN_PX)
        beside = sum(part.sizeHint().width() for part in (self._previous, self._next, self._close))
        # As wide for any count of hits: the buttons stay under the pointer.
        metrics = QFontMetrics(self._count.font())
        words = max(metrics.horizontalAdvance(self._count.text()), metrics.horizontalAdvance("000 of 000"))
        self._count.setFixedWidth(words + scaled(12))
        wanted = scaled(_FIELD_PX) + words + scaled(12) + beside + 6 * scaled(4)
        width = min(wanted, self._page.width() - 2 * margin)
        self.setGeometry(self._page.width() - width - margin, scaled(8), width, self._row.sizeHint().height())

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.step_requested.emit(-1 if back else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.step_requested.emit(1 if event.key() == Qt.Key.Key_Down else -1)
        else:
            super().keyPressEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        if event.type() in DRESS_CHANGES and hasattr(self, "_row"):
            self.place()

    def _retranslate(self) -> None:
        self.setAccessibleName(tr("Find in this chat"))
        self.field.setPlaceholderText(tr("Find in this chat"))
        describe(self.field, tr("Find in this chat"), QKeySequence(QKeySequence.StandardKey.Find))
        describe(self._previous, tr("Previous hit"), QKeySequence("Shift+F3"))
        describe(self._next, tr("Next hit"), QKeySequence("F3"))
        describe(self._close, tr("Close"), QKeySequence(Qt.Key.Key_Escape))
