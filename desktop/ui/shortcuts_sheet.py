"""The sheet of all keyboard shortcuts."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from desktop.ui.i18n import tr
from desktop.ui.theme import scaled


class ShortcutsSheet(QDialog):
    """Lists what the keyboard can do: `listed` holds pairs of a name and its keys."""

    def __init__(self, listed: list[tuple[str, str]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("shortcutsSheet")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Keyboard shortcuts"))
        inside = QWidget()
        inside.setObjectName("scrolled")
        grid = QGridLayout(inside)
        grid.setContentsMargins(scaled(24), scaled(20), scaled(24), scaled(20))
        grid.setHorizontalSpacing(scaled(32))
        grid.setVerticalSpacing(scaled(10))
        grid.setColumnStretch(0, 1)
        for row, (name, keys) in enumerate(listed):
            shown = QLabel(keys)
            shown.setProperty("look", "muted")
            grid.addWidget(QLabel(name), row, 0)
            grid.addWidget(shown, row, 1, Qt.AlignmentFlag.AlignRight)
        grid.setRowStretch(len(listed), 1)
        scroll = QScrollArea()
        scroll.setObjectName("shortcutsList")
        scroll.setAccessibleName(tr("Keyboard shortcuts"))
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll)
        self.resize(scaled(460), scaled(640))
