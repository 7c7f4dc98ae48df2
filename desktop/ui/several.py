"""Several answers to one question: tried at once, and compared."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QStackedWidget

from desktop.chat.message import Message, Role
from desktop.ui.actions import Actions
from desktop.ui.asking import varied
from desktop.ui.comparing import Comparison
from desktop.ui.i18n import tr
from desktop.ui.session import Session
from desktop.ui.toast import Toast
from desktop.ui.transcript.floating.several_menu import USUAL_COUNT
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.transcript import Transcript

_LEAST = 2
"""One answer is compared with nothing."""


class Several(QObject):
    """Connects what asks for several answers with `session`. They are compared on a page of `body`."""

    def __init__(
        self, session: Session, transcript: Transcript, body: QStackedWidget, actions: Actions, toast: Toast
    ) -> None:
        super().__init__(toast)
        self._session, self._transcript, self._body, self._toast = session, transcript, body, toast
        self._comparison = Comparison()
        self._compared: dict[int, Row] = {}
        body.addWidget(self._comparison)
        body.currentChanged.connect(self._on_page_changed)
        self._comparison.chosen.connect(self._choose)
        self._comparison.left.connect(self.leave)
        self._comparison.copied.connect(transcript.copied)
        self._comparison.link_activated.connect(transcript.link_activated)
        self._comparison.save_failed.connect(transcript.save_failed)
        self._comparison.zoom_requested.connect(transcript.zoom_requested)
        session.message_changed.connect(self._on_message_changed)
        transcript.several_requested.connect(self._try)
        transcript.compare_requested.connect(self._compare)
        transcript.restyled.connect(self._restyle)
        actions.try_several.triggered.connect(self._try_at_end)

    def leave(self) -> bool:
        """Go back from comparing to the chat. False where nothing is compared."""
        if self._body.currentWidget() is not self._comparison:
            return False
        self._body.setCurrentWidget(self._transcript)
        self._transcript.focus_last()
        return True

    def hides_chat(self) -> bool:
        """Whether versions are compared where the chat would be. That is said: what is not seen is left as it is."""
        if self._body.currentWidget() is not self._comparison:
            return False
        self._toast.show_message(_works_in_the_chat, lambda: tr("Back to the chat"), self.leave)
        return True

    def _compare(self, message_id: int) -> None:
        """Compare the versions of this answer, or of the shown answer to this question."""
        shown = self._session.rows
        at = next((index for index, row in enumerate(shown) if row.message.id == message_id), len(shown))
        answer = next((row.message for row in shown[at : at + 2] if row.message.role is Role.ASSISTANT), None)
        rows = self._session.versions(answer.id) if answer is not None else []
        if answer is None or len(rows) < _LEAST:
            self._toast.show_message(
                lambda: tr("There is one answer only. “Try several answers” makes more to compare.")
            )
            return
        self._compared = {row.message.id: row for row in rows}
        self._body.setCurrentWidget(self._comparison)
        number = list(self._compared).index(answer.id)
        self._comparison.show_versions(rows, number, self._transcript.column.style)

    def _restyle(self) -> None:
        """The chat is drawn with another style, or worded in another language: so is what is compared."""
        if not self._compared:
            return
        rows = self._session.versions(self._shown.message.id)
        # Versions that came meanwhile are not among those that are compared.
        self._compared = {row.message.id: row for row in rows if row.message.id in self._compared}
        self._comparison.restyle(list(self._compared.values()), self._transcript.column.style)

    @property
    def _shown(self) -> Row:
        """The version of what is compared that the chat shows."""
        return next(row for row in self._session.rows if row.message.id in self._compared)

    def _choose(self, message_id: int) -> None:
        shown = self._shown
        step = self._compared[message_id].branch - shown.branch
        self.leave()
        self._session.select_branch(shown.message.id, step)
        self._transcript.scroll_to_message(message_id)

    def _on_message_changed(self, message: Message) -> None:
        row = self._compared.get(message.id)
        if row is not None:
            self._comparison.update_row(self._session.renewed(row, message))

    def _on_page_changed(self) -> None:
        if self._body.currentWidget() is not self._comparison:
            self._comparison.clear()
            self._compared = {}
            self._toast.dismiss_message(_works_in_the_chat)

    def _try_at_end(self) -> None:
        if rows := self._session.rows:
            self._try(rows[-1].message.id, USUAL_COUNT)

    def _try(self, message_id: int, count: int) -> None:
        asked, used = self._session.sampling, varied(self._session.sampling)
        if not self._session.try_several(message_id, count):
            return
        if used.temperature != asked.temperature:
            self._toast.show_message(
                lambda: tr(
                    "Temperature 0 would make all answers the same: these are written at {temperature}",
                    temperature=used.temperature,
                )
            )
        elif used.top_k != asked.top_k:
            self._toast.show_message(
                lambda: tr("Top-k 1 would make all answers the same: these are written with {top_k}", top_k=used.top_k)
            )


def _works_in_the_chat() -> str:
    return tr("This works in the chat, not while answers are compared.")
