"""The sidebar beside the page, or over it where the window is narrow."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.side_by_side import SideBySide


@pytest.fixture
def sides(qtbot: QtBot) -> SideBySide:
    made = SideBySide(QWidget(), QWidget())
    qtbot.addWidget(made)
    made.restore(is_open=True, width=280)
    made.resize(1000, 600)
    made.show()
    return made


def _parts(sides: SideBySide) -> tuple[QWidget, QWidget]:
    return sides._sidebar, sides._page


def test_there_is_room_for_both(sides: SideBySide) -> None:
    sidebar, page = _parts(sides)
    assert (sidebar.width(), page.x(), page.width()) == (280, 280, 720)


def test_nothing_lies_over_the_page(sides: SideBySide) -> None:
    """Else what scrolls in it is painted anew at each step, all of it."""
    page = _parts(sides)[1]
    beside = [each for each in sides.findChildren(QWidget) if each is not page and each.isVisible()]
    assert beside
    assert not any(each.geometry().intersects(page.geometry()) for each in beside)


def test_it_is_hidden_and_shown(sides: SideBySide, qtbot: QtBot) -> None:
    sidebar, page = _parts(sides)
    with qtbot.waitSignal(sides.open_changed) as changed:
        sides.toggle()
    assert changed.args == [False]
    assert not sidebar.isVisible()
    assert page.width() == 1000
    sides.toggle()
    assert sidebar.isVisible()


def test_in_a_narrow_window_it_lies_over_the_page(sides: SideBySide) -> None:
    sidebar, page = _parts(sides)
    sides.resize(600, 600)
    assert not sides.is_open
    assert page.width() == 600
    sides.toggle()
    assert sidebar.isVisible()
    assert page.width() == 600
    # A click beside it closes it.
    scrim = sides.findChild(QWidget, "scrim")
    assert scrim is not None
    QTest.mouseClick(scrim, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(590, 300))
    assert not sidebar.isVisible()
    assert not sides.close_overlay()
    sides.resize(1000, 600)
    assert sidebar.isVisible()


@pytest.mark.parametrize(("asked", "given"), [(100, 240), (300, 300), (900, 320), (None, 264)])
def test_its_width_has_limits(sides: SideBySide, asked: int | None, given: int) -> None:
    sides.restore(is_open=True, width=asked)
    assert sides.state() == (True, given)
    assert _parts(sides)[0].width() == given
