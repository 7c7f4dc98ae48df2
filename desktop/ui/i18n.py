"""The words of the interface in the user's language. Knows no Qt: the command line speaks through it too.

English stands in the source as the argument of `tr`; other languages are JSON files in
`resources/translations/LANGUAGE/` that map the English text to theirs. A test fails on a text that is missing there
or that the source has no more.
"""

from __future__ import annotations

import json
import locale
import os
from functools import cache

from desktop.paths import resources
from desktop.settings import Language

_chosen = "en"


def tr(text: str, **values: object) -> str:
    """`text` in the chosen language, its `{name}` placeholders filled with `values`.

    Numbers are grouped by the caller. `text` must be a literal, or the test that compares sources cannot see it.
    """
    translated = _catalogue(_chosen).get(text, text)
    return translated.format(**values) if values else translated


def tr_count(one: str, many: str, count: int, **values: object) -> str:
    """`one` or `many` by English grammar, translated, with `{count}` filled in, digits grouped.

    Languages without a plural translate both alike.
    """
    return tr(one if count == 1 else many, count=f"{count:,}", **values)


def choose_language(language: Language) -> str:
    """Switch to `language` and return the one that is now spoken: "en" or "zh_CN"."""
    global _chosen  # noqa: PLW0603  the language is one of the process's few real globals, like its locale
    _chosen = _system_language() if language == "system" else language
    return _chosen


def language() -> str:
    """The language that is spoken now: "en" or "zh_CN"."""
    return _chosen


@cache
def _catalogue(language: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in sorted((resources() / "translations" / language).glob("*.json")):
        texts |= json.loads(path.read_text(encoding="utf-8"))
    return texts


def _system_language() -> str:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return "zh_CN" if value.startswith("zh") else "en"
    # Windows and macOS keep the language elsewhere; the locale module asks them.
    return "zh_CN" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"
