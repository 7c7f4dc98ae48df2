"""Pictures of one conversation with everything in it, for people to look at: `build/pictures/`.

Each is drawn as tall as the conversation, so that nothing is out of sight. What a machine can see is checked here:
that every kind of block is there, that nothing reaches over the edges, and that the colours can be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QIcon, QImage, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.chat.message import State
from desktop.ui import appearance
from desktop.ui.colours import DARK, LIGHT, Tokens
from desktop.ui.i18n import choose_language
from desktop.ui.icons import icon
from desktop.ui.transcript.code.lexing import Ink
from desktop.ui.transcript.text.markdown import Kind
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript import conversation

FOLDER = Path(__file__).parents[3] / "build" / "pictures"
_WIDE, _NARROW = 1000, 480
_UNFOLDED = 3
_OVERHANG = 4
"""So far the box of code at the beginning of a line reaches over the column, in the design's pixels."""
_AA = 4.5
"""The contrast that WCAG 2.2 asks of text, success criterion 1.4.3."""
_LARGE = 3.0
"""And of pictures, 1.4.11."""


@pytest.fixture(autouse=True)
def _worn(qapp: QApplication) -> Iterator[None]:
    style, palette, font, sheet = qapp.style().objectName(), qapp.palette(), qapp.font(), qapp.styleSheet()
    yield
    choose_language("en")
    qapp.setStyleSheet(sheet)
    qapp.setStyle(style)
    qapp.setPalette(palette)
    qapp.setFont(font)


@pytest.mark.parametrize("width", [_WIDE, _NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("zoom", [1.0, 2.0], ids=["100", "200"])
@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_everything_is_drawn_within_the_page(
    qtbot: QtBot, qapp: QApplication, tokens: Tokens, language: str, zoom: float, width: int
) -> None:
    choose_language("zh_CN" if language == "zh_CN" else "en")
    appearance.apply(qapp, tokens, zoom)
    transcript = Transcript()
    qtbot.addWidget(transcript)
    transcript.set_zoom(zoom)
    transcript.resize(round(width * zoom), 600)
    transcript.set_rows(conversation.rows())
    transcript.column.toggle_reasoning(_UNFOLDED)
    transcript.show()
    diagrams = transcript.column.style.diagrams
    assert diagrams is not None
    with qtbot.waitSignal(diagrams.drawn, timeout=60_000):
        _stretch(transcript)
    _stretch(transcript)
    image = transcript.viewport().grab().toImage()
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = f"{'dark' if tokens.dark else 'light'}-{language}-{round(zoom * 100)}-{width}"
    assert image.save(str(FOLDER / f"{name}.png"))

    assert _kinds(transcript) == set(Kind)
    assert {row.message.state for row in transcript.rows} == set(State)
    left, right = _edges(transcript)
    assert _is_empty(image, 0, left - round(_OVERHANG * zoom), tokens)
    assert _is_empty(image, right + round(_OVERHANG * zoom), image.width(), tokens)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_what_it_stands_on(tokens: Tokens) -> None:
    pairs = [
        *((ink, tokens.bg) for ink in (tokens.text, tokens.muted, tokens.accent, tokens.danger)),
        *((ink, tokens.user) for ink in (tokens.text, tokens.muted)),
        *((ink, tokens.code) for ink in (tokens.text, tokens.muted, *map(tokens.ink, Ink))),
    ]
    # Links are told from their ground by less, see below; in questions nothing is muted that can be marked.
    not_marked = [(tokens.accent, tokens.bg), (tokens.muted, tokens.user)]
    pairs += [(ink, _over(tokens.selection, ground)) for ink, ground in pairs if (ink, ground) not in not_marked]
    pairs += [(tokens.ink(Ink.ADDED), _over(tokens.added_ground, tokens.code))]
    pairs += [(tokens.ink(Ink.REMOVED), _over(tokens.removed_ground, tokens.code))]
    assert {pair: _contrast(*pair) for pair in pairs if _contrast(*pair) < _AA} == {}
    marked_link = _over(tokens.selection, tokens.bg)
    assert _contrast(tokens.accent, marked_link) > _LARGE, "underlined, and told from its ground"
    assert _contrast(marked_link, tokens.bg) > 1.2


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_icons_that_are_out_of_use_can_still_be_told_from_the_page(tokens: Tokens) -> None:
    pixmap = icon("chevron-left", tokens.muted, 64).pixmap(64, 64, QIcon.Mode.Disabled)
    page = QImage(pixmap.size(), QImage.Format.Format_RGB32)
    page.fill(QColor(tokens.bg))
    painter = QPainter(page)
    painter.drawPixmap(0, 0, pixmap)
    painter.end()
    inks = {page.pixelColor(x, y).name() for x in range(page.width()) for y in range(page.height())}
    assert max(_contrast(ink, tokens.bg) for ink in inks) >= _LARGE


def _stretch(transcript: Transcript) -> None:
    """Make the window as tall as the conversation, so that all of it is laid out."""
    for _ in range(20):
        height = round(transcript.column.height)
        if transcript.height() == height:
            return
        transcript.resize(transcript.width(), height)
    raise AssertionError("the heights do not settle")


def _kinds(transcript: Transcript) -> set[Kind]:
    views = [transcript.column.view(row) for row in range(len(transcript.rows))]
    return {block.kind for view in views for _, _, flow in view.parts() for block in flow.blocks}


def _edges(transcript: Transcript) -> tuple[int, int]:
    """Where the text column begins and ends in the viewport."""
    area = transcript.area_of(0)
    return area.left(), area.left() + area.width()


def _is_empty(image: QImage, left: int, right: int, tokens: Tokens) -> bool:
    """Whether there is nothing but the page between two columns of pixels."""
    strip = image.copy(left, 0, right - left, image.height())
    page = QImage(strip.size(), strip.format())
    page.fill(QColor(tokens.bg))
    return strip == page


def _over(veil: str, ground: str) -> str:
    """What a colour that is not opaque looks like on another."""
    image = QImage(1, 1, QImage.Format.Format_RGB32)
    image.fill(QColor(ground))
    painter = QPainter(image)
    painter.fillRect(0, 0, 1, 1, QColor(veil))
    painter.end()
    return image.pixelColor(0, 0).name()


def _contrast(ink: str, ground: str) -> float:
    """By WCAG's formula for relative luminance."""
    bright, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    made = QColor(colour)
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (made.redF(), made.greenF(), made.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
