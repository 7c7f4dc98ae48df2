"""The sidebar: chats by date, search, and everything by keyboard."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from PySide6.QtCore import QAbstractItemModel, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListView, QStackedWidget
from pytestqt.qtbot import QtBot

from desktop.chat.message import Chat
from desktop.store.search import Hit
from desktop.ui.chat_list import CHAT, ChatList
from desktop.ui.dates import period
from desktop.ui.i18n import choose_language
from desktop.ui.search_results import SearchResults
from desktop.ui.sidebar import Sidebar

TODAY = date(2026, 11, 22)


def _chat(number: int, day: date = TODAY, title: str = "") -> Chat:
    noon = datetime(day.year, day.month, day.day, 12).astimezone().timestamp()
    return Chat(number, title or f"Chat {number}", noon, noon)


@pytest.fixture
def sidebar(qtbot: QtBot) -> Sidebar:
    made = Sidebar()
    qtbot.addWidget(made)
    made.resize(264, 700)
    made.show()
    return made


def _list(sidebar: Sidebar) -> ChatList:
    found = sidebar.findChild(ChatList, "chatList")
    assert found is not None
    return found


def _texts(view: QListView) -> list[str]:
    model: QAbstractItemModel = view.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


@pytest.mark.parametrize(
    ("day", "heading"),
    [
        (date(2026, 11, 23), "Today"),
        (TODAY, "Today"),
        (date(2026, 11, 21), "Yesterday"),
        (date(2026, 11, 20), "Previous 7 days"),
        (date(2026, 11, 15), "Previous 7 days"),
        (date(2026, 11, 14), "Previous 30 days"),
        (date(2026, 10, 23), "Previous 30 days"),
        (date(2026, 10, 22), "October 2026"),
        (date(2025, 11, 22), "November 2025"),
    ],
)
def test_a_day_stands_under_its_heading(day: date, heading: str) -> None:
    assert period(day, TODAY) == heading


def test_chats_are_grouped(sidebar: Sidebar) -> None:
    sidebar.set_chats([_chat(1), _chat(2), _chat(3, date(2026, 11, 21)), _chat(4, date(2026, 3, 1))], TODAY)
    assert _texts(_list(sidebar)) == ["Today", "Chat 1", "Chat 2", "Yesterday", "Chat 3", "March 2026", "Chat 4"]


def test_arrows_pass_over_headings_and_enter_opens(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.set_chats([_chat(1), _chat(2, date(2026, 11, 21))], TODAY)
    view = _list(sidebar)
    view.setCurrentIndex(view.model().index(1, 0))
    QTest.keyClick(view, Qt.Key.Key_Down)
    with qtbot.waitSignal(sidebar.chat_chosen) as chosen:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert chosen.args == [2]


def test_a_chat_is_renamed_in_place(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.set_chats([_chat(7)], TODAY)
    view = _list(sidebar)
    view.setCurrentIndex(view.model().index(1, 0))
    QTest.keyClick(view, Qt.Key.Key_F2)
    field = view.findChild(QLineEdit, "renameField")
    assert field is not None
    assert field.text() == "Chat 7"
    field.setText("  A   better  title ")
    with qtbot.waitSignal(sidebar.renamed) as renamed:
        QTest.keyClick(field, Qt.Key.Key_Return)
    assert renamed.args == [7, "A better title"]


def test_escape_leaves_the_title_alone(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.set_chats([_chat(7)], TODAY)
    sidebar.rename(7)
    field = _list(sidebar).findChild(QLineEdit, "renameField")
    assert field is not None
    field.setText("Other")
    with qtbot.assertNotEmitted(sidebar.renamed):
        QTest.keyClick(field, Qt.Key.Key_Escape)


def test_delete_asks_for_deletion(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.set_chats([_chat(7)], TODAY)
    view = _list(sidebar)
    view.setCurrentIndex(view.model().index(1, 0))
    with qtbot.waitSignal(sidebar.delete_requested) as requested:
        QTest.keyClick(view, Qt.Key.Key_Delete)
    assert requested.args == [7]


def test_place_and_choice_survive_a_new_list(sidebar: Sidebar) -> None:
    chats = [_chat(number) for number in range(200)]
    sidebar.set_chats(chats, TODAY)
    view = _list(sidebar)
    sidebar.set_open(150)
    place = view.verticalScrollBar().value()
    assert place > 0
    sidebar.set_chats(chats, TODAY)
    assert view.verticalScrollBar().value() == place
    assert view.currentIndex().data(CHAT).id == 150


def test_an_answering_chat_is_told_to_screen_readers(sidebar: Sidebar) -> None:
    sidebar.set_chats([_chat(1), _chat(2)], TODAY)
    sidebar.set_answering({2})
    index = _list(sidebar).model().index(2, 0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Chat 2, is being answered"
    sidebar.set_answering(set())
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) is None


def test_every_kind_of_row_is_painted(sidebar: Sidebar) -> None:
    sidebar.set_chats([_chat(1, title="长" * 200), _chat(2, title="مرحبا"), _chat(3)], TODAY)
    blank = sidebar.grab().toImage()
    sidebar.set_open(1)
    sidebar.set_answering({2})
    assert sidebar.grab().toImage() != blank


def test_search_lists_hits_and_enter_opens_the_first(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.set_chats([_chat(1)], TODAY)
    sidebar.focus_search()
    field = sidebar.findChild(QLineEdit, "searchBox")
    assert field is not None
    with qtbot.waitSignal(sidebar.search_changed) as searched:
        QTest.keyClicks(field, "rain")
    assert searched.args == ["rain"]
    hit = Hit(1, 5, "Chat 1", "🌧 the rain falls", ((6, 10),), 0.0)
    sidebar.set_hits([hit])
    results = sidebar.findChild(SearchResults)
    assert results is not None
    assert results.isVisible()
    assert not results.grab().toImage().isNull()
    with qtbot.waitSignal(sidebar.hit_chosen) as chosen:
        QTest.keyClick(field, Qt.Key.Key_Return)
    assert chosen.args == [hit]


def test_escape_clears_the_search(sidebar: Sidebar) -> None:
    sidebar.set_chats([_chat(1)], TODAY)
    field = sidebar.findChild(QLineEdit, "searchBox")
    assert field is not None
    field.setText("nothing like it")
    sidebar.set_hits([])
    stack = sidebar.findChild(QStackedWidget)
    assert stack is not None
    shown = stack.currentWidget()
    assert isinstance(shown, QLabel)
    assert "Nothing found" in shown.text()
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""
    assert _list(sidebar).isVisible()


def test_an_empty_list_says_what_it_is_for(sidebar: Sidebar) -> None:
    sidebar.set_chats([], TODAY)
    stack = sidebar.findChild(QStackedWidget)
    assert stack is not None
    shown = stack.currentWidget()
    assert isinstance(shown, QLabel)
    assert "will be listed here" in shown.text()


def test_neighbours(sidebar: Sidebar) -> None:
    sidebar.set_chats([_chat(3), _chat(2), _chat(1, date(2026, 1, 1))], TODAY)
    assert sidebar.neighbour(3, 1) == 2
    assert sidebar.neighbour(2, 1) == 1
    assert sidebar.neighbour(1, 1) is None
    assert sidebar.neighbour(None, 1) == 3


@pytest.mark.usefixtures("english_afterwards")
def test_it_speaks_another_language_at_once(sidebar: Sidebar) -> None:
    choose_language("zh_CN")
    QApplication.sendEvent(sidebar, QEvent(QEvent.Type.LanguageChange))
    field = sidebar.findChild(QLineEdit, "searchBox")
    assert field is not None
    assert field.placeholderText() == "搜索"
    assert period(date(2026, 1, 1), TODAY) == "2026年1月"


def test_what_was_found_is_looked_for_again_when_a_chat_is_gone(sidebar: Sidebar, qtbot: QtBot) -> None:
    chats = [_chat(1), _chat(2)]
    sidebar.set_chats(chats, TODAY)
    sidebar.focus_search()
    field = sidebar.findChild(QLineEdit, "searchBox")
    assert field is not None
    with qtbot.waitSignal(sidebar.search_changed):
        QTest.keyClicks(field, "rain")
    with qtbot.assertNotEmitted(sidebar.search_changed):
        sidebar.set_chats(list(chats), TODAY)
    with qtbot.waitSignal(sidebar.search_changed):
        sidebar.set_chats(chats[1:], TODAY)
