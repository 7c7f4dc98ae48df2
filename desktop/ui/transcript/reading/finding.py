"""Finding in the open chat: the bar, the search in the rows, and the hit that is shown belong together here."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, QTimer

from desktop.ui.controls import has_focus_within
from desktop.ui.transcript.place import START, Place, Spot
from desktop.ui.transcript.reading.find import Hit, Search
from desktop.ui.transcript.reading.find_bar import FindBar
from desktop.ui.transcript.reading.reader import Reader
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.selection import Selection, selected_text
from desktop.ui.transcript.text.folding import folded

_SLICE_S = 0.006
_BELOW_BAR_PX = 8
_MAX_SELECTED = 100
_GROWN_MS = 400
_SAID_S = 0.1


class Finding(QObject):
    """What is found is counted in slices between the window's other work; the hit to show is looked for at once."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self._reader = reader
        self._search = Search()
        self._from = START
        self._grown: set[int] = set()
        self._say_again_s = 0.0
        self.bar = FindBar(reader)
        self._counting = QTimer(self, interval=0)
        self._growing = QTimer(self, singleShot=True, interval=_GROWN_MS)
        self._counting.timeout.connect(self._count)
        self._growing.timeout.connect(self._take_grown)
        self.bar.query_changed.connect(self._on_query_changed)
        self.bar.step_requested.connect(self.step)
        self.bar.closed.connect(self.close)
        reader.replaced.connect(self._on_replaced)

    @property
    def is_open(self) -> bool:
        """Whether the bar is shown."""
        return self.bar.isVisibleTo(self._reader)

    def open(self) -> None:
        """Ask what to find; what is marked is the first guess."""
        self._begin()
        guess = self._marked() or self.bar.field.text()
        self._open_bar(guess)
        self.bar.ask()

    def show(self, query: str, row: int) -> None:
        """Find `query`, beginning with `row`, without a question."""
        self._begin()
        self._from = Spot(row, START.place)
        self._open_bar(query)

    def close(self) -> bool:
        """Take bar and marks away. The place stays, the hit is marked as text is. False where it was not open."""
        if not self.is_open:
            return False
        if has_focus_within(self.bar):
            # Before it is hidden: else Qt passes the focus on as Tab does, which chooses a message.
            self._reader.setFocus(Qt.FocusReason.OtherFocusReason)
        visited = self._reader.hit
        self._counting.stop()
        self._growing.stop()
        self._grown.clear()
        self._reader.mark_hits("")
        self._search = Search()
        self.bar.hide()
        self._reader.leave_room_above(0)
        if visited is not None:
            row, hit = visited
            start, end = (Spot(row, Place(hit.part, hit.block, at)) for at in (hit.start, hit.end))
            self._reader.set_selection(Selection((start, start), (end, end)))
        return True

    def step(self, step: int) -> None:
        """Show the next hit (1), or the one before (-1); behind the last comes the first."""
        if not self.is_open:
            self.open()
        self._take_grown()
        if self._reader.hit is not None:
            row, hit = self._reader.hit
            spot = Spot(row, Place(hit.part, hit.block, hit.start + (1 if step > 0 else 0)))
        else:
            spot = self._from
        search = self._search
        if not search.needle:
            return
        if step > 0:
            found = search.forward(spot) or search.forward(START)
        else:
            found = search.backward(spot) or search.backward(Spot(len(self._reader.rows), START.place))
        self._visit(found)

    def row_changed(self, index: int) -> None:
        """The text of one row has changed: it is searched anew, a little later."""
        if self.is_open:
            self._grown.add(index)
            if not self._growing.isActive():
                self._growing.start()

    # Inside.

    def _open_bar(self, query: str) -> None:
        self.bar.place()
        covered = self.bar.geometry().bottom() + self._reader.column.style.px(_BELOW_BAR_PX)
        self._reader.leave_room_above(max(0, covered - round(self._reader.column.top(0))))
        self.bar.open(query)

    def _begin(self) -> None:
        if not self.is_open:
            self._search = Search()
            self._search.set_rows(0, self._reader.rows)
            self._reader.hit = None
            self._counting.start()
        self._from = self._start()

    def _start(self) -> Spot:
        """From where to look: from what is marked, else from the top of what is in sight."""
        selection = self._reader.selection
        if selection is not None and not selection.is_empty:
            return selection.start
        return self._reader.top_spot()

    def _marked(self) -> str:
        selection = self._reader.selection
        if selection is None or selection.is_empty or selection.start.row != selection.end.row:
            return ""
        text = selected_text(self._reader.column, selection)
        return text if len(text) <= _MAX_SELECTED and "\n" not in text else ""

    def _on_query_changed(self, query: str) -> None:
        if self._reader.hit is not None:
            row, hit = self._reader.hit
            self._from = Spot(row, hit.place)
        self._search.set_query(query)
        self._reader.mark_hits(folded(query) if query else "")
        self._counting.start()
        if not self._search.needle:
            self._say()
            return
        # Behind the last hit there are none: the nearest above is less of a jump than the first of the chat.
        self._visit(self._search.forward(self._from) or self._search.backward(self._from))

    def _visit(self, found: tuple[int, Hit] | None) -> None:
        if found is not None:
            self._reader.visit(*found, room_above=self.bar.geometry().bottom())
        self._say()

    def _count(self) -> None:
        if self._search.count(_SLICE_S):
            self._counting.stop()
            self._say()
        elif time.perf_counter() > self._say_again_s:
            self._say()
            self._say_again_s = time.perf_counter() + _SAID_S

    def _say(self) -> None:
        search, visited = self._search, self._reader.hit
        number = search.number(*visited) if visited is not None and search.needle else None
        # The hit that is shown is one, whatever is counted.
        total = max(search.total, 1 if visited is not None else 0)
        self.bar.show_count(total, number, counting=bool(search.needle) and not search.is_counted)

    def _on_replaced(self, first: int) -> None:
        if not self.is_open:
            return
        if first == 0:
            # What was visited is gone: there is nothing to be marked in its place.
            self._reader.hit = None
            self.close()
            return
        self._search.set_rows(first, self._reader.rows[first:])
        if self._reader.hit is not None and self._reader.hit[0] >= first:
            self._reader.hit = None
        self._counting.start()

    def _take_grown(self) -> None:
        rows: Sequence[Row] = self._reader.rows
        for index in self._grown:
            if index < len(rows):
                self._search.set_row(index, rows[index])
        if self._grown:
            self._grown.clear()
            self._counting.start()
