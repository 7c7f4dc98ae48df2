from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from desktop import settings
from desktop.chat.message import Overflow, Sampling
from desktop.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def test_what_is_saved_is_loaded(file: Path) -> None:
    assert settings.load(file) == Settings()
    sampling = Sampling(temperature=0.2, seed=-1, max_tokens=9, stop=("###", "再见"))
    chosen = Settings(
        theme="dark",
        language="zh_CN",
        zoom=1.5,
        model="qwen",
        n_ctx=4096,
        sampling=sampling,
        system="简短",
        overflow=Overflow.SUMMARISE,
    )
    settings.save(chosen, file)
    assert settings.load(file) == chosen
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["settings.json"]


def test_what_a_newer_version_wrote_is_kept(file: Path) -> None:
    settings.save(Settings(), file)
    file.write_text(json.dumps({"theme": "dark", "voice": {"speed": 2}}))
    settings.save(replace(settings.load(file), zoom=2.0), file)
    written = json.loads(file.read_text())
    assert (written["theme"], written["voice"], written["zoom"]) == ("dark", {"speed": 2}, 2.0)


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, "\x00"])
def test_a_damaged_file_is_set_aside(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)
    assert settings.load(file) == Settings()
    assert file.with_name("settings.json.damaged").read_text() == text


@pytest.mark.parametrize(
    "values",
    [
        {"theme": "pink", "language": 7, "zoom": 99, "model": 1, "n_ctx": -1, "n_threads": True, "window": []},
        {"zoom": float("nan"), "sampling": "hot", "overflow": "explode"},
        {"sampling": {"temperature": "hot", "top_k": 1.5, "seed": True, "stop": "x", "max_tokens": -1}},
        {"sampling": {"temperature": float("nan"), "top_p": float("inf"), "min_p": -1, "repeat_penalty": 0}},
    ],
)
def test_what_makes_no_sense_is_the_default(file: Path, values: dict[str, object]) -> None:
    file.parent.mkdir()
    file.write_text(json.dumps(values))
    assert settings.load(file) == Settings()


def test_a_file_that_cannot_be_written(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(OSError, match=r"settings\.json"):
        settings.save(Settings(), file)
