"""What the user writes, edits and has written anew: from the composer and the conversation to the session."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desktop.chat.message import Role
from desktop.ui.composer import Composer
from desktop.ui.i18n import tr
from desktop.ui.session import Session
from desktop.ui.toast import Toast
from desktop.ui.transcript.transcript import Transcript


class Writing(QObject):
    """Connects what asks for something to be written with `session`."""

    def __init__(self, session: Session, composer: Composer, transcript: Transcript, toast: Toast) -> None:
        super().__init__(toast)
        self._session, self._composer, self._transcript, self._toast = session, composer, transcript, toast
        composer.submitted.connect(self._send)
        composer.edit_submitted.connect(self._send_edit)
        composer.stop_requested.connect(session.stop)
        composer.draft_changed.connect(session.save_draft)
        composer.edit_last_requested.connect(self._edit_last)
        transcript.edit_requested.connect(self._edit)
        transcript.regenerate_requested.connect(session.regenerate)
        transcript.continue_requested.connect(session.continue_answer)
        transcript.retry_requested.connect(session.retry)
        transcript.overflow_chosen.connect(session.retry)
        transcript.branch_requested.connect(session.select_branch)
        session.refused.connect(lambda: toast.show_message(_still_answered))
        session.answering_changed.connect(self._on_answering_changed)

    def _send(self, text: str) -> None:
        if self._session.send(text):
            self._composer.clear()
            self._transcript.scroll_to_end()

    def _send_edit(self, message_id: int, text: str) -> None:
        if self._session.edit(message_id, text):
            self._composer.clear()

    def _edit(self, message_id: int) -> None:
        for row in self._session.rows:
            if row.message.id == message_id:
                self._composer.begin_edit(message_id, row.message.text)

    def _edit_last(self) -> None:
        questions = [row.message.id for row in self._session.rows if row.message.role is Role.USER]
        if questions and not self._session.answering:
            self._edit(questions[-1])

    def _on_answering_changed(self, answering: bool) -> None:
        if not answering:
            self._toast.dismiss_message(_still_answered)


def _still_answered() -> str:
    return tr("This chat is still being answered. Wait until that is done, or stop it.")
