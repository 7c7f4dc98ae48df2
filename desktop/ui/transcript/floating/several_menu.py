"""How many answers: the small menu of "try several"."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QMenu, QWidget

from desktop.engine.api import MOST_ANSWERS
from desktop.ui import controls
from desktop.ui.i18n import tr

USUAL_COUNT = 3


def several_menu(parent: QWidget, ask: Callable[[int], object]) -> QMenu:
    """Offers 2, 3, … answers, also by their digits, and calls `ask` with the number. The menu deletes itself."""
    menu = controls.menu(parent)
    menu.setObjectName("severalMenu")
    menu.setTitle(tr("Try several answers"))
    menu.aboutToHide.connect(menu.deleteLater)
    for count in range(2, MOST_ANSWERS + 1):
        menu.addAction(tr("&{count} answers", count=count), _with(ask, count))
    return menu


def _with(ask: Callable[[int], object], count: int) -> Callable[[], None]:
    return lambda: (ask(count), None)[1]
