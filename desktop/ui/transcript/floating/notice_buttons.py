"""The real buttons under the notice of an answer that did not end as it should: Retry, Continue."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from desktop.ui.i18n import tr
from desktop.ui.icons import icon
from desktop.ui.transcript.column import Column
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style

_HEIGHT, _GAP = 32, 8


class NoticeButtons(QObject):
    """Keeps the buttons of the rows in sight in their places.

    Signals:
        retry_requested(row: int), continue_requested(row: int)
    """

    retry_requested = Signal(int)
    continue_requested = Signal(int)

    def __init__(self, viewport: QWidget) -> None:
        super().__init__(viewport)
        self._viewport = viewport
        self._style: Style | None = None
        self._buttons: dict[tuple[int, str], QPushButton] = {}

    def restyle(self, style: Style) -> None:
        """Look as `style` says, and speak the language that is spoken now."""
        self._style = style
        for key in list(self._buttons):
            self._drop(key)

    def place(self, column: Column, corner: QPoint, in_sight: range) -> None:
        """Put them where they belong now; `corner` is the column's in the viewport."""
        wanted = {(row, name) for row in in_sight for name in _names(column.rows[row])}
        for key in set(self._buttons) - wanted:
            self._drop(key)
        for row in in_sight:
            where = column.view(row).notice_buttons
            if where is None or self._style is None:
                continue
            place = corner + QPoint(round(where.x()), round(column.top(row) + where.y()))
            for name in _names(column.rows[row]):
                button = self._buttons.get((row, name)) or self._make(row, name, self._style)
                button.move(place)
                button.show()
                place += QPoint(button.sizeHint().width() + self._style.px(_GAP), 0)

    def _make(self, row: int, name: str, style: Style) -> QPushButton:
        is_retry = name == "retryButton"
        button = QPushButton(" " + (tr("Retry") if is_retry else tr("Continue")), self._viewport)
        button.setObjectName(name)
        button.setIcon(icon("refresh-cw" if is_retry else "step-forward", style.tokens.text, style.px(14)))
        button.setIconSize(QSize(style.px(14), style.px(14)))
        button.setCursor(Qt.CursorShape.ArrowCursor)
        button.setFixedHeight(style.px(_HEIGHT))
        asked = self.retry_requested if is_retry else self.continue_requested
        button.clicked.connect(lambda: asked.emit(row))
        self._buttons[row, name] = button
        return button

    def _drop(self, key: tuple[int, str]) -> None:
        button = self._buttons.pop(key)
        button.hide()
        button.deleteLater()


def _names(row: Row) -> list[str]:
    """Which buttons `row` has."""
    names = ["retryButton"] if row.can_retry else []
    return [*names, "continueButton"] if row.offers_continue else names
