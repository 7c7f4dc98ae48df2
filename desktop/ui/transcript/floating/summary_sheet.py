"""The summary that an answer was made with, to be read and copied."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from desktop.ui.i18n import tr, tr_count
from desktop.ui.theme import scaled


class SummarySheet(QDialog):
    """`summary` stood for so many `messages`."""

    def __init__(self, summary: str, messages: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("summarySheet")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Summary"))
        what = QLabel(
            tr_count(
                "The model wrote this. It was given it in place of the oldest message.",
                "The model wrote this. It was given it in place of the {count} oldest messages.",
                messages,
            )
        )
        what.setWordWrap(True)
        what.setProperty("look", "muted")
        text = QPlainTextEdit(summary)
        text.setObjectName("summaryText")
        text.setAccessibleName(tr("Summary"))
        text.setReadOnly(True)
        text.setTabChangesFocus(True)
        text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        copy, close = QPushButton(tr("Copy")), QPushButton(tr("Close"))
        copy.setObjectName("copySummary")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(summary))
        close.setObjectName("closeSummary")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(copy)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(scaled(24), scaled(20), scaled(24), scaled(20))
        column.setSpacing(scaled(12))
        column.addWidget(what)
        column.addWidget(text, 1)
        column.addLayout(buttons)
        self.resize(min(scaled(520), parent.window().width() - scaled(32)), scaled(340))
        close.setFocus()
