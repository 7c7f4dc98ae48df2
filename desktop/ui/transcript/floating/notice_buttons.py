"""The real buttons under a notice: Retry and Continue, what can be done about a full context, what stood for it."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from desktop.chat.message import Overflow
from desktop.ui.icons import icon
from desktop.ui.transcript.column import Column
from desktop.ui.transcript.message.notice_deeds import Deed, arranged, deeds_of
from desktop.ui.transcript.style import Style


class NoticeButtons(QObject):
    """Keeps the buttons of the rows in sight in their places.

    Signals:
        retry_requested(row: int), continue_requested(row: int), summary_requested(row: int)
        overflow_chosen(row: int, overflow: Overflow): answer with this done to what does not fit
    """

    retry_requested = Signal(int)
    continue_requested = Signal(int)
    summary_requested = Signal(int)
    overflow_chosen = Signal(int, object)

    def __init__(self, viewport: QWidget) -> None:
        super().__init__(viewport)
        self._viewport = viewport
        self._page = viewport.parentWidget()
        self._style: Style | None = None
        self._buttons: dict[tuple[int, str], QPushButton] = {}

    def restyle(self, style: Style) -> None:
        """Look as `style` says, and speak the language that is spoken now."""
        self._style = style
        self._drop(set(self._buttons))

    def place(self, column: Column, corner: QPoint, in_sight: range) -> None:
        """Put them where they belong now; `corner` is the column's in the viewport."""
        wanted = {(row, deed.name) for row in in_sight for deed in deeds_of(column.rows[row])}
        self._drop(set(self._buttons) - wanted)
        for row in in_sight:
            room = column.view(row).notice_buttons
            if room is None or self._style is None:
                continue
            place = corner + QPoint(round(room.x()), round(column.top(row) + room.y()))
            for deed, area in arranged(column.rows[row], self._style, room.width()):
                button = self._buttons.get((row, deed.name)) or self._make(row, deed, self._style)
                # What is not framed is no wider than its words: they begin where the text above does.
                width = button.sizeHint().width() if deed.is_quiet else round(area.width())
                button.setFixedSize(width, round(area.height()))
                button.move(place + area.topLeft().toPoint())
                button.show()

    def _make(self, row: int, deed: Deed, style: Style) -> QPushButton:
        button = QPushButton(f" {deed.words}", self._viewport)
        button.setObjectName(deed.name)
        if deed.is_quiet:
            button.setProperty("look", "quiet")
        button.setIcon(icon(deed.icon, style.tokens.muted if deed.is_quiet else style.tokens.text, style.px(14)))
        button.setIconSize(QSize(style.px(14), style.px(14)))
        button.setCursor(Qt.CursorShape.ArrowCursor)
        # A click leaves the caret in the composer.
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self._on_clicked(row, deed.name))
        self._buttons[row, deed.name] = button
        return button

    def _on_clicked(self, row: int, name: str) -> None:
        match name:
            case "retryButton":
                self.retry_requested.emit(row)
            case "continueButton":
                self.continue_requested.emit(row)
            case "dropButton":
                self.overflow_chosen.emit(row, Overflow.DROP)
            case "summariseButton":
                self.overflow_chosen.emit(row, Overflow.SUMMARISE)
            case "summaryButton":
                self.summary_requested.emit(row)

    def _drop(self, keys: set[tuple[int, str]]) -> None:
        # All at once: the page that gets the focus from one of them has them placed anew.
        for button in [self._buttons.pop(key) for key in keys]:
            if button.hasFocus() and self._page is not None:
                # Else Qt gives it to whatever comes next in the window.
                self._page.setFocus(Qt.FocusReason.OtherFocusReason)
            button.hide()
            button.deleteLater()
