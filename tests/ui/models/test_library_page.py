"""The models on this computer, on a real library with real model files; driven by keyboard and mouse."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QMenu, QMessageBox, QPushButton, QWidget

from desktop.engine.api import ModelSpec
from desktop.hub.fit import Wishes
from desktop.hub.library import Library
from desktop.hub.model import Model, Verified
from desktop.ui.i18n import choose_language
from desktop.ui.models.library_list import Act
from desktop.ui.models.library_rows import BADGES, STATUS
from desktop.ui.sampling_form import OptionalNumber
from tests.ui.models.shop import Shop, add, drop


def test_dropped_files_and_folders_are_listed_where_they_are(
    shop: Shop, files: Callable[..., list[Path]], tmp_path: Path
) -> None:
    assert shop.titles() == ["Starter model"]
    [single, *_] = files("one")
    files("two", "three", folder="more/deep")
    add(shop, [single, tmp_path / "more"])
    shop.bot.waitUntil(lambda: shop.titles() == ["one", "three", "two", "Starter model"])
    assert shop.on_disk() == ["one", "three", "two", "starter"]
    assert single.exists()
    assert "3 models" in shop.toast.accessibleName()
    assert shop.status("one")
    assert shop.choose("one").data(BADGES) == ["base"]
    assert shop.choose("Starter model").data(BADGES) == ["in use"]


def test_getting_more_stands_out_as_long_as_there_is_only_the_starter(
    shop: Shop, files: Callable[..., list[Path]]
) -> None:
    more = shop.button("discoverButton")
    assert more.property("look") == "primary"
    add(shop, files("one"))
    shop.bot.waitUntil(lambda: more.property("look") == "link")


def test_what_is_no_model_is_refused_in_words(shop: Shop, tmp_path: Path) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"no model")
    drop(shop.page, [bad])
    shop.bot.waitUntil(shop.toast.isVisible)
    assert "bad.gguf" in shop.toast.accessibleName()
    assert shop.titles() == ["Starter model"]


def test_enter_uses_and_so_does_the_button_in_the_row(shop: Shop, files: Callable[..., list[Path]]) -> None:
    add(shop, files("one", "two"))
    used: list[str] = []
    shop.page.use_requested.connect(used.append)
    index = shop.choose("two")
    shop.press(Qt.Key.Key_Return)
    shop.click(index, Act.USE)
    shop.press(Qt.Key.Key_Up)
    shop.press(Qt.Key.Key_Return)
    assert used == ["two", "two", "one"]


def test_the_filter_finds_by_words_of_the_facts(shop: Shop, files: Callable[..., list[Path]]) -> None:
    add(shop, files("one", "通义千问"))
    QTest.keyClick(shop.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    field = shop.page.findChild(QLineEdit, "libraryFilter")
    assert field is not None
    shop.bot.waitUntil(field.hasFocus)
    for text, found in (
        ("千问", ["通义千问"]),
        ("f32", ["one", "通义千问"]),
        ("apache", ["Starter model"]),
        ("zz", []),
    ):
        field.setText(text)
        assert shop.titles() == found
    assert any("“zz”" in label.text() for label in shop.page.findChildren(QLabel) if label.isVisible())
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert len(shop.titles()) == 3


def test_a_model_that_was_taken_off_the_list_comes_back_with_its_settings(
    shop: Shop, files: Callable[..., list[Path]]
) -> None:
    [path, *_] = files("one")
    add(shop, [path])
    shop.shelf.set_loading("one", Wishes(n_ctx=512))
    shop.bot.waitUntil(lambda: _model(shop, "one").loading.n_ctx == 512)
    shop.choose("one")
    shop.press(Qt.Key.Key_Delete)
    shop.bot.waitUntil(lambda: shop.titles() == ["Starter model"])
    assert path.exists()
    assert shop.on_disk() == ["starter"]
    undo = shop.toast.findChild(QPushButton, "toastAction")
    assert undo is not None
    shop.bot.waitUntil(undo.isVisible)
    QTest.mouseClick(undo, Qt.MouseButton.LeftButton)
    shop.bot.waitUntil(lambda: shop.titles() == ["one", "Starter model"])
    shop.bot.waitUntil(lambda: _model(shop, "one").loading == Wishes(n_ctx=512))


def test_the_starter_stays(shop: Shop) -> None:
    shop.choose("Starter model")
    shop.press(Qt.Key.Key_Delete)
    menu = _menu(shop)
    assert not any("Take off" in text or "trash" in text for text in _texts(menu))
    menu.close()
    assert shop.on_disk() == ["starter"]


def _model(shop: Shop, name: str) -> Model:
    found = shop.shelf.find(name)
    assert found is not None
    return found


def _menu(shop: Shop) -> QMenu:
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint(1, 1))
    QApplication.sendEvent(shop.view.viewport(), event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def _texts(menu: QMenu) -> list[str]:
    return [action.text().partition("\t")[0] for action in menu.actions()]


def test_what_is_in_use_is_not_offered_for_use(shop: Shop, files: Callable[..., list[Path]]) -> None:
    add(shop, files("one"))
    assert Act.USE in shop.view.buttons_at(shop.choose("one"))
    assert shop.view.buttons_at(shop.choose("Starter model")) == [Act.MENU, Act.DETAILS]
    shop.press(Qt.Key.Key_Return)
    assert not shop.button("useButton").isVisible()
    assert shop.button("verifyButton").isVisible()


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The desktop's trash, below `tmp_path`."""
    if sys.platform in ("win32", "darwin"):
        pytest.skip("the trash of the desktop cannot be redirected there")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    # It looks where the trash is when it is imported.
    for name in [each for each in sys.modules if each.partition(".")[0] == "send2trash"]:
        monkeypatch.delitem(sys.modules, name)
    yield tmp_path / "share" / "Trash" / "files"
    for name in [each for each in sys.modules if each.partition(".")[0] == "send2trash"]:
        monkeypatch.delitem(sys.modules, name)


