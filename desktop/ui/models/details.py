"""Everything about one model, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from desktop.errors import AppError
from desktop.hub.fit import Wishes
from desktop.hub.model import Model
from desktop.ui.controls import DRESS_CHANGES, hairline, set_look
from desktop.ui.dates import local_date
from desktop.ui.error_text import one_line
from desktop.ui.i18n import tr
from desktop.ui.library_words import badges, facts, title_of, verified_words
from desktop.ui.models.choice import Models
from desktop.ui.models.library_list import Act, act_words, possible
from desktop.ui.models.loading_form import LoadingForm
from desktop.ui.theme import COLUMN_PX, scaled

_ACTS = (Act.USE, Act.LOCATE, Act.VERIFY, Act.STOP_VERIFYING, Act.REVEAL, Act.TAKE_OFF, Act.TRASH)
_NARROW_PX = 400


class Details(QWidget):
    """The page of one model, in the place of the list. Esc and the left arrow lead back.

    Signals:
        left(): back to the list
        acted(row: Model, act: Act): the user wants this done
    """

    left = Signal()
    acted = Signal(object, object)

    def __init__(self, models: Models, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("modelDetails")
        self._models = models
        self._model: Model | None = None
        self._back = QPushButton()
        self._back.setObjectName("backToLibrary")
        self._back.setProperty("look", "link")
        self._title, self._badges, self._status = QLabel(), QLabel(), QLabel()
        self._loading_title, self._facts_title = QLabel(), QLabel()
        for label, look in (
            (self._title, "heading"),
            (self._badges, "small"),
            (self._status, "muted"),
            (self._loading_title, "section"),
            (self._facts_title, "section"),
        ):
            label.setProperty("look", look)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._buttons = {act: _button(act) for act in _ACTS}
        self._form = LoadingForm(models)
        self._facts: list[tuple[QLabel, QLabel]] = []
        self._where = QLabel()
        self._where.setProperty("look", "muted")
        # A path has no spaces to break at: here it can be scrolled and copied.
        self._path = QLineEdit()
        self._path.setObjectName("modelPath")
        self._path.setProperty("look", "bare")
        self._path.setReadOnly(True)
        self._where.setBuddy(self._path)
        self._lay_out()
        self._say_facts([])
        self.setFocusProxy(self._back)
        self._back.clicked.connect(self.left)
        for act, button in self._buttons.items():
            button.clicked.connect(lambda _=False, act=act: self.acted.emit(self._model, act))
        self._form.changed.connect(self._on_wishes)
        back = QShortcut(QKeySequence(QKeySequence.StandardKey.Back), self, self.left.emit)
        back.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        models.shelf.verify_progressed.connect(self._on_verify_progressed)
        self._retranslate()

    @property
    def model(self) -> Model | None:
        """The one that is shown."""
        return self._model

    def show_model(self, model: Model) -> None:
        """Show everything about `model`."""
        other = self._model is None or self._model.name != model.name
        self._model = model
        self._form.set_model(model)
        self._say()
        if other:
            self._scroll.verticalScrollBar().setValue(0)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Left):
            self.left.emit()
        else:
            super().keyPressEvent(event)

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
        inside = QWidget()
        inside.setObjectName("scrolled")
        self._grid = QGridLayout()
        self._grid.setColumnStretch(1, 1)
        self._actions = _Flow(list(self._buttons.values()))
        self._column = QVBoxLayout(inside)
        for part in (self._title, self._badges, self._status, self._actions, hairline(), self._loading_title):
            self._column.addWidget(part)
        self._column.addWidget(self._form)
        self._column.addWidget(hairline())
        self._column.addWidget(self._facts_title)
        self._column.addLayout(self._grid)
        self._column.addStretch()
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inside)
        self._top = QHBoxLayout()
        self._top.addWidget(self._back)
        self._top.addStretch()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(self._top)
        whole.addWidget(self._scroll)
        self._arrange()

    def _arrange(self) -> None:
        side = max(scaled(24), (self.width() - scaled(COLUMN_PX)) // 2)
        self._top.setContentsMargins(side - scaled(9), scaled(12), side, 0)
        self._column.setContentsMargins(side, scaled(8), side, scaled(24))
        self._column.setSpacing(scaled(12))
        self._grid.setHorizontalSpacing(scaled(24))
        self._grid.setVerticalSpacing(scaled(6))
        self._wrap_names()

    def _wrap_names(self) -> None:
        """The names of facts take no more than they need, unless they would push the facts out of the window."""
        for name, _ in self._facts:
            name.setWordWrap(self.width() < scaled(_NARROW_PX))

    def _say(self) -> None:
        model = self._model
        if model is None:
            return
        current = self._models.current
        in_use = current is not None and current.name == model.name
        self._title.setText(title_of(model))
        self._badges.setText(" · ".join(badges(model, in_use=in_use)))
        self._badges.setVisible(bool(self._badges.text()))
        self._say_status(model)
        acts = possible(model, verifying=model.name in self._models.shelf.verifying, in_use=in_use)
        for act, button in self._buttons.items():
            button.setVisible(act in acts)
            button.setText(act_words(act))
            button.setAccessibleName(button.text())
        self._actions.refresh()
        has_header = model.header is not None
        for part in (self._loading_title, self._form):
            part.setVisible(has_header)
        used_on = local_date(model.last_used_at) if model.last_used_at else None
        self._say_facts(facts(model, used_on))
        self._path.setText(str(model.path))
        self._path.setCursorPosition(0)

    def _say_status(self, model: Model) -> None:
        shelf = self._models.shelf
        outcome, fraction = shelf.verified.get(model.name), shelf.verifying.get(model.name)
        text, look = "", "muted"
        if fraction is not None:
            text = tr("Verifying… {percent} %", percent=int(fraction * 100))
        elif model.problem is not None:
            text, look = one_line(model.problem), "danger"
        elif outcome is not None:
            text, look = verified_words(outcome), "danger" if isinstance(outcome, AppError) else "muted"
        self._status.setText(text)
        self._status.setVisible(bool(text))
        set_look(self._status, look)

    def _say_facts(self, rows: list[tuple[str, str]]) -> None:
        while len(self._facts) < len(rows):
            labels = QLabel(), QLabel()
            labels[0].setProperty("look", "muted")
            labels[1].setWordWrap(True)
            labels[1].setTextFormat(Qt.TextFormat.PlainText)
            labels[1].setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            for column, label in enumerate(labels):
                self._grid.addWidget(label, len(self._facts), column, Qt.AlignmentFlag.AlignTop)
            self._facts.append(labels)
        self._wrap_names()
        # Below all facts, whose number differs from model to model.
        self._grid.addWidget(self._where, len(self._facts), 0)
        self._grid.addWidget(self._path, len(self._facts), 1)
        for place, (name, value) in enumerate(self._facts):
            shown = place < len(rows)
            name.setVisible(shown)
            value.setVisible(shown)
            if shown:
                name.setText(rows[place][0])
                value.setText(rows[place][1])

    def _on_wishes(self, wishes: Wishes) -> None:
        if self._model is not None:
            self._models.shelf.set_loading(self._model.name, wishes)

    def _on_verify_progressed(self, name: str) -> None:
        if self._model is not None and self._model.name == name:
            self._say_status(self._model)

    def _retranslate(self) -> None:
        self._back.setText(tr("‹ All models"))
        self._back.setAccessibleName(tr("Back to all models"))
        self._loading_title.setText(tr("How it is loaded"))
        self._facts_title.setText(tr("About the model"))
        self._where.setText(tr("Where"))
        self._path.setAccessibleName(tr("Where"))
        self._say()


class _Flow(QWidget):
    """Buttons in a row, and in further rows where they do not fit."""

    def __init__(self, buttons: list[QPushButton]) -> None:
        super().__init__()
        self._buttons = buttons
        for button in buttons:
            button.setParent(self)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in DRESS_CHANGES:
            self.refresh()

    def refresh(self) -> None:
        """The buttons have other words, or others of them are shown."""
        left = top = below = 0
        gap, width = scaled(8), self.width()
        for button in self._buttons:
            if button.isHidden():
                continue
            hint = button.sizeHint()
            if left and left + hint.width() > width:
                left, top = 0, below + gap
            button.setGeometry(left, top, min(hint.width(), width), hint.height())
            left += hint.width() + gap
            below = top + hint.height()
        self.setFixedHeight(below)


def _button(act: Act) -> QPushButton:
    button = QPushButton()
    button.setObjectName(f"{act}Button")
    if act in (Act.USE, Act.LOCATE):
        button.setProperty("look", "primary")
    return button
