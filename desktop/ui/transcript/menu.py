"""The transcript's context menu, for the mouse and for the menu key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QMenu

from desktop.ui.i18n import tr

if TYPE_CHECKING:
    from desktop.ui.transcript.transcript import Transcript


def show(transcript: Transcript, event: QContextMenuEvent) -> None:
    """Open the menu for what `event` points at, or for the chosen message."""
    if not transcript.rows:
        return
    by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
    if by_key and transcript.focused is not None:
        where = transcript.area_of(transcript.focused).topLeft() + QPoint(16, 16)
        position = transcript.viewport().mapToGlobal(where)
    else:
        where, position = transcript.viewport().mapFromGlobal(event.globalPos()), event.globalPos()
    menu = make(transcript, where)
    menu.popup(position)


def make(transcript: Transcript, where: QPoint) -> QMenu:
    """The menu for a point of the viewport."""
    menu = QMenu(transcript)
    menu.setObjectName("transcriptMenu")
    menu.aboutToHide.connect(menu.deleteLater)
    row = transcript.column.at(transcript.to_column(QPointF(where)).y())
    found = transcript.target_at(QPointF(where))
    copy = menu.addAction(tr("Copy"), transcript.copy)
    copy.setEnabled(transcript.selection is not None and not transcript.selection.is_empty)
    menu.addAction(tr("Copy message"), lambda: transcript.copy_message(row))
    if found is not None and found[1].link:
        address = found[1].link
        menu.addAction(tr("Copy link address"), lambda: QGuiApplication.clipboard().setText(address))
    menu.addSeparator()
    menu.addAction(tr("Select all"), transcript.select_all)
    return menu
