"""What other programs keep, added by mouse and keyboard; and models of which a part is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from desktop.ui.models.library_list import Act
from desktop.ui.models.library_rows import BADGES, row_of
from tests.hub.on_disk import shard_files
from tests.ui.models.shop import Shop, add

HEADING = "In other programs on this computer"
LM_STUDIO = "home/.lmstudio/models/maker/repo"


def test_models_of_other_programs_are_offered_and_added(shop: Shop, files: Callable[..., list[Path]]) -> None:
    files("theirs-Q4_K_M", folder="home/.lmstudio/models/maker/theirs-GGUF")
    files("other-Q8_0", folder="home/.lmstudio/models/maker/other-GGUF")
    shop.shelf.look_around()
    shop.bot.waitUntil(lambda: len(shop.shelf.neighbours) == 2)
    assert shop.titles() == ["Starter model", HEADING, "other-Q8_0", "theirs-Q4_K_M"]
    shop.choose("other-Q8_0")
    shop.press(Qt.Key.Key_Return)
    shop.bot.waitUntil(lambda: shop.titles() == ["other-Q8_0", "Starter model", HEADING, "theirs-Q4_K_M"])
    assert len(shop.on_disk()) == 2
    heading = shop.view.model().index(2, 0)
    assert row_of(heading) == HEADING
    shop.click(heading, Act.ADD_ALL)
    shop.bot.waitUntil(lambda: shop.titles() == ["other-Q8_0", "theirs-Q4_K_M", "Starter model"])


def test_all_that_other_programs_keep_is_added_from_the_heading_by_keyboard(
    shop: Shop, files: Callable[..., list[Path]]
) -> None:
    files("first", "second", "third", folder=LM_STUDIO)
    shop.shelf.look_around()
    shop.bot.waitUntil(lambda: len(shop.shelf.neighbours) == 3)
    shop.choose("Starter model")
    shop.press(Qt.Key.Key_Down)
    heading = shop.view.currentIndex()
    assert heading.data() == HEADING
    assert heading.data(Qt.ItemDataRole.AccessibleTextRole) == f"{HEADING}; Enter adds all of them"
    shop.press(Qt.Key.Key_Return)
    shop.bot.waitUntil(lambda: not shop.shelf.neighbours)
    assert shop.on_disk() == ["first", "second", "third", "starter"]


def test_of_what_other_programs_keep_only_what_is_shown_is_added(shop: Shop, files: Callable[..., list[Path]]) -> None:
    files("llama-a", "llama-b", "qwen", folder=LM_STUDIO)
    shop.shelf.look_around()
    shop.bot.waitUntil(lambda: len(shop.shelf.neighbours) == 3)
    field = shop.page.findChild(QLineEdit, "libraryFilter")
    assert field is not None
    QTest.keyClicks(field, "llama")
    # Enter in the field leads to the list, where a second one must not add them all by accident.
    assert row_of(shop.view.currentIndex()) == shop.shelf.neighbours[0]
    shop.choose(HEADING)
    shop.press(Qt.Key.Key_Return)
    shop.bot.waitUntil(lambda: len(shop.shelf.neighbours) == 1)
    assert shop.on_disk() == ["llama-a", "llama-b", "starter"]


def test_what_is_incomplete_is_not_called_damaged_and_says_what_is_missing(shop: Shop, tmp_path: Path) -> None:
    shards = shard_files(tmp_path, "big", 3)
    add(shop, [shards[0]])
    shards[1].rename(tmp_path / "away.gguf")
    shop.shelf.refresh()
    shop.bot.waitUntil(lambda: shop.choose("big").data(BADGES)[0] == "incomplete")
    assert shards[1].name in shop.status("big")
    shards[0].write_bytes(b"no model any more")
    shop.shelf.refresh()
    shop.bot.waitUntil(lambda: shop.choose("big").data(BADGES)[0] == "damaged")
