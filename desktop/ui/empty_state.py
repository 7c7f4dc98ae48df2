"""What a chat without messages shows: a greeting, four ways to begin, and how it is about the model."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from desktop.hub.model import Model
from desktop.ui.controls import DRESS_CHANGES, ElidedButton, set_look
from desktop.ui.i18n import tr
from desktop.ui.library_words import title_of
from desktop.ui.quantities import size
from desktop.ui.theme import COLUMN_PX, scaled

_TWO_COLUMNS_PX = 680


class EmptyState(QScrollArea):
    """The page of a new chat.

    Signals:
        suggestion_chosen(str text): it belongs into the composer
        starter_chosen(): begin with the starter model
        file_requested(): the user wants to choose a model file
        discover_requested(str entry_id): the user wants the recommended model, an entry of the catalogue
    """

    suggestion_chosen = Signal(str)
    starter_chosen = Signal()
    file_requested = Signal()
    discover_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("emptyState")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._current: Model | None = None
        self._starter: Model | None = None
        self._problem = ""
        self._entry_id = ""
        self._title = ""
        self._size_bytes = 0
        self._greeting = _line("greeting")
        self._suggestions = [ElidedButton() for _ in range(4)]
        self._words = _line("muted")
        self._start = ElidedButton()
        self._start.setObjectName("useStarterButton")
        self._start.setProperty("look", "primary")
        self._choose = QPushButton()
        self._choose.setObjectName("chooseFileButton")
        self._get = ElidedButton()
        self._get.setObjectName("getRecommendedButton")
        self._lay_out()
        for number, button in enumerate(self._suggestions, 1):
            button.setObjectName(f"suggestion{number}")
            button.setProperty("look", "card")
            button.clicked.connect(self._on_suggestion)
        self._start.clicked.connect(self.starter_chosen)
        self._choose.clicked.connect(self.file_requested)
        self._get.clicked.connect(lambda: self.discover_requested.emit(self._entry_id))
        self._retranslate()

    def set_models(self, models: list[Model], current: Model | None, problem: str = "") -> None:
        """Which models there are and which is chosen. `problem` words why it could not be loaded."""
        self._current, self._problem = current, problem
        self._starter = next((model for model in models if model.is_starter and not model.missing), None)
        self._say()

    def set_recommended(self, entry_id: str, title: str, size_bytes: int) -> None:
        """Recommend the catalogue's entry of that id while there is no model but the starter."""
        self._entry_id, self._title, self._size_bytes = entry_id, title, size_bytes
        self._say()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._arrange()

    def _lay_out(self) -> None:
        self._grid = QGridLayout()
        self._buttons = QHBoxLayout()
        self._buttons.addStretch()
        self._buttons.addWidget(self._start)
        self._buttons.addWidget(self._get)
        self._buttons.addWidget(self._choose)
        self._buttons.addStretch()
        inside = QWidget()
        inside.setObjectName("scrolled")
        self._column = QVBoxLayout(inside)
        self._column.addStretch(3)
        self._column.addWidget(self._greeting)
        self._column.addSpacing(scaled(16))
        self._column.addLayout(self._grid)
        self._column.addSpacing(scaled(16))
        self._column.addWidget(self._words)
        self._column.addLayout(self._buttons)
        self._column.addStretch(4)
        self.setWidget(inside)
        self._arrange()

    def _arrange(self) -> None:
        side = max(scaled(24), (self.width() - scaled(COLUMN_PX)) // 2)
        self._column.setContentsMargins(side, scaled(16), side, scaled(16))
        self._column.setSpacing(scaled(12))
        self._grid.setSpacing(scaled(8))
        self._buttons.setSpacing(scaled(8))
        shown = [button for button in (self._start, self._get, self._choose) if not button.isHidden()]
        beside = sum(button.sizeHint().width() + scaled(8) for button in shown)
        fits = beside <= self.width() - 2 * side
        direction = QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom
        self._buttons.setDirection(direction)
        self._grid.setColumnStretch(0, 1)
        columns = 2 if self.width() >= scaled(_TWO_COLUMNS_PX) else 1
        for place, button in enumerate(self._suggestions):
            self._grid.addWidget(button, place // columns, place % columns)
        self._grid.setColumnStretch(1, columns - 1)

    def _on_suggestion(self) -> None:
        button = self.sender()
        if isinstance(button, QPushButton):
            self.suggestion_chosen.emit(button.text())

    def _say(self) -> None:
        is_starter = self._current is not None and self._current.is_starter
        self._start.setVisible(self._current is None and self._starter is not None)
        self._choose.setVisible(self._current is None or is_starter or bool(self._problem))
        self._words.setText(self._model_words())
        self._get.setVisible(self._is_advised)
        # One thing to press: where nothing answers yet, that is the starter, which is here already.
        set_look(self._get, "primary" if self._start.isHidden() else "")
        # Named: next to the starter's button, "it" would be the starter.
        self._get.setText(tr("Get {model}…", model=self._title))
        self._get.setAccessibleName(self._get.text())
        self._arrange()

    @property
    def _recommended(self) -> str:
        # A name of several words stays on one line.
        name = self._title.replace(" ", "\N{NO-BREAK SPACE}")
        return tr("{name} ({size})", name=name, size=size(self._size_bytes))

    @property
    def _is_advised(self) -> bool:
        return bool(self._entry_id) and (self._current is None or self._current.is_starter)

    def _model_words(self) -> str:
        if self._problem:
            return self._problem
        if self._current is None:
            return self._first_words()
        if self._current.is_starter:
            return self._starter_words()
        if self._current.is_base:
            return tr(
                "{name} is a base model: it has not learnt to answer. It goes on with the text that you begin.",
                name=title_of(self._current),
            )
        return tr("{name} answers, on this computer alone.", name=title_of(self._current))

    def _first_words(self) -> str:
        if self._starter is None and not self._is_advised:
            return tr("Fireside has no model yet. Choose a model file (GGUF) from this computer.")
        if self._starter is None:
            return tr(
                "Fireside has no model yet. This computer runs {model} well. Everything stays on this computer.",
                model=self._recommended,
            )
        tiny = size(self._starter.size_bytes)
        if self._is_advised:
            return tr(
                "Fireside has no model yet. A tiny one came with it ({size}): it answers at once and makes many "
                "mistakes. This computer runs {model} well. Everything stays on it.",
                size=tiny,
                model=self._recommended,
            )
        return tr(
            "Fireside has no model yet. A tiny one came with it ({size}): it answers at once and makes many "
            "mistakes. Everything stays on this computer.",
            size=tiny,
        )

    def _starter_words(self) -> str:
        if self._is_advised:
            return tr(
                "The starter model is tiny and makes many mistakes. This computer runs {model} well.",
                model=self._recommended,
            )
        return tr("The starter model is tiny and makes many mistakes. A larger model file answers better.")

    def _retranslate(self) -> None:
        self._greeting.setText(tr("What is on your mind?"))
        texts = (
            tr("Explain in plain words how a heat pump works"),
            tr("Write a short poem about autumn rain"),
            tr("Give me five ideas for a quiet weekend"),
            tr("Word a friendly reminder to a colleague"),
        )
        for button, text in zip(self._suggestions, texts, strict=True):
            button.setText(text)
            button.setAccessibleName(text)
            button.setToolTip(tr("Put this into the message"))
        self._start.setText(tr("Start with the tiny starter model"))
        self._choose.setText(tr("Choose a model file…"))
        self._start.setAccessibleName(self._start.text())
        self._choose.setAccessibleName(self._choose.text())
        self._say()


def _line(look: str) -> QLabel:
    label = QLabel()
    label.setProperty("look", look)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
