"""The chat on paper: real PDF files, and the same pages painted on pictures."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage, QPageSize, QPainter
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QApplication

from desktop.chat.message import State
from desktop.errors import CannotExport
from desktop.ui import appearance
from desktop.ui.colours import DARK
from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.diagrams.service import Diagrams
from desktop.ui.transcript.export import pdf_letters
from desktop.ui.transcript.export.files import NewFile, file_name
from desktop.ui.transcript.export.pages import Pages
from desktop.ui.transcript.export.paper import Sheet, lay_out_page, paper_style, sheet_of
from desktop.ui.transcript.export.pdf import write_pdf
from desktop.ui.transcript.export.printing import print_pages
from desktop.ui.transcript.message.message_view import MessageState
from desktop.ui.transcript.row import Row
from tests.ui.transcript.pdf_reader import Pdf
from tests.ui.transcript.rows import answer, question

A4 = Sheet.of(QPageSize(QPageSize.PageSizeId.A4))
PROSE = "The quick brown fox of the office jumps over the lazy dog. "
CODE = "```python\n" + "\n".join(f"value{number} = {number}  # {'long ' * 20}" for number in range(60)) + "\n```"
TABLE = "| Name | Sum |\n|:--|--:|\n" + "\n".join(f"| row {number}. | {number * number} |" for number in range(60))


@pytest.fixture(autouse=True)
def _dark(qapp: QApplication) -> Iterator[None]:
    """A dark window prints as a light one does."""
    style, palette, font, sheet = qapp.style().objectName(), qapp.palette(), qapp.font(), qapp.styleSheet()
    appearance.apply(qapp, DARK, 1.0)
    yield
    qapp.setStyleSheet(sheet)
    qapp.setStyle(style)
    qapp.setPalette(palette)
    qapp.setFont(font)


def _pages(rows: list[Row], states: dict[int, MessageState] | None = None) -> Pages:
    chosen = states or {}
    return Pages(rows, lambda number: chosen.get(number) or MessageState(), paper_style(A4), A4)


def _written(
    tmp_path: Path, rows: list[Row], states: dict[int, MessageState] | None = None, title: str = "Title"
) -> Pdf:
    path = tmp_path / "chat.pdf"
    with NewFile(path) as file:
        for done in write_pdf(file, _pages(rows, states), title):
            assert 0 <= done <= 1
        file.keep()
    return Pdf(path)


def test_the_text_can_be_searched_in_english_and_chinese(tmp_path: Path) -> None:
    rows = [question(1, "Which 3 words?"), answer(2, f"{PROSE}\n\n搜索“办公室”里的文字，长门页见行。")]
    pdf = _written(tmp_path, rows, title="A title 标题")
    (text,) = pdf.pages
    assert "Which 3 words?" in text
    assert PROSE.strip() in text
    assert "搜索“办公室”里的文字，长门页见行。" in text
    assert "A title 标题" in text
    assert "Page 1 of 1" in text


def test_words_are_put_in_place_of_radicals_and_no_byte_moves() -> None:
    table = b"<2F42>\nbegincmap\n<2F42> <2F43> [<2F42> <2ED3> <0041> <0009>]\nendcmap"
    mended = pdf_letters.with_words(table)
    assert mended == b"<2F42>\nbegincmap\n<2F42> <2F43> [<6587> <957F> <0041> <0020>]\nendcmap"


def test_every_line_is_on_one_page_and_none_is_lost(tmp_path: Path) -> None:
    lines = "\n".join(f"pasted {number}." for number in range(150))
    items = "\n".join(f"- item {number}. {PROSE}" for number in range(60))
    rows = [question(1, lines), answer(2, f"# Head\n\n{items}\n\n{CODE}\n\n{TABLE}\n\n{PROSE * 80}")]
    pdf = _written(tmp_path, rows)
    text = "".join(pdf.pages)
    for kind, count in (("pasted ", 150), ("item ", 60), ("row ", 60)):
        assert re.findall(rf"{kind}(\d+)\.", text) == [str(number) for number in range(count)]
    assert re.findall(r"value(\d+) =", text) == [str(number) for number in range(60)]
    assert text.count("jumps over") == 60 + 80
    assert [page[:5] for page in pdf.pages] == ["Title"] * len(pdf.pages)
    assert re.findall(r"Page (\d+) of (\d+)", text) == [
        (str(number), str(len(pdf.pages))) for number in range(1, len(pdf.pages) + 1)
    ]


def test_no_page_ends_in_the_middle_of_a_line() -> None:
    rows = [question(1, "\n".join(f"{PROSE}{number}" for number in range(70)))]
    rows += [answer(2, f"{PROSE * 60}\n\n{CODE}\n\n{TABLE}\n\n{'中文的段落在纸上也不能被切断。' * 150}")]
    pages = _pages(rows)
    for _ in pages.find():
        pass
    assert len(pages.ends) > 5
    for number, (begin, end) in enumerate(pages.ends):
        assert end - begin <= A4.height
        picture = QImage(int(A4.width), int(A4.height), QImage.Format.Format_RGB32)
        picture.fill(QColor("white"))
        painter = QPainter(picture)
        for _ in pages.draw(painter, number):
            pass
        painter.end()
        edges = [0] * (number > 0) + [int(end - begin) - 1] * (number + 1 < len(pages.ends))
        for y in edges:
            dark = [x for x in range(picture.width()) if picture.pixelColor(x, y).lightness() < 140]
            assert dark == [], f"page {number + 1}, height {y}"


def test_a_heading_stays_with_its_text_and_a_question_with_its_answer(tmp_path: Path) -> None:
    # Wherever they come to stand on the first page.
    for filling in range(22, 41):
        lines = "\n".join(str(number) for number in range(filling))
        more = [answer(2, "An answer.\n\n## A heading\n\nIts text."), question(3, "Why?"), answer(4, "Because.")]
        texts = _written(tmp_path, [question(1, lines), *more]).pages
        assert [("A heading" in text) == ("Its text." in text) for text in texts] == [True] * len(texts)
        assert [("Why?" in text) == ("Because." in text) for text in texts] == [True] * len(texts)


def test_links_lead_where_they_led(tmp_path: Path) -> None:
    text = "A [link](https://example.org/a?b=1) and [none](javascript:alert(1)), [mail](mailto:a@example.org)."
    pdf = _written(tmp_path, [answer(1, text)])
    assert pdf.links == ["https://example.org/a?b=1", "mailto:a@example.org"]


def test_nothing_that_could_only_be_clicked_is_printed(tmp_path: Path) -> None:
    failed = answer(2, "Half", State.INTERRUPTED, row={"notice": "It died.", "is_error": True, "can_retry": True})
    pdf = _written(tmp_path, [question(1, "?"), answer(3, "```python\nx = 1\n```"), failed])
    text = "".join(pdf.pages)
    assert "x = 1" in text
    assert "It died." in text
    assert "Copy" not in text
    assert "Retry" not in text


def test_an_answer_that_is_being_written_says_so(tmp_path: Path) -> None:
    (text,) = _written(tmp_path, [answer(1, "So far", State.STREAMING)]).pages
    assert "So far" in text
    assert "This answer was still being written." in text


def test_reasoning_is_printed_where_it_is_open(tmp_path: Path) -> None:
    rows = [answer(1, "Answer.", reasoning="Let me think.", reasoning_s=3.0)]
    assert "Let me think." not in _written(tmp_path, rows).pages[0]
    assert "Let me think." in _written(tmp_path, rows, {1: MessageState(unfolded=True)}).pages[0]


def test_the_reader_s_own_states_stay_as_they_are(tmp_path: Path) -> None:
    state = MessageState(text={0: BlockState(is_numbered=True, scrolled=40.0)})
    text = _written(tmp_path, [answer(1, CODE)], {1: state}).pages[0]
    assert "value0 = 0" in text
    assert state.text == {0: BlockState(is_numbered=True, scrolled=40.0)}


def test_nobody_s_name_is_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "somebody-special")
    pdf = _written(tmp_path, [answer(1, "Answer.")])
    assert b"somebody-special" not in pdf.data
    assert b"/Creator" in pdf.data


def test_printing_some_pages(tmp_path: Path) -> None:
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "printed.pdf"))
    lay_out_page(printer)
    pages = Pages([answer(1, PROSE * 200)], lambda _: MessageState(), paper_style(A4), sheet_of(printer))
    for _ in print_pages(printer, pages, "Title", [1, 2]):
        pass
    # Qt writes tabs for spaces, which a printer does not mind.
    texts = [text.replace("\t", " ") for text in Pdf(tmp_path / "printed.pdf").pages]
    assert [re.findall(r"Page \d of \d", text) for text in texts] == [["Page 2 of 4"], ["Page 3 of 4"]]


def test_a_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "chat.pdf"
    path.write_bytes(b"old")
    with NewFile(path) as file:
        work = write_pdf(file, _pages([answer(1, PROSE)]), "Title")
        next(work)
        work.close()  # type: ignore[attr-defined]
        assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["chat.pdf"]
    assert path.read_bytes() == b"old"


def test_a_full_disk_and_a_missing_folder_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotExport) as refused:
        NewFile(tmp_path / "gone" / "chat.pdf")
    assert not refused.value.full

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr(os, "fsync", full)
    with NewFile(tmp_path / "chat.pdf") as file:
        file.write(b"data")
        with pytest.raises(CannotExport) as refused:
            file.keep()
    assert refused.value.full
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Autumn poem", "Autumn poem"),
        ("../../etc/passwd", "etc passwd"),
        ('a<b>:"c|d?*\\e', "a b c d e"),
        ("秋天的诗", "秋天的诗"),
        ("CON", "Fireside"),
        ("aux .txt", "Fireside"),
        ("COM¹", "Fireside"),
        ("😀" * 80, "😀" * 60),
        ("lpt1.txt", "Fireside"),
        ("…" * 300, "…" * 80),
        (" . ", "Fireside"),
        ("txt.\u202efdp", "txt. fdp"),
        ("", "Fireside"),
    ],
)
def test_names_that_every_system_takes(title: str, name: str) -> None:
    assert file_name(title) == name


def test_a_diagram_is_on_one_page_however_high() -> None:
    diagrams = Diagrams()
    source = "flowchart TD\n" + "\n".join(f" A{number}[步骤 {number}] --> A{number + 1}[next]" for number in range(25))
    if diagrams.wait_for(source, dark=False, scale=3.0).image.isNull():
        pytest.skip("nobody draws diagrams here")
    rows = [question(1, "Why?"), answer(2, f"```mermaid\n{source}\n```\n\nAfter.")]
    pages = Pages(rows, lambda _: MessageState(), paper_style(A4, diagrams), A4)
    for _ in pages.find():
        pass
    for _ in pages._lay_out(1):
        pass
    top = pages._tops[1]
    view = pages._view_of(1)
    (corner, flow), *_ = ((corner, flow) for _, corner, flow in view.parts())
    first = top + corner.y()
    last = first + flow.view(0).height
    assert last - first > A4.height / 2
    assert [number for number, (begin, end) in enumerate(pages.ends) if begin <= first and last <= end] == [1]
    diagrams.close()