def test_the_trash_is_asked_about_and_says_what_it_frees(
    shop: Shop, files: Callable[..., list[Path]], trash: Path
) -> None:
    [path, *_] = files("one")
    add(shop, [path])
    shop.choose("one")
    for answer, there in (("keepModel", True), ("moveToTrash", False)):
        menu = _menu(shop)
        next(action for action in menu.actions() if action.text().startswith("Move to the trash")).trigger()
        menu.close()
        shop.bot.waitUntil(lambda: shop.page.findChild(QMessageBox, "trashDialog") is not None)
        dialog = shop.page.findChild(QMessageBox, "trashDialog")
        assert dialog is not None
        assert "1 MB" in dialog.informativeText()
        button = dialog.findChild(QPushButton, answer)
        assert button is not None
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        shop.bot.waitUntil(lambda: shop.page.findChild(QMessageBox, "trashDialog") is None)
        shop.bot.waitUntil(lambda there=there: path.exists() is there)  # type: ignore[misc]
    assert [each.name for each in trash.iterdir()] == ["one.gguf"]
    shop.bot.waitUntil(lambda: shop.titles() == ["Starter model"])
    shop.bot.waitUntil(lambda: "in the trash" in shop.toast.accessibleName())


def test_a_missing_model_stays_listed_and_is_located(shop: Shop, files: Callable[..., list[Path]]) -> None:
    [path, *_] = files("one")
    add(shop, [path])
    shop.desk.models.choose("one")
    elsewhere = path.with_name("elsewhere") / path.name
    elsewhere.parent.mkdir()
    path.rename(elsewhere)
    shop.shelf.refresh()
    shop.bot.waitUntil(lambda: _model(shop, "one").missing)
    index = shop.choose("one")
    assert index.data(BADGES) == ["missing"]
    assert index.data(STATUS) == "It was moved or deleted, or its disk is not connected."
    assert shop.view.buttons_at(index) == [Act.MENU, Act.LOCATE]
    assert shop.desk.models.current is None
    shop.shelf.move(_model(shop, "one"), elsewhere)
    shop.bot.waitUntil(lambda: not _model(shop, "one").missing)
    assert _model(shop, "one").path == elsewhere
    shop.desk.models.choose("one")


