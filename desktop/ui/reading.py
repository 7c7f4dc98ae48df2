"""What is done with the open conversation from anywhere in the window, and what its links open."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit
from typing_extensions import override

from desktop.chat.message import Role
from desktop.store.search import Hit
from desktop.ui.actions import Actions
from desktop.ui.i18n import tr
from desktop.ui.several import Several
from desktop.ui.transcript.text.folding import folded
from desktop.ui.transcript.transcript import Transcript

_PAGES = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}


class Reading(QObject):
    """Connects `actions` with `transcript`, and passes on the keys that `field`, where one writes, has no use for.

    While `several` shows a comparison in its place, nothing happens to the transcript.
    """

    def __init__(self, actions: Actions, transcript: Transcript, field: QPlainTextEdit, several: Several) -> None:
        super().__init__(transcript)
        self._transcript, self._field = transcript, field
        finding = transcript.finding
        # Where nothing is shown, all chats are what can be searched.
        for action, do in (
            (actions.find, lambda: finding.open() if transcript.rows else actions.search.trigger()),
            (actions.find_next, lambda: finding.step(1)),
            (actions.find_previous, lambda: finding.step(-1)),
            (actions.previous_question, lambda: transcript.show_question(-1)),
            (actions.next_question, lambda: transcript.show_question(1)),
            (actions.transcript, transcript.focus_last),
            (actions.copy_answer, self._copy_answer),
        ):
            action.triggered.connect(lambda _=False, do=do: several.hides_chat() or do())
        transcript.link_activated.connect(lambda url: QDesktopServices.openUrl(QUrl(url)))
        field.installEventFilter(self)

    def show_hit(self, hit: Hit, query: str) -> None:
        """Mark in the open chat what the search over all chats has found."""
        row = self._transcript.column.row_of(hit.message_id) if hit.message_id is not None else None
        if row is None or not hit.marks:
            return
        first, last = hit.marks[0]
        # Words that stand apart are found one by one there, and as they stand here.
        is_phrase = folded(query.strip()) in folded(hit.snippet)
        self._transcript.finding.show(query.strip() if is_phrase else hit.snippet[first:last], row)

    def _copy_answer(self) -> None:
        rows = self._transcript.rows
        answers = [row.message.text for row in rows if row.message.role is Role.ASSISTANT]
        if answers and answers[-1]:
            QGuiApplication.clipboard().setText(answers[-1])
            self._transcript.copied.emit(tr("The last answer is copied"))

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._field and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            step = _PAGES.get(Qt.Key(event.key()))
            # It scrolls only where not all of it is in sight.
            has_pages = self._field.verticalScrollBarPolicy() is not Qt.ScrollBarPolicy.ScrollBarAlwaysOff
            if step is not None and not event.modifiers() and not has_pages and self._transcript.isVisible():
                self._transcript.scroll_page(step)
                return True
        return super().eventFilter(watched, event)
