"""The newest question counts; nothing is asked that nobody asked for."""

from __future__ import annotations

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from desktop.errors import HubUnreachable, NotOnHub, OfflineMode, Trouble
from desktop.hub.network import Patience
from desktop.ui.models.hub_work import Query
from tests.conftest import PATIENCE_S
from tests.hub.origin import silence
from tests.ui.models.market import IMPATIENT, Q4, REPO, Market


def test_a_search_finds(market: Market, qtbot: QtBot) -> None:
    with qtbot.waitSignal(market.hub.found) as found:
        market.hub.search(Query("small"))
    assert found.args is not None
    assert found.args[0] == Query("small")
    assert [each.repo for each in found.args[1]] == [REPO]


def test_the_newest_search_wins(market: Market, qtbot: QtBot) -> None:
    heard: list[str] = []
    market.hub.found.connect(lambda query, _: heard.append(query.text))
    for text in ("s", "sm", "sma", "small", "gated"):
        market.hub.search(Query(text))
    qtbot.waitUntil(lambda: heard == ["gated"])
    # What the others have found meanwhile has no way to be heard any more.
    market.hub.search(Query("small"))
    qtbot.waitUntil(lambda: heard == ["gated", "small"])


def test_typing_is_searched_for_once_it_rests(market: Market, qtbot: QtBot) -> None:
    searched: list[str] = []
    market.hub.searching.connect(lambda query: searched.append(query.text))
    with qtbot.waitSignal(market.hub.found):
        for text in ("s", "sm", "sma", "small"):
            market.hub.search_soon(Query(text))
        assert searched == []
    assert searched == ["small"]
    assert len(market.asked()) == 1


def test_what_is_cleared_is_not_searched_for(market: Market, qtbot: QtBot) -> None:
    market.hub.search_soon(Query("small"))
    market.hub.stop_search()
    with qtbot.waitSignal(market.hub.repository_read):
        market.hub.read_repository(REPO)
    assert [path for path in market.asked() if "search=" in path] == []


def test_a_repository_its_card_and_its_header(market: Market, qtbot: QtBot) -> None:
    with qtbot.waitSignal(market.hub.repository_read) as read:
        market.hub.read_repository(REPO)
    assert read.args is not None
    repo, repository = read.args
    assert repo == REPO
    with qtbot.waitSignals([market.hub.card_read, market.hub.header_read]):
        market.hub.read_card(REPO, repository.commit)
        market.hub.read_header(repository.choices[0])


def test_errors_are_told_with_what_was_asked(market: Market, qtbot: QtBot) -> None:
    with qtbot.waitSignal(market.hub.repository_failed) as failed:
        market.hub.read_repository("nobody/nothing")
    assert failed.args is not None
    assert failed.args[0] == "nobody/nothing"
    assert isinstance(failed.args[1], NotOnHub)


def test_a_hub_that_says_nothing_is_not_waited_for(open_market: Callable[..., Market], qtbot: QtBot) -> None:
    market = open_market(patience=IMPATIENT)
    market.server.hub.always = silence
    with qtbot.waitSignal(market.hub.card_failed) as failed:
        market.hub.read_card(REPO, market.server.repos[REPO].commit)
    assert failed.args is not None
    assert isinstance(failed.args[1], HubUnreachable)
    assert failed.args[1].trouble is Trouble.TIMED_OUT


def test_offline_nothing_is_asked(open_market: Callable[..., Market], qtbot: QtBot) -> None:
    market = open_market(offline=True)
    with qtbot.waitSignal(market.hub.search_failed) as failed:
        market.hub.search(Query("small"))
    assert failed.args is not None
    assert isinstance(failed.args[1], OfflineMode)
    assert market.asked() == []


def test_a_page_that_is_left_and_a_window_that_is_closed_wait_for_nobody(
    open_market: Callable[..., Market], qtbot: QtBot
) -> None:
    market = open_market(patience=Patience(silence_s=3600))
    market.server.hub.always = silence
    with qtbot.assertNotEmitted(market.hub.card_failed), qtbot.assertNotEmitted(market.hub.header_failed):
        market.hub.read_card(REPO, market.server.repos[REPO].commit)
        assert market.server.hub.stalled.acquire(timeout=PATIENCE_S)
        market.hub.leave(REPO)
        market.hub.read_header(market.server.choice(REPO, Q4))
        assert market.server.hub.stalled.acquire(timeout=PATIENCE_S)
        market.hub.close()
