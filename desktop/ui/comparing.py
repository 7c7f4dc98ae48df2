"""The versions of an answer, side by side or one below the other, to choose one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractSlider,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from desktop.chat.message import State
from desktop.ui.controls import ElidedLabel, IconButton, describe, set_look
from desktop.ui.i18n import tr, tr_count
from desktop.ui.theme import scaled
from desktop.ui.transcript.column import MARGIN
from desktop.ui.transcript.reading import keyboard
from desktop.ui.transcript.reading.clickable import Clickable
from desktop.ui.transcript.reading.keyboard import Press
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style

_LEAST_WIDTH = 220
"""Versions that would be narrower stand one below the other."""
_STACKED_HEIGHT = 220
_DIGITS = {Qt.Key(Qt.Key.Key_1.value + index): index for index in range(9)}
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_Slide = QAbstractSlider.SliderAction
_SCROLLS = {
    Qt.Key.Key_Up: _Slide.SliderSingleStepSub,
    Qt.Key.Key_Down: _Slide.SliderSingleStepAdd,
    Qt.Key.Key_PageUp: _Slide.SliderPageStepSub,
    Qt.Key.Key_PageDown: _Slide.SliderPageStepAdd,
    Qt.Key.Key_Home: _Slide.SliderToMinimum,
    Qt.Key.Key_End: _Slide.SliderToMaximum,
}


class Comparison(QWidget):
    """Shows versions, which may still be growing.

    Their digits choose, Left and Right go from one to the next, Up, Down and the pages scroll it, Esc leaves. What is
    copied and marked by keys is of the one with the focus.

    Signals:
        chosen(message_id: int)
        left(): the reader wants none of them
        copied(what: str), link_activated(url: str), save_failed(CannotExport error), zoom_requested(steps: int): as of
            the chat itself
    """

    chosen = Signal(int)
    left = Signal()
    copied = Signal(str)
    link_activated = Signal(str)
    save_failed = Signal(object)
    zoom_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("comparison")
        self._versions: list[_Version] = []
        self._title = QLabel()
        set_look(self._title, "title")
        self._close = IconButton("closeComparison", "x")
        self._close.clicked.connect(self.left)
        self._keys = ElidedLabel()
        set_look(self._keys, "small")
        self._head = QHBoxLayout()
        self._head.addWidget(self._title, 1)
        self._head.addWidget(self._keys)
        self._head.addWidget(self._close)
        self._inside = QWidget()
        self._inside.setObjectName("scrolled")
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._inside)
        self._scroll = QScrollArea()
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(self._inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head)
        column.addWidget(self._scroll, 1)
        self._dress()

    def show_versions(self, rows: Sequence[Row], shown: int, style: Style) -> None:
        """Compare `rows`; the focus goes to number `shown`."""
        self.clear()
        for row in rows:
            version = _Version(row, style)
            version.chosen.connect(self.chosen)
            version.page.copied.connect(self.copied)
            version.page.link_activated.connect(self.link_activated)
            version.page.save_failed.connect(self.save_failed)
            version.page.zoom_requested.connect(self.zoom_requested)
            version.button.installEventFilter(self)
            self._versions.append(version)
            self._row.addWidget(version, 1)
            version.show()
        self._dress()
        self._arrange()
        # At once, so that the focus can bring its version into sight.
        self._row.activate()
        self._inside.resize(self._scroll.viewport().size().expandedTo(self._row.minimumSize()))
        self._versions[shown].button.setFocus(Qt.FocusReason.OtherFocusReason)

    def update_row(self, row: Row) -> None:
        """This version has grown, or its state differs. One that is not compared changes nothing."""
        for version in self._versions:
            if version.message_id == row.message.id:
                version.show_row(row)

    def restyle(self, rows: Sequence[Row], style: Style) -> None:
        """Draw with `style` and speak the language that is spoken now: `rows` are what is compared, in its words."""
        self._dress()
        for version, row in zip(self._versions, rows, strict=True):
            version.restyle(style)
            version.show_row(row)
        self._arrange()

    def clear(self) -> None:
        """Compare nothing."""
        for version in self._versions:
            self._row.removeWidget(version)
            version.hide()
            version.deleteLater()
        self._versions.clear()

    def _dress(self) -> None:
        self._title.setText(tr_count("{count} answer", "{count} answers", len(self._versions)))
        self._keys.set_full_text(tr("A digit chooses · Esc goes back"))
        describe(self._close, tr("Back to the chat"), QKeySequence(Qt.Key.Key_Escape))
        self._head.setContentsMargins(scaled(24), scaled(8), scaled(16), 0)
        self._row.setContentsMargins(scaled(16), scaled(8), scaled(16), scaled(8))
        self._row.setSpacing(scaled(12))

    def _arrange(self) -> None:
        stacked = self.width() < len(self._versions) * scaled(_LEAST_WIDTH)
        directions = QBoxLayout.Direction
        self._row.setDirection(directions.TopToBottom if stacked else directions.LeftToRight)
        for version in self._versions:
            version.setMinimumHeight(scaled(_STACKED_HEIGHT) if stacked else 0)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # The buttons would take the arrows for themselves, and leave Enter to nobody.
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress and self._press(event):
            return True
        if isinstance(event, QFocusEvent) and event.type() is QEvent.Type.FocusIn:
            for version in self._versions:
                if version.button is not watched:
                    # Text is marked in one at a time: what would be copied is seen.
                    version.page.give_up_mark()
                elif event.reason() is not Qt.FocusReason.MouseFocusReason:
                    # Who clicks sees it already, and may be about to mark text, which shall stay where it is.
                    self._scroll.ensureWidgetVisible(version, 0, 0)
        return super().eventFilter(watched, event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._press(event):
            super().keyPressEvent(event)

    def _press(self, event: QKeyEvent) -> bool:
        """Do what a key means. False where it means nothing here."""
        key = Qt.Key(event.key())
        at = next((index for index, each in enumerate(self._versions) if each.button.hasFocus()), None)
        if key == Qt.Key.Key_Escape:
            self.left.emit()
        elif key in _DIGITS and _DIGITS[key] < len(self._versions):
            self.chosen.emit(self._versions[_DIGITS[key]].message_id)
        elif at is None:
            return False
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(self._versions[at].message_id)
        elif key in _STEPS:
            self._versions[(at + _STEPS[key]) % len(self._versions)].button.setFocus(Qt.FocusReason.TabFocusReason)
        elif key in _SCROLLS:
            self._versions[at].page.verticalScrollBar().triggerAction(_SCROLLS[key])
        else:
            return self._versions[at].press(event)
        return True


class _Version(QFrame):
    """One version, with the button that chooses it.

    Signals:
        chosen(message_id: int)
    """

    chosen = Signal(int)

    def __init__(self, row: Row, style: Style) -> None:
        super().__init__()
        self.setObjectName("version")
        set_look(self, "card")
        self.message_id = row.message.id
        self._number = row.branch + 1
        self.button = QPushButton()
        self.button.setObjectName(f"choose{self._number}")
        self.button.clicked.connect(lambda: self.chosen.emit(self.message_id))
        self.page = Clickable()
        # All keys go to the button.
        self.page.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.page.setFocusProxy(self.button)
        self._head = QHBoxLayout()
        self._head.addWidget(self.button)
        self._head.addStretch()
        self._column = QVBoxLayout(self)
        self._column.setSpacing(0)
        self._column.addLayout(self._head)
        self._column.addWidget(self.page, 1)
        self.restyle(style)
        self.page.set_rows([_alone(row)])
        if row.message.state is not State.STREAMING:
            self.page.follows = False
            self.page.verticalScrollBar().setValue(self.page.verticalScrollBar().minimum())
        self._describe(row)

    def restyle(self, style: Style) -> None:
        """Draw with `style`, and speak the language that is spoken now."""
        self.button.setText(tr("Choose {number}", number=self._number))
        describe(self.button, tr("Choose answer {number}", number=self._number))
        self.page.setAccessibleName(tr("Answer {number}", number=self._number))
        self._head.setContentsMargins(scaled(12), scaled(8), scaled(8), scaled(4))
        self._column.setContentsMargins(scaled(1), 0, scaled(1), scaled(8))
        self.page.restyle(style)
        # The button above it keeps the distance already that the first message of a chat has from the edge.
        self.page.leave_room_above(-style.px(MARGIN))

    def press(self, event: QKeyEvent) -> bool:
        """Copy or mark, if that is what the key means. False where it is not."""
        match keyboard.meaning(event, self.page.rows[0]):
            case Press.COPY if self.page.has_mark:
                self.page.copy_marked()
            case Press.COPY | Press.COPY_MESSAGE:
                self.page.copy_message(0)
            case Press.COPY_MARKDOWN:
                self.page.copy_markdown()
            case Press.SELECT_ALL:
                self.page.select_all()
            case _:
                return False
        return True

    def show_row(self, row: Row) -> None:
        """It has grown, or its state differs."""
        self.page.update_row(0, _alone(row))
        self._describe(row)

    def _describe(self, row: Row) -> None:
        self.page.setAccessibleDescription(row.message.text if row.message.state is not State.STREAMING else "")


def _alone(row: Row) -> Row:
    """Without the counter, which is the button's number here, and without buttons that only the chat has."""
    return replace(row.without_buttons(), branch=0, branches=1)
