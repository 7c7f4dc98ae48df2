"""Finding a model: the catalogue without a network, the hub when it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QProgressBar, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.errors import OfflineMode
from desktop.hub.catalogue import entries, fits_on, recommend
from desktop.hub.fit import Machine
from desktop.hub.job import Phase
from desktop.ui.catalogue_words import why
from desktop.ui.models.card_view import CardView
from desktop.ui.models.catalogue_view import CatalogueView
from desktop.ui.models.choice_row import ChoiceRow
from desktop.ui.models.discover_page import DiscoverPage
from desktop.ui.models.entry_card import EntryCard
from desktop.ui.models.gate import GatePanel
from desktop.ui.models.repository_page import RepositoryPage
from desktop.ui.models.results import Results
from desktop.ui.painted_list import ITEM
from tests.hub.origin import drop, silence, status
from tests.ui.models.market import GATED, Q4, Q8, REPO, Market, MemoryKeyring

W = TypeVar("W", bound=QWidget)


@pytest.fixture
def open_page(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Callable[[Market], DiscoverPage]:
    def make(market: Market) -> DiscoverPage:
        # What is free here differs from one look to the next where other programs compute, and so would the cards.
        monkeypatch.setattr(market.loading, "machine", lambda: Machine(32 << 30, 24 << 30))
        page = DiscoverPage(market.hub, market.getting, market.loading, market.access)
        qtbot.addWidget(page)
        page.resize(800, 640)
        page.show()
        return page

    return make


@pytest.fixture
def page(market: Market, open_page: Callable[[Market], DiscoverPage]) -> DiscoverPage:
    return open_page(market)


def test_opening_the_page_asks_nobody(page: DiscoverPage, market: Market, qtbot: QtBot) -> None:
    cards = _all(page, EntryCard)
    assert cards
    assert all(card.entry in entries() for card in cards)
    _press(page, "allModelsButton")
    qtbot.waitUntil(lambda: {card.entry.id for card in _all(page, EntryCard)} == {entry.id for entry in entries()})
    page.show_entry(entries()[0].id)
    qtbot.waitUntil(lambda: bool(_all(page, ChoiceRow)))
    assert [_title(row) for row in _all(page, ChoiceRow)] == [each.name for each in entries()[0].quantisations]
    assert market.asked() == []


@pytest.mark.parametrize(("free_gib", "speed", "said"), [(30, 1e8, "slowly"), (0, 3e10, "Little memory")])
def test_why_nothing_is_recommended_is_said_as_it_is(
    market: Market, free_gib: int, speed: float, said: str, qtbot: QtBot
) -> None:
    view = CatalogueView(market.getting, Machine(32 << 30, free_gib << 30, cpu_bytes_per_s=speed))
    qtbot.addWidget(view)
    view.show()
    assert any(said in label.text() for label in _all(view, QLabel))
    assert _all(view, EntryCard)


def test_what_is_recommended_says_why_and_how_it_fits(page: DiscoverPage, qtbot: QtBot) -> None:
    card = _all(page, EntryCard)[0]
    texts = [label.text() for label in _all(card, QLabel)]
    assert card.entry.description("en") in texts
    assert any(card.entry.licence.name in text for text in texts)
    before = len(texts)
    _press(card, "arithmeticButton")
    qtbot.waitUntil(lambda: len(_all(card, QLabel)) >= before + 4)


def test_what_is_the_best_for_several_things_says_all_of_them(market: Market, qtbot: QtBot) -> None:
    machine = Machine(64 << 30, 48 << 30, cpu_bytes_per_s=3e11)
    several = [each for each in recommend(entries(), fits_on(machine)) if each.also]
    assert several
    view = CatalogueView(market.getting, machine)
    qtbot.addWidget(view)
    view.show()
    for each in several:
        card = next(card for card in _all(view, EntryCard) if card.entry == each.entry)
        assert " · ".join(map(why, (each.why, *each.also))) in [label.text() for label in _all(card, QLabel)]


def test_a_search_leads_to_a_download(page: DiscoverPage, market: Market, qtbot: QtBot) -> None:
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    _search(page, "small", qtbot)
    _open(page, REPO, qtbot)
    rows = _all(page, ChoiceRow)
    assert [_title(row) for row in rows] == ["Q4_K_M", "Q8_0"]
    _child(rows[0], QPushButton, "getButton").setFocus()
    with qtbot.waitSignal(market.downloading.finished):
        _press(rows[0], "getButton")
    use = _child(rows[0], QPushButton, "useButton")
    qtbot.waitUntil(use.isVisible)
    qtbot.waitUntil(use.hasFocus)
    with qtbot.waitSignal(page.use_requested) as used:
        _push(use)
    assert used.args == [market.folder / "models" / REPO / Q4]
    assert not _child(rows[1], QPushButton, "useButton").isVisible()


def test_how_each_quantisation_fits_comes_from_the_header_of_one(
    page: DiscoverPage, market: Market, qtbot: QtBot
) -> None:
    _search(page, "small", qtbot)
    with qtbot.waitSignal(market.hub.header_read):
        _open(page, REPO, qtbot)
    rows = _all(page, ChoiceRow)
    buttons = [_child(row, QPushButton, "arithmeticButton") for row in rows]
    assert all(button.isVisible() for button in buttons)
    assert [row for row in rows if _says(row, "Recommended")] == rows[:1]
    files = [path for path in market.asked() if Q8 in path]
    assert files == []


def test_progress_and_pause_stand_where_get_was(page: DiscoverPage, market: Market, qtbot: QtBot) -> None:
    _search(page, "small", qtbot)
    with qtbot.waitSignal(market.hub.header_read):
        _open(page, REPO, qtbot)
    market.server.cdn.always = silence
    row = _all(page, ChoiceRow)[0]
    _press(row, "getButton")
    pause = _child(row, QWidget, "pauseButton")
    qtbot.waitUntil(pause.isVisible)
    assert _child(row, QProgressBar, "downloadBar").isVisible()
    _push(pause)
    resume = _child(row, QWidget, "resumeButton")
    qtbot.waitUntil(resume.isVisible)
    market.server.cdn.always = None
    with qtbot.waitSignal(market.downloading.finished):
        _push(resume)


def test_get_in_the_catalogue_asks_the_hub_for_the_files(
    page: DiscoverPage, market: Market, tiny_model: Path, qtbot: QtBot
) -> None:
    card = _all(page, EntryCard)[0]
    name = f"renamed-since-{card.quantisation.name}.gguf"
    market.server.add(card.entry.repo, {name: tiny_model.read_bytes(), "README.md": b"# It"})
    with qtbot.waitSignal(market.downloading.finished):
        _press(card, "getButton")
    with qtbot.waitSignal(page.use_requested) as used:
        use = _child(card, QPushButton, "useButton")
        qtbot.waitUntil(use.isVisible)
        _push(use)
    assert used.args == [market.folder / "models" / card.entry.repo / name]


def test_an_entry_that_the_hub_has_no_more_is_explained_in_its_card(page: DiscoverPage, qtbot: QtBot) -> None:
    card = _all(page, EntryCard)[0]
    _press(card, "getButton")
    qtbot.waitUntil(lambda: _child(card, QPushButton, "retryButton").isVisible())
    assert any(card.entry.repo in label.text() for label in card.findChildren(QLabel))


def test_a_search_that_finds_nothing_says_so(page: DiscoverPage, qtbot: QtBot) -> None:
    _search(page, "xyzzy", qtbot)
    assert _says(page, "Nothing was found. Fewer or other words may help, or wider limits for size and licence.")


def test_offline_offers_to_go_online_and_then_searches(
    open_market: Callable[..., Market], open_page: Callable[[Market], DiscoverPage], qtbot: QtBot
) -> None:
    market = open_market(offline=True)
    page = open_page(market)
    with qtbot.waitSignal(market.hub.search_failed) as failed:
        _type(page, "small")
    assert failed.args is not None
    assert isinstance(failed.args[1], OfflineMode)
    with qtbot.waitSignal(page.online_requested):
        _press(page, "goOnlineButton")
    assert market.asked() == []
    with qtbot.waitSignal(market.hub.found):
        market.access.set_settings(replace(market.settings, offline=False))
    assert _all(page, Results)[0].model().rowCount() == 1


def test_a_hub_that_is_not_there_is_explained_with_a_way_on(page: DiscoverPage, market: Market, qtbot: QtBot) -> None:
    nobody = replace(market.settings, endpoint="http://127.0.0.1:9")
    market.access.set_settings(nobody)
    with qtbot.waitSignal(market.hub.search_failed):
        _type(page, "small")
    with qtbot.waitSignal(page.settings_requested):
        _press(page, "networkSettingsButton")
    with qtbot.waitSignal(market.hub.search_failed):
        _press(page, "retryButton")
    with qtbot.waitSignal(market.hub.found):
        market.access.set_settings(market.settings)


@pytest.mark.parametrize(("code", "may_help"), [(503, True), (429, False)])
def test_of_a_hub_that_refuses_the_settings_may_name_another(
    page: DiscoverPage, market: Market, code: int, *, may_help: bool, qtbot: QtBot
) -> None:
    market.server.api_fault = status(code)
    with qtbot.waitSignal(market.hub.search_failed):
        _type(page, "small")
    assert _child(page, QPushButton, "retryButton").isVisible()
    assert _child(page, QPushButton, "networkSettingsButton").isVisible() is may_help


def test_a_gated_model_says_where_to_ask_and_takes_the_token(
    page: DiscoverPage, market: Market, keys: MemoryKeyring, qtbot: QtBot
) -> None:
    _search(page, "gated", qtbot)
    _open(page, GATED, qtbot)
    gate = _all(page, GatePanel)[0]
    assert gate.isVisible()
    assert _child(gate, QLineEdit, "gateAddress").text() == f"https://huggingface.co/{GATED}"
    row = _all(page, ChoiceRow)[0]
    with qtbot.waitSignal(market.downloading.failed):
        _press(row, "getButton")
    assert _child(row, QPushButton, "openPageButton").isVisible()
    field = _child(gate, QLineEdit, "tokenField")
    assert field.echoMode() is QLineEdit.EchoMode.Password
    QTest.keyClicks(field, "hf_granted")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.text() == ""
    assert market.access.has_token
    qtbot.waitUntil(lambda: list(keys.kept.values()) == ["hf_granted"])
    # It goes on by itself. The token is for huggingface.co: a mirror, as this one is, never sees it; that is said.
    qtbot.waitUntil(lambda: any("goes to huggingface.co alone" in label.text() for label in row.findChildren(QLabel)))
    assert all("Authorization" not in asked.headers for asked in market.server.hub.asked)


def test_what_was_refused_goes_on_when_the_token_is_there(market: Market, qtbot: QtBot) -> None:
    with qtbot.waitSignal(market.downloading.failed):
        market.downloading.add(market.server.choice(GATED, Q4))
    market.server.repos[GATED].gated = False
    with qtbot.waitSignal(market.downloading.finished):
        market.access.set_token("hf_granted")


def test_escape_leads_back_step_by_step(page: DiscoverPage, qtbot: QtBot) -> None:
    _search(page, "small", qtbot)
    _open(page, REPO, qtbot)
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert _all(page, RepositoryPage) == []
    assert _all(page, Results)
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert _all(page, EntryCard)
    assert _child(page, QLineEdit, "hubSearchField").text() == ""


def test_filters_are_asked_of_the_hub(page: DiscoverPage, market: Market, qtbot: QtBot) -> None:
    _search(page, "small", qtbot)
    with qtbot.waitSignal(market.hub.found):
        _child(page, QWidget, "licenceChoice").setCurrentIndex(1)  # type: ignore[attr-defined]
    assert "license%3Aapache-2.0" in market.asked()[-1]
    assert _all(page, Results)[0].model().rowCount() == 0


def test_an_interrupted_download_is_shown_where_its_model_is(page: DiscoverPage, market: Market, qtbot: QtBot) -> None:
    market.server.cdn.always = drop(0, "rst")
    with qtbot.waitSignal(market.downloading.failed):
        market.downloading.add(market.server.choice(REPO, Q4))
    market.server.cdn.always = None
    _search(page, "small", qtbot)
    _open(page, REPO, qtbot)
    (download,) = market.downloading.downloads
    assert download.phase is Phase.FAILED
    with qtbot.waitSignal(market.downloading.finished):
        _press(_all(page, ChoiceRow)[0], "retryButton")


def test_tab_comes_to_the_first_card_before_the_button_below_it(page: DiscoverPage, qtbot: QtBot) -> None:
    _tab_through_the_cards(page, qtbot)


def test_tab_comes_to_a_card_that_comes_first_because_memory_was_freed(
    page: DiscoverPage, market: Market, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    machines = [Machine(32 << 30, tenths * (1 << 30) // 10) for tenths in range(20, 240)]
    advised = [
        [
            (each.entry.id, each.quantisation.name, each.why, each.also)
            for each in recommend(entries(), fits_on(machine))
        ]
        for machine in machines
    ]
    place = next(
        place
        for place, (before, after) in enumerate(pairwise(advised))
        if after[0] not in before and set(after) & set(before)
    )
    for machine, shown in ((machines[place], advised[place]), (machines[place + 1], advised[place + 1])):
        monkeypatch.setattr(market.loading, "machine", lambda machine=machine: machine)
        page.refit()
        ids = {card[0] for card in shown}
        qtbot.waitUntil(partial(_has_cards, page, ids))
    assert _tab_through_the_cards(page, qtbot) == [card[0] for card in advised[place + 1]]


def _has_cards(page: DiscoverPage, ids: set[str]) -> bool:
    return {card.entry.id for card in _all(page, EntryCard)} == ids


def _tab_through_the_cards(page: DiscoverPage, qtbot: QtBot) -> list[str]:
    """The entries to which Tab comes before the button below them: all of them, as they stand below each other."""
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    page.setFocus()
    seen: list[QWidget] = []
    while not seen or seen[-1].objectName() != "allModelsButton":
        QTest.keyClick(page.focusWidget(), Qt.Key.Key_Tab)
        seen.append(page.focusWidget())
        assert not seen[-1].visibleRegion().isEmpty(), "the page scrolls to what has the focus"
    cards = sorted(_all(page, EntryCard), key=lambda card: card.y())
    passed = list(dict.fromkeys(card for each in seen for card in cards if card.isAncestorOf(each)))
    assert passed == cards
    return [card.entry.id for card in passed]


def test_tab_comes_to_the_files_before_the_card(page: DiscoverPage, qtbot: QtBot) -> None:
    _search(page, "small", qtbot)
    _open(page, REPO, qtbot)
    qtbot.waitUntil(lambda: bool(_all(page, CardView)))
    page.setFocus()
    QTest.keyClick(page.focusWidget(), Qt.Key.Key_Tab)
    QTest.keyClick(page.focusWidget(), Qt.Key.Key_Tab)
    assert _all(page, ChoiceRow)[0].isAncestorOf(page.focusWidget())


def _search(page: DiscoverPage, text: str, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page._hub.found):
        _type(page, text)


def _type(page: DiscoverPage, text: str) -> None:
    field = _child(page, QLineEdit, "hubSearchField")
    field.clear()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def _open(page: DiscoverPage, repo: str, qtbot: QtBot) -> None:
    results = _all(page, Results)[0]
    (index,) = [
        results.model().index(row, 0)
        for row in range(results.model().rowCount())
        if results.model().index(row, 0).data(ITEM).repo == repo
    ]
    results.setCurrentIndex(index)
    with qtbot.waitSignal(page._hub.repository_read):
        QTest.keyClick(results, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(_all(page, ChoiceRow)))


def _all(parent: QWidget, kind: type[W]) -> list[W]:
    return [each for each in parent.findChildren(kind) if each.isVisible()]


def _child(parent: QWidget, kind: type[W], name: str) -> W:
    found = [each for each in parent.findChildren(kind, name) if each.isVisible()] or parent.findChildren(kind, name)
    assert found, f"no {name}"
    return found[0]


def _press(parent: QWidget, name: str) -> None:
    button = _child(parent, QWidget, name)
    assert button.isVisible(), f"{name} cannot be seen"
    _push(button)


def _push(button: QWidget) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def _title(row: ChoiceRow) -> str:
    return next(label.text() for label in row.findChildren(QLabel) if label.property("look") == "section")


def _says(parent: QWidget, text: str) -> bool:
    return any(label.isVisible() and label.text() == text for label in parent.findChildren(QLabel))
