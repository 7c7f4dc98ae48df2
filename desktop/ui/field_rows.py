"""Pages of rows that suit any width: words at the left and their field at the right, or the field below its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QLayout, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.ui.theme import scaled

_LEAST_WORDS_PX = 140
"""Words that had less room beside their field stand above it."""


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    words: QVBoxLayout
    title: QLabel
    field: QWidget
    width: int
    """Of the field, where there is room for it."""


class FieldRows(QGridLayout):
    """A grid for rows as `sampling_form.labels_of_row` makes them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setContentsMargins(0, 0, 0, 0)
        self.setColumnStretch(0, 1)
        self._rows: list[_Row] = []
        self._gap = 0
        self._is_stacked = False

    def fit(self, width: int) -> None:
        """Suit `width` px: no field is wider, and words that would have too little room stand above theirs."""
        if not self._rows:
            self._rows, self._gap = self._find_rows(), self.horizontalSpacing()
        for row in self._rows:
            if row.field.minimumWidth() == row.field.maximumWidth():
                row.field.setFixedWidth(min(row.width, width))
        beside = max((row.width for row in self._rows), default=0) + self._gap
        titles = [row.title.fontMetrics().horizontalAdvance(row.title.text()) for row in self._rows]
        is_stacked = width < beside + max(scaled(_LEAST_WORDS_PX), *titles, 0)
        if is_stacked == self._is_stacked:
            return
        self._is_stacked = is_stacked
        # What stands in both columns would be given the gap as well.
        self.setHorizontalSpacing(0 if is_stacked else self._gap)
        place = self._stack if is_stacked else self._unstack
        for row in self._rows:
            place(row)

    def _stack(self, row: _Row) -> None:
        self.removeWidget(row.field)
        # Behind the words, before what stretches.
        row.words.insertWidget(row.words.count() - 1, row.field, 0, Qt.AlignmentFlag.AlignLeft)
        row.words.setSpacing(scaled(4))
        row.title.setWordWrap(True)

    def _unstack(self, row: _Row) -> None:
        row.words.removeWidget(row.field)
        row.words.setSpacing(0)
        row.title.setWordWrap(False)
        self.addWidget(row.field, row.number, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)

    def _find_rows(self) -> list[_Row]:
        found = []
        for number in range(self.rowCount()):
            words, field = self.itemAtPosition(number, 0), self.itemAtPosition(number, 1)
            layout = words.layout() if words is not None else None
            widget = field.widget() if field is not None else None
            if isinstance(layout, QVBoxLayout) and widget is not None:
                labels = (layout.itemAt(index) for index in range(layout.count()))
                title = next(item.widget() for item in labels if item is not None and item.widget() is not None)
                is_fixed = widget.minimumWidth() == widget.maximumWidth()
                width = widget.maximumWidth() if is_fixed else widget.sizeHint().width()
                found.append(_Row(number, layout, cast("QLabel", title), widget, width))
        return found


class FieldPage(QScrollArea):
    """Scrolls up and down what holds `FieldRows`, which suit its width."""

    def __init__(self, inside: QWidget) -> None:
        super().__init__()
        self._inside = inside
        inside.setObjectName("scrolled")
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(inside)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        if (layout := self._inside.layout()) is not None:
            margins = layout.contentsMargins()
            for rows in _rows_in(layout):
                rows.fit(self.viewport().width() - margins.left() - margins.right())
        super().resizeEvent(event)


def _rows_in(layout: QLayout) -> list[FieldRows]:
    """All below `layout`, also those of widgets in it."""
    found = [layout] if isinstance(layout, FieldRows) else []
    for index in range(layout.count()):
        if (item := layout.itemAt(index)) is None:
            continue
        widget = item.widget()
        below = widget.layout() if widget is not None else item.layout()
        if below is not None:
            found += _rows_in(below)
    return found
