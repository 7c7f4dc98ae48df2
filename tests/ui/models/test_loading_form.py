"""How a model is loaded, chosen in its details: on a real library with files that have headers and no weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit

from desktop.engine.api import Loaded, LoadProgress
from desktop.hub.fit import Wishes
from desktop.hub.library import Library
from desktop.ui.i18n import choose_language
from desktop.ui.models.loading_form import LoadingForm
from tests.hub.gguf_file import GgufFile, string, tensor, u32
from tests.ui.models.shop import Shop, add


def family(folder: Path, *, large: str = "qwen2", small: str = "qwen2") -> list[Path]:
    """A large and a small model that split words as these names say."""
    paths = []
    for name, pre, side in (("large", large, 64), ("small", small, 16)):
        file = GgufFile(tensors=[tensor("blk.0.ffn_up.weight", (side, side))], data=bytes(4 * side * side))
        tokens = {"model": string("gpt2"), "pre": string(pre), "bos_token_id": u32(1), "eos_token_id": u32(2)}
        file.keys |= {f"tokenizer.ggml.{key}": value for key, value in tokens.items()}
        numbers = {"embedding_length": 1024, "feed_forward_length": 2048, "attention.head_count": 16}
        file.keys |= {f"llama.{key}": u32(value) for key, value in numbers.items()}
        paths.append(folder / f"{name}.gguf")
        paths[-1].write_bytes(file.encode())
    return paths


def open_details(shop: Shop, title: str) -> None:
    shop.choose(title)
    shop.press(Qt.Key.Key_Space)


def choice(shop: Shop, name: str) -> QComboBox:
    found = shop.page.findChild(QComboBox, name)
    assert found is not None
    return found


def texts(field: QComboBox) -> list[str]:
    return [field.itemText(place) for place in range(field.count())]


def warnings(shop: Shop) -> list[str]:
    labels = shop.page.findChildren(QLabel)
    return [label.text() for label in labels if label.isVisible() and label.property("look") == "warning"]


def wanted(shop: Shop, name: str) -> Wishes:
    """As another program with the same data finds it."""
    return Library(shop.folder / "library.json", shop.folder / "models").find(name).loading


def guess_with_the_small_one(shop: Shop) -> None:
    """Until the window knows it too: what is kept is on the disk before."""
    shop.shelf.set_loading("large", Wishes(draft="small"))
    shop.bot.waitUntil(lambda: [each.loading.draft for each in shop.shelf.models if each.name == "large"] == ["small"])


def test_flash_attention_says_what_it_saves_and_is_kept(shop: Shop) -> None:
    open_details(shop, "Starter model")
    flash = choice(shop, "modelFlashAttention")
    automatic, on, off = texts(flash)
    # 144.9 MiB at 8192 tokens of context, by llama.cpp's own log.
    assert (automatic, on, off) == ("Automatic", "On, saves 152 MB", "Off")
    for place, wish in ((2, False), (1, True), (0, None)):
        flash.setCurrentIndex(place)
        shop.bot.waitUntil(lambda wish=wish: shop.desk.models.spec().flash_attention is wish)  # type: ignore[misc]
        assert wanted(shop, "starter").flash_attention is wish


def test_a_quantised_cache_says_that_it_keeps_flash_attention_on(shop: Shop) -> None:
    open_details(shop, "Starter model")
    flash, kv_type = choice(shop, "modelFlashAttention"), choice(shop, "modelKvType")
    flash.setCurrentIndex(2)
    assert warnings(shop) == []
    kv_type.setCurrentIndex(2)
    assert texts(flash)[1] == "On"
    [warning] = warnings(shop)
    assert "q8_0" in warning
    assert flash.accessibleDescription() == warning


def test_the_coarsest_cache_is_warned_of(shop: Shop) -> None:
    open_details(shop, "Starter model")
    kv_type = choice(shop, "modelKvType")
    kv_type.setCurrentIndex(2)
    assert warnings(shop) == []
    kv_type.setCurrentIndex(3)
    assert ["q4_0" in each for each in warnings(shop)] == [True]
    assert kv_type.accessibleDescription() == warnings(shop)[0]
    kv_type.setCurrentIndex(0)
    assert warnings(shop) == []


def test_a_draft_model_is_chosen_among_those_that_suit(shop: Shop, tmp_path: Path) -> None:
    add(shop, family(tmp_path))
    shop.bot.waitUntil(lambda: "small" in shop.titles())
    open_details(shop, "large")
    draft = choice(shop, "modelDraft")
    none, small = texts(draft)
    assert none == "None"
    assert small.startswith("small, needs ")
    shop.desk.models.show("large")
    draft.setCurrentIndex(1)
    shop.bot.waitUntil(lambda: shop.desk.models.spec().draft_path == str(tmp_path / "small.gguf"))
    assert wanted(shop, "large").draft == "small"
    fit = shop.desk.models.fit_of(shop.desk.models.available()[0])
    assert fit is not None
    assert fit.shares[0].draft > 0


def test_a_draft_model_that_makes_a_model_too_big_is_said(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(shop, family(tmp_path))
    shop.bot.waitUntil(lambda: "small" in shop.titles())
    open_details(shop, "large")
    models = shop.desk.models
    large = next(model for model in models.available() if model.name == "large")
    fits = [models.fit_of(replace(large, loading=Wishes(n_ctx=512, draft=draft))) for draft in (None, "small")]
    alone, together = (fit.needed_bytes for fit in fits if fit is not None)
    machine = models.loading.machine()
    little = replace(machine, free_bytes=(alone + together) // 2, accelerators=())
    monkeypatch.setattr(models.loading, "machine", lambda: little)
    n_ctx = shop.page.findChild(QLineEdit, "modelContextLength")
    assert n_ctx is not None
    n_ctx.setText("512")
    assert warnings(shop) == ["Fits, but little is left for other programs · 512 tokens of context"]
    choice(shop, "modelDraft").setCurrentIndex(1)
    assert warnings(shop) == ["Together they are too big; without it, the model fits."]


def test_only_smaller_models_of_the_same_vocabulary_suit(shop: Shop, tmp_path: Path) -> None:
    add(shop, family(tmp_path, small="other"))
    shop.bot.waitUntil(lambda: "small" in shop.titles())
    for title in ("large", "small"):
        open_details(shop, title)
        assert texts(choice(shop, "modelDraft")) == ["None"]
        assert not choice(shop, "modelDraft").isEnabled()
        shop.button("backToLibrary").click()


def test_a_draft_model_that_is_gone_is_said_and_the_model_still_loads(shop: Shop, tmp_path: Path) -> None:
    add(shop, family(tmp_path))
    shop.bot.waitUntil(lambda: "small" in shop.titles())
    guess_with_the_small_one(shop)
    (tmp_path / "small.gguf").unlink()
    shop.shelf.refresh()
    models = shop.desk.models
    shop.bot.waitUntil(lambda: any(model.missing for model in models.available()))
    open_details(shop, "large")
    assert texts(choice(shop, "modelDraft")) == ["None", "small (gone)"]
    assert choice(shop, "modelDraft").currentIndex() == 1
    assert warnings(shop) == ["It is gone or no longer suits: the model answers without it."]
    models.show("large")
    spec = models.spec()
    assert spec.draft_path is None
    loaded = Loaded(512, 512, 2, 0, has_template=False, size_bytes=1, load_s=0.1)
    with shop.bot.waitSignal(models.noticed) as noticed:
        models.on_load_event(spec, LoadProgress(1.0))
        models.on_load_event(spec, loaded)
    assert "small" in noticed.args[0]


def test_a_draft_model_that_went_just_before_it_was_loaded_is_said(shop: Shop, tmp_path: Path) -> None:
    add(shop, family(tmp_path))
    shop.bot.waitUntil(lambda: "small" in shop.titles())
    guess_with_the_small_one(shop)
    models = shop.desk.models
    models.show("large")
    spec = models.spec()
    assert spec.draft_path is not None
    loaded = Loaded(512, 512, 2, 0, has_template=False, size_bytes=1, load_s=0.1, lost_draft=spec.draft_path)
    with shop.bot.waitSignal(models.noticed) as noticed:
        models.on_load_event(spec, loaded)
    assert "small" in noticed.args[0]


def test_the_wheel_scrolls_and_chooses_nothing(shop: Shop) -> None:
    open_details(shop, "Starter model")
    kv_type = choice(shop, "modelKvType")
    kv_type.setFocus()
    none, up = QPoint(), QPoint(0, -120)
    buttons, keys, phase = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(QPointF(5, 5), QPointF(5, 5), none, up, buttons, keys, phase, False)
    QApplication.sendEvent(kv_type, event)
    assert kv_type.currentIndex() == 0


@pytest.mark.usefixtures("english_afterwards")
def test_the_form_speaks_the_language_that_is_chosen_meanwhile(shop: Shop, tmp_path: Path) -> None:
    add(shop, family(tmp_path))
    shop.bot.waitUntil(lambda: "small" in shop.titles())
    open_details(shop, "large")
    choose_language("zh_CN")
    for widget in shop.page.findChildren(LoadingForm):
        QApplication.sendEvent(widget, QEvent(QEvent.Type.LanguageChange))
    assert texts(choice(shop, "modelDraft"))[0] == "无"
    assert choice(shop, "modelFlashAttention").itemText(2) == "关闭"


def test_in_a_narrow_window_a_field_stands_below_its_words(shop: Shop) -> None:
    open_details(shop, "Starter model")
    form = shop.page.findChild(LoadingForm)
    assert form is not None
    kv_type = choice(shop, "modelKvType")
    shop.page.resize(380, 600)
    shop.bot.waitUntil(lambda: kv_type.x() == 0)
    assert kv_type.geometry().right() < form.width() <= 380
    # However narrow the window is: a list of its own width would be cut by it.
    shop.page.resize(240, 600)
    shop.bot.waitUntil(lambda: kv_type.width() < 210)
    assert kv_type.x() == 0
    assert kv_type.geometry().right() < form.width()
    shop.page.resize(900, 600)
    shop.bot.waitUntil(lambda: kv_type.x() > form.width() // 2)
