"""Icons are there, coloured and sharp."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from desktop.paths import resources
from desktop.ui.icons import app_icon, icon

_NAMES = sorted(path.stem for path in (resources() / "icons").glob("*.svg") if path.stem != "app")


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("name", _NAMES)
def test_an_icon_has_only_its_colour(name: str) -> None:
    image = icon(name, "#B4501E", 20).pixmap(20, 20).toImage()
    pixels = [image.pixelColor(x, y) for x in range(20) for y in range(20)]
    assert any(pixel.alpha() > 128 for pixel in pixels)
    solid = [pixel for pixel in pixels if pixel.alpha() == 255]
    # Blending at the edges may round a channel.
    assert all(abs(pixel.red() - 0xB4) + abs(pixel.green() - 0x50) + abs(pixel.blue() - 0x1E) <= 3 for pixel in solid)


@pytest.mark.usefixtures("qapp")
def test_an_icon_is_drawn_for_dense_screens() -> None:
    assert icon("search", "#000000", 16).pixmap(icon("search", "#000000", 16).availableSizes()[0], 2.0).width() == 32


@pytest.mark.usefixtures("qapp")
def test_the_app_icon_has_all_usual_sizes() -> None:
    assert {size.width() for size in app_icon().availableSizes()} >= {16, 32, 48, 256}


def test_every_icon_that_is_there_is_used() -> None:
    words: set[str] = set()
    for source in (Path(__file__).parents[2] / "desktop").rglob("*.py"):
        words |= {
            node.value
            for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    assert set(_NAMES) - words == set()
