"""The menu of the right mouse button, or of the menu key, over the transcript."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from desktop.ui import controls
from desktop.ui.i18n import tr
from desktop.ui.transcript.canvas import Canvas


def context_menu(
    canvas: Canvas,
    link: str,
    copy: Callable[[], None],
    copy_message: Callable[[], None],
    select_all: Callable[[], None],
) -> QMenu:
    """What can be done at one place of the canvas, where `link` is if not empty. The menu deletes itself."""
    menu = controls.menu(canvas)
    menu.setObjectName("transcriptMenu")
    menu.aboutToHide.connect(menu.deleteLater)
    marked = menu.addAction(tr("Copy"), copy)
    marked.setEnabled(canvas.selection is not None and not canvas.selection.is_empty)
    menu.addAction(tr("Copy message"), copy_message)
    if link:
        menu.addAction(tr("Copy link address"), lambda: QGuiApplication.clipboard().setText(link))
    menu.addSeparator()
    menu.addAction(tr("Select all"), select_all)
    return menu
