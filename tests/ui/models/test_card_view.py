"""A model card is a stranger's text: it is shown, and nothing that it names is opened or loaded by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QPoint, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.models.card_view import CardView
from desktop.ui.theme import tokens
from tests.ui.models.market import CARD

LONG = "\n\n".join(f"## Section {number}\n\nSome words about it." for number in range(40))


class _Opened(QObject):
    """Stands where the web browser is."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.urls.append(url.toString())


@pytest.fixture
def opened() -> Iterator[_Opened]:
    made = _Opened()
    for scheme in ("http", "https", "mailto", "file"):
        # PySide6 6.11 takes text here, whatever it says of itself.
        QDesktopServices.setUrlHandler(scheme, made, "open")  # type: ignore[arg-type]
    yield made
    for scheme in ("http", "https", "mailto", "file"):
        QDesktopServices.unsetUrlHandler(scheme)


@pytest.fixture
def view(qtbot: QtBot) -> CardView:
    made = CardView()
    qtbot.addWidget(made)
    made.resize(600, 700)
    made.show()
    return made


def _page(view: CardView) -> QWidget:
    return view.findChildren(QWidget, "cardPage")[0]


def _laid_out(view: CardView, qtbot: QtBot) -> None:
    page = _page(view)
    qtbot.waitUntil(lambda: page.height() == page.sizeHint().height() and page.height() > 10)


def _click_everywhere(page: QWidget) -> None:
    for y in range(2, page.height(), 6):
        for x in range(2, page.width(), 6):
            QTest.mouseClick(page, Qt.MouseButton.LeftButton, pos=QPoint(x, y))


def test_only_a_click_on_a_web_address_opens_anything(view: CardView, opened: _Opened, qtbot: QtBot) -> None:
    view.set_text(CARD.partition("---\n# ")[2] + "Write to [the maker](mailto:maker@example.com).")
    _laid_out(view, qtbot)
    assert opened.urls == []
    _click_everywhere(_page(view))
    assert set(opened.urls) == {"https://example.com/paper"}


def test_code_is_copied_by_its_own_button(view: CardView, opened: _Opened, qtbot: QtBot) -> None:
    view.set_text("```\nfireside ask\n```")
    _laid_out(view, qtbot)
    _click_everywhere(_page(view))
    assert QGuiApplication.clipboard().text() == "fireside ask"
    assert opened.urls == []


def test_code_is_coloured_and_wrapped_at_once(view: CardView, qtbot: QtBot) -> None:
    # There is nothing on a card that would bring colours later, or scroll it sideways.
    view.set_text("```python\nreturn 'word'  # " + "a comment " * 40 + "\n```")
    _laid_out(view, qtbot)
    page = _page(view)
    assert page.height() > 120
    picture = page.grab().toImage()
    shown = {picture.pixelColor(x, y).name().upper() for x in range(picture.width()) for y in range(picture.height())}
    inks = tokens(view.palette())
    assert {inks.ink_string, inks.ink_comment} <= shown


def test_a_long_card_is_folded_until_it_is_asked_for(view: CardView, qtbot: QtBot) -> None:
    view.set_text(LONG)
    page, more = _page(view), view.findChildren(QPushButton, "wholeCardButton")[0]
    qtbot.waitUntil(more.isVisible)
    folded = page.sizeHint().height()
    QTest.mouseClick(more, Qt.MouseButton.LeftButton)
    assert page.sizeHint().height() > 3 * folded
    QTest.mouseClick(more, Qt.MouseButton.LeftButton)
    assert page.sizeHint().height() == folded


def test_a_short_card_has_nothing_to_unfold(view: CardView) -> None:
    view.set_text("# A model")
    assert not view.findChildren(QPushButton, "wholeCardButton")[0].isVisible()


def test_links_and_code_are_reached_and_opened_by_keyboard(view: CardView, opened: _Opened, qtbot: QtBot) -> None:
    view.set_text(
        "[Paper](https://example.com/paper), [secrets](file:///etc/passwd), [code](https://example.com/code).\n\n"
        "```\nfireside ask\n```"
    )
    _laid_out(view, qtbot)
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    page = _page(view)
    page.setFocus()
    QTest.keyClick(page, Qt.Key.Key_Tab)
    assert (page.accessibleName(), page.accessibleDescription()) == ("Paper", "https://example.com/paper")
    QTest.keyClick(page, Qt.Key.Key_Return)
    with qtbot.waitSignal(view.sought):
        QTest.keyClick(page, Qt.Key.Key_Tab)
    assert page.accessibleName() == "code"
    QTest.keyClick(page, Qt.Key.Key_Space)
    assert opened.urls == ["https://example.com/paper", "https://example.com/code"]
    QTest.keyClick(page, Qt.Key.Key_Tab)
    QTest.keyClick(page, Qt.Key.Key_Return)
    assert QGuiApplication.clipboard().text() == "fireside ask"
    QTest.keyClick(page, Qt.Key.Key_Backtab)
    assert page.accessibleName() == "code"


def test_tab_leads_on_where_the_last_link_was(view: CardView, qtbot: QtBot) -> None:
    view.set_text(f"[Paper](https://example.com/paper)\n\n{LONG}\n\n[hidden](https://example.com/hidden)")
    more = view.findChildren(QPushButton, "wholeCardButton")[0]
    qtbot.waitUntil(more.isVisible)
    _laid_out(view, qtbot)
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    page = _page(view)
    page.setFocus()
    QTest.keyClick(page, Qt.Key.Key_Tab)
    assert page.accessibleName() == "Paper"
    QTest.keyClick(page, Qt.Key.Key_Tab)
    assert more.hasFocus(), "what is folded away is not reached"
    assert page.accessibleName() == "Model card"
    QTest.keyClick(more, Qt.Key.Key_Space)
    _laid_out(view, qtbot)
    QTest.keyClick(more, Qt.Key.Key_Backtab)
    assert page.accessibleName() == "hidden"