def test_verifying_is_shown_in_the_row_and_notices_a_change(shop: Shop, files: Callable[..., list[Path]]) -> None:
    [path, *_] = files("one")
    add(shop, [path])
    shop.choose("one")
    told: list[str] = []
    shop.shelf.changed.connect(lambda: told.append(str(shop.choose("one").data(STATUS))))
    menu = _menu(shop)
    next(action for action in menu.actions() if action.text() == "Verify the files").trigger()
    menu.close()
    assert told == ["Verifying… 0 %"]
    shop.bot.waitUntil(lambda: "sha256 is recorded" in shop.status("one"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    shop.shelf.verify("one")
    shop.bot.waitUntil(lambda: "is not the file any more" in shop.status("one"))


def test_verifying_is_stopped_in_the_row(shop: Shop) -> None:
    index = shop.choose("Starter model")
    shop.shelf.verify("starter")
    shop.click(index, Act.STOP_VERIFYING)
    shop.bot.waitUntil(lambda: not shop.shelf.verifying)
    # It ends at the next look at the flag, or just before it: never in an error.
    assert shop.shelf.verified.get("starter") in (None, Verified.RECORDED, Verified.AS_RECORDED)


def test_details_say_everything_and_lead_back(shop: Shop) -> None:
    shop.choose("Starter model")
    shop.press(Qt.Key.Key_Right)
    shown = {label.text() for label in shop.page.findChildren(QLabel) if label.isVisible()}
    assert {"llama", "135M (134,515,008)", "Q4_1", "8,192 tokens", "98 MB", "Apache 2.0", "never"} <= shown
    path = shop.page.findChild(QLineEdit, "modelPath")
    assert path is not None
    assert path.text().endswith(".gguf")
    back = shop.button("backToLibrary")
    shop.bot.waitUntil(back.hasFocus)
    QTest.keyClick(back, Qt.Key.Key_Escape)
    shop.bot.waitUntil(shop.view.hasFocus)
    assert shop.view.currentIndex().data() == "Starter model"


def test_a_models_own_settings_are_kept_and_the_fit_follows_the_typing(shop: Shop) -> None:
    shop.choose("Starter model")
    shop.press(Qt.Key.Key_Space)
    n_ctx = shop.page.findChild(OptionalNumber, "modelContextLength")
    kv_type = shop.page.findChild(QComboBox, "modelKvType")
    assert n_ctx is not None
    assert kv_type is not None
    saved = kv_type.itemText(2)
    assert saved.startswith("q8_0, saves ")
    QTest.keyClicks(n_ctx, "2048")
    assert kv_type.itemText(2) != saved
    assert any("2,048" in label.text() for label in shop.page.findChildren(QLabel) if label.isVisible())
    assert shop.desk.models.spec().n_ctx is None
    QTest.keyClick(n_ctx, Qt.Key.Key_Return)
    shop.bot.waitUntil(lambda: shop.desk.models.spec().n_ctx == 2048)
    kv_type.setCurrentIndex(2)
    shop.bot.waitUntil(lambda: shop.desk.models.spec().kv_type == "q8_0")
    spec = shop.desk.models.spec()
    assert spec == ModelSpec(spec.path, n_ctx=2048, kv_type="q8_0")
    library = Library(shop.folder / "library.json", shop.folder / "models")
    assert library.find("starter").loading == Wishes(n_ctx=2048, kv_type="q8_0")


def test_a_context_beyond_the_models_training_is_warned_of(shop: Shop) -> None:
    shop.choose("Starter model")
    shop.press(Qt.Key.Key_Space)
    n_ctx = shop.page.findChild(OptionalNumber, "modelContextLength")
    assert n_ctx is not None

    def warned() -> bool:
        return any(
            "8,192" in each.text() for each in shop.page.findChildren(QLabel) if each.property("look") == "warning"
        )

    QTest.keyClicks(n_ctx, "819")
    assert not warned()
    QTest.keyClicks(n_ctx, "3")
    assert warned()


def test_five_hundred_models_compute_only_what_is_seen(shop: Shop) -> None:
    model = _model(shop, "starter")
    asked: list[str] = []
    fit_of = shop.desk.models.fit_of

    def counting(each: Model) -> object:
        asked.append(each.name)
        return fit_of(each)

    rows = shop.view.model()
    rows._fit_of = counting  # type: ignore[attr-defined]
    shop.shelf.models = [replace(model, name=f"m{n}", title=f"m{n}") for n in range(500)]
    shop.shelf.changed.emit()
    shop.view.grab()
    assert 0 < len(asked) < 30


@pytest.mark.usefixtures("english_afterwards")
def test_it_speaks_another_language_at_once(shop: Shop) -> None:
    choose_language("zh_CN")
    QApplication.sendEvent(shop.page, QEvent(QEvent.Type.LanguageChange))
    assert shop.titles() == ["入门模型"]
    assert shop.button("addModelsButton").text() == "添加…"


def test_every_widget_has_a_name(shop: Shop) -> None:
    shop.choose("Starter model")
    for _ in range(2):
        nameless = [
            type(each).__name__
            for each in shop.page.findChildren(QWidget)
            if each.isVisible()
            # A text that can be selected is its own name.
            and not isinstance(each, QLabel)
            and each.focusPolicy() != Qt.FocusPolicy.NoFocus
            and not (each.objectName() and each.accessibleName())
        ]
        assert nameless == []
        shop.press(Qt.Key.Key_Right)
    assert "Starter model, in use, 135M" in str(shop.choose("Starter model").data(Qt.ItemDataRole.AccessibleTextRole))
