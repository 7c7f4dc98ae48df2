"""What the buttons under notices ask for, told by message."""

from __future__ import annotations

from PySide6.QtCore import Signal

from desktop.chat.message import Overflow
from desktop.ui.transcript.floating.overlay import Overlay
from desktop.ui.transcript.floating.summary_sheet import SummarySheet
from desktop.ui.transcript.reading.chooser import Chooser


class Noticing(Chooser):
    """A conversation whose notices can be acted on.

    Signals:
        continue_requested(message_id: int), retry_requested(message_id: int)
        overflow_chosen(message_id: int, overflow: Overflow): answer with this done to what does not fit the context
    """

    continue_requested = Signal(int)
    retry_requested = Signal(int)
    overflow_chosen = Signal(int, object)

    def listen_to_notices(self, overlay: Overlay) -> None:
        """Tell what `overlay` is asked for."""
        overlay.continue_requested.connect(lambda row: self.continue_requested.emit(self._message(row)))
        overlay.retry_requested.connect(lambda row: self.retry_requested.emit(self._message(row)))
        overlay.overflow_chosen.connect(self._on_overflow_chosen)
        overlay.summary_requested.connect(self._show_summary)

    def _on_overflow_chosen(self, row: int, overflow: Overflow) -> None:
        self.overflow_chosen.emit(self._message(row), overflow)

    def _show_summary(self, row: int) -> None:
        shown = self.column.rows[row]
        statistics = shown.message.statistics
        SummarySheet(shown.summary, statistics.left_out_messages if statistics is not None else 0, self).open()

    def _message(self, row: int) -> int:
        return self.column.rows[row].message.id
