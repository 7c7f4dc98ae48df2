"""Deleting chats, and bringing them back while the toast says so."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desktop.ui.i18n import tr, tr_count
from desktop.ui.session import Session
from desktop.ui.toast import Toast


class Deletion(QObject):
    """Hides chats at once, and erases them when nobody can press Undo any more."""

    def __init__(self, session: Session, toast: Toast) -> None:
        super().__init__(toast)
        self._session, self._toast = session, toast
        self._hidden: list[int] = []
        toast.gone.connect(self._on_gone)

    def delete(self, chat_id: int) -> None:
        """Hide the chat and offer Undo, together with those that were deleted a moment ago."""
        self._session.delete(chat_id)
        self._hidden.append(chat_id)
        self._toast.show_message(self._told, lambda: tr("Undo"), self._undo)

    def _told(self) -> str:
        return tr_count("Chat deleted", "{count} chats deleted", len(self._hidden))

    def _undo(self) -> None:
        for chat_id in self._hidden:
            self._session.undo_delete(chat_id)
        self._hidden.clear()

    def _on_gone(self) -> None:
        if self._hidden:
            self._hidden.clear()
            self._session.forget_deleted()
