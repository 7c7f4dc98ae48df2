"""The rows of the library: models, and below them what other programs keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, Qt
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from desktop.errors import AppError
from desktop.hub.fit import Fit, Verdict
from desktop.hub.model import Model, Neighbour
from desktop.ui.controls import tip
from desktop.ui.error_text import explain, one_line
from desktop.ui.fit_words import fit_line
from desktop.ui.i18n import tr
from desktop.ui.library_words import badges, facts_line, problem_badge, title_of, verified_words
from desktop.ui.models.choice import Models
from desktop.ui.painted_list import ITEM, Index
from desktop.ui.quantities import size

Row = Model | Neighbour | str

ROW = ITEM
"""The row's Model or Neighbour, or a heading's text."""
BADGES = Qt.ItemDataRole.UserRole + 1
FACTS = Qt.ItemDataRole.UserRole + 2
STATUS = Qt.ItemDataRole.UserRole + 3
"""The last line: how it fits, what is wrong, or how far its verification is."""
INK = Qt.ItemDataRole.UserRole + 4
"""The colour of the last line, as a token's name."""
IN_USE = Qt.ItemDataRole.UserRole + 7
"""Whether it answers in the open chat."""
FRACTION = Qt.ItemDataRole.UserRole + 5
"""How far its verification is, 0 to 1; None while there is none."""
PROBLEM = Qt.ItemDataRole.UserRole + 6
"""The badge that tells why it cannot be used; empty if it can."""


class LibraryRows(QAbstractListModel):
    """Reads the shelf; how a model fits is computed when its row is painted, and kept until `refresh`."""

    def __init__(self, models: Models, fit_of: Callable[[Model], Fit | None], parent: QWidget) -> None:
        super().__init__(parent)
        self._models, self._shelf, self._fit_of = models, models.shelf, fit_of
        self._filter = ""
        self._rows: list[Row] = []
        self._fits: dict[str, Fit | None] = {}
        self._shelf.verify_progressed.connect(self._on_verify_progressed)
        self.refresh()

    def refresh(self) -> None:
        """Read everything anew."""
        words = self._filter.casefold().split()
        rows: list[Row] = [each for each in self._shelf.models if _matches(words, title_of(each), facts_line(each))]
        near = [each for each in self._shelf.neighbours if _matches(words, each.title, each.program)]
        if near:
            rows += [tr("In other programs on this computer"), *near]
        self._fits.clear()
        if rows == self._rows:
            # Selection and place stay, and so does what a screen reader was about to say.
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def set_filter(self, text: str) -> None:
        """Show only what has all words of `text` in its title or its facts."""
        self._filter = text
        self.refresh()

    @property
    def neighbours(self) -> list[Neighbour]:
        """What other programs keep, as far as it is shown."""
        return [row for row in self._rows if isinstance(row, Neighbour)]

    def first(self) -> QModelIndex:
        """Where the first model stands, another program's if there are no others; an invalid index if there is none."""
        return self.index(1 if self._rows and isinstance(self._rows[0], str) else 0)

    def index_of(self, name: str) -> QModelIndex:
        """Where the model called `name` stands; an invalid index if it does not."""
        for place, row in enumerate(self._rows):
            if isinstance(row, Model) and row.name == name:
                return self.index(place)
        return QModelIndex()

    @override
    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        if role == ROW:
            return row
        if isinstance(row, str):
            return _of_heading(row, role)
        return self._of_model(row, role) if isinstance(row, Model) else _of_neighbour(row, role)

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def _of_model(self, model: Model, role: int) -> Any:
        current = self._models.current
        in_use = current is not None and current.name == model.name
        match role:
            case Qt.ItemDataRole.DisplayRole:
                answer: Any = title_of(model)
            case _ if role == BADGES:
                answer = badges(model, in_use=in_use)
            case _ if role == PROBLEM:
                answer = problem_badge(model)
            case _ if role == FACTS:
                answer = facts_line(model)
            case _ if role in (STATUS, INK):
                answer = self._status(model)[role == INK]
            case _ if role == IN_USE:
                answer = in_use
            case _ if role == FRACTION:
                answer = self._shelf.verifying.get(model.name)
            case Qt.ItemDataRole.AccessibleTextRole:
                parts = [title_of(model), *badges(model, in_use=in_use), facts_line(model), self._status(model)[0]]
                answer = ", ".join(part for part in parts if part)
            case _:
                answer = None
        return answer

    def _status(self, model: Model) -> tuple[str, str]:
        """The words of the row's last line, and the token of their colour."""
        fraction = self._shelf.verifying.get(model.name)
        if fraction is not None:
            return tr("Verifying… {percent} %", percent=int(fraction * 100)), "muted"
        if model.problem is not None:
            # The title stands above, and a path would leave no room for what happened.
            return explain(model.problem).why or one_line(model.problem), "danger"
        outcome = self._shelf.verified.get(model.name)
        if outcome is not None:
            return verified_words(outcome), "danger" if isinstance(outcome, AppError) else "ok"
        if model.name not in self._fits:
            self._fits[model.name] = self._fit_of(model)
        fit = self._fits[model.name]
        if fit is None:
            return "", "muted"
        return fit_line(fit), {Verdict.TOO_BIG: "danger", Verdict.TIGHT: "accent"}.get(fit.verdict, "muted")

    def _on_verify_progressed(self, name: str) -> None:
        index = self.index_of(name)
        if index.isValid():
            self.dataChanged.emit(index, index, [STATUS, FRACTION])


def _of_heading(heading: str, role: int) -> Any:
    answers: dict[int, Any] = {
        Qt.ItemDataRole.DisplayRole: heading,
        Qt.ItemDataRole.AccessibleTextRole: tr("{heading}; Enter adds all of them", heading=heading),
    }
    return answers.get(role)


def _of_neighbour(neighbour: Neighbour, role: int) -> Any:
    facts = tr("{program} · {size}", program=neighbour.program, size=size(neighbour.size_bytes))
    answers: dict[int, Any] = {
        Qt.ItemDataRole.DisplayRole: neighbour.title,
        Qt.ItemDataRole.ToolTipRole: tip(str(neighbour.path)),
        Qt.ItemDataRole.AccessibleTextRole: tr("{name}, can be added, {facts}", name=neighbour.title, facts=facts),
        BADGES: [],
        FACTS: facts,
        STATUS: str(neighbour.path),
        INK: "muted",
    }
    return answers.get(role)


def _matches(words: list[str], *texts: str) -> bool:
    text = " ".join(texts).casefold()
    return all(word in text for word in words)


def row_of(index: Index | None) -> Row | None:
    """What stands at `index`."""
    model: QAbstractItemModel | None = index.model() if index is not None and index.isValid() else None
    return None if model is None or index is None else index.data(ROW)
