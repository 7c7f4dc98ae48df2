"""Whether a model fits this computer, in one line, with the arithmetic behind it one click away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.hub.fit import Fit, Verdict
from desktop.ui.controls import DRESS_CHANGES, set_look
from desktop.ui.fit_words import fit_arithmetic, fit_details, fit_line
from desktop.ui.i18n import tr
from desktop.ui.theme import scaled

_SUMS_PX = 420


class FitView(QWidget):
    """The fit of one model. Hidden until it is known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fit: Fit | None = None
        self._line = QLabel()
        self._line.setWordWrap(True)
        self._line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._more = QPushButton()
        self._more.setObjectName("arithmeticButton")
        self._more.setProperty("look", "quiet")
        self._more.setCheckable(True)
        self._sums = QWidget()
        self._sums.setVisible(False)
        self._grid = QGridLayout(self._sums)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(0, 1)
        self._row = QHBoxLayout()
        self._row.addWidget(self._line, 1)
        self._row.addWidget(self._more, 0, Qt.AlignmentFlag.AlignTop)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addLayout(self._row)
        self._column.addWidget(self._sums)
        self._more.toggled.connect(self._on_toggled)
        self._dress()
        self._retranslate()
        self.hide()

    def set_fit(self, fit: Fit | None) -> None:
        """Show `fit`, or nothing."""
        self._fit = fit
        self.setVisible(fit is not None)
        self._say()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _on_toggled(self, checked: bool) -> None:
        self._sums.setVisible(checked)
        self._say()

    def _say(self) -> None:
        if self._fit is None:
            return
        self._line.setText(f"{fit_line(self._fit)} · {fit_details(self._fit)}")
        set_look(self._line, {Verdict.TOO_BIG: "danger", Verdict.TIGHT: "warning"}.get(self._fit.verdict, "ok"))
        while (item := self._grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        if self._more.isChecked():
            for row, (name, value) in enumerate(fit_arithmetic(self._fit)):
                for column, text in enumerate((name, value)):
                    label = QLabel(text)
                    label.setProperty("look", "small")
                    label.setWordWrap(column == 0)
                    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                    self._grid.addWidget(label, row, column)
                    if column:
                        label.setAlignment(Qt.AlignmentFlag.AlignRight)

    def _retranslate(self) -> None:
        self._more.setText(tr("Why?"))
        self._more.setAccessibleName(tr("Show how the memory was computed"))
        self._more.setToolTip(self._more.accessibleName())
        self._say()

    def _dress(self) -> None:
        self._column.setSpacing(scaled(4))
        self._row.setSpacing(scaled(8))
        self._sums.setMaximumWidth(scaled(_SUMS_PX))
        self._grid.setHorizontalSpacing(scaled(16))
        self._grid.setVerticalSpacing(scaled(2))
