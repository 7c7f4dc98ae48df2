"""Messages as they come: another chat, other messages from one on, an answer that grows."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from desktop.chat.message import State
from desktop.ui.transcript.canvas import Canvas
from desktop.ui.transcript.column import Column
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.speech import accessible

_SHARE = 0.015
"""Of a processor's time, what laying out a growing answer may take; painting takes as much again. The model computes on
the same processors, and its threads wait for each other: on two of them, steps as often as there were new words cost a
twelfth of its speed."""
_SMOOTH_S = 0.1
"""But that is no reason to wait for longer than this."""
_BACK_OFF = 3
"""A long step is waited for this many times as long as it took, so that it never takes all of the main thread."""


class Feed(Canvas):
    """Shows what it is given, at most as fast as the main thread can bear.

    Signals:
        replaced(first: int): the rows from `first` on are others
    """

    replaced = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._late: set[int] = set()
        self._due_s = 0.0
        self._late_timer = QTimer(self, singleShot=True)
        self._late_timer.timeout.connect(self._show_late)

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show another chat, from its end."""
        self.column = Column(self.column.style, self.column.width)
        self.column.replace(0, rows)
        self._late.clear()
        self.selection = self.focused = None
        self.follows = True
        self.replaced.emit(0)
        self.settle()
        accessible.rows_changed(self)

    def replace_rows(self, first: int, rows: Sequence[Row]) -> None:
        """The rows from `first` on are now these. The reader stays where they read, or at the end."""
        self.column.replace(first, rows)
        self._late = {index for index in self._late if index < first}
        if self.selection is not None and self.selection.end.row >= first:
            self.selection = None
        if self.focused is not None and self.focused >= len(self.column.rows):
            self.focused = None
        self.replaced.emit(first)
        self.settle()
        accessible.rows_changed(self)

    def update_row(self, index: int, row: Row) -> None:
        """Row `index` is now `row`: its text has grown, or its state has changed."""
        accessible.row_grows(self, index)
        self.column.rows[index] = row
        self._late.add(index)
        if row.message.state is not State.STREAMING or time.perf_counter() >= self._due_s:
            self._show_late()
        elif not self._late_timer.isActive():
            self._show_later()

    def scroll_to_end(self) -> None:
        """Show the end, and follow it."""
        self.follows = True
        self.settle()

    def _show_late(self) -> None:
        """Bring to the page what has come since the last step."""
        self._late_timer.stop()
        start = time.perf_counter()
        # Who follows the end sees the answer begin; who has scrolled up reads the reasoning.
        read = range(0) if self.follows else self.rows_in_sight()
        changed_below = min(
            (self.column.show(index, is_read=index in read) for index in self._late), default=self.column.height
        )
        if self.selection is not None and self.selection.end.row in self._late:
            # In a table whole columns are marked: a new row may change which.
            changed_below = 0.0
        shown = self._late
        self._late = {index for index in shown if self.column.is_behind(index)}
        self.settle(changed_below)
        for index in shown:
            accessible.row_grew(self, index)
        took = time.perf_counter() - start
        self._due_s = start + max(took * (1 + _BACK_OFF), min(took / _SHARE, _SMOOTH_S))
        if self._late:
            self._show_later()

    def _show_later(self) -> None:
        self._late_timer.start(max(1, round((self._due_s - time.perf_counter()) * 1000)))
