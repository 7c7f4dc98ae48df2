"""How many answers: the small menu of "try several"."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QMenu, QWidget

from desktop.engine.api import MOST_ANSWERS
from desktop.ui import controls
from desktop.ui.i18n import tr

USUAL_COUNT = 3


def several_menu(parent: QWidget, ask: Callable[[int], object]) -> QMenu:
    """Offers 2, 3, … answers, also by their digits, and calls `ask` with the number. It stays until `parent` goes."""
    menu = controls.menu(parent)
    menu.setObjectName("severalMenu")
    menu.setTitle(tr("Try several answers"))
    for count in range(2, MOST_ANSWERS + 1):
        action = menu.addAction(tr("&{count} answers", count=count))
        action.triggered.connect(lambda _=False, count=count: ask(count))
    return menu
