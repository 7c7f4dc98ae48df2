"""Links, footnotes, saving, the menu, moving through a chat: what a reader does besides marking and finding."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QHelpEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QToolButton, QToolTip
from pytestqt.qtbot import QtBot

from desktop.chat.message import State
from desktop.errors import CannotExport
from desktop.ui.controls import ElidedLabel, IconButton, describe
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.export.saving import Saving, file_name
from desktop.ui.transcript.place import TEXT, Place, Spot
from desktop.ui.transcript.reading import links
from desktop.ui.transcript.reading.caret import spot_area
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer, grown, question

Show = Callable[..., Transcript]
Key = Qt.Key
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
LONG = "\n\n".join(f"Paragraph {number} with some words in it." for number in range(60))
UNSAFE = [
    "javascript:alert(1)",
    "file:///etc/passwd",
    "smb://host/share",
    "data:text/html,x",
    "ms-msdt:/id",
    "//host/x",
]


def target(transcript: Transcript, row: int, does: Does) -> Target:
    return next(each for each in transcript.targets(row) if each.does is does)


def click(transcript: Transcript, point: QPointF, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    QTest.mouseClick(transcript.viewport(), button, pos=point.toPoint())


def menu_words(transcript: Transcript, where: QPointF) -> list[str]:
    menu = transcript.menu_at(where.toPoint())
    words = [action.text() for action in menu.actions() if action.text()]
    menu.deleteLater()
    return words


def choose(transcript: Transcript, where: QPointF, words: str) -> None:
    menu = transcript.menu_at(where.toPoint())
    next(action for action in menu.actions() if action.text() == words).trigger()
    menu.deleteLater()


# Links


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("https://bank.example@evil.example/x", ("https://bank.example@", "evil.example", "/x")),
        ("https://bank.example\\@evil.example", ("https://bank.example\\@", "evil.example", "")),
        ("https://аррӏе.example/", ("https://", "xn--80ak6aa92e.example", "/")),
        ("https://中文.example/路径?q=你#a", ("https://", "中文.example", "/路径?q=你#a")),
        ("https://a.example:8080/x", ("https://", "a.example", ":8080/x")),
        ("https://a.example/\u202egpj.exe", ("https://", "a.example", "/%E2%80%AEgpj.exe")),
        ("https://a.example/שלום", ("https://", "a.example", "/%D7%A9%D7%9C%D7%95%D7%9D")),
        ("mailto:me@a.example?subject=x", ("", "", "mailto:me@a.example?subject=x")),
    ],
)
def test_an_address_is_shown_so_that_it_cannot_be_misread(address: str, parts: tuple[str, str, str]) -> None:
    shown = links.shown(address)
    assert (shown.before, shown.host, shown.after) == parts


# Some mail programs attach the files that a link names, and a line break begins another header.
UNSAFE_MAIL = ["mailto:a@b?attach=/etc/x", "mailto:a@b?Attachment=x", "mailto:a%0ABcc:x@y", "mailto:a?subject=x%0Dy"]


@pytest.mark.parametrize(
    "address",
    [*UNSAFE, *UNSAFE_MAIL, "https://", "http:path", "http:///x", " javascript:x", "java\nscript:x"],
)
def test_what_is_no_address_for_the_browser_opens_nothing(address: str) -> None:
    assert links.opened(address) == ""


def test_a_mail_may_have_a_subject_and_lines() -> None:
    mail = "mailto:a@b.example?cc=c@d.example&subject=Hello%20you&body=one%0D%0Atwo"
    assert links.opened(mail) == mail


def test_tips_are_words(show: Show) -> None:
    """Qt takes what looks like HTML for HTML, and loads the pictures that it names."""
    transcript = show([answer(1, "x[^<b>x</b>]\n\n[^<b>x</b>]: note")])
    spot = target(transcript, 0, Does.SHOW_NOTE).area.center().toPoint()
    viewport = transcript.viewport()
    QApplication.sendEvent(viewport, QHelpEvent(QEvent.Type.ToolTip, spot, viewport.mapToGlobal(spot)))
    assert QToolTip.text() == f"<span>Note {escape('<b>x</b>')}</span>"
    title = ElidedLabel()
    title.resize(20, 20)
    title.set_full_text("<img src='/home/me/x.png'>")
    assert title.toolTip() == "<span>&lt;img src=&#x27;/home/me/x.png&#x27;&gt;</span>"
    button = IconButton("x", "x")
    describe(button, "<b>Name</b> & more")
    assert button.toolTip() == "<span>&lt;b&gt;Name&lt;/b&gt; &amp; more</span>"
    describe(button, "Name")
    assert button.toolTip() == "Name"


@pytest.mark.parametrize("address", UNSAFE)
def test_no_way_opens_an_unsafe_link(show: Show, qtbot: QtBot, address: str) -> None:
    transcript = show([answer(1, f"[words]({address}) and more")])
    assert [each for each in transcript.targets(0) if each.link] == []
    point = QPointF(
        transcript.area_of(0).left() + 12, transcript.targets(0)[0].area.y() if transcript.targets(0) else 50
    )
    with qtbot.assertNotEmitted(transcript.link_activated):
        for button in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            for y in range(10, 120, 10):
                click(transcript, QPointF(point.x(), y), button)
        QTest.keyClick(transcript, Key.Key_Up)
        QTest.keyClick(transcript, Key.Key_Tab)
        QTest.keyClick(transcript, Key.Key_Return)
        transcript.activate(0, Target(transcript.area_of(0).toRectF(), "", Does.OPEN_LINK, address))
    assert "Open link" not in menu_words(transcript, point)


def test_a_link_opens_by_click_key_and_menu_but_not_by_the_middle_button(show: Show) -> None:
    transcript = show([answer(1, "[words](https://a.example/é)")])
    found = target(transcript, 0, Does.OPEN_LINK)
    opened: list[str] = []
    transcript.link_activated.connect(opened.append)
    click(transcript, found.area.center(), Qt.MouseButton.MiddleButton)
    assert opened == []
    click(transcript, found.area.center())
    choose(transcript, found.area.center(), "Open link")
    QTest.keyClick(transcript, Key.Key_Up)
    QTest.keyClick(transcript, Key.Key_Tab)
    QTest.keyClick(transcript, Key.Key_Return)
    assert opened == ["https://a.example/%C3%A9"] * 3


def test_where_a_link_leads_is_shown_to_mouse_and_keyboard(show: Show) -> None:
    transcript = show([answer(1, "[words](https://bank.example@evil.example/x) and other words")])
    found = target(transcript, 0, Does.OPEN_LINK)
    QTest.mouseMove(transcript.viewport(), found.area.center().toPoint())
    assert transcript.address.isVisible()
    assert transcript.address.text == "https://bank.example@evil.example/x"
    assert transcript.address.geometry().bottom() < transcript.height()
    QTest.mouseMove(transcript.viewport(), (found.area.center() + QPointF(200, 0)).toPoint())
    assert not transcript.address.isVisible()
    QTest.keyClick(transcript, Key.Key_Up)
    QTest.keyClick(transcript, Key.Key_Tab)
    assert transcript.address.isVisible()
    QTest.keyClick(transcript, Key.Key_Tab)
    assert not transcript.address.isVisible()


def test_the_address_goes_when_the_pointer_leaves_the_page_from_a_link(show: Show) -> None:
    transcript = show([answer(1, "A [link](https://a.example/x).")])
    QTest.mouseMove(transcript.viewport(), target(transcript, 0, Does.OPEN_LINK).area.center().toPoint())
    assert transcript.address.isVisible()
    QApplication.sendEvent(transcript.viewport(), QEvent(QEvent.Type.Leave))
    assert not transcript.address.isVisible()


def test_a_button_of_code_is_named_by_a_tip(show: Show, qtbot: QtBot) -> None:
    transcript = show([answer(1, "A [link](https://a.example/x).\n\n```python\nx = 1\n```")])
    for does, tip in ((Does.COPY, "Copy code"), (Does.WRAP, "Wrap long lines"), (Does.OPEN_LINK, "")):
        where = target(transcript, 0, does).area.center().toPoint()
        ask = QHelpEvent(QEvent.Type.ToolTip, where, transcript.viewport().mapToGlobal(where))
        QApplication.sendEvent(transcript.viewport(), ask)
        qtbot.waitUntil(lambda tip=tip: QToolTip.text() == tip)  # type: ignore[misc]  # mypy: no lambda with a default


def test_a_long_address_stays_in_the_window_with_its_host(show: Show) -> None:
    transcript = show([answer(1, "x")], width=480)
    transcript.address.show_link("https://" + "bank.example" * 20 + "@evil.example/" + "path/" * 50)
    assert transcript.address.geometry().right() < 480


# Footnotes


def test_a_footnote_is_gone_to_and_come_back_from(show: Show) -> None:
    transcript = show([answer(1, f"Words[^a] here.\n\n{LONG}\n\nAgain[^a].\n\n[^a]: The note.")])
    bar = transcript.verticalScrollBar()
    bar.setValue(0)
    click(transcript, target(transcript, 0, Does.SHOW_NOTE).area.center())
    assert bar.value() > 1000
    back = [each for each in transcript.targets(0) if each.does is Does.SHOW_NOTE]
    transcript.activate(0, back[-1])
    assert bar.value() < 100


# Saving code


def test_code_is_saved_where_the_reader_says(show: Show, qtbot: QtBot, tmp_path: Path) -> None:
    transcript = show([answer(1, "```python\nprint('é')\n```")])
    click(transcript, target(transcript, 0, Does.COPY).area.center())
    save = target(transcript, 0, Does.SAVE)
    transcript.activate(0, save)
    dialog = transcript.findChild(QFileDialog, "saveCode")
    assert dialog is not None
    assert Path(dialog.selectedFiles()[0]).name == "code.py"
    dialog.setDirectory(str(tmp_path))
    dialog.selectFile(str(tmp_path / "mine.py"))
    with qtbot.waitSignal(transcript.copied) as told:
        dialog.accept()
    assert told.args == ["Saved as mine.py"]
    assert (tmp_path / "mine.py").read_bytes() == "print('é')\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_what_cannot_be_saved_is_told_and_leaves_nothing(show: Show, qtbot: QtBot, tmp_path: Path) -> None:
    transcript = show([answer(1, "x")])
    saving = Saving(transcript)
    with qtbot.waitSignal(saving.failed) as told:
        saving.write(tmp_path / "no folder" / "code.py", "text")
    assert isinstance(told.args[0], CannotExport)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("python", "code.py"),
        ("rs", "code.rs"),
        ("../../etc/passwd", "code.txt"),
        ("", "code.txt"),
        ("a/b\\c:d", "code.txt"),
    ],
)
def test_the_suggested_name_is_safe(written: str, name: str) -> None:
    assert file_name(written) == name


# The menu


def test_the_menu_knows_code_and_formulas(show: Show) -> None:
    transcript = show([answer(1, "```python\nprint(1)\n```\n\n$$x^2$$\n\nText with $y^3$ in it.")])
    view = transcript.column.view(0)
    corner, flow = next((corner, flow) for _, corner, flow in view.parts())
    tops = [QPointF(transcript.area_of(0).topLeft()) + corner + QPointF(20, flow.top(index)) for index in range(3)]
    code = menu_words(transcript, tops[0] + QPointF(0, 45))
    assert {"Copy code", "Save code as…"} <= set(code)
    choose(transcript, tops[0] + QPointF(0, 45), "Copy code")
    assert QGuiApplication.clipboard().text() == "print(1)"
    area = flow.view(2).areas(10, 11)[0]
    inline = QPointF(transcript.area_of(0).topLeft()) + corner + QPointF(0, flow.top(2)) + area.center()
    choose(transcript, inline, "Copy LaTeX")
    assert QGuiApplication.clipboard().text() == "y^3"
    assert "Copy LaTeX" not in menu_words(transcript, tops[2] + QPointF(300, 10))
    area = flow.view(1).areas(0, 1)[0]
    formula = tops[1] - QPointF(20, 0) + area.center()
    assert menu_words(transcript, formula).count("Copy LaTeX") == 1
    choose(transcript, formula, "Copy LaTeX")
    assert QGuiApplication.clipboard().text() == "x^2"


def test_the_menu_works_on_its_message(show: Show, qtbot: QtBot) -> None:
    transcript = show([question(7, "hi"), answer(8, "**Hello**"), answer(9, "Hel", State.STREAMING)])
    where = [QPointF(transcript.area_of(row).center()) for row in range(3)]
    assert "Answer again" not in menu_words(transcript, where[0])
    assert not {"Edit", "Answer again"} & set(menu_words(transcript, where[2]))
    choose(transcript, where[1], "Copy message")
    assert QGuiApplication.clipboard().text() == "**Hello**"
    for words, signal in (("Edit", transcript.edit_requested), ("Answer again", transcript.regenerate_requested)):
        with qtbot.waitSignal(signal) as told:
            choose(transcript, where[1], words)
        assert told.args == [8]
    choose(transcript, where[1], "Find…")
    assert transcript.finding.is_open


# Moving


def test_questions_are_gone_through(show: Show) -> None:
    rows = [question(number, f"Question {number}") if number % 2 == 0 else answer(number, LONG) for number in range(10)]
    transcript = show(rows)
    seen = []
    for _ in range(3):
        transcript.show_question(-1)
        seen.append((transcript.focused, transcript.area_of(transcript.focused or 0).top() < 60))
    transcript.show_question(1)
    seen.append((transcript.focused, transcript.area_of(transcript.focused or 0).top() < 60))
    assert seen == [(8, True), (6, True), (4, True), (6, True)]
    transcript.show_question(1)
    transcript.show_question(1)
    assert transcript.follows


def test_space_and_ctrl_home_and_end_scroll(show: Show) -> None:
    transcript = show([answer(1, LONG)])
    bar = transcript.verticalScrollBar()
    QTest.keyClick(transcript, Key.Key_Home, CTRL)
    assert bar.value() == 0
    QTest.keyClick(transcript, Key.Key_Space)
    assert bar.value() > 300
    QTest.keyClick(transcript, Key.Key_Space, SHIFT)
    assert bar.value() == 0
    QTest.keyClick(transcript, Key.Key_End, CTRL)
    assert bar.value() == bar.maximum()


def test_the_way_to_the_end_says_that_text_came(show: Show) -> None:
    row = answer(2, LONG, State.STREAMING)
    transcript = show([question(1, "hi"), row])
    jump = transcript.findChild(QToolButton, "jumpToEnd")
    assert jump is not None
    transcript.verticalScrollBar().setValue(100)
    assert (jump.isVisible(), jump.text()) == (True, "")
    transcript.update_row(1, grown(row, LONG + "\n\nmore"))
    QApplication.processEvents()
    assert (jump.isVisible(), jump.text()) == (True, "New text")
    QTest.keyClick(transcript, Key.Key_End)
    assert transcript.follows
    assert not jump.isVisible()
    transcript.verticalScrollBar().setValue(100)
    assert jump.text() == ""


def test_zoom_keeps_what_is_being_read(show: Show) -> None:
    transcript = show([answer(number, LONG) for number in range(5)])
    transcript.verticalScrollBar().setValue(3000)
    top = transcript.verticalScrollBar().value()
    anchor = transcript.column.anchor(top, top + 600)
    assert anchor is not None
    before = anchor.y - top
    for zoom in (1.1, 1.5, 2.0, 1.0):
        transcript.set_zoom(zoom)
        place = anchor.place
        assert place is not None
        corner, flow = next(
            (corner, flow) for part, corner, flow in transcript.column.view(anchor.row).parts() if part == 1
        )
        now = (
            transcript.column.top(anchor.row)
            + corner.y()
            + flow.top(place.block)
            - transcript.verticalScrollBar().value()
        )
        assert now == pytest.approx(before, abs=40)


def test_another_theme_keeps_what_is_being_read_in_a_long_answer(show: Show) -> None:
    higher_than_guessed = "WWWW MMMM " * 80
    transcript = show([answer(1, "\n\n".join([LONG, *[higher_than_guessed] * 3, LONG]))])
    spot = Spot(0, Place(TEXT, 63, 0))
    transcript.show_spot(spot)
    bar = transcript.verticalScrollBar()
    for value in range(bar.value(), bar.value() + 500, 70):
        bar.setValue(value)
        before = spot_area(transcript.column, spot).top() - bar.value()
        transcript.restyle(transcript.column.style)
        assert spot_area(transcript.column, spot).top() - bar.value() == pytest.approx(before, abs=2)


def test_ctrl_and_wheel_zoom(show: Show, qtbot: QtBot) -> None:
    transcript = show([answer(1, LONG)])
    value = transcript.verticalScrollBar().value()
    for delta, steps in ((120, 1), (-120, -1)):
        wheel = QWheelEvent(
            *(QPointF(100, 100), QPointF(100, 100), QPoint(), QPoint(0, delta)),
            *(Qt.MouseButton.NoButton, CTRL, Qt.ScrollPhase.NoScrollPhase, False),
        )
        with qtbot.waitSignal(transcript.zoom_requested) as told:
            QApplication.sendEvent(transcript.viewport(), wheel)
        assert told.args == [steps]
    assert transcript.verticalScrollBar().value() == value


def test_escape_gives_up_one_thing_at_a_time(show: Show) -> None:
    transcript = show([answer(1, "Hello")])
    QTest.keyClick(transcript, Key.Key_Right, SHIFT)
    transcript.finding.open()
    seen = []
    for _ in range(3):
        gave_up = transcript.give_up()
        seen.append((gave_up, transcript.finding.is_open, transcript.has_mark))
    assert seen == [(True, False, True), (True, False, False), (False, False, False)]


def test_the_menu_key_opens_the_menu_of_what_tab_has_chosen(show: Show) -> None:
    transcript = show([answer(1, "See [words](https://a.example/x) there")])
    QTest.keyClick(transcript, Key.Key_Up)
    assert "Open link" not in menu_words(transcript, QPointF(transcript.chosen_point()))
    QTest.keyClick(transcript, Key.Key_Tab)
    assert "Open link" in menu_words(transcript, QPointF(transcript.chosen_point()))


def test_tab_chooses_nothing_that_is_out_of_sight(show: Show) -> None:
    transcript = show([answer(1, f"{LONG}\n\n[end](https://a.example/x)", reasoning="Hm.")])
    assert [each.does for each in transcript.targets(0)] == [Does.OPEN_LINK]
    transcript.verticalScrollBar().setValue(0)
    assert [each.does for each in transcript.targets(0)] == [Does.FOLD]


def test_what_is_shown_stands_above_the_way_to_the_end(show: Show) -> None:
    transcript = show([answer(1, LONG)])
    transcript.verticalScrollBar().setValue(0)
    transcript.show_spot(Spot(0, Place(TEXT, 25, 0)))
    jump = transcript.findChild(QToolButton, "jumpToEnd")
    assert jump is not None
    assert jump.isVisible()
    area = spot_area(transcript.column, Spot(0, Place(TEXT, 25, 0)))
    assert area.bottom() - transcript.verticalScrollBar().value() < jump.geometry().top()
