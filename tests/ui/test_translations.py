"""Every text of the interface exists in every language, and no translation is left over."""

from __future__ import annotations

import ast
import json
import re
import string
from pathlib import Path

import pytest

from desktop.paths import resources
from desktop.ui.i18n import choose_language, language, tr, tr_count

SOURCES = sorted((Path(__file__).parent.parent.parent / "desktop").rglob("*.py"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _spoken() -> dict[str, str]:
    """Every literal text that the source passes to tr or tr_count, with the place where it does."""
    texts: dict[str, str] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            count = {"tr": 1, "tr_count": 2}.get(node.func.id, 0)
            if path.name == "i18n.py":
                continue
            for argument in node.args[:count]:
                where = f"{path.name}:{node.lineno}"
                assert isinstance(argument, ast.Constant), f"{where}: tr wants a literal"
                texts[str(argument.value)] = where
    return texts


def _catalogue() -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in sorted((resources() / "translations" / "zh_CN").glob("*.json")):
        part = json.loads(path.read_text(encoding="utf-8"))
        assert not texts.keys() & part.keys(), f"{path.name} translates again what another file translates"
        texts |= part
    return texts


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_everything_is_translated() -> None:
    spoken, catalogue = _spoken(), _catalogue()
    assert {text: where for text, where in spoken.items() if not catalogue.get(text)} == {}


def test_no_translation_is_stale() -> None:
    assert _catalogue().keys() - _spoken().keys() == set()


def test_placeholders_agree() -> None:
    wrong = {
        text: translated
        for text, translated in _catalogue().items()
        # Chinese has no plural, so the singular may leave its number out in English only.
        if _placeholders(text) != _placeholders(translated) and _placeholders(translated) != {"count"}
    }
    assert wrong == {}


def test_chinese_is_written_as_chinese() -> None:
    for text, translated in _catalogue().items():
        assert "您" not in translated, text
        if "MMM" in text:
            continue  # a date, whose numbers stand close: 11月23日
        if CHINESE.search(translated):
            assert not re.search(r"[\u4e00-\u9fff][,;!?]", translated), f"half-width punctuation: {translated}"
            assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", translated), (
                f"no space between Chinese and Latin: {translated}"
            )


@pytest.fixture
def _english_afterwards() -> object:
    yield
    choose_language("en")


@pytest.mark.usefixtures("_english_afterwards")
def test_language_is_switched_at_run_time() -> None:
    choose_language("en")
    assert tr("Starter model") == "Starter model"
    choose_language("zh_CN")
    assert language() == "zh_CN"
    assert CHINESE.search(tr("Starter model"))


@pytest.mark.usefixtures("_english_afterwards")
@pytest.mark.parametrize(("variable", "expected"), [("zh_CN.UTF-8", "zh_CN"), ("de_DE.UTF-8", "en"), ("C", "en")])
def test_the_system_decides_where_the_user_did_not(
    monkeypatch: pytest.MonkeyPatch, variable: str, expected: str
) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", variable)
    assert choose_language("system") == expected


def test_counts_are_grouped_and_numbered() -> None:
    choose_language("en")
    assert tr_count("{count} apple", "{count} apples", 1) == "1 apple"
    assert tr_count("{count} apple", "{count} apples", 12345) == "12,345 apples"
