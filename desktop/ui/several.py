"""Several answers to one question, tried at once."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desktop.ui.actions import Actions
from desktop.ui.asking import varied
from desktop.ui.i18n import tr
from desktop.ui.session import Session
from desktop.ui.toast import Toast
from desktop.ui.transcript.floating.several_menu import USUAL_COUNT
from desktop.ui.transcript.transcript import Transcript


class Several(QObject):
    """Connects what asks for several answers with `session`."""

    def __init__(self, session: Session, transcript: Transcript, actions: Actions, toast: Toast) -> None:
        super().__init__(toast)
        self._session, self._toast = session, toast
        transcript.several_requested.connect(self._try)
        actions.try_several.triggered.connect(self._try_at_end)

    def _try_at_end(self) -> None:
        if rows := self._session.rows:
            self._try(rows[-1].message.id, USUAL_COUNT)

    def _try(self, message_id: int, count: int) -> None:
        asked, used = self._session.sampling, varied(self._session.sampling)
        if not self._session.try_several(message_id, count):
            return
        if used.temperature != asked.temperature:
            self._toast.show_message(
                tr(
                    "Temperature 0 would make all answers the same: these are written at {temperature}",
                    temperature=used.temperature,
                )
            )
        elif used.top_k != asked.top_k:
            self._toast.show_message(
                tr("Top-k 1 would make all answers the same: these are written with {top_k}", top_k=used.top_k)
            )
