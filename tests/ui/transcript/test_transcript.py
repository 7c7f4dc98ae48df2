"""What the transcript shows, follows and reports, through real widgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from desktop.chat.message import FinishReason, State
from desktop.ui import appearance
from desktop.ui.colours import DARK, LIGHT
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import STATISTICS, answer, grown, question

Show = Callable[..., Transcript]
LONG = "\n\n".join(f"Paragraph {number} with some words in it." for number in range(80))
RICH = """# Head

Some **bold** text with a [link](https://a.example/x) and `code`.

1. first
2. second

```python
print("hello")
```

> quoted
"""


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def hover(transcript: Transcript, row: int) -> None:
    area = transcript.area_of(row)
    QTest.mouseMove(transcript.viewport(), QPoint(1, 1))
    QTest.mouseMove(transcript.viewport(), QPoint(area.center().x(), max(2, area.bottom() - 30)))
    QApplication.processEvents()


def button(transcript: Transcript, bar: str, name: str) -> QToolButton:
    found = next(bar_ for bar_ in transcript.viewport().children() if bar_.objectName() == bar)
    made = found.findChild(QToolButton, name)
    assert isinstance(made, QToolButton)
    return made


def find(transcript: Transcript, row: int, name: str) -> Target:
    return next(target for target in transcript.targets(row) if target.name == name)


def click(transcript: Transcript, point: QPointF) -> None:
    QTest.mouseClick(transcript.viewport(), Qt.MouseButton.LeftButton, pos=point.toPoint())


def at_end(transcript: Transcript) -> bool:
    return transcript.verticalScrollBar().value() == transcript.verticalScrollBar().maximum()


# Following and keeping the place


def test_another_chat_opens_at_its_end(show: Show) -> None:
    transcript = show([question(1, "hi"), answer(2, LONG)])
    assert transcript.verticalScrollBar().maximum() > 0
    assert at_end(transcript)


def test_a_growing_answer_is_followed_until_the_reader_scrolls_up(show: Show, qtbot: QtBot) -> None:
    row = answer(2, LONG, State.STREAMING)
    transcript = show([question(1, "hi"), row])
    jump = transcript.findChild(QToolButton, "jumpToEnd")
    assert jump is not None
    transcript.update_row(1, grown(row, LONG + "\n\nmore\n\nand more"))
    qtbot.waitUntil(lambda: not transcript._late and at_end(transcript))
    assert not jump.isVisible()

    transcript.verticalScrollBar().setValue(100)
    value = transcript.verticalScrollBar().value()
    before = transcript.grab().toImage()
    transcript.update_row(1, grown(row, LONG + "\n\nmore" * 50, State.COMPLETE))
    assert transcript.verticalScrollBar().value() == value
    assert jump.isVisible()
    jump.hide()
    assert before.copy(0, 0, 700, 500) == transcript.grab().toImage().copy(0, 0, 700, 500)

    jump.show()
    QTest.mouseClick(jump, Qt.MouseButton.LeftButton)
    assert at_end(transcript)
    assert not jump.isVisible()


def test_scrolling_up_past_unseen_messages_moves_evenly(show: Show) -> None:
    """Estimates are corrected above the reader, not under their eyes."""
    rows = [answer(number, RICH + LONG[: number * 37 % 900]) for number in range(60)]
    transcript = show(rows)
    bar = transcript.verticalScrollBar()
    for _ in range(60):
        value = bar.value()
        read = transcript.column.anchor(value, value + 600)
        bar.setValue(value - 120)
        assert value - bar.value() + transcript.column.moved(read) == pytest.approx(120, abs=1)


def test_new_rows_keep_the_place_of_a_reader_who_is_elsewhere(show: Show) -> None:
    rows = [question(1, "hi"), answer(2, LONG), question(3, "more"), answer(4, "x", row={"branches": 2})]
    transcript = show(rows)
    transcript.verticalScrollBar().setValue(200)
    value = transcript.verticalScrollBar().value()
    transcript.replace_rows(3, [answer(5, LONG), question(6, "again")])
    assert transcript.verticalScrollBar().value() == value
    assert [row.message.id for row in transcript.rows] == [1, 2, 3, 5, 6]


def test_a_jump_to_a_message_shows_its_beginning(show: Show) -> None:
    transcript = show([answer(number, RICH * (number % 4 + 1)) for number in range(200)])
    transcript.scroll_to_message(120)
    assert 0 <= transcript.area_of(120).top() <= 20
    assert transcript.focused == 120


def test_resizing_keeps_what_is_being_read(show: Show) -> None:
    transcript = show([answer(number, RICH + LONG) for number in range(20)])
    transcript.scroll_to_message(10)
    transcript.resize(500, 600)
    assert transcript.rows_in_sight()[0] in (9, 10)
    assert -40 <= transcript.area_of(10).top() <= 40


# Streaming


@pytest.mark.parametrize("step", [1, 3, 7, 50])
def test_a_streamed_answer_looks_in_the_end_like_one_that_was_loaded(show: Show, step: int) -> None:
    loaded = show([question(1, "hi"), answer(2, RICH)])
    streamed = show([question(1, "hi"), answer(2, "", State.STREAMING)])
    row = streamed.rows[1]
    for end in range(step, len(RICH), step):
        streamed.update_row(1, grown(row, RICH[:end]))
    streamed.update_row(1, grown(row, RICH, State.COMPLETE))
    assert streamed.viewport().grab().toImage() == loaded.viewport().grab().toImage()


def test_what_comes_too_fast_is_shown_a_little_later(show: Show, qtbot: QtBot) -> None:
    row = answer(1, "", State.STREAMING)
    transcript = show([row])
    text = ""
    for number in range(200):
        text += f"word{number} " * 8
        transcript.update_row(0, grown(row, text))
    assert transcript.rows[0].message.text == text
    qtbot.waitUntil(lambda: text.strip() in (transcript.column.view(0).flow(1).view(0).text()))


def test_the_dot_breathes_only_while_an_answer_is_awaited(show: Show) -> None:
    row = answer(2, "", State.STREAMING, row={"progress": "Loading the model… 40 %"})
    transcript = show([question(1, "hi"), row])
    dot = transcript._breathing
    assert dot.isActive()
    transcript.update_row(1, replace(grown(row, "Hello"), progress=""))
    assert not dot.isActive()


def test_reasoning_is_open_while_it_comes_and_folds_when_the_answer_begins(show: Show) -> None:
    row = answer(2, "", State.STREAMING, reasoning="First I think.")
    transcript = show([question(1, "hi"), row])
    view = transcript.column.view(1)
    seen = [view.is_unfolded]
    transcript.update_row(1, grown(row, "Answer"))
    seen.append(view.is_unfolded)
    click(transcript, find(transcript, 1, "Reasoning").area.center())
    seen.append(view.is_unfolded)
    assert seen == [True, False, True]
    assert view.flow(0).view(0).text() == "First I think."


# Actions


def test_actions_appear_under_the_pointer_and_move_nothing(show: Show) -> None:
    transcript = show([question(1, "hi"), answer(2, "Hello", statistics=STATISTICS)])
    hover(transcript, 0)
    areas = [transcript.area_of(row) for row in range(2)]
    assert button(transcript, "hoverActions", "editMessage").isVisible()
    assert not button(transcript, "hoverActions", "regenerateAnswer").isVisible()
    hover(transcript, 1)
    assert button(transcript, "hoverActions", "regenerateAnswer").isVisible()
    assert not button(transcript, "hoverActions", "continueAnswer").isVisible()
    assert [transcript.area_of(row) for row in range(2)] == areas
    line = transcript.viewport().findChild(QLabel, "statistics")
    assert line is not None
    QTest.mouseMove(transcript, QPoint(1, 1))
    QApplication.sendEvent(transcript.viewport(), QEvent(QEvent.Type.Leave))
    assert not button(transcript, "hoverActions", "regenerateAnswer").isVisible()


def test_statistics_tell_of_guesses_where_there_is_room(show: Show) -> None:
    told = replace(STATISTICS, guessed_tokens=1400, right_guesses=1020)
    transcript = show([question(1, "hi"), answer(2, "Hello", statistics=told)])
    hover(transcript, 1)
    line = transcript.viewport().findChild(QLabel, "statistics")
    assert line is not None
    assert line.text() == "42 tok/s · 0.3 s · 1,204 tok · 1,020 of 1,400 guesses right"
    assert line.isVisible()
    bar = line.parentWidget()
    assert bar is not None
    buttons = [each.geometry().right() for each in bar.findChildren(QToolButton) if each.isVisible()]
    bar.resize(max(buttons) + line.width(), bar.height())
    assert line.text() == "42 tok/s · 0.3 s · 1,204 tok"
    assert line.isVisible()


def test_each_action_reports_the_message(show: Show, qtbot: QtBot) -> None:
    stopped = answer(7, "Hello", State.STOPPED, row={"branch": 1, "branches": 3})
    transcript = show([question(6, "hi"), stopped])
    hover(transcript, 1)
    for name, signal, arguments in (
        ("editMessage", transcript.edit_requested, [7]),
        ("regenerateAnswer", transcript.regenerate_requested, [7]),
        ("continueAnswer", transcript.continue_requested, [7]),
        ("previousBranch", transcript.branch_requested, [7, -1]),
        ("nextBranch", transcript.branch_requested, [7, 1]),
    ):
        with qtbot.waitSignal(signal) as caught:
            QTest.mouseClick(button(transcript, "hoverActions", name), Qt.MouseButton.LeftButton)
        assert caught.args == arguments
    with qtbot.waitSignal(transcript.copied):
        QTest.mouseClick(button(transcript, "hoverActions", "copyMessage"), Qt.MouseButton.LeftButton)
    assert clipboard() == "Hello"


def test_a_message_that_is_being_written_cannot_be_edited(show: Show) -> None:
    transcript = show([answer(1, "Hel", State.STREAMING)])
    hover(transcript, 0)
    assert button(transcript, "hoverActions", "copyMessage").isVisible()
    assert not button(transcript, "hoverActions", "editMessage").isVisible()
    assert not button(transcript, "hoverActions", "regenerateAnswer").isVisible()


def test_an_answer_that_ran_out_of_room_can_be_continued(show: Show) -> None:
    transcript = show([answer(1, "Hel", finish=FinishReason.LENGTH)])
    hover(transcript, 0)
    assert button(transcript, "hoverActions", "continueAnswer").isVisible()


def test_retry_stands_in_the_message_and_reports_it(show: Show, qtbot: QtBot) -> None:
    failed = answer(9, "", State.FAILED, row={"notice": "It failed.", "is_error": True, "can_retry": True})
    transcript = show([question(8, "hi"), failed])
    retry = transcript.findChild(QPushButton, "retryButton")
    assert retry is not None
    assert transcript.area_of(1).contains(retry.geometry())
    with qtbot.waitSignal(transcript.retry_requested) as caught:
        QTest.mouseClick(retry, Qt.MouseButton.LeftButton)
    assert caught.args == [9]
    transcript.update_row(1, answer(9, "fine"))
    assert not retry.isVisible()


def test_an_answer_that_was_cut_offers_to_go_on(show: Show, qtbot: QtBot) -> None:
    words = {"notice": "Ended at the length limit.", "offers_continue": True}
    transcript = show([question(1, "hi"), answer(9, "Half", finish=FinishReason.LENGTH, row=words)])
    button = transcript.findChild(QPushButton, "continueButton")
    assert button is not None
    assert transcript.area_of(1).contains(button.geometry())
    with qtbot.waitSignal(transcript.continue_requested) as caught:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert caught.args == [9]
    assert transcript.findChild(QPushButton, "retryButton") is None


def test_code_is_copied_whole_by_its_button(show: Show) -> None:
    code = "\n".join(f"line {number}" for number in range(700))
    transcript = show([answer(1, f"```\n{code}\n```")])
    transcript.verticalScrollBar().setValue(0)
    click(transcript, find(transcript, 0, "Copy code").area.center())
    assert clipboard() == code


def test_links_open_only_by_a_click_and_only_safe_ones(show: Show, qtbot: QtBot) -> None:
    text = "[good](https://a.example/x) [bad](javascript:alert(1)) [file](file:///etc/passwd)"
    transcript = show([answer(1, text)])
    assert [target.link for target in transcript.targets(0)] == ["https://a.example/x"]
    with qtbot.waitSignal(transcript.link_activated) as caught:
        click(transcript, find(transcript, 0, "good").area.center())
    assert caught.args == ["https://a.example/x"]
    with qtbot.assertNotEmitted(transcript.link_activated):
        transcript.activate(0, Target(find(transcript, 0, "good").area, "", Does.OPEN_LINK, "file:///etc/passwd"))


# Keyboard


def test_messages_are_chosen_and_worked_on_by_keyboard(show: Show, qtbot: QtBot) -> None:
    rows = [question(1, "hi"), answer(2, RICH, row={"branch": 1, "branches": 3}), question(3, "and?")]
    transcript = show(rows, height=1000)
    QTest.keyClick(transcript, Qt.Key.Key_Up)
    assert transcript.focused == 2
    QTest.keyClick(transcript, Qt.Key.Key_Up)
    assert transcript.focused == 1
    for key, signal, arguments in (
        (Qt.Key.Key_E, transcript.edit_requested, [2]),
        (Qt.Key.Key_R, transcript.regenerate_requested, [2]),
        (Qt.Key.Key_Left, transcript.branch_requested, [2, -1]),
        (Qt.Key.Key_Right, transcript.branch_requested, [2, 1]),
    ):
        with qtbot.waitSignal(signal) as caught:
            QTest.keyClick(transcript, key)
        assert caught.args == arguments
    QTest.keyClick(transcript, Qt.Key.Key_C)
    assert clipboard() == RICH


def test_tab_goes_through_links_and_buttons_then_into_the_actions(show: Show, qtbot: QtBot) -> None:
    transcript = show([answer(1, RICH)], height=1000)
    QTest.keyClick(transcript, Qt.Key.Key_Up)
    QTest.keyClick(transcript, Qt.Key.Key_Tab)
    with qtbot.waitSignal(transcript.link_activated) as caught:
        QTest.keyClick(transcript, Qt.Key.Key_Return)
    assert caught.args == ["https://a.example/x"]
    for _ in ("wrap", "number", "save", "copy"):
        QTest.keyClick(transcript, Qt.Key.Key_Tab)
    QTest.keyClick(transcript, Qt.Key.Key_Space)
    assert clipboard() == 'print("hello")'
    QTest.keyClick(transcript, Qt.Key.Key_Tab)
    assert button(transcript, "focusActions", "copyMessage").hasFocus()


def test_enter_moves_into_the_actions(show: Show, qtbot: QtBot) -> None:
    transcript = show([question(4, "hi")])
    QTest.keyClick(transcript, Qt.Key.Key_Up)
    QTest.keyClick(transcript, Qt.Key.Key_Return)
    copy = button(transcript, "focusActions", "copyMessage")
    assert copy.hasFocus()
    QTest.keyClick(copy, Qt.Key.Key_Tab)
    edit = button(transcript, "focusActions", "editMessage")
    assert edit.hasFocus()
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
        with qtbot.waitSignal(transcript.edit_requested) as caught:
            QTest.keyClick(edit, key)
        assert caught.args == [4]


def test_the_chosen_message_has_a_ring(show: Show) -> None:
    transcript = show([question(1, "hi")])
    before = transcript.viewport().grab().toImage()
    QTest.keyClick(transcript, Qt.Key.Key_Up)
    after = transcript.viewport().grab().toImage()
    area = transcript.column.view(0).ring.toRect()
    x = transcript.area_of(0).left() + area.center().x()
    y = transcript.area_of(0).top() + area.top()
    assert after.pixelColor(x, y).name().upper() == LIGHT.accent
    assert before.pixelColor(x, y).name().upper() != LIGHT.accent


def test_home_and_end_and_pages_scroll(show: Show) -> None:
    transcript = show([answer(1, LONG)])
    QTest.keyClick(transcript, Qt.Key.Key_Home)
    assert transcript.verticalScrollBar().value() == 0
    QTest.keyClick(transcript, Qt.Key.Key_PageDown)
    assert transcript.verticalScrollBar().value() > 300
    QTest.keyClick(transcript, Qt.Key.Key_End)
    assert at_end(transcript)


# Marking and copying


def drag(transcript: Transcript, start: QPointF, end: QPointF) -> None:
    viewport = transcript.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start.toPoint())
    QTest.mouseMove(viewport, end.toPoint())
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end.toPoint())


def point_in(transcript: Transcript, row: int, block: int, *, x: float = 1.0) -> QPointF:
    """A point in the first line of a block, `x` pixels from where its text begins."""
    view = transcript.column.view(row)
    _, corner, flow = list(view.parts())[-1]
    area = transcript.area_of(row)
    return QPointF(area.topLeft()) + corner + QPointF(flow.view(block).left + x, flow.top(block) + 11)


def test_text_is_marked_across_blocks_and_messages(show: Show) -> None:
    transcript = show([question(1, "A question"), answer(2, "First **bold** line.\n\n- item one\n- item two")])
    drag(transcript, point_in(transcript, 0, 0), point_in(transcript, 1, 2, x=500))
    QTest.keyClick(transcript, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard() == "A question\n\nFirst **bold** line.\n\n- item one\n- item two"
    drag(transcript, point_in(transcript, 0, 0), point_in(transcript, 1, 1, x=500))
    QTest.keyClick(transcript, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard() == "A question\n\nFirst bold line.\n\n• item one"


def test_shift_click_extends_the_mark(show: Show) -> None:
    transcript = show([answer(1, "One two three four.")])
    click(transcript, point_in(transcript, 0, 0, x=0))
    QTest.mouseClick(
        transcript.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ShiftModifier,
        point_in(transcript, 0, 0, x=600).toPoint(),
    )
    assert transcript.selection is not None
    transcript.copy()
    assert clipboard() == "One two three four."


def test_a_double_click_marks_a_word_and_a_third_the_block(show: Show) -> None:
    transcript = show([answer(1, "Wonderful day.\n\nother")])
    point = point_in(transcript, 0, 0, x=20).toPoint()
    viewport = transcript.viewport()
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=point)
    QTest.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=point)
    transcript.copy()
    assert clipboard() == "Wonderful"
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=point)
    transcript.copy()
    assert clipboard() == "Wonderful day."


def test_all_is_copied_as_it_was_written(show: Show) -> None:
    rows = [answer(number, f"{RICH}{number}") for number in range(300)]
    transcript = show(rows)
    QTest.keyClick(transcript, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(transcript, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard() == "\n\n".join(row.message.text for row in rows)


def test_dragging_below_the_edge_scrolls_and_marks_on(show: Show, qtbot: QtBot) -> None:
    transcript = show([answer(1, LONG)])
    bar = transcript.verticalScrollBar()
    bar.setValue(0)
    viewport = transcript.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    QTest.mouseMove(viewport, QPoint(100, viewport.height() + 80))
    qtbot.waitUntil(lambda: bar.value() > 300)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=QPoint(100, viewport.height() + 80))
    assert transcript.selection is not None
    assert transcript.selection.end.place.block > 15


def test_the_menu_offers_what_is_under_it(show: Show) -> None:
    transcript = show([answer(1, "[good](https://a.example/x)")])
    where = find(transcript, 0, "good").area.center().toPoint()
    made = transcript.menu_at(where)
    assert isinstance(made, QMenu)
    labels = [action.text() for action in made.actions() if action.text()]
    about_link, about_text = ["Open link", "Copy link address"], ["Copy", "Copy as Markdown", "Select all", "Find…"]
    assert labels == [*about_link, *about_text, "Copy message", "Edit", "Answer again", "Try several answers"]
    made.actions()[1].trigger()
    assert clipboard() == "https://a.example/x"


# Looks


def test_the_theme_is_read_again_when_it_changes(show: Show, qapp: QApplication) -> None:
    transcript = show([answer(1, "Hello")])
    light = transcript.viewport().grab().toImage().pixelColor(2, 2).name().upper()
    appearance.apply(qapp, DARK, 1.0)
    dark = transcript.viewport().grab().toImage().pixelColor(2, 2).name().upper()
    assert (light, dark) == (LIGHT.bg, DARK.bg)


def test_zoom_makes_everything_larger(show: Show) -> None:
    transcript = show([answer(1, "Hello")], width=1600)
    before = transcript.area_of(0)
    transcript.set_zoom(2.0)
    assert transcript.area_of(0).height() == pytest.approx(2 * before.height(), abs=4)
    assert transcript.area_of(0).width() == 2 * before.width()


def test_a_question_is_shown_as_it_was_typed(show: Show) -> None:
    typed = "# not a heading\n    indented  **stars**"
    transcript = show([question(1, typed)])
    assert transcript.column.view(0).flow(1).view(0).text() == typed
    area = transcript.column.view(0).ring
    assert area.right() >= transcript.column.width
    assert area.left() > 0.2 * transcript.column.width - 20
