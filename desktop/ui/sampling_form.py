"""The fields of a sampling: how the next token is chosen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRegularExpression, Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from desktop.chat.message import Sampling
from desktop.ui.controls import breakable
from desktop.ui.field_rows import FieldRows
from desktop.ui.i18n import tr
from desktop.ui.theme import scaled

_FIELD_PX = 120
_TEXT_PX = 180
_MOST_SEED = 2**32 - 1


class Number(QDoubleSpinBox):
    """A number that is typed or stepped with the arrow keys. The wheel scrolls the form instead."""

    def __init__(self, name: str, least: float, most: float, step: float, decimals: int = 2) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setRange(least, most)
        self.setSingleStep(step)
        self.setDecimals(decimals)
        self.setKeyboardTracking(False)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.lineEdit().setTextMargins(0, 0, scaled(6), 0)

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class WholeNumber(QSpinBox):
    """The same for whole numbers."""

    def __init__(self, name: str, least: int, most: int, step: int = 1) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setRange(least, most)
        self.setSingleStep(step)
        self.setKeyboardTracking(False)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.lineEdit().setTextMargins(0, 0, scaled(6), 0)

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class OptionalNumber(QLineEdit):
    """A whole number, or nothing, which lets the program choose.

    Signals:
        changed(): another number, or nothing now
    """

    changed = Signal()

    def __init__(self, name: str, most: int) -> None:
        super().__init__()
        self._most = most
        self.setObjectName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setValidator(QRegularExpressionValidator(QRegularExpression(r"\d{0,10}"), self))
        self.editingFinished.connect(self.changed)

    def number(self) -> int | None:
        """What is written; None for nothing."""
        return min(int(self.text()), self._most) if self.text() else None

    def set_number(self, number: int | None) -> None:
        """Write `number`."""
        self.setText("" if number is None else str(number))


class SamplingForm(QWidget):
    """One row for each part of a sampling, with a line that explains it.

    Signals:
        changed(): the user entered another value; `sampling` is read then
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._temperature = Number("temperature", 0, 5, 0.1)
        self._top_k = WholeNumber("topK", 0, 10_000, 5)
        self._top_p = Number("topP", 0, 1, 0.05)
        self._min_p = Number("minP", 0, 1, 0.01)
        self._repeat_penalty = Number("repeatPenalty", 0.5, 2, 0.05)
        self._seed = OptionalNumber("seed", _MOST_SEED)
        self._max_tokens = OptionalNumber("maxTokens", 1_000_000)
        self._stop = QPlainTextEdit()
        self._stop.setObjectName("stopWords")
        self._stop.setTabChangesFocus(True)
        self._labels: list[tuple[QLabel, QLabel, QWidget]] = []
        self._grid = FieldRows()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._grid)
        column.addStretch(1)
        for field in (
            self._temperature,
            self._top_k,
            self._top_p,
            self._min_p,
            self._repeat_penalty,
            self._seed,
            self._max_tokens,
            self._stop,
        ):
            self._add_row(field)
        for number in (self._temperature, self._top_k, self._top_p, self._min_p, self._repeat_penalty):
            number.valueChanged.connect(self.changed)
        self._seed.changed.connect(self.changed)
        self._max_tokens.changed.connect(self.changed)
        self._stop.textChanged.connect(self.changed)
        self._retranslate()

    def sampling(self) -> Sampling:
        """What the fields say."""
        return Sampling(
            temperature=round(self._temperature.value(), 2),
            top_k=self._top_k.value(),
            top_p=round(self._top_p.value(), 2),
            min_p=round(self._min_p.value(), 2),
            repeat_penalty=round(self._repeat_penalty.value(), 2),
            seed=self._seed.number(),
            max_tokens=self._max_tokens.number() or None,
            stop=tuple(_unescaped(line) for line in self._stop.toPlainText().split("\n") if line),
        )

    def set_sampling(self, sampling: Sampling) -> None:
        """Fill the fields, without a signal."""
        blocked = self.blockSignals(True)
        self._temperature.setValue(sampling.temperature)
        self._top_k.setValue(sampling.top_k)
        self._top_p.setValue(sampling.top_p)
        self._min_p.setValue(sampling.min_p)
        self._repeat_penalty.setValue(sampling.repeat_penalty)
        self._seed.set_number(sampling.seed)
        self._max_tokens.set_number(sampling.max_tokens)
        self._stop.setPlainText("\n".join(_escaped(word) for word in sampling.stop))
        self.blockSignals(blocked)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()

    def _add_row(self, field: QWidget) -> None:
        title, explanation = labels_of_row(self._grid, field)
        self._labels.append((title, explanation, field))
        if field is self._stop:
            field.setFixedHeight(scaled(72))

    def _retranslate(self) -> None:
        words = (
            (tr("Temperature"), tr("0 always takes the likeliest word; higher is bolder.")),
            (tr("Top K"), tr("Choose among this many likeliest tokens; 0 for all.")),
            (tr("Top P"), tr("Choose among the likeliest tokens that together reach this share.")),
            (tr("Min P"), tr("Leave out tokens below this share of the likeliest one.")),
            (tr("Repeat penalty"), tr("Above 1, words that were just used become less likely.")),
            (tr("Seed"), tr("The same seed gives the same answer again.")),
            (tr("Longest answer"), tr("In tokens; a word has one or two.")),
            (tr("Stop words"), tr("The answer ends before one of these. One a line; \\n stands for a new line.")),
        )
        for (title, explanation, field), (name, why) in zip(self._labels, words, strict=True):
            title.setText(name)
            explanation.setText(why)
            field.setAccessibleName(name)
            field.setAccessibleDescription(why)
            field.setToolTip(why)
        self._seed.setPlaceholderText(tr("Random"))
        self._max_tokens.setPlaceholderText(tr("No limit"))


def labels_of_row(grid: QGridLayout, field: QWidget) -> tuple[QLabel, QLabel]:
    """Add a row to `grid`: a title above an explanation at the left, `field` at the right."""
    row = grid.rowCount()
    title, explanation = QLabel(), QLabel()
    title.setBuddy(field)
    explanation.setProperty("look", "small")
    explanation.setWordWrap(True)
    words = QVBoxLayout()
    words.setSpacing(0)
    if not isinstance(field, QPlainTextEdit):
        words.addStretch()
    words.addWidget(title)
    words.addWidget(explanation)
    words.addStretch()
    grid.addLayout(words, row, 0)
    grid.addWidget(field, row, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
    grid.setVerticalSpacing(scaled(14))
    grid.setHorizontalSpacing(scaled(24))
    if isinstance(field, QPlainTextEdit):
        field.setFixedWidth(scaled(_TEXT_PX))
    elif isinstance(field, QLineEdit | QAbstractSpinBox):
        field.setFixedWidth(scaled(_FIELD_PX))
    return title, explanation


def worded_row(grid: QGridLayout, field: QWidget, words: Callable[[], tuple[str, str]]) -> Callable[[], None]:
    """Add a row as `labels_of_row` does; what says its title and explanation, in the language of the moment."""
    title, explanation = labels_of_row(grid, field)

    def say() -> None:
        name, why = words()
        title.setText(name)
        explanation.setText(breakable(why))
        explanation.setVisible(bool(why))
        field.setAccessibleName(name)
        field.setAccessibleDescription(why)
        field.setToolTip(why)

    return say


_ESCAPES: tuple[tuple[str, str], ...] = (("\\", "\\\\"), ("\n", "\\n"), ("\t", "\\t"))


def _escaped(word: str) -> str:
    for plain, written in _ESCAPES:
        word = word.replace(plain, written)
    return word


def _unescaped(line: str) -> str:
    made: list[str] = []
    pairs = {written: plain for plain, written in _ESCAPES}
    at = 0
    while at < len(line):
        pair = line[at : at + 2]
        made.append(pairs.get(pair, line[at]))
        at += 2 if pair in pairs else 1
    return "".join(made)
